//! What an order leaves behind beside its rows, and what is looked up by providers' ids.

use super::check::{Store, apply, first, insert, update, versioned, world};
use super::sample::{
    BUYER, SELLER, admin_action, admin_action_full, at, currency, debt, delivery, delivery_full, dispute, dispute_full, effect,
    effect_full, journal, order_id, payout, payout_full, posting, refund, refund_id, reversal_id, seller_account, seller_account_full,
    transfer, transfer_full, transfer_id, user_id,
};
use crate::storage::{History, Row};
use veza_domain::attention::Subject;
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::journal::{AdminAction, Journal, JournalKind};
use veza_domain::ledger::{Account, Posting};
use veza_domain::look::Look;
use veza_domain::order::Order;
use veza_domain::payout::{Payout, PayoutStatus};
use veza_domain::refund::{Refund, RefundOrigin};
use veza_domain::reversal::{Reversal, ReversalCause};
use veza_domain::transfer::{Hold, TransferStatus};
use veza_domain::webhook::{Delivery, Sender};

pub async fn disputes(store: Store) {
    world(&store).await;
    let mut rows = vec![dispute(1, order_id(1)), dispute_full(2, order_id(1))];
    rows.extend((3..).zip(DisputeStatus::ALL).map(|(n, status)| Dispute { status, ..dispute(n, order_id(1)) }));
    insert(&store, "disputes", rows.iter().cloned().map(Row::Dispute).collect()).await;
    assert_eq!(store.order_file(order_id(1)).await.unwrap().unwrap().file.disputes, rows);
    assert_eq!(store.order_file(order_id(2)).await.unwrap().unwrap().file.disputes, []);
    assert_eq!(store.order_of_dispute("dp_2").await.unwrap(), Some(order_id(1)));
    for unknown in ["dp_99", "DP_2", "", "dp_2 "] {
        assert_eq!(store.order_of_dispute(unknown).await.unwrap(), None, "{unknown}");
    }
    let moved = Dispute { psp_dispute_id: "dp_other".to_owned(), ..dispute_full(1, order_id(2)) };
    apply(&store, "moved", vec![update(Row::Dispute(moved.clone()), 1)]).await;
    assert_eq!(store.order_of_dispute("dp_other").await.unwrap(), Some(order_id(2)));
    assert_eq!(store.order_of_dispute("dp_1").await.unwrap(), None);
    assert_eq!(store.order_file(order_id(2)).await.unwrap().unwrap().file.disputes, [moved]);
}

/// Every origin of a refund, cause of a reversal and reason to wait, and the schedules of what is looked at.
pub async fn origins_causes_and_holds(store: Store) {
    world(&store).await;
    let origins =
        [RefundOrigin::Requested, RefundOrigin::External, RefundOrigin::Dispute(dispute(1, order_id(1)).id), RefundOrigin::PaymentUndone];
    let scheduled = Look { due_at: Some(at(9)), count: 3, last_at: Some(at(8)) };
    let refunds: Vec<_> = (1..).zip(origins).map(|(n, origin)| Refund { origin, look: scheduled, ..refund(n, order_id(1)) }).collect();
    let transfers: Vec<_> = (1..)
        .zip(Hold::ALL)
        .map(|(n, hold)| {
            let mut row = transfer(n, order_id(1));
            (row.hold, row.replaces) = (Some(hold), (n > 1).then(|| transfer_id(n - 1)));
            row
        })
        .collect();
    let causes = [(Some(1), Some(1)), (None, Some(2)), (Some(2), None), (None, None)];
    let mut reversals: Vec<Reversal> = (1..)
        .zip(causes)
        .map(|(n, (of, refund))| Reversal {
            transfer_id: of.map(transfer_id),
            cause: refund.map_or(ReversalCause::External, |n| ReversalCause::Refund(refund_id(n))),
            seller_id: user_id(n),
            ..debt(n, order_id(1))
        })
        .collect();
    reversals.iter_mut().zip(Hold::ALL).for_each(|(row, hold)| row.hold = Some(hold));
    let mut rows: Vec<Row> = refunds.iter().cloned().map(Row::Refund).collect();
    rows.extend(transfers.iter().cloned().map(Row::Transfer));
    rows.extend(reversals.iter().cloned().map(Row::Reversal));
    insert(&store, "rows", rows).await;
    let order = Order { look: scheduled, ..super::sample::order(1) };
    apply(&store, "looked at", vec![update(Row::Order(order.clone()), 1)]).await;
    let file = store.order_file(order_id(1)).await.unwrap().unwrap().file;
    assert_eq!((file.order, file.refunds, file.transfers, &file.reversals), (order, refunds, transfers, &reversals));
    let listed = store.transfers_of_seller(user_id(SELLER), first(9)).await.unwrap();
    let taken_back: Vec<_> = listed.iter().rev().map(|row| row.reversals.clone()).collect();
    assert_eq!(taken_back, [vec![reversals[0].clone()], vec![reversals[2].clone()], vec![], vec![]], "by their transfer");
    for reversal in &reversals {
        assert_eq!(store.order_of_reversal(reversal.id).await.unwrap(), Some(order_id(1)));
    }
    assert_eq!(store.order_of_reversal(reversal_id(99)).await.unwrap(), None);
}

