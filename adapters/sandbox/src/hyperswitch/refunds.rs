//! Refunds (hyperswitch.md §5): the server's checks in the server's order.

use std::time::Duration;

use crate::{
    core::Answer,
    ids::{Micros, micros},
    json::{Json, object},
    model::{Payment, PaymentStatus, Refund, RefundStatus},
    script::{Facts, Fault, Faults, Op, Stage},
    state::{Due, State},
    webhooks::hyperswitch::{Subject, emit},
};

use super::{errors, payments, render, request::Fields};

/// Keys of `RefundRequest`.
pub(crate) const REQUEST_KEYS: &[&str] = &[
    "all_keys_required",
    "amount",
    "merchant_connector_details",
    "merchant_id",
    "metadata",
    "payment_id",
    "reason",
    "refund_id",
    "refund_type",
    "split_refunds",
];
/// Keys of `RefundListRequest`.
pub(crate) const LIST_KEYS: &[&str] = &[
    "amount_filter",
    "connector",
    "currency",
    "end_time",
    "limit",
    "merchant_connector_id",
    "offset",
    "payment_id",
    "profile_id",
    "refund_id",
    "refund_status",
    "start_time",
];
/// Refunds of one attempt: the server tests `len > max`, so one more passes.
const ATTEMPTS_MAX: usize = 10;
/// A refund that changes its mind does so after this.
const TURNS_AFTER: Duration = Duration::from_secs(3_600);

/// A parsed POST /refunds.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) payment_id: String,
    pub(crate) refund_id: Option<String>,
    pub(crate) amount: Option<i64>,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Option<serde_json::Value>,
}

impl Request {
    pub(crate) fn read(fields: &Fields) -> Result<Self, Answer> {
        let payment_id = fields.text("payment_id")?.ok_or_else(|| errors::unparsable("missing field `payment_id`"))?;
        fields.get::<serde_json::Map<String, serde_json::Value>>("metadata", "a map")?;
        Ok(Self {
            payment_id,
            refund_id: fields.text("refund_id")?,
            amount: fields.get("amount", "an integer")?, // not `amount()`: zero and below have an answer of their own
            reason: fields.text("reason")?,
            metadata: fields.raw("metadata").cloned(),
        })
    }
}

/// POST /refunds.
pub(crate) fn create(state: &mut State, request: Request, facts: &Facts) -> Answer {
    let faults = state.take_faults(Op::CreateRefund, Stage::Effect, facts);
    match open(state, request, &faults, false) {
        Ok(refund_id) => retrieve(state, &refund_id),
        Err(answer) => answer,
    }
}

/// Checks, inserts and settles a refund; also for the ones made from the PSP's dashboard.
pub(crate) fn open(state: &mut State, request: Request, faults: &Faults, from_dashboard: bool) -> Result<String, Answer> {
    let payment = state.payments.get(&request.payment_id).ok_or_else(errors::payment_not_found)?;
    let amount = check(state, payment, &request, faults)?;
    let (payment_id, currency, now) = (payment.payment_id.clone(), payment.currency.clone(), state.now);
    let refund_id = request.refund_id.unwrap_or_else(|| state.ids.text("ref_", 20));
    let connector_refund_id = state.ids.text("re_", 24);
    let later = |delay: Duration| now.saturating_add(micros(delay));
    let fails_later = faults.delay(Fault::RefundFailsLater, TURNS_AFTER).map(|delay| (later(delay), false));
    let succeeds_later = faults.delay(Fault::RefundSucceedsLater, TURNS_AFTER).map(|delay| (later(delay), true));
    // Without a delay a pending refund waits for the control API.
    let pending = faults.delay(Fault::RefundPending, Duration::MAX).filter(|delay| *delay < Duration::MAX);
    let due: Option<(Micros, bool)> = fails_later.or(succeeds_later).or(pending.map(|delay| (later(delay), true)));
    state.refunds.put(Refund {
        refund_id: refund_id.clone(),
        payment_id: payment_id.clone(),
        amount,
        currency,
        status: RefundStatus::Pending,
        reason: request.reason,
        metadata: request.metadata,
        error: None,
        created_at: now,
        updated_at: now,
        connector_refund_id,
        from_dashboard,
        due,
    });
    if let Some(payment) = state.payments.edit(&payment_id) {
        payment.refund_ids.push(refund_id.clone());
    }
    if let Some((at, _)) = due {
        state.schedule(at, Due::Refund { refund_id: refund_id.clone() });
    }
    if fails_later.is_some() {
        settle(state, &refund_id, true, due);
    } else if succeeds_later.is_some() || faults.has(Fault::RefundFailed) {
        settle(state, &refund_id, false, due);
    } else if !faults.has(Fault::RefundPending) {
        settle(state, &refund_id, true, None);
    }
    Ok(refund_id)
}

