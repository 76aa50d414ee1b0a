//! What sellers have, are owed and owe.

use super::{count, page};
use crate::MemoryStore;
use crate::state::{State, values};
use async_trait::async_trait;
use std::collections::BTreeMap;
use veza_domain::ids::UserId;
use veza_domain::ledger::{Account, Posting};
use veza_domain::money::{Currency, Minor, MoneyError};
use veza_domain::netting::Netting;
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::reversal::Reversal;
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Hold, Transfer, TransferStatus};
use veza_ports::storage::{Page, RowKey, SellerReads, SellerTransfer, StoreError, Versioned};

#[async_trait]
impl SellerReads for MemoryStore {
    async fn seller_account(&self, seller: UserId) -> Result<Option<Versioned<SellerAccount>>, StoreError> {
        Ok(self.state().get(&RowKey::SellerAccount(seller)))
    }

    async fn seller_books(&self, seller: UserId) -> Result<Vec<(Currency, SellerBooks)>, StoreError> {
        self.state().books(seller).map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    async fn transfers_of_seller(&self, seller: UserId, at: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        let state = self.state();
        let transfers = page(state.all::<Transfer>().filter(|row| row.value.seller_id == seller), |transfer| transfer.id.0, at);
        Ok(transfers.into_iter().map(|transfer| state.with_reversals(transfer)).collect())
    }

    /// By id, that is those that have waited longest first.
    async fn held_transfers(&self, seller: UserId, limit: u32) -> Result<Vec<Versioned<Transfer>>, StoreError> {
        let state = self.state();
        let held = |transfer: &Transfer| transfer.seller_id == seller && waits(transfer) == Some(Hold::AccountNotReady);
        let found = state.all::<Transfer>().filter(|row| held(row.value)).take(count(limit));
        Ok(found.map(|row| row.versioned()).collect())
    }

    async fn seller_of_account(&self, stripe_account_id: &str) -> Result<Option<UserId>, StoreError> {
        let state = self.state();
        let mut of_it = state.all::<SellerAccount>().filter(|row| row.value.stripe_account_id.as_deref() == Some(stripe_account_id));
        Ok(of_it.next().map(|row| row.value.seller_id))
    }

    async fn payout(&self, id: &str) -> Result<Option<Versioned<Payout>>, StoreError> {
        Ok(self.state().get(&RowKey::Payout(id.to_owned())))
    }

    async fn payouts_of_seller(&self, seller: UserId, limit: u32, after: Option<(Timestamp, String)>) -> Result<Vec<Payout>, StoreError> {
        let place = |payout: &Payout| (payout.created_at, payout.id.clone());
        let wanted = |payout: &Payout| payout.seller_id == seller && after.as_ref().is_none_or(|after| place(payout) < *after);
        let mut payouts = values(self.state().find(wanted));
        payouts.sort_by_key(|payout| std::cmp::Reverse(place(payout)));
        payouts.truncate(count(limit));
        Ok(payouts)
    }
}

/// Why an open transfer waits.
fn waits(transfer: &Transfer) -> Option<Hold> {
    transfer.hold.filter(|_| matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed))
}

impl State {
    pub(super) fn with_reversals(&self, transfer: &Transfer) -> SellerTransfer {
        let mut reversals = values(self.find(|reversal: &Reversal| reversal.transfer_id == Some(transfer.id)));
        reversals.sort_by_key(|reversal| (reversal.created_at, reversal.id));
        let opened_with = |netting: &Netting| {
            let same = (netting.order_id, netting.seller_id, netting.created_at);
            same == (transfer.order_id, transfer.seller_id, transfer.created_at)
        };
        let netted = self.find(opened_with).iter().map(|netting| netting.value.amount.amount.0).sum();
        SellerTransfer { transfer: transfer.clone(), reversals, netted: Minor(netted) }
    }

    /// One entry per currency in which anything was posted to what the seller is owed or owes, by currency.
    fn books(&self, seller: UserId) -> Result<Vec<(Currency, SellerBooks)>, MoneyError> {
        let mut books: BTreeMap<Currency, SellerBooks> = BTreeMap::new();
        for posting in self.all::<Posting>().map(|row| row.value) {
            for entry in &posting.entries {
                if entry.account == Account::SellerPayable(seller) {
                    add(&mut books.entry(posting.currency).or_default().payable, entry.amount)?;
                } else if entry.account == Account::SellerReceivable(seller) {
                    add(&mut books.entry(posting.currency).or_default().receivable, entry.amount)?;
                }
            }
        }
        let counts = |hold: Hold| matches!(hold, Hold::AccountNotReady | Hold::BalanceInsufficient | Hold::Disputed);
        let held = |row: &&Transfer| row.seller_id == seller && waits(row).is_some_and(counts);
        for transfer in self.all::<Transfer>().map(|row| row.value).filter(held) {
            if let Some(books) = books.get_mut(&transfer.amount.currency) {
                add(&mut books.held, transfer.amount.amount)?;
            }
        }
        Ok(books.into_iter().collect())
    }
}

fn add(sum: &mut Minor, amount: Minor) -> Result<(), MoneyError> {
    *sum = sum.plus(amount)?;
    Ok(())
}