pub async fn what_providers_call_it(store: Store) {
    world(&store).await;
    let rows = vec![
        Row::Transfer(transfer_full(1, order_id(2), TransferStatus::Completed)),
        Row::Transfer(transfer(2, order_id(3))),
        Row::SellerAccount(seller_account_full(1)),
        Row::SellerAccount(seller_account(2)),
    ];
    insert(&store, "rows", rows).await;
    assert_eq!(store.order_of_transfer("tr_1").await.unwrap(), Some((order_id(2), transfer_id(1))));
    assert_eq!(store.seller_of_account("acct_1").await.unwrap(), Some(user_id(1)));
    for unknown in ["tr_2", "TR_1", "", "acct_2", "ACCT_1"] {
        assert_eq!(store.order_of_transfer(unknown).await.unwrap(), None, "{unknown}");
        assert_eq!(store.seller_of_account(unknown).await.unwrap(), None, "{unknown}");
    }
}

pub async fn payouts_of_a_seller(store: Store) {
    world(&store).await;
    let mut rows = vec![payout(1), payout_full(2)];
    rows.extend((3..).zip(PayoutStatus::ALL).map(|(n, status)| Payout { status, ..payout(n) }));
    // At one moment, so that the id decides; and another seller's.
    rows.extend([20, 21, 22].map(|n| Payout { created_at: at(5), ..payout(n) }));
    let theirs = Payout { seller_id: user_id(3), created_at: at(6), ..payout(30) };
    insert(&store, "payouts", rows.iter().chain([&theirs]).cloned().map(Row::Payout).collect()).await;
    for row in &rows {
        assert_eq!(store.payout(&row.id).await.unwrap(), Some(versioned(row.clone(), 1)));
    }
    for unknown in ["po_99", "PO_1", ""] {
        assert_eq!(store.payout(unknown).await.unwrap(), None);
    }
    let paid = Payout { status: PayoutStatus::Paid, arrives_at: Some(at(99)), updated_at: at(90), ..payout(1) };
    apply(&store, "paid", vec![update(Row::Payout(paid.clone()), 1)]).await;
    assert_eq!(store.payout("po_1").await.unwrap(), Some(versioned(paid.clone(), 2)));
    rows[0] = paid;
    rows.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
    let (mut seen, mut after): (Vec<Payout>, _) = (Vec::new(), None);
    loop {
        let page = store.payouts_of_seller(user_id(SELLER), 2, after).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.created_at, last.id.clone()));
        assert!(page.len() <= 2);
        seen.extend(page);
        assert!(seen.len() <= rows.len(), "the walk has an end");
    }
    assert_eq!(seen, rows, "newest first, then by id");
    assert_eq!(store.payouts_of_seller(user_id(3), 9, None).await.unwrap(), [theirs]);
    assert_eq!(store.payouts_of_seller(user_id(4), 9, None).await.unwrap(), []);
    assert_eq!(store.payouts_of_seller(user_id(SELLER), 0, None).await.unwrap(), []);
}