/// The twelve checks of §5; the first that fails answers. Returns the amount to refund.
fn check(state: &State, payment: &Payment, request: &Request, faults: &Faults) -> Result<i64, Answer> {
    let too_much = || errors::error(400, "IR_13", "The refund amount exceeds the amount captured");
    let bad_format = |message: &str| errors::error(422, "IR_05", message);
    let captured = payment.amount_received;
    let amount = request.amount.unwrap_or(captured);
    // 1 was the look-up.
    // 2
    if !matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyCaptured) {
        let status = render::payment_status(payment.status);
        return Err(errors::wrong_state("refund", "status", status, "succeeded, partially_captured"));
    }
    // 3: the totals of the payment's state metadata
    if payment.total_refunded.saturating_add(payment.total_disputed).saturating_add(amount) > captured {
        return Err(too_much());
    }
    // 4
    if payment.void_issued {
        return Err(errors::error(400, "IR_16", "You cannot refund this payment because a post-capture void was issued"));
    }
    // 5
    if amount <= 0 {
        return Err(bad_format("amount contains invalid data. Expected format is positive integer"));
    }
    // 6
    if payment.funds.is_empty() {
        return Err(errors::error(404, "HE_04", "Successful payment not found for the given payment id"));
    }
    // 7
    if request.refund_id.as_ref().is_some_and(|id| id.len() > 64) {
        return Err(bad_format("refund_id contains invalid data. Expected format is max length 64"));
    }
    // 8
    if payments::too_old(payment, state.now) {
        return Err(bad_format("created_at contains invalid data. Expected format is not older than 365 days"));
    }
    // 9: pending counts, failed does not
    let refunds = payment.refund_ids.iter().filter_map(|id| state.refunds.get(id));
    let asked: i64 = refunds.filter(|refund| refund.status != RefundStatus::Failed).map(|refund| refund.amount).sum();
    if amount > captured.saturating_sub(asked) {
        return Err(too_much());
    }
    // 10: failed ones counted
    if payment.refund_ids.len() > ATTEMPTS_MAX {
        return Err(errors::error(400, "IR_12", "Reached maximum refund attempts"));
    }
    // 11
    if payment.payment_method_type.is_none() {
        return Err(errors::error(400, "IR_04", "Missing required param: payment_method_type"));
    }
    if faults.has(Fault::RefundNotSupported) {
        return Err(errors::error(422, "IR_06", "Refunds are not supported by the connector for this payment method"));
    }
    // 12: unique per merchant, whatever the payment
    if request.refund_id.as_ref().is_some_and(|id| state.refunds.contains(id)) {
        return Err(errors::error(400, "HE_01", "Duplicate refund request. Refund already attempted with the refund ID"));
    }
    Ok(amount)
}

