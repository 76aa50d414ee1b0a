//! The three books side by side: ours, the PSP's and Connect's.

use crate::World;
use std::collections::BTreeMap;
use veza_domain::ledger::Account;

/// Per currency (upper case), in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Captured less refunded.
    pub at_psp: i64,
    /// Transferred less reversed.
    pub at_connect: i64,
}

/// Asserts that our ledger agrees with the sandbox's books to the cent, that it sums to zero, and that nothing was created
/// twice at a provider.
pub async fn assert_books_agree(world: &World) {
    let mut ours: BTreeMap<String, Position> = BTreeMap::new();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (account, currency, balance) in world.running.app().store.ledger_balances().await.unwrap() {
        *sums.entry(currency.to_string()).or_default() += balance.0;
        let position = ours.entry(currency.to_string()).or_default();
        match account {
            Account::PspClearing => position.at_psp += balance.0,
            Account::Connect(_) => position.at_connect -= balance.0,
            Account::PlatformFee | Account::SellerPayable(_) | Account::SellerReceivable(_) => {}
        }
    }
    assert!(sums.values().all(|sum| *sum == 0), "the ledger sums to zero: {sums:?}");
    let books = world.sandbox.books();
    let totals = books.totals.iter();
    let theirs: BTreeMap<String, Position> = totals
        .map(|(currency, totals)| {
            let position = Position { at_psp: totals.captured - totals.refunded, at_connect: totals.transferred - totals.reversed };
            (currency.to_uppercase(), position)
        })
        .filter(|(currency, position)| *position != Position::default() || ours.contains_key(currency))
        .collect();
    ours.retain(|currency, position| *position != Position::default() || theirs.contains_key(currency));
    assert_eq!(ours, theirs, "our books (left) and the sandbox's");
    let doubled: Vec<_> = books.created.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "created twice: {doubled:?}");
}