/// All that happened to order 1; times and ids run against each other, so that the order of each list shows.
fn happened() -> History {
    let line = |n, at_, kind| Journal { at: at(at_), kind, ..journal(n, order_id(1)) };
    let booked = |event: &str, at_, accounts: [Account; 2]| {
        let entries = accounts.map(|account| (account, if account == Account::PspClearing { 5 } else { -5 }));
        Posting { posted_at: at(at_), ..posting(event, order_id(1), currency("EUR"), &entries) }
    };
    let heard = |n, at_, sender| Delivery { received_at: at(at_), sender, payload: String::new(), ..delivery_full(n) };
    let done = |n, at_| AdminAction { at: at(at_), ..admin_action_full(n) };
    let queued = |n, at_, kind| Effect { kind, created_at: at(at_), ..effect_full(n) };
    History {
        journal: vec![line(3, 1, JournalKind::Fact), line(1, 2, JournalKind::Call), line(2, 2, JournalKind::Job)],
        postings: vec![
            booked("b:1", 1, [Account::PspClearing, Account::PlatformFee]),
            booked("a:1", 2, [Account::PspClearing, Account::SellerPayable(user_id(2))]),
            booked("c:1", 2, [Account::PspClearing, Account::Connect(user_id(2))]),
        ],
        deliveries: vec![heard(5, 1, Sender::Stripe), heard(3, 2, Sender::Hyperswitch), heard(4, 2, Sender::Stripe)],
        actions: vec![done(2, 1), done(1, 3)],
        effects: vec![
            queued(9, 1, EffectKind::ReadPayment(order_id(1))),
            queued(7, 2, EffectKind::CreateRefund(order_id(1), refund_id(1))),
            queued(8, 2, EffectKind::CreatePayment(order_id(1))),
        ],
    }
}

pub async fn the_history_of_one_order(store: Store) {
    world(&store).await;
    assert_eq!(store.history(order_id(1)).await.unwrap(), History::default(), "an order without one");
    assert_eq!(store.history(order_id(99)).await.unwrap(), History::default(), "no order");
    let ours = happened();
    let with_payload = |row: &Delivery| Row::Delivery(Delivery { payload: "secret".to_owned(), ..row.clone() });
    let mut rows: Vec<Row> = ours.journal.iter().cloned().map(Row::Journal).collect();
    rows.extend(ours.postings.iter().cloned().map(Row::Posting));
    rows.extend(ours.deliveries.iter().map(with_payload));
    rows.extend(ours.actions.iter().cloned().map(Row::AdminAction));
    rows.extend(ours.effects.iter().cloned().map(Row::Effect));
    // Another order's, nobody's, and a person's of the same kinds.
    let theirs = [(Account::PspClearing, 1), (Account::PlatformFee, -1)];
    rows.extend([
        Row::Journal(journal(20, order_id(2))),
        Row::Posting(posting("theirs", order_id(2), currency("EUR"), &theirs)),
        Row::Delivery(Delivery { order_id: Some(order_id(2)), ..delivery_full(20) }),
        Row::Delivery(delivery(21)),
        Row::AdminAction(AdminAction { order_id: Some(order_id(2)), subject: Some(Subject::Order(order_id(1))), ..admin_action_full(20) }),
        Row::AdminAction(admin_action(21)),
        Row::Effect(Effect { kind: EffectKind::ReadRefund(order_id(2), refund_id(1)), ..effect(20, 0) }),
        Row::Effect(Effect { kind: EffectKind::MailAlreadyRegistered(user_id(1)), state: EffectState::Done, ..effect(21, 0) }),
    ]);
    insert(&store, "rows", rows).await;
    let history = store.history(order_id(1)).await.unwrap();
    assert_eq!(history.journal, ours.journal, "by time, then by id");
    assert_eq!(history.postings, ours.postings, "by time, then by event; entries by account");
    assert_eq!(history.deliveries, ours.deliveries, "of both providers, without what they carry");
    assert_eq!((history.actions, history.effects), (ours.actions, ours.effects));
    let other = store.history(order_id(2)).await.unwrap();
    let counts = [other.journal.len(), other.postings.len(), other.deliveries.len(), other.actions.len(), other.effects.len()];
    assert_eq!(counts, [1; 5]);
    assert_eq!(store.delivery(super::sample::delivery_id(3)).await.unwrap().unwrap().payload, "secret", "it stands in the log");
}

pub async fn what_operators_did(store: Store) {
    world(&store).await;
    let subjects = [
        Subject::Order(order_id(1)),
        Subject::Refund(refund_id(1)),
        Subject::Transfer(transfer_id(1)),
        Subject::Reversal(reversal_id(1)),
        Subject::User(user_id(BUYER)),
        Subject::Dispute(dispute(1, order_id(1)).id),
    ];
    let mut rows = vec![admin_action(1), admin_action_full(2)];
    rows.extend((3..).zip(subjects).map(|(n, subject)| AdminAction { subject: Some(subject), ..admin_action_full(n) }));
    insert(&store, "actions", rows.iter().cloned().map(Row::AdminAction).collect()).await;
    rows.reverse();
    assert_eq!(store.admin_actions(first(100)).await.unwrap(), rows);
    assert_eq!(store.admin_actions(first(3)).await.unwrap(), rows[..3]);
    let next = store.admin_actions(super::check::after(3, rows[2].id.0)).await.unwrap();
    assert_eq!(next, rows[3..6]);
}
