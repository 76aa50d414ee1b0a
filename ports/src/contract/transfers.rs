//! The contract of [`crate::transfers`]: what pays and looks up, and what checks messages, for any adapter against any
//! provider that can be told what goes wrong (spec/01-money §5, §11; contracts/stripe.md).

mod lists;
mod messages;
mod world;

use super::race::both;
use crate::transfers::{Found, NewReversal, NewTransfer, TransferError, TransferService};
use secrecy::ExposeSecret;
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::ids::{OrderId, RefundId, ReversalId, TransferId, UserId};
use veza_domain::money::{Currency, Money};

pub use world::{Access, Call, Message, Secrets, Trouble, World};
use world::{OUTCOMES, UNREADABLE};

/// Runs the whole suite.
///
/// # Panics
/// At the first case that does not hold.
pub async fn run(world: &dyn World) {
    world.fund_platform(usd(10_000_000)).await;
    let suite = Suite { world, us: world.service(Access::Ours) };
    suite.empty_keys().await;
    suite.accounts().await;
    suite.a_key_acts_once().await;
    suite.transfer_refusals().await;
    suite.unknown_outcomes_of_a_transfer().await;
    suite.not_now().await;
    suite.credentials_and_reach().await;
    suite.partial_reversals().await;
    suite.reversal_refusals().await;
    suite.unknown_outcomes_of_a_reversal().await;
    suite.look_ups().await;
    suite.whole_transfers().await;
    suite.pages_of_transfers().await;
    suite.payouts().await;
    suite.races().await;
    suite.messages().await;
}

struct Suite<'a> {
    world: &'a dyn World,
    us: Arc<dyn TransferService>,
}

