//! Which event posts what: the table of `docs/adr/0004-ledger-postings.md`, spelled out (spec/01-money §5).

use crate::support::*;
use veza_domain::ids::{DisputeId, NettingId, ReversalId, TransferId};
use veza_domain::ledger::{
    Account, Event, Posting, UnknownAccount, external_reversal, kept_back, lost, netted, order_completed, refunded, reversal_done,
    reversal_opened, transfer_completed, written_off,
};
use veza_domain::money::{Minor, Money};
use veza_domain::refund::{Burden, SellerPart};

/// Entries as text, debits above zero: the table reads like the ADR's.
fn entries(posting: &Posting) -> Vec<(String, i64)> {
    let named = |account: Account| {
        let text = account.to_string();
        (1..=2).fold(text, |text, n| text.replace(&seller(n).to_string(), &n.to_string()))
    };
    posting.entries.iter().map(|entry| (named(entry.account), entry.amount.0)).collect()
}

fn table(rows: &[(&str, i64)]) -> Vec<(String, i64)> {
    rows.iter().map(|(account, amount)| ((*account).to_owned(), *amount)).collect()
}

fn money(amount: i64) -> Money {
    Money::new(amount, eur())
}

/// 400 of 1,000 went back: 360 by seller 1, 40 by the platform.
fn burden() -> Burden {
    Burden { lines: Vec::new(), sellers: vec![SellerPart { seller_id: seller(1), amount: Minor(360) }], platform: Minor(40) }
}

#[test]
fn a_paid_order_debits_the_clearing_account_and_credits_fee_and_shares() {
    let file = checkout(&[(1, 1000), (2, 500), (1, 100)], 1_000);
    let posting = order_completed(file.order.id, file.order.total, &file.lines, START).unwrap();
    assert_eq!(
        entries(&posting),
        table(&[("psp_clearing", 1600), ("platform_fee", -160), ("seller_payable:1", -990), ("seller_payable:2", -450)])
    );
    assert_eq!((posting.order_id, posting.currency, posting.posted_at), (file.order.id, eur(), START));
}

#[test]
fn a_refund_credits_the_clearing_account_and_debits_who_bears_it() {
    let expected = table(&[("psp_clearing", -400), ("platform_fee", 40), ("seller_payable:1", 360)]);
    for event in [Event::RefundSucceeded(refund_id(1)), Event::RefundSucceededLate(refund_id(1), START)] {
        let posting = refunded(event, (order_id(), Account::PlatformFee), money(400), &burden(), false, START).unwrap();
        assert_eq!(entries(&posting), expected);
    }
}

#[test]
fn a_refund_that_came_undone_counters_its_entries() {
    let posting =
        refunded(Event::RefundUndone(refund_id(1), START), (order_id(), Account::PlatformFee), money(400), &burden(), true, START).unwrap();
    assert_eq!(entries(&posting), table(&[("psp_clearing", 400), ("platform_fee", -40), ("seller_payable:1", -360)]));
}

#[test]
fn a_transfer_debits_what_the_seller_is_owed_and_credits_connect() {
    let posting = transfer_completed(TransferId(uuid(1)), order_id(), seller(1), money(900), START).unwrap();
    assert_eq!(entries(&posting), table(&[("seller_payable:1", 900), ("connect:1", -900)]));
}

#[test]
fn an_opened_reversal_makes_the_seller_a_debtor() {
    let posting = reversal_opened(ReversalId(uuid(1)), order_id(), seller(1), money(360), START).unwrap();
    assert_eq!(entries(&posting), table(&[("seller_payable:1", -360), ("seller_receivable:1", 360)]));
}

#[test]
fn a_done_reversal_takes_the_debt_back_from_connect() {
    let posting = reversal_done(ReversalId(uuid(1)), order_id(), seller(1), money(360), START).unwrap();
    assert_eq!(entries(&posting), table(&[("connect:1", 360), ("seller_receivable:1", -360)]));
}

#[test]
fn what_a_refund_gave_back_beyond_the_order_is_the_platforms_loss() {
    for (undone, sign) in [(false, 1), (true, -1)] {
        let posting =
            refunded(Event::RefundSucceeded(refund_id(1)), (order_id(), Account::PlatformFee), money(1000), &burden(), undone, START)
                .unwrap();
        let expected =
            [("psp_clearing", -1000 * sign), ("platform_fee", 40 * sign), ("seller_payable:1", 360 * sign), ("dispute_loss", 600 * sign)];
        assert_eq!(entries(&posting), table(&expected));
    }
}

#[test]
fn a_reversal_by_somebody_else_gives_connects_part_back_to_what_the_seller_is_owed() {
    let posting = external_reversal(ReversalId(uuid(1)), order_id(), seller(1), money(360), START).unwrap();
    assert_eq!(entries(&posting), table(&[("seller_payable:1", -360), ("connect:1", 360)]));
}

#[test]
fn a_netting_pays_a_debt_with_what_the_seller_is_owed() {
    let posting = netted(NettingId(uuid(1)), order_id(), seller(1), money(360), START).unwrap();
    assert_eq!(entries(&posting), table(&[("seller_payable:1", 360), ("seller_receivable:1", -360)]));
}

