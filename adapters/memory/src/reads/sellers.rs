//! What sellers have, are owed and owe.

use super::{count, page};
use crate::MemoryStore;
use crate::state::State;
use async_trait::async_trait;
use std::collections::BTreeMap;
use veza_domain::ids::UserId;
use veza_domain::ledger::{Account, Posting};
use veza_domain::money::{Currency, Minor, MoneyError};
use veza_domain::payout::{SellerAccount, SellerBooks};
use veza_domain::reversal::Reversal;
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
        let with_reversals = |transfer: &Transfer| {
            let of_it = state.all::<Reversal>().filter(|reversal| reversal.value.transfer_id == transfer.id);
            let mut reversals: Vec<Reversal> = of_it.map(|reversal| reversal.value.clone()).collect();
            reversals.sort_by_key(|reversal| (reversal.created_at, reversal.id));
            SellerTransfer { transfer: transfer.clone(), reversals }
        };
        Ok(transfers.into_iter().map(with_reversals).collect())
    }

    /// By id, that is those that have waited longest first.
    async fn held_transfers(&self, seller: UserId, limit: u32) -> Result<Vec<Versioned<Transfer>>, StoreError> {
        let state = self.state();
        let held = |transfer: &Transfer| transfer.seller_id == seller && waits(transfer) == Some(Hold::AccountNotReady);
        let found = state.all::<Transfer>().filter(|row| held(row.value)).take(count(limit));
        Ok(found.map(|row| row.versioned()).collect())
    }
}

/// Why an open transfer waits.
fn waits(transfer: &Transfer) -> Option<Hold> {
    transfer.hold.filter(|_| matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed))
}

impl State {
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
        for transfer in self.all::<Transfer>().map(|row| row.value).filter(|row| row.seller_id == seller && waits(row).is_some()) {
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
