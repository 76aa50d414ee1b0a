//! What sellers have, are owed and owe.

use super::orders::Id;
use super::{before, values};
use crate::PostgresStore;
use crate::record::{Read, Record};
use crate::rows::catalogue::select_account;
use crate::rows::trail::select_payout;
use crate::rows::transfers::select_transfer;
use crate::statement::Statement;
use async_trait::async_trait;
use std::collections::BTreeMap;
use veza_domain::ids::UserId;
use veza_domain::ledger::Account;
use veza_domain::money::{Currency, Minor};
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_ports::BoxError;
use veza_ports::storage::{Page, SellerReads, SellerTransfer, StoreError, Versioned};

const ACCOUNT: &str = select_account!("WHERE seller_id = $1");
/// The seller's payable, receivable and what is held, each per currency.
pub(crate) const BOOKS: &str = "SELECT ROW(1::bigint, currency, sum(amount)::bigint) FROM ledger_balances WHERE account = $1 GROUP BY currency \
     UNION ALL \
     SELECT ROW(2::bigint, currency, sum(amount)::bigint) FROM ledger_balances WHERE account = $2 GROUP BY currency \
     UNION ALL \
     SELECT ROW(3::bigint, currency, sum(amount)::bigint) FROM transfers \
     WHERE seller_id = $3 AND hold IS NOT NULL AND hold IN ('account_not_ready', 'balance_insufficient', 'disputed') \
         AND status IN ('pending', 'failed') GROUP BY currency";
pub(crate) const HELD: &str = select_transfer!(
    "WHERE seller_id = $1 AND hold IS NOT NULL AND hold = 'account_not_ready' AND status IN ('pending', 'failed') ORDER BY id LIMIT $2"
);
/// A transfer with its reversals and what was kept of it.
macro_rules! with_reversals {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(",
            crate::rows::transfers::transfer_fields!(),
            ", ARRAY(",
            crate::rows::transfers::select_reversal!("WHERE r.transfer_id = transfers.id ORDER BY r.created_at, r.id"),
            "), (SELECT coalesce(sum(n.amount), 0)::bigint FROM nettings n WHERE n.order_id = transfers.order_id \
             AND n.seller_id = transfers.seller_id AND n.created_at = transfers.created_at)) FROM transfers ",
            $rest
        )
    };
}
pub(crate) use with_reversals;
pub(crate) const OF_SELLER: &str = with_reversals!("WHERE seller_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
pub(crate) const OF_ACCOUNT: &str = "SELECT ROW(seller_id) FROM seller_accounts WHERE stripe_account_id = $1 AND stripe_account_id <> ''";
pub(crate) const PAYOUT: &str = select_payout!("WHERE id = $1");
pub(crate) const PAYOUTS: &str = select_payout!("WHERE seller_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2");
pub(crate) const PAYOUTS_AFTER: &str =
    select_payout!("WHERE seller_id = $1 AND (created_at, id) < ($3, $4) ORDER BY created_at DESC, id DESC LIMIT $2");

#[async_trait]
impl SellerReads for PostgresStore {
    async fn seller_account(&self, seller: UserId) -> Result<Option<Versioned<SellerAccount>>, StoreError> {
        self.read_one(|| Statement::new(ACCOUNT).with(seller.0)).await
    }

    async fn seller_books(&self, seller: UserId) -> Result<Vec<(Currency, SellerBooks)>, StoreError> {
        let (payable, receivable) = (Account::SellerPayable(seller).to_string(), Account::SellerReceivable(seller).to_string());
        let read = || Statement::new(BOOKS).with(payable.as_str()).with(receivable.as_str()).with(seller.0);
        Ok(books(self.read(read).await?))
    }

    async fn transfers_of_seller(&self, seller: UserId, page: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        self.read(|| Statement::new(OF_SELLER).with(seller.0).with(before(page)).with(page.limit)).await
    }

    async fn held_transfers(&self, seller: UserId, limit: u32) -> Result<Vec<Versioned<Transfer>>, StoreError> {
        self.read(|| Statement::new(HELD).with(seller.0).with(limit)).await
    }

    async fn seller_of_account(&self, stripe_account_id: &str) -> Result<Option<UserId>, StoreError> {
        let found: Option<Id> = self.read_one(|| Statement::new(OF_ACCOUNT).with(stripe_account_id)).await?;
        Ok(found.map(|id| UserId(id.0)))
    }

    async fn payout(&self, id: &str) -> Result<Option<Versioned<Payout>>, StoreError> {
        self.read_one(|| Statement::new(PAYOUT).with(id)).await
    }

    async fn payouts_of_seller(&self, seller: UserId, limit: u32, after: Option<(Timestamp, String)>) -> Result<Vec<Payout>, StoreError> {
        let list = || match &after {
            Some((time, id)) => Statement::new(PAYOUTS_AFTER).with(seller.0).with(limit).with(*time).with(id.as_str()),
            None => Statement::new(PAYOUTS).with(seller.0).with(limit),
        };
        self.read(list).await.map(values)
    }
}

/// One sum of a seller's books.
struct Sum {
    class: i64,
    currency: Currency,
    sum: Minor,
}

impl Read for Sum {
    const WHAT: &'static str = "ledger_entries";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { class: row.get()?, currency: row.currency()?, sum: row.minor()? })
    }
}

/// Per currency in which anything was posted to what the seller is owed or owes.
fn books(sums: Vec<Sum>) -> Vec<(Currency, SellerBooks)> {
    let mut books: BTreeMap<Currency, SellerBooks> = BTreeMap::new();
    let (held, posted): (Vec<Sum>, Vec<Sum>) = sums.into_iter().partition(|sum| sum.class == 3);
    for Sum { class, currency, sum } in posted {
        let books = books.entry(currency).or_default();
        let place = if class == 1 { &mut books.payable } else { &mut books.receivable };
        *place = sum;
    }
    for Sum { currency, sum, .. } in held {
        books.entry(currency).and_modify(|books| books.held = sum);
    }
    books.into_iter().collect()
}

impl Read for SellerTransfer {
    const WHAT: &'static str = "transfers";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let transfer: Versioned<Transfer> = Read::read(row)?;
        Ok(Self { transfer: transfer.value, reversals: values(row.all()?), netted: row.minor()? })
    }
}
