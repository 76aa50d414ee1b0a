//! Our orders against the PSP's payments, one read each, and against their own ledger entries.

use super::{AT_A_TIME, Findings};
use crate::problem::chain;
use crate::services::App;
use crate::usecases::invariants::check_order;
use crate::usecases::psp_reads;
use futures_util::StreamExt;
use veza_domain::ids::OrderId;
use veza_domain::order::OrderStatus;
use veza_domain::refund::{Refund, RefundOrigin, RefundStatus};
use veza_domain::settlement::{OrderFile, PaymentStatus, PspRefundStatus};
use veza_ports::payments::{Payment, PspRefund};
use veza_ports::storage::StoreError;

const BY: &str = "audit";
const RECONCILE: &str = "veza audit --import settles what the PSP says; or wait for the reconciler.";

pub(super) async fn compare(app: &App, ids: Vec<OrderId>, import: bool) -> Result<Findings, StoreError> {
    let mut all = Findings::default();
    let compared = futures_util::stream::iter(ids).map(|id| one(app, id, import));
    let mut compared = compared.buffered(AT_A_TIME);
    while let Some(findings) = compared.next().await {
        let findings = findings?;
        all.differences.extend(findings.differences);
        all.unread += findings.unread;
        all.imported += findings.imported;
    }
    if app.psp.is_none() && all.unread > 0 {
        tracing::warn!(payments = all.unread, "audit: no payment provider is configured; its payments are not compared");
    }
    Ok(all)
}

async fn one(app: &App, id: OrderId, import: bool) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let Some((stored, broken)) = check_order(app, id).await? else { return Ok(findings) };
    for broken in broken {
        let proposed = "This is a fault of ours, or somebody wrote to the database: compare the timeline with the ledger.";
        findings.differs("books", Some(id), broken.what, (broken.detail.clone(), "must not be".to_owned()), proposed);
    }
    let Some(payment_id) = &stored.file.order.payment_id else { return Ok(findings) };
    let Some(psp) = &app.psp else {
        // Nobody is asked, and that is not the same as agreeing.
        findings.unread += 1;
        return Ok(findings);
    };
    match psp.reads.payment(payment_id).await {
        Ok(Some(payment)) => {
            let before = findings.differences.len();
            against(&stored.file, &payment, &mut findings);
            if import && findings.differences.len() > before {
                match psp_reads::settle_payment(app, id, &payment, BY, stored.revisions.clone()).await {
                    Ok(read) => findings.imported += u64::from(read.changed),
                    Err(error) => tracing::error!(order = %id, error = chain(&error), "audit: could not be settled"),
                }
            }
        }
        Ok(None) if is_paid(&stored.file) => {
            let sides = (stored.file.order.status.as_str().to_owned(), "no such payment".to_owned());
            findings.differs(
                "payment_missing",
                Some(id),
                payment_id,
                sides,
                "Check that the API key belongs to the account that took the payment.",
            );
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(order = %id, error = chain(&error), "audit: the payment could not be read; not compared");
            findings.unread += 1;
        }
    }
    Ok(findings)
}

fn is_paid(file: &OrderFile) -> bool {
    file.order.is_paid()
}

fn against(file: &OrderFile, payment: &Payment, findings: &mut Findings) {
    let (order, id) = (&file.order, file.order.id);
    let undone = file.refunds.iter().any(|refund| refund.origin == RefundOrigin::PaymentUndone && refund.status == RefundStatus::Succeeded);
    let holds_money = order.is_paid() && !undone;
    if (payment.status == PaymentStatus::Succeeded) != holds_money {
        let sides = (order.status.as_str().to_owned(), payment.psp_status.clone());
        findings.differs("payment_status", Some(id), payment.payment_id.as_str(), sides, RECONCILE);
    }
    let ours = format!("{} {}", order.total.amount.0, order.total.currency);
    let received = payment.amount_received.unwrap_or(payment.amount);
    let theirs = format!("{received} {}", payment.currency);
    if payment.status == PaymentStatus::Succeeded && ours != theirs {
        let proposed = "Compare the payment at the PSP with the order; refund the difference there.";
        findings.differs("payment_amount", Some(id), payment.payment_id.as_str(), (ours, theirs), proposed);
    }
    // What was paid and failed before we heard of either, and was refunded in between, is no sale of ours and owes nobody anything.
    let was_nothing = !order.is_paid() && payment.status != PaymentStatus::Succeeded;
    if !was_nothing {
        payment.refunds.iter().for_each(|read| refund(file, read, findings));
    }
    let through_psp = |refund: &&Refund| matches!(refund.origin, RefundOrigin::Requested | RefundOrigin::External);
    for known in file.refunds.iter().filter(through_psp).filter(|refund| refund.status == RefundStatus::Succeeded) {
        if !payment.refunds.iter().any(|read| is_of(read, known)) {
            let sides = (format!("succeeded, {}", known.amount), "no such refund".to_owned());
            findings.differs(
                "refund_missing",
                Some(id),
                known.id.to_string(),
                sides,
                "Look for the refund at the PSP; if there is none, tell the buyer.",
            );
        }
    }
    for read in &payment.disputes {
        let known = file.disputes.iter().find(|dispute| dispute.psp_dispute_id == read.dispute_id);
        let ours = known.map_or("unknown".to_owned(), |dispute| dispute.status.as_str().to_owned());
        let theirs = read.status.map_or(read.psp_status.clone(), |status| status.as_str().to_owned());
        if ours != theirs {
            findings.differs("dispute_status", Some(id), read.dispute_id.as_str(), (ours, theirs), RECONCILE);
        }
    }
    if order.status == OrderStatus::Disputed && payment.disputes.is_empty() {
        let sides = ("disputed".to_owned(), "no dispute".to_owned());
        findings.differs("dispute_missing", Some(id), payment.payment_id.as_str(), sides, "Look for the dispute at the PSP.");
    }
}

fn is_of(read: &PspRefund, refund: &Refund) -> bool {
    refund.psp_refund_id.as_deref() == Some(read.refund_id.as_str()) || refund.id.to_string() == read.refund_id
}

fn refund(file: &OrderFile, read: &PspRefund, findings: &mut Findings) {
    let id = file.order.id;
    let theirs = format!("{}, {} {}", read.psp_status, read.amount, read.currency);
    let Some(known) = file.refunds.iter().find(|refund| is_of(read, refund)) else {
        if read.status != PspRefundStatus::Failed {
            findings.differs("refund_unknown", Some(id), read.refund_id.as_str(), ("unknown".to_owned(), theirs), RECONCILE);
        }
        return;
    };
    let same = match read.status {
        PspRefundStatus::Succeeded => known.status == RefundStatus::Succeeded,
        PspRefundStatus::Failed | PspRefundStatus::NotFound => known.status == RefundStatus::Failed,
        PspRefundStatus::Open => known.status == RefundStatus::Pending,
    };
    let ours = format!("{}, {} {}", known.status.as_str(), known.amount.amount.0, known.amount.currency);
    if !same {
        findings.differs("refund_status", Some(id), read.refund_id.as_str(), (ours, theirs), RECONCILE);
    } else if read.amount != known.amount.amount.0 || read.currency != known.amount.currency.code() {
        findings.differs("refund_amount", Some(id), read.refund_id.as_str(), (ours, theirs), "Compare the refund at the PSP with ours.");
    }
}