#[test]
fn a_write_off_makes_a_debt_the_platforms_loss_and_its_undoing_a_debt_again() {
    let id = ReversalId(uuid(1));
    let posting = written_off(Event::WrittenOff(id), order_id(), seller(1), money(360), false, START).unwrap();
    assert_eq!(entries(&posting), table(&[("seller_receivable:1", -360), ("dispute_loss", 360)]));
    let undone = written_off(Event::WriteOffUndone(id, START), order_id(), seller(1), money(360), true, START).unwrap();
    assert_eq!(entries(&undone), table(&[("seller_receivable:1", 360), ("dispute_loss", -360)]));
}

#[test]
fn what_a_bank_takes_beyond_the_order_and_its_fee_are_the_platforms_loss() {
    let id = DisputeId(uuid(1));
    for event in [Event::DisputeSurplus(id, START), Event::DisputeFee(id)] {
        let posting = lost(event, order_id(), money(600), false, START).unwrap();
        assert_eq!(entries(&posting), table(&[("psp_clearing", -600), ("dispute_loss", 600)]));
    }
    let back = lost(Event::DisputeSurplusUndone(id, START), order_id(), money(600), true, START).unwrap();
    assert_eq!(entries(&back), table(&[("psp_clearing", 600), ("dispute_loss", -600)]));
}

#[test]
fn what_is_kept_of_a_share_lessens_the_platforms_loss() {
    let id = ReversalId(uuid(1));
    for (event, undone, sign) in [(Event::KeptBack(id, uuid(2)), false, 1), (Event::KeptBackUndone(id, uuid(2)), true, -1)] {
        let posting = kept_back(event, order_id(), seller(1), money(360), undone, START).unwrap();
        assert_eq!(entries(&posting), table(&[("seller_payable:1", 360 * sign), ("dispute_loss", -360 * sign)]));
    }
}

/// §5: keyed by the event, so that it can post once only.
#[test]
fn every_event_has_a_key_of_its_own() {
    let (n, later) = (uuid(1), START.plus(LEASE));
    let (refund, transfer, reversal, dispute) = (refund_id(0), TransferId(n), ReversalId(n), DisputeId(n));
    let keys = [
        Event::OrderCompleted(order_id()),
        Event::RefundSucceeded(refund),
        Event::RefundUndone(refund, START),
        Event::RefundUndone(refund, later),
        Event::RefundSucceededLate(refund, START),
        Event::RefundSucceededLate(refund, later),
        Event::TransferCompleted(transfer),
        Event::ReversalOpened(reversal),
        Event::ReversalDone(reversal),
        Event::ExternalReversal(reversal),
        Event::Netted(NettingId(n)),
        Event::WrittenOff(reversal),
        Event::WriteOffUndone(reversal, START),
        Event::WriteOffUndone(reversal, later),
        Event::DisputeSurplus(dispute, START),
        Event::DisputeSurplus(dispute, later),
        Event::DisputeSurplusUndone(dispute, START),
        Event::DisputeFee(dispute),
        Event::KeptBack(reversal, uuid(2)),
        Event::KeptBack(reversal, uuid(3)),
        Event::KeptBackUndone(reversal, uuid(2)),
    ]
    .map(|event| event.to_string());
    let expected = [
        format!("order_completed:{}", order_id()),
        format!("refund_succeeded:{refund}"),
        format!("refund_undone:{refund}:{}", START.0),
        format!("refund_undone:{refund}:{}", later.0),
        format!("refund_succeeded_late:{refund}:{}", START.0),
        format!("refund_succeeded_late:{refund}:{}", later.0),
        format!("transfer_completed:{n}"),
        format!("reversal_opened:{n}"),
        format!("reversal_done:{n}"),
        format!("external_reversal:{n}"),
        format!("netted:{n}"),
        format!("written_off:{n}"),
        format!("write_off_undone:{n}:{}", START.0),
        format!("write_off_undone:{n}:{}", later.0),
        format!("dispute_surplus:{n}:{}", START.0),
        format!("dispute_surplus:{n}:{}", later.0),
        format!("dispute_surplus_undone:{n}:{}", START.0),
        format!("dispute_fee:{n}"),
        format!("kept_back:{n}:{}", uuid(2)),
        format!("kept_back:{n}:{}", uuid(3)),
        format!("kept_back_undone:{n}:{}", uuid(2)),
    ];
    assert_eq!(keys, expected);
}

#[test]
fn an_account_is_read_as_it_is_written_and_nothing_else_is_one() {
    let who = seller(1);
    for account in [
        Account::PspClearing,
        Account::PlatformFee,
        Account::SellerPayable(who),
        Account::Connect(who),
        Account::SellerReceivable(who),
        Account::DisputeLoss,
        Account::SubscriptionRevenue,
        Account::ProrationCredit,
    ] {
        assert_eq!(account.to_string().parse(), Ok(account));
    }
    for nonsense in ["", "cash", "connect", "connect:", "connect:x", "psp_clearing:1", "dispute_loss:1"] {
        assert_eq!(nonsense.parse::<Account>(), Err(UnknownAccount), "{nonsense}");
    }
}