impl Suite<'_> {
    async fn ready_account(&self) -> String {
        let account = self.us.create_account(&key(), UserId(Uuid::now_v7()), "seller@example.org").await;
        let account_id = must(&account).account_id;
        self.world.activate(&account_id).await;
        account_id
    }

    async fn transfer(&self, amount: i64) -> NewTransfer {
        new_transfer(&self.ready_account().await, amount)
    }

    async fn sent(&self, amount: i64) -> (NewTransfer, String) {
        let transfer = self.transfer(amount).await;
        let id = must(&self.us.create_transfer(&key(), &transfer).await);
        (transfer, id)
    }

    /// spec/01-money §11: fails before anything is sent, for each call.
    async fn empty_keys(&self) {
        let (transfer, id) = self.sent(100).await;
        let reversal = new_reversal(&id, 100);
        let calls = async || {
            let mut all = Vec::new();
            for call in [Call::CreateAccount, Call::CreateTransfer, Call::CreateReversal] {
                all.push(self.world.calls(call).await);
            }
            all
        };
        let before = calls().await;
        for empty in ["", "  "] {
            let account = self.us.create_account(empty, UserId(Uuid::now_v7()), "seller@example.org").await;
            assert!(matches!(account, Err(TransferError::EmptyKey(_))), "{account:?}");
            let link = self.us.onboarding_link(empty, &transfer.destination, "https://a.example", "https://b.example").await;
            assert!(matches!(link, Err(TransferError::EmptyKey(_))));
            let made = self.us.create_transfer(empty, &transfer).await;
            assert!(matches!(made, Err(TransferError::EmptyKey(_))), "{made:?}");
            let made = self.us.create_reversal(empty, &reversal).await;
            assert!(matches!(made, Err(TransferError::EmptyKey(_))), "{made:?}");
        }
        assert_eq!(calls().await, before, "nothing was sent");
    }

    /// contracts/stripe.md §8.
    async fn accounts(&self) {
        let (seller, account_key) = (UserId(Uuid::now_v7()), key());
        self.world.next(Call::CreateAccount, Trouble::AnswerLost).await;
        let lost = self.us.create_account(&account_key, seller, "new@example.org").await;
        assert!(matches!(lost, Err(TransferError::Unknown { .. })), "{lost:?}");
        let account = must(&self.us.create_account(&account_key, seller, "new@example.org").await);
        assert!(!account.transfers_enabled, "not before onboarding");
        let link = self.us.onboarding_link(&key(), &account.account_id, "https://shop.example/back", "https://shop.example/again").await;
        let Ok(link) = link else { unexpected(&link.err()) };
        assert!(link.0.expose_secret().starts_with("http"), "a link to follow");

        self.world.activate(&account.account_id).await;
        let read = self.us.account(&account.account_id).await;
        assert!(matches!(&read, Ok(Some(now)) if now.transfers_enabled && now.account_id == account.account_id), "{read:?}");
        let unknown = self.us.account("acct_unknown").await;
        assert!(matches!(unknown, Ok(None)), "{unknown:?}");
        self.world.next(Call::ReadAccount, Trouble::BadGateway).await;
        assert!(self.us.account(&account.account_id).await.is_err(), "says nothing");
    }

    /// §5: the same key gives the first answer again; another key is another transfer.
    async fn a_key_acts_once(&self) {
        let (transfer, first) = (self.transfer(8450).await, key());
        let id = must(&self.us.create_transfer(&first, &transfer).await);
        assert_eq!(must(&self.us.create_transfer(&first, &transfer).await), id);
        assert_eq!(self.world.transfers_to(&transfer.destination).await, [(8450, 0)]);
        let changed = NewTransfer { amount: usd(1), ..transfer.clone() };
        let answer = self.us.create_transfer(&first, &changed).await;
        let used = matches!(answer, Err(TransferError::Unknown { replayed: true, .. }));
        assert!(used, "the key with other parameters was used, and may have moved money: {answer:?}");

        let (reversal, first) = (new_reversal(&id, 50), key());
        let reversal_id = must(&self.us.create_reversal(&first, &reversal).await);
        assert_eq!(must(&self.us.create_reversal(&first, &reversal).await), reversal_id);
        assert_eq!(self.world.transfers_to(&transfer.destination).await, [(8450, 50)]);
    }

    /// §5, §6: a definite refusal is replayed under its key and proves that nothing happened, so the next key is safe.
    async fn transfer_refusals(&self) {
        let (transfer, first) = (self.transfer(100).await, key());
        self.world.next(Call::CreateTransfer, Trouble::BalanceInsufficient).await;
        for attempt in ["first", "replayed"] {
            let answer = self.us.create_transfer(&first, &transfer).await;
            assert!(matches!(answer, Err(TransferError::BalanceInsufficient(_))), "{attempt}: {answer:?}");
        }
        must(&self.us.create_transfer(&key(), &transfer).await);

        let too_much = self.transfer(i64::MAX / 2).await;
        let answer = self.us.create_transfer(&key(), &too_much).await;
        assert!(matches!(answer, Err(TransferError::BalanceInsufficient(_))), "{answer:?}");

        let account = must(&self.us.create_account(&key(), UserId(Uuid::now_v7()), "early@example.org").await);
        let early = new_transfer(&account.account_id, 100);
        let answer = self.us.create_transfer(&key(), &early).await;
        assert!(matches!(answer, Err(TransferError::CapabilityMissing(_))), "{answer:?}");
        self.world.activate(&account.account_id).await;
        must(&self.us.create_transfer(&key(), &early).await);
        self.world.next(Call::CreateTransfer, Trouble::CapabilityMissing).await;
        let answer = self.us.create_transfer(&key(), &early).await;
        assert!(matches!(answer, Err(TransferError::CapabilityMissing(_))), "{answer:?}");

        let nowhere = new_transfer("acct_unknown", 100);
        let answer = self.us.create_transfer(&key(), &nowhere).await;
        assert!(matches!(answer, Err(TransferError::Refused(_))), "no such destination: {answer:?}");
        assert_eq!(self.world.transfers_to(&transfer.destination).await, [(100, 0)]);
        assert_eq!(self.world.transfers_to(&account.account_id).await, [(100, 0)]);
    }

    /// §5: a lost answer or a 5xx proves nothing; the same key, or a look-up, finds out.
    async fn unknown_outcomes_of_a_transfer(&self) {
        for (trouble, effect) in OUTCOMES {
            let (transfer, first) = (self.transfer(700).await, key());
            self.world.next(Call::CreateTransfer, trouble).await;
            let answer = self.us.create_transfer(&first, &transfer).await;
            assert!(matches!(answer, Err(TransferError::Unknown { .. })), "{trouble:?}: {answer:?}");
            let found = must(&self.us.find_transfer(&transfer).await);
            assert_eq!(matches!(found, Found::One(_)), effect, "{trouble:?}: {found:?}");
            let id = must(&self.us.create_transfer(&first, &transfer).await);
            assert!(!effect || found == Found::One(id), "{trouble:?}: the same transfer");
            assert_eq!(self.world.transfers_to(&transfer.destination).await, [(700, 0)], "{trouble:?}");
        }
        for (trouble, effect) in [(Trouble::ErrorAfterEffect, true), (Trouble::ErrorSaved, false)] {
            let (transfer, first) = (self.transfer(700).await, key());
            self.world.next(Call::CreateTransfer, trouble).await;
            let answer = self.us.create_transfer(&first, &transfer).await;
            assert!(matches!(answer, Err(TransferError::Unknown { .. })), "{trouble:?}: {answer:?}");
            let answer = self.us.create_transfer(&first, &transfer).await;
            assert!(matches!(answer, Err(TransferError::Unknown { replayed: true, .. })), "{trouble:?}, replayed: {answer:?}");
            let found = must(&self.us.find_transfer(&transfer).await);
            assert_eq!(matches!(found, Found::One(_)), effect, "only a look-up tells: {found:?}");
        }
    }

    /// §6: wait, same key.
    async fn not_now(&self) {
        for trouble in [Trouble::RateLimited, Trouble::LockTimeout, Trouble::KeyInUse] {
            let (transfer, first) = (self.transfer(300).await, key());
            self.world.next(Call::CreateTransfer, trouble).await;
            let answer = self.us.create_transfer(&first, &transfer).await;
            assert!(matches!(answer, Err(TransferError::NotNow(_))), "{trouble:?}: {answer:?}");
            let id = must(&self.us.create_transfer(&first, &transfer).await);
            let (reversal, first) = (new_reversal(&id, 300), key());
            self.world.next(Call::CreateReversal, trouble).await;
            let answer = self.us.create_reversal(&first, &reversal).await;
            assert!(matches!(answer, Err(TransferError::NotNow(_))), "{trouble:?}: {answer:?}");
            must(&self.us.create_reversal(&first, &reversal).await);
        }
    }

    async fn credentials_and_reach(&self) {
        let (transfer, id) = self.sent(100).await;
        let reversal = new_reversal(&id, 100);
        let stranger = self.world.service(Access::WrongKey);
        let answer = stranger.create_transfer(&key(), &transfer).await;
        assert!(matches!(answer, Err(TransferError::Credentials(_))), "{answer:?}");
        let answer = stranger.create_reversal(&key(), &reversal).await;
        assert!(matches!(answer, Err(TransferError::Credentials(_))), "{answer:?}");
        let nobody = self.world.service(Access::Unreachable);
        let answer = nobody.create_transfer(&key(), &transfer).await;
        assert!(matches!(answer, Err(TransferError::NotNow(_))), "nothing was sent: {answer:?}");
        for service in [stranger, nobody] {
            assert!(service.account(&transfer.destination).await.is_err());
            assert!(service.find_transfer(&transfer).await.is_err(), "not \"none\"");
            assert!(service.find_reversal(&reversal).await.is_err(), "not \"none\"");
        }
        assert_eq!(self.world.transfers_to(&transfer.destination).await, [(100, 0)]);
    }

    /// §3: any number of parts until nothing is left, never more.
    async fn partial_reversals(&self) {
        let (transfer, id) = self.sent(1000).await;
        let first = must(&self.us.create_reversal(&key(), &new_reversal(&id, 400)).await);
        let answer = self.us.create_reversal(&key(), &new_reversal(&id, 601)).await;
        assert!(matches!(answer, Err(TransferError::Refused(_))), "more than is left: {answer:?}");
        assert_eq!(self.world.transfers_to(&transfer.destination).await, [(1000, 400)]);
        let second = must(&self.us.create_reversal(&key(), &new_reversal(&id, 600)).await);
        assert_ne!(first, second);
        assert_eq!(self.world.transfers_to(&transfer.destination).await, [(1000, 1000)]);
        let answer = self.us.create_reversal(&key(), &new_reversal(&id, 1)).await;
        assert!(matches!(answer, Err(TransferError::AlreadyReversed(_))), "nothing is left: {answer:?}");
    }

    async fn reversal_refusals(&self) {
        let (_, id) = self.sent(500).await;
        self.world.reverse_elsewhere(&id, None).await;
        let answer = self.us.create_reversal(&key(), &new_reversal(&id, 500)).await;
        assert!(matches!(answer, Err(TransferError::AlreadyReversed(_))), "{answer:?}");

        let answer = self.us.create_reversal(&key(), &new_reversal("tr_unknown", 500)).await;
        assert!(matches!(answer, Err(TransferError::NotFound(_))), "{answer:?}");

        // The normal case: the seller's money has left.
        let (transfer, id) = self.sent(500).await;
        self.world.empty(&transfer.destination).await;
        let (reversal, first) = (new_reversal(&id, 500), key());
        for attempt in ["first", "replayed"] {
            let answer = self.us.create_reversal(&first, &reversal).await;
            assert!(matches!(answer, Err(TransferError::BalanceInsufficient(_))), "{attempt}: {answer:?}");
        }
        must(&self.us.create_transfer(&key(), &new_transfer(&transfer.destination, 500)).await);
        let answer = self.us.create_reversal(&first, &reversal).await;
        assert!(matches!(answer, Err(TransferError::BalanceInsufficient(_))), "still replayed: {answer:?}");
        must(&self.us.create_reversal(&key(), &reversal).await);
    }

    async fn unknown_outcomes_of_a_reversal(&self) {
        for (trouble, effect) in OUTCOMES {
            let (transfer, id) = self.sent(900).await;
            let (reversal, first) = (new_reversal(&id, 900), key());
            self.world.next(Call::CreateReversal, trouble).await;
            let answer = self.us.create_reversal(&first, &reversal).await;
            assert!(matches!(answer, Err(TransferError::Unknown { .. })), "{trouble:?}: {answer:?}");
            let found = must(&self.us.find_reversal(&reversal).await);
            assert_eq!(matches!(found, Found::One(_)), effect, "{trouble:?}: {found:?}");
            let reversal_id = must(&self.us.create_reversal(&first, &reversal).await);
            assert!(!effect || found == Found::One(reversal_id), "{trouble:?}: the same reversal");
            assert_eq!(self.world.transfers_to(&transfer.destination).await, [(900, 900)], "{trouble:?}");
        }
        for (trouble, effect) in [(Trouble::ErrorAfterEffect, true), (Trouble::ErrorSaved, false)] {
            let (_, id) = self.sent(900).await;
            let (reversal, first) = (new_reversal(&id, 100), key());
            self.world.next(Call::CreateReversal, trouble).await;
            for expected in [None, Some(true)] {
                let answer = self.us.create_reversal(&first, &reversal).await;
                let Err(TransferError::Unknown { replayed, .. }) = &answer else { unexpected(&answer) };
                assert!(expected.is_none_or(|expected| expected == *replayed), "{trouble:?}: {answer:?}");
            }
            let found = must(&self.us.find_reversal(&reversal).await);
            assert_eq!(matches!(found, Found::One(_)), effect, "only a look-up tells: {found:?}");
        }
    }

    /// contracts/stripe.md §3, "Backfill": more than one match is a double payment, to report and not to pick from.
    async fn look_ups(&self) {
        let transfer = self.transfer(100).await;
        assert_eq!(must(&self.us.find_transfer(&transfer).await), Found::None);
        let sibling = NewTransfer { transfer_id: TransferId(Uuid::now_v7()), ..transfer.clone() };
        must(&self.us.create_transfer(&key(), &sibling).await);
        assert_eq!(must(&self.us.find_transfer(&transfer).await), Found::None, "another transfer of the order");
        let one = must(&self.us.create_transfer(&key(), &transfer).await);
        assert_eq!(must(&self.us.find_transfer(&transfer).await), Found::One(one.clone()));
        let two = must(&self.us.create_transfer(&key(), &transfer).await);
        let found = must(&self.us.find_transfer(&transfer).await);
        assert!(matches!(&found, Found::Several(ids) if ids.len() == 2 && ids.contains(&one) && ids.contains(&two)), "{found:?}");

        let reversal = new_reversal(&one, 40);
        assert_eq!(must(&self.us.find_reversal(&reversal).await), Found::None);
        must(&self.us.create_reversal(&key(), &new_reversal(&one, 20)).await);
        assert_eq!(must(&self.us.find_reversal(&reversal).await), Found::None, "another reversal of the transfer");
        let first = must(&self.us.create_reversal(&key(), &reversal).await);
        assert_eq!(must(&self.us.find_reversal(&reversal).await), Found::One(first.clone()));
        let second = must(&self.us.create_reversal(&key(), &reversal).await);
        let found = must(&self.us.find_reversal(&reversal).await);
        assert!(matches!(&found, Found::Several(ids) if ids.len() == 2 && ids.contains(&first) && ids.contains(&second)), "{found:?}");
        assert_eq!(must(&self.us.find_reversal(&new_reversal("tr_unknown", 1)).await), Found::None);

        for trouble in UNREADABLE {
            self.world.next(Call::FindTransfer, trouble).await;
            assert!(self.us.find_transfer(&transfer).await.is_err(), "{trouble:?} says nothing");
            self.world.next(Call::FindReversal, trouble).await;
            assert!(self.us.find_reversal(&reversal).await.is_err(), "{trouble:?} says nothing");
        }
        let differs = NewTransfer { amount: usd(99), ..transfer };
        assert!(self.us.find_transfer(&differs).await.is_err(), "our id on another amount is not \"none\"");

        let many = self.transfer(1).await;
        let oldest = must(&self.us.create_transfer(&key(), &many).await);
        for _ in 0..120 {
            let other = NewTransfer { transfer_id: TransferId(Uuid::now_v7()), ..many.clone() };
            must(&self.us.create_transfer(&key(), &other).await);
        }
        assert_eq!(must(&self.us.find_transfer(&many).await), Found::One(oldest), "beyond the first page");
    }

    /// Two instances send the same key at once: one effect; the other gets the same answer, or has to wait.
    async fn races(&self) {
        for _ in 0..5 {
            let (transfer, shared) = (self.transfer(250).await, key());
            let (one, two) = both(self.us.create_transfer(&shared, &transfer), self.us.create_transfer(&shared, &transfer)).await;
            let id = must(&self.us.create_transfer(&shared, &transfer).await);
            for answer in [one, two] {
                match &answer {
                    Ok(answered) => assert_eq!(*answered, id),
                    Err(TransferError::NotNow(_)) => {}
                    Err(other) => unexpected(other),
                }
            }
            assert_eq!(self.world.transfers_to(&transfer.destination).await, [(250, 0)]);
        }
    }
}

fn key() -> String {
    format!("{}:1", Uuid::now_v7())
}

fn new_transfer(destination: &str, amount: i64) -> NewTransfer {
    NewTransfer {
        transfer_id: TransferId(Uuid::now_v7()),
        order_id: OrderId(Uuid::now_v7()),
        destination: destination.to_owned(),
        amount: usd(amount),
    }
}

fn new_reversal(stripe_transfer_id: &str, amount: i64) -> NewReversal {
    NewReversal {
        reversal_id: ReversalId(Uuid::now_v7()),
        refund_id: Some(RefundId(Uuid::now_v7())),
        stripe_transfer_id: stripe_transfer_id.to_owned(),
        amount: usd(amount),
    }
}

fn usd(amount: i64) -> Money {
    match "USD".parse::<Currency>() {
        Ok(usd) => Money::new(amount, usd),
        Err(error) => unexpected(&error),
    }
}

#[track_caller]
fn must<T: Clone, E: std::fmt::Debug>(answer: &Result<T, E>) -> T {
    match answer {
        Ok(value) => value.clone(),
        Err(error) => unexpected(error),
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "a case that does not hold")]
fn unexpected(what: &impl std::fmt::Debug) -> ! {
    panic!("unexpected: {what:?}")
}
