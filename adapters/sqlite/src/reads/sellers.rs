//! What sellers have, are owed and owe.

use super::before;
use crate::SqliteStore;
use crate::fields::{Fields, all, one, values};
use crate::rows::catalogue::{account, select_account};
use crate::rows::trail::{payout, select_payout};
use crate::rows::transfers::{reversal, select_reversal, select_transfer, transfer};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, params};
use std::collections::BTreeMap;
use veza_domain::ids::UserId;
use veza_domain::ledger::Account;
use veza_domain::money::{Currency, Minor};
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_ports::storage::{Page, SellerReads, SellerTransfer, StoreError, Versioned};

pub(super) const BALANCE: &str = "SELECT currency, amount FROM ledger_balances WHERE account = ?1";
pub(super) const HELD_SUM: &str = "SELECT currency, sum(amount) FROM transfers \
     WHERE seller_id = ?1 AND hold IS NOT NULL AND hold IN ('account_not_ready', 'balance_insufficient', 'disputed') \
         AND status IN ('pending', 'failed') GROUP BY currency";
pub(super) const HELD: &str = select_transfer!(
    "WHERE seller_id = ?1 AND hold IS NOT NULL AND hold = 'account_not_ready' AND status IN ('pending', 'failed') ORDER BY id LIMIT ?2"
);
pub(super) const OF_SELLER: &str = select_transfer!("WHERE seller_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
pub(super) const OF_ACCOUNT: &str = "SELECT seller_id FROM seller_accounts WHERE stripe_account_id = ?1 AND stripe_account_id <> ''";
pub(super) const PAYOUT: &str = select_payout!("WHERE id = ?1");
pub(super) const PAYOUTS: &str = select_payout!("WHERE seller_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2");
pub(super) const PAYOUTS_AFTER: &str =
    select_payout!("WHERE seller_id = ?1 AND (created_at, id) < (?3, ?4) ORDER BY created_at DESC, id DESC LIMIT ?2");
pub(super) const NETTED: &str = "SELECT coalesce(sum(amount), 0) FROM nettings WHERE order_id = ?1 AND seller_id = ?2 AND created_at = ?3";
pub(super) const REVERSALS: &str = select_reversal!("WHERE transfer_id = ?1 ORDER BY created_at, id");

#[async_trait]
impl SellerReads for SqliteStore {
    async fn seller_account(&self, seller: UserId) -> Result<Option<Versioned<SellerAccount>>, StoreError> {
        self.readers.read(move |db| one(db, select_account!("WHERE seller_id = ?1"), [seller.0], account)).await
    }

    async fn seller_books(&self, seller: UserId) -> Result<Vec<(Currency, SellerBooks)>, StoreError> {
        self.readers.snapshot(move |db| books(db, seller)).await
    }

    async fn transfers_of_seller(&self, seller: UserId, page: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        let list = move |db: &Connection| {
            let transfers = values(all(db, OF_SELLER, params![seller.0, before(page), page.limit], transfer)?);
            transfers.into_iter().map(|transfer| with_reversals(db, transfer)).collect()
        };
        self.readers.snapshot(list).await
    }

    async fn held_transfers(&self, seller: UserId, limit: u32) -> Result<Vec<Versioned<Transfer>>, StoreError> {
        self.readers.read(move |db| all(db, HELD, params![seller.0, limit], transfer)).await
    }

    async fn seller_of_account(&self, stripe_account_id: &str) -> Result<Option<UserId>, StoreError> {
        let stripe_account_id = stripe_account_id.to_owned();
        let find =
            move |db: &Connection| db.prepare_cached(OF_ACCOUNT)?.query_row([stripe_account_id], |row| row.get(0).map(UserId)).optional();
        self.readers.read(find).await
    }

    async fn payout(&self, id: &str) -> Result<Option<Versioned<Payout>>, StoreError> {
        let id = id.to_owned();
        self.readers.read(move |db| one(db, PAYOUT, [id], payout)).await
    }

    async fn payouts_of_seller(&self, seller: UserId, limit: u32, after: Option<(Timestamp, String)>) -> Result<Vec<Payout>, StoreError> {
        let list = move |db: &Connection| match &after {
            Some((time, id)) => all(db, PAYOUTS_AFTER, params![seller.0, limit, time.0, id], payout),
            None => all(db, PAYOUTS, params![seller.0, limit], payout),
        };
        self.readers.read(list).await.map(values)
    }
}

pub(super) fn with_reversals(db: &Connection, transfer: Transfer) -> rusqlite::Result<SellerTransfer> {
    let reversals = values(all(db, REVERSALS, [transfer.id.0], reversal)?);
    let opened = params![transfer.order_id.0, transfer.seller_id.0, transfer.created_at.0];
    let netted = Minor(db.prepare_cached(NETTED)?.query_row(opened, |row| row.get(0))?);
    Ok(SellerTransfer { transfer, reversals, netted })
}

/// Per currency in which anything was posted to what the seller is owed or owes.
fn books(db: &Connection, seller: UserId) -> rusqlite::Result<Vec<(Currency, SellerBooks)>> {
    let mut books: BTreeMap<Currency, SellerBooks> = BTreeMap::new();
    for (currency, sum) in sums(db, BALANCE, [Account::SellerPayable(seller).to_string()])? {
        books.entry(currency).or_default().payable = sum;
    }
    for (currency, sum) in sums(db, BALANCE, [Account::SellerReceivable(seller).to_string()])? {
        books.entry(currency).or_default().receivable = sum;
    }
    for (currency, sum) in sums(db, HELD_SUM, [seller.0])? {
        if let Some(books) = books.get_mut(&currency) {
            books.held = sum;
        }
    }
    Ok(books.into_iter().collect())
}

fn sums(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<(Currency, Minor)>> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| {
        let mut row = Fields::of(row);
        Ok((row.currency()?, row.minor()?))
    })?;
    rows.collect()
}
