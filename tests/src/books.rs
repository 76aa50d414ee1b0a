//! The three books side by side: ours, the PSP's and Connect's.

use crate::{PATIENCE, World};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use veza_domain::ledger::Account;

/// Per currency (upper case), in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Captured less refunded and what banks took for good.
    pub at_psp: i64,
    /// Transferred less reversed.
    pub at_connect: i64,
}

const EVEN: Position = Position { at_psp: 0, at_connect: 0 };

type Positions = BTreeMap<String, Position>;

/// Asserts that our ledger agrees with the sandbox's books to the cent once what is in flight has been recorded, that it sums to
/// zero all the while, and that nothing was created twice at a provider.
pub async fn assert_books_agree(world: &World) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (ours, theirs) = (ours(world).await, theirs(world));
        let differ = |currency: &&String| ours.get(*currency).unwrap_or(&EVEN) != theirs.get(*currency).unwrap_or(&EVEN);
        if !ours.keys().chain(theirs.keys()).any(|currency| differ(&currency)) {
            break;
        }
        assert!(Instant::now() < deadline, "our books and the sandbox's: {ours:?} {theirs:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let books = world.sandbox.books();
    let doubled: Vec<_> = books.created.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "created twice: {doubled:?}");
}

async fn ours(world: &World) -> Positions {
    let mut ours = Positions::new();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (account, currency, balance) in world.running.app().store.ledger_balances().await.unwrap() {
        *sums.entry(currency.to_string()).or_default() += balance.0;
        let position = ours.entry(currency.to_string()).or_default();
        match account {
            Account::PspClearing => position.at_psp += balance.0,
            Account::Connect(_) => position.at_connect -= balance.0,
            Account::PlatformFee
            | Account::SellerPayable(_)
            | Account::SellerReceivable(_)
            | Account::DisputeLoss
            | Account::SubscriptionRevenue
            | Account::ProrationCredit => {}
        }
    }
    assert!(sums.values().all(|sum| *sum == 0), "the ledger sums to zero: {sums:?}");
    ours
}

fn theirs(world: &World) -> Positions {
    let position = |(currency, totals): (&String, &veza_sandbox::Totals)| {
        let position =
            Position { at_psp: totals.captured - totals.refunded - totals.disputes_lost, at_connect: totals.transferred - totals.reversed };
        (currency.to_uppercase(), position)
    };
    world.sandbox.books().totals.iter().map(position).collect()
}
