//! Transfers, their reversals and payouts as the provider has them: what our books are compared with (contracts/stripe.md §2 to
//! §4).

use super::{Access, Call, Suite, UNREADABLE, key, must, new_reversal, unexpected, usd};
use crate::transfers::{ListedPayout, ListedTransfer, NewReversal, NewTransfer, TransferFilter};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::ids::{OrderId, TransferId};
use veza_domain::payout::PayoutStatus;

/// More reversals than a transfer embeds, and more transfers than a page holds.
const MANY_REVERSALS: usize = 12;
const MANY_TRANSFERS: usize = 103;

impl Suite<'_> {
    async fn whole(&self, id: &str) -> ListedTransfer {
        match self.us.transfer(id).await {
            Ok(Some(transfer)) => transfer,
            other => unexpected(&other),
        }
    }

    async fn read_payout(&self, account_id: &str, id: &str) -> ListedPayout {
        match self.us.payout(account_id, id).await {
            Ok(Some(payout)) => payout,
            other => unexpected(&other),
        }
    }

    pub(super) async fn whole_transfers(&self) {
        let (transfer, id) = self.sent(1000).await;
        let fresh = self.whole(&id).await;
        assert_eq!((fresh.stripe_transfer_id.as_str(), fresh.destination.as_ref()), (id.as_str(), Some(&transfer.destination)));
        assert_eq!((fresh.amount, fresh.amount_reversed, fresh.currency.as_str()), (1000, 0, "USD"));
        assert_eq!((fresh.order_id, fresh.transfer_id), (Some(transfer.order_id), Some(transfer.transfer_id)), "ours");
        assert!(fresh.reversals.is_empty() && fresh.created_at.0 > 0);

        let of_no_refund = NewReversal { refund_id: None, ..new_reversal(&id, 40) };
        let made = must(&self.us.create_reversal(&key(), &of_no_refund).await);
        self.world.reverse_elsewhere(&id, Some(60)).await;
        let taken = self.whole(&id).await;
        assert_eq!(taken.amount_reversed, 100);
        let [ours, theirs] = taken.reversals.as_slice() else { unexpected(&taken) };
        assert_eq!((&ours.id, ours.amount, ours.reversal_id), (&made, 40, Some(of_no_refund.reversal_id)), "oldest first");
        assert_eq!((theirs.amount, theirs.reversal_id), (60, None), "not made through us");
        assert_eq!(must(&self.us.find_reversal(&of_no_refund).await), crate::transfers::Found::One(made));

        for _ in 2..MANY_REVERSALS {
            must(&self.us.create_reversal(&key(), &new_reversal(&id, 10)).await);
        }
        let many = self.whole(&id).await;
        assert_eq!((many.reversals.len(), many.amount_reversed), (MANY_REVERSALS, 200), "beyond the embedded ones");
        assert_eq!(many.reversals[0].id, ours.id, "oldest first");

        assert!(matches!(self.us.transfer("tr_unknown").await, Ok(None)));
        for trouble in UNREADABLE {
            for call in [Call::ReadTransfer, Call::FindReversal] {
                self.world.next(call, trouble).await;
                let answer = self.us.transfer(&id).await;
                assert!(answer.is_err(), "{trouble:?} of {call:?} says nothing: {answer:?}");
            }
        }
        for access in [Access::WrongKey, Access::Unreachable] {
            assert!(self.world.service(access).transfer(&id).await.is_err(), "not \"none\"");
        }
    }

    pub(super) async fn pages_of_transfers(&self) {
        let account = self.ready_account().await;
        let to_account = TransferFilter { destination: Some(account.clone()), ..TransferFilter::default() };
        let (order_id, mut sent) = (OrderId(Uuid::now_v7()), Vec::new());
        for _ in 1..MANY_TRANSFERS {
            let transfer = NewTransfer { transfer_id: TransferId(Uuid::now_v7()), order_id, destination: account.clone(), amount: usd(10) };
            sent.push(must(&self.us.create_transfer(&key(), &transfer).await));
        }
        sent.push(self.world.transfer_elsewhere(&account, usd(7)).await);
        sent.reverse();

        let first = must(&self.us.transfers(&to_account, None).await);
        assert!(first.has_more && first.transfers.len() < MANY_TRANSFERS, "a page at a time");
        let stranger = &first.transfers[0];
        assert_eq!((stranger.order_id, stranger.transfer_id, stranger.amount), (None, None, 7), "strangers show up, newest first");
        let last = first.transfers.last().map(|transfer| transfer.stripe_transfer_id.clone());
        let second = must(&self.us.transfers(&to_account, last.as_deref()).await);
        assert!(!second.has_more);
        let ids = first.transfers.iter().chain(&second.transfers).map(|transfer| transfer.stripe_transfer_id.clone());
        assert_eq!(ids.collect::<Vec<_>>(), sent, "each once");

        let of_order = TransferFilter { order_id: Some(order_id), ..TransferFilter::default() };
        let page = must(&self.us.transfers(&of_order, None).await);
        assert!(page.transfers.iter().all(|transfer| transfer.order_id == Some(order_id)) && page.has_more);

        let oldest = second.transfers.last().cloned();
        let Some(oldest) = oldest else { unexpected(&second) };
        let second_of = oldest.created_at;
        let window = |since, until| TransferFilter { since, until, ..to_account.clone() };
        let none_before = must(&self.us.transfers(&window(None, Some(second_of)), None).await);
        assert!(none_before.transfers.is_empty() && !none_before.has_more, "made before the first");
        let later = second_of.plus(Duration::from_secs(3600));
        let all = must(&self.us.transfers(&window(Some(second_of), Some(later)), None).await);
        assert_eq!(all, first, "made at or after the first");
        assert!(must(&self.us.transfers(&window(Some(later), None), None).await).transfers.is_empty());

        for trouble in UNREADABLE {
            self.world.next(Call::FindTransfer, trouble).await;
            let answer = self.us.transfers(&to_account, None).await;
            assert!(answer.is_err(), "{trouble:?} says nothing: {answer:?}");
        }
        assert!(self.us.transfers(&to_account, Some("tr_unknown")).await.is_err(), "after nothing");
        for access in [Access::WrongKey, Access::Unreachable] {
            assert!(self.world.service(access).transfers(&to_account, None).await.is_err(), "not \"none\"");
        }
    }

    /// §4: `paid` is no end.
    pub(super) async fn payouts(&self) {
        let (transfer, _) = self.sent(900).await;
        let account = transfer.destination;
        let Some(id) = self.world.empty(&account).await else { unexpected(&account) };
        let paid = self.read_payout(&account, &id).await;
        assert_eq!((paid.payout_id.as_str(), paid.amount, paid.currency.as_str()), (id.as_str(), 900, "USD"));
        assert_eq!((paid.status, paid.failure.as_ref()), (Some(PayoutStatus::Paid), None));
        assert!(paid.created_at.0 > 0 && paid.arrives_at.is_some(), "{paid:?}");
        self.world.fail_payout(&id).await;
        let failed = self.read_payout(&account, &id).await;
        assert_eq!(failed.status, Some(PayoutStatus::Failed), "after it was paid");
        assert!(failed.failure.is_some_and(|words| !words.is_empty()), "the bank's words are kept");

        let unknown = self.us.payout(&account, "po_unknown").await;
        assert!(matches!(unknown, Ok(None)), "{unknown:?}");
        let of_another = self.us.payout(&self.ready_account().await, &id).await;
        assert!(matches!(of_another, Ok(None)), "of another account: {of_another:?}");
        for trouble in UNREADABLE {
            self.world.next(Call::ReadPayout, trouble).await;
            let answer = self.us.payout(&account, &id).await;
            assert!(answer.is_err(), "{trouble:?} says nothing: {answer:?}");
        }
        assert!(self.us.payout("acct_unknown", &id).await.is_err(), "an account that we may not see says nothing");
        assert!(self.us.payout("", &id).await.is_err(), "never as the platform");
        for access in [Access::WrongKey, Access::Unreachable] {
            assert!(self.world.service(access).payout(&account, &id).await.is_err(), "not \"none\"");
        }
    }
}