/// A refund succeeds or fails, also after it had failed or succeeded: the money follows. None succeeds with money that is gone.
/// `due` is what it still has to go through.
pub(crate) fn settle(state: &mut State, refund_id: &str, succeeds: bool, due: Option<(Micros, bool)>) {
    let now = state.now;
    let covered = fits(state, refund_id);
    let Some(refund) = state.refunds.edit(refund_id) else { return };
    let before = refund.status;
    let succeeds = succeeds && (covered || before == RefundStatus::Succeeded);
    let after = if succeeds { RefundStatus::Succeeded } else { RefundStatus::Failed };
    refund.due = due;
    if before == after {
        return;
    }
    refund.status = after;
    refund.updated_at = now;
    refund.error = (!succeeds).then(|| ("refund_failed".to_owned(), "The refund failed at the bank.".to_owned()));
    let refund = refund.clone();
    let booked = match (before, after) {
        (_, RefundStatus::Succeeded) => refund.amount,
        (RefundStatus::Succeeded, _) => -refund.amount,
        _ => 0,
    };
    // What comes back of a payment that the bank has taken back, and that nobody has paid anew, goes the same way.
    let undone = state.payments.get(&refund.payment_id).is_some_and(|payment| payment.status == PaymentStatus::Failed);
    if booked > 0 {
        state.withdraw(&refund.payment_id, booked);
    } else if !undone {
        state.give_back(&refund.payment_id, -booked);
    }
    if let Some(payment) = state.payments.edit(&refund.payment_id) {
        payment.total_refunded += booked;
        if undone && booked < 0 {
            payment.amount_received += booked;
            payment.failed_after_success -= booked;
        }
    }
    let event_type = if succeeds { "refund_succeeded" } else { "refund_failed" };
    let subject =
        Subject { object_id: refund_id, payment_id: &refund.payment_id, content_type: "refund_details", object: render::refund(&refund) };
    emit(state, event_type, subject);
}

/// Is there enough left of the payment for this refund? A failed one does not count until it succeeds after all, and by then
/// another may have been made in its place.
pub(crate) fn fits(state: &State, refund_id: &str) -> bool {
    let Some(refund) = state.refunds.get(refund_id) else { return false };
    state.payments.get(&refund.payment_id).is_some_and(|payment| {
        payment.total_refunded.saturating_add(payment.total_disputed).saturating_add(refund.amount) <= payment.amount_received
    })
}

/// GET /refunds/{id}.
pub(crate) fn retrieve(state: &State, refund_id: &str) -> Answer {
    match state.refunds.get(refund_id) {
        Some(refund) => Answer::json(200, render::refund(refund).compact()),
        None => errors::refund_not_found(),
    }
}

/// POST /refunds/list, newest first. `refund_status` takes the stored spellings.
pub(crate) fn list(state: &State, fields: &Fields) -> Result<Answer, Answer> {
    let limit = fields.amount("limit")?.unwrap_or(10);
    let offset = fields.amount("offset")?.unwrap_or(0);
    if !(1..=100).contains(&limit) || offset > 20_000 {
        return Err(errors::error(422, "IR_06", "limit should be in between 1 and 100, offset at most 20000"));
    }
    let time = |key: &str| -> Result<Option<Micros>, Answer> {
        let at: Option<chrono::DateTime<chrono::Utc>> = fields.get(key, "a timestamp")?;
        Ok(at.map(|at| at.timestamp_micros()))
    };
    let (start, end) = (time("start_time")?, time("end_time")?);
    if end.is_some() && start.is_none() {
        return Err(errors::unparsable("missing field `start_time`"));
    }
    let (payment_id, refund_id) = (fields.text("payment_id")?, fields.text("refund_id")?);
    let currencies: Option<Vec<String>> = fields.get("currency", "a list")?;
    let statuses: Option<Vec<String>> = fields.get("refund_status", "a list")?;
    let stored = |status: RefundStatus| match status {
        RefundStatus::Pending => "pending",
        RefundStatus::Succeeded => "success",
        RefundStatus::Failed => "failure",
    };
    let found: Vec<&Refund> = state
        .refunds
        .rows()
        .iter()
        .rev()
        .filter(|refund| payment_id.as_ref().is_none_or(|id| *id == refund.payment_id))
        .filter(|refund| refund_id.as_ref().is_none_or(|id| *id == refund.refund_id))
        .filter(|refund| start.is_none_or(|at| refund.created_at >= at) && end.is_none_or(|at| refund.created_at <= at))
        .filter(|refund| currencies.as_ref().is_none_or(|list| list.contains(&refund.currency)))
        .filter(|refund| statuses.as_ref().is_none_or(|list| list.iter().any(|name| name == stored(refund.status))))
        .collect();
    let page = found.iter().skip(usize::try_from(offset).unwrap_or(0)).take(usize::try_from(limit).unwrap_or(0));
    let data: Vec<Json> = page.map(|refund| render::refund(refund)).collect();
    let body = object! { "count" => data.len(), "total_count" => found.len(), "data" => Json::List(data) };
    Ok(Answer::json(200, body.compact()))
}
