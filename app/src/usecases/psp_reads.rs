//! What a read of a payment at the PSP brings: the payment itself, its refunds, its disputes, each as a fact
//! (spec/01-money §8). The effect worker, the reconciler and the audit all settle reads by this one way.

use crate::services::App;
use crate::usecases::journal;
use crate::usecases::settle::{AsOf, Bring, SettleError, Settled, bring};
use veza_domain::ids::OrderId;
use veza_domain::journal::JournalKind;
use veza_domain::settlement::{DisputeFact, Fact, PaymentFact, PaymentStatus, PspRefundStatus, RefundFact, Source, Verdict};
use veza_ports::payments::{Payment, PspDispute, PspRefund};
use veza_ports::storage::Revisions;

/// The facts of a read, in the order in which they are settled: failed refunds make room before succeeded ones take it.
#[must_use]
pub fn facts_of(payment: &Payment) -> Vec<Fact> {
    let refunds = |wanted: fn(PspRefundStatus) -> bool| payment.refunds.iter().filter(move |refund| wanted(refund.status)).map(refund_fact);
    let mut facts = vec![Fact::Payment(payment_fact(payment))];
    facts.extend(refunds(|status| status != PspRefundStatus::Succeeded).map(Fact::Refund));
    facts.extend(refunds(|status| status == PspRefundStatus::Succeeded).map(Fact::Refund));
    facts.extend(payment.disputes.iter().map(dispute_fact).map(Fact::Dispute));
    facts
}

/// What a read says of the payment itself.
#[must_use]
pub fn payment_fact(payment: &Payment) -> PaymentFact {
    PaymentFact {
        source: Source::Read,
        status: payment.status,
        amount: Some(payment.amount),
        amount_received: payment.amount_received,
        currency: Some(payment.currency.clone()),
        error: payment.error.clone(),
        saved_method: payment.saved_method.clone(),
        untried_until: payment.untried_until,
    }
}

/// The PSP definitely has no such payment.
#[must_use]
pub fn no_payment() -> PaymentFact {
    PaymentFact {
        source: Source::Read,
        status: PaymentStatus::NotFound,
        amount: None,
        amount_received: None,
        currency: None,
        error: None,
        saved_method: None,
        untried_until: None,
    }
}

/// What a read says of a refund.
#[must_use]
pub fn refund_fact(refund: &PspRefund) -> RefundFact {
    RefundFact {
        source: Source::Read,
        psp_refund_id: refund.refund_id.clone(),
        status: refund.status,
        amount: Some(refund.amount),
        currency: Some(refund.currency.clone()),
        error: refund.error.clone(),
    }
}

/// The PSP definitely has no such refund.
#[must_use]
pub fn no_refund(psp_refund_id: String) -> RefundFact {
    let status = PspRefundStatus::NotFound;
    RefundFact { source: Source::Read, psp_refund_id, status, amount: None, currency: None, error: None }
}

/// What a read says of a dispute.
#[must_use]
pub fn dispute_fact(dispute: &PspDispute) -> DisputeFact {
    DisputeFact {
        source: Source::Read,
        psp_dispute_id: dispute.dispute_id.clone(),
        status: dispute.status,
        stage: dispute.stage.clone(),
        amount: Some(dispute.amount),
        currency: Some(dispute.currency.clone()),
        reason: dispute.reason.clone(),
        respond_by: dispute.respond_by,
    }
}

/// Settles one fact that a read brought; the journal says so when it changes something. `as_of`: the revisions of the order's rows
/// before the read; they follow what is settled, so that several facts of one read do not overtake each other.
///
/// # Errors
/// [`SettleError`].
pub async fn settle(app: &App, order_id: OrderId, fact: &Fact, by: &str, as_of: &mut Revisions) -> Result<Settled, SettleError> {
    let unit_id = format!("{by}:{order_id}:{}", app.ids.uuid());
    let told = journal::line(app, order_id, JournalKind::Fact, &format!("{by}: {}", words(fact)));
    let extra = move |decision: &veza_domain::settlement::Decision| {
        if decision.changes.is_empty() { Vec::new() } else { vec![told.clone()] }
    };
    let settled = bring(app, Bring { order_id, fact, as_of: AsOf::Rows(as_of), unit_id, request: &[], extra: &extra }).await?;
    if settled.committed {
        as_of.clone_from(&settled.revisions);
    }
    Ok(settled)
}

/// What became of a read of a payment.
#[derive(Clone, Copy, Debug)]
pub struct ReadSettled {
    /// The rules' word on the payment itself.
    pub verdict: Verdict,
    /// Something was committed.
    pub changed: bool,
    /// Of some of it the answer was older than the books: read again.
    pub overtaken: bool,
}

/// Settles everything that a read of the payment brought.
/// `as_of`: the revisions of the order's rows before the read.
///
/// # Errors
/// [`SettleError`]; what was settled before it stays.
pub async fn settle_payment(
    app: &App,
    order_id: OrderId,
    payment: &Payment,
    by: &str,
    mut as_of: Revisions,
) -> Result<ReadSettled, SettleError> {
    let mut read = ReadSettled { verdict: Verdict::NotFinal, changed: false, overtaken: false };
    for (nth, fact) in facts_of(payment).iter().enumerate() {
        let settled = settle(app, order_id, fact, by, &mut as_of).await?;
        read.changed |= settled.committed;
        read.overtaken |= settled.overtaken;
        if nth == 0 {
            read.verdict = settled.verdict;
        }
    }
    Ok(read)
}

/// Settles what the PSP answered when it was asked for the payment: `None` = it has none.
///
/// # Errors
/// As [`settle_payment`].
pub async fn settle_answer(
    app: &App,
    order_id: OrderId,
    answer: Option<&Payment>,
    by: &str,
    mut as_of: Revisions,
) -> Result<ReadSettled, SettleError> {
    if let Some(payment) = answer {
        return settle_payment(app, order_id, payment, by, as_of).await;
    }
    let none = settle(app, order_id, &Fact::Payment(no_payment()), by, &mut as_of).await?;
    Ok(ReadSettled { verdict: none.verdict, changed: none.committed, overtaken: none.overtaken })
}

/// A fact for a person; no secrets.
#[must_use]
pub fn words(fact: &Fact) -> String {
    let minor = |amount: Option<i64>, currency: &Option<String>| match (amount, currency) {
        (Some(amount), Some(currency)) => format!(", {amount} minor units of {currency}"),
        _ => String::new(),
    };
    match fact {
        Fact::Payment(fact) => format!("the PSP says of the payment: {:?}{}", fact.status, minor(fact.amount, &fact.currency)),
        Fact::Refund(fact) => {
            format!("the PSP says of refund {}: {:?}{}", fact.psp_refund_id, fact.status, minor(fact.amount, &fact.currency))
        }
        Fact::Dispute(fact) => {
            let status = fact.status.map_or("unknown status", |status| status.as_str());
            format!("the PSP says of dispute {}: {status}{}", fact.psp_dispute_id, minor(fact.amount, &fact.currency))
        }
        Fact::Transfer(id, outcome) => format!("transfer {id}: {outcome:?}"),
        Fact::Reversal(id, outcome) => format!("reversal {id}: {outcome:?}"),
        Fact::ConnectTransfer(id, fact) => {
            format!("Connect has transfer {id} as {} with {} reversals", fact.id, fact.reversals.len())
        }
    }
}
