//! Payments: create, update, confirm, capture, cancel, and what the outside world does to them (hyperswitch.md §3, §4).

use serde_json::Value;

use crate::{
    core::Answer,
    ids::micros,
    model::{Payment, PaymentStatus, SavedMethod},
    script::{Facts, Fault, Op, Stage},
    state::State,
    webhooks::hyperswitch::{Subject, emit},
};

use super::{disputes, errors, methods, render, request::Fields};

/// Card number that is always declined.
const DECLINED_CARD: &str = "4000000000000002";
const SESSION_SECONDS: i64 = 900;

/// How a charge attempt ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Approved,
    /// In the connector's code and words.
    Declined(String, String),
    /// The connector timed out (§3): `processing` until it is resolved.
    Processing,
    /// The customer has to do something: `requires_customer_action`.
    Action,
}

/// The connector's words where no others are asked for.
pub(crate) fn declined() -> (String, String) {
    ("card_declined".to_owned(), "Your card was declined.".to_owned())
}

impl Outcome {
    pub(crate) fn declined() -> Self {
        let (code, message) = declined();
        Self::Declined(code, message)
    }
}

/// POST /payments. `payment_id` was drawn or checked by the route.
pub(crate) fn create(state: &mut State, payment_id: String, fields: &Fields, facts: &Facts) -> Answer {
    match try_create(state, payment_id, fields, facts) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn try_create(state: &mut State, payment_id: String, fields: &Fields, facts: &Facts) -> Result<Answer, Answer> {
    let missing = |field: &str| errors::error(400, "IR_04", format!("Missing required param: {field}"));
    let amount = fields.amount("amount")?.ok_or_else(|| missing("amount"))?;
    let currency = fields.text("currency")?.ok_or_else(|| missing("currency"))?;
    if fields.text("capture_method")?.as_deref() == Some("scheduled") {
        return Err(errors::error(501, "IR_00", "This API is under development and will be made available soon."));
    }
    let confirm = fields.is_true("confirm");
    methods::check(state, fields, None, confirm)?;
    if state.payments.contains(&payment_id) {
        let reason = format!("PaymentId({payment_id}) already exists");
        let message = "The payment with the specified payment_id already exists in our records";
        return Err(errors::error_because(400, "HE_01", message, reason));
    }
    let session = fields.amount("session_expiry")?.unwrap_or(SESSION_SECONDS);
    let now = state.now;
    let mut payment = Payment {
        client_secret: state.ids.text(&format!("{payment_id}_secret_"), 20),
        payment_id: payment_id.clone(),
        status: PaymentStatus::RequiresPaymentMethod,
        amount,
        amount_capturable: amount,
        amount_received: 0,
        currency,
        created: now,
        updated: now,
        expires_on: now.saturating_add(session.saturating_mul(1_000_000)),
        echo: fields.echoed().collect(),
        payment_method: None,
        payment_method_type: None,
        card: None,
        payment_method_id: None,
        customer_acceptance: fields.raw("customer_acceptance").cloned(),
        error: None,
        attempt_count: 0,
        charge_id: None,
        refund_ids: Vec::new(),
        dispute_ids: Vec::new(),
        total_refunded: 0,
        total_disputed: 0,
        void_issued: false,
        funds: Vec::new(),
        source_drawn: 0,
        failed_after_success: 0,
        dispute_due: None,
    };
    echo_customer(&mut payment, fields);
    set_method(&mut payment, fields, methods::charged(state, fields))?;
    if confirm {
        default_method(&mut payment);
    }
    state.payments.put(payment);
    methods::meet(state, &payment_id);
    if confirm {
        return Ok(attempt_by_call(state, &payment_id, Op::CreatePayment, fields, facts));
    }
    Ok(show(state, &payment_id))
}

/// POST /payments/{id}.
pub(crate) fn update(state: &mut State, payment_id: &str, fields: &Fields) -> Answer {
    match try_update(state, payment_id, fields) {
        Ok(()) => show(state, payment_id),
        Err(answer) => answer,
    }
}

fn try_update(state: &mut State, payment_id: &str, fields: &Fields) -> Result<(), Answer> {
    let now = state.now;
    let payment = state.payments.get(payment_id).ok_or_else(errors::payment_not_found)?;
    methods::check(state, fields, Some(payment), false)?;
    if !matches!(
        payment.status,
        PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresConfirmation | PaymentStatus::RequiresCustomerAction
    ) {
        let status = render::payment_status(payment.status);
        let allowed = "requires_payment_method, requires_confirmation, requires_customer_action";
        return Err(errors::wrong_state("update", "status", status, allowed));
    }
    let (amount, currency) = (fields.amount("amount")?, fields.text("currency")?);
    let Some(payment) = state.payments.edit(payment_id) else { return Ok(()) };
    payment.echo.extend(fields.echoed());
    payment.amount = amount.unwrap_or(payment.amount);
    payment.amount_capturable = payment.amount;
    payment.currency = currency.unwrap_or_else(|| payment.currency.clone());
    payment.updated = now;
    echo_customer(payment, fields);
    set_method(payment, fields, None)?;
    methods::meet(state, payment_id);
    Ok(())
}

/// POST /payments/{id}/confirm, by the server or by the browser with the client secret.
/// A payment that failed may be tried again by its customer (§4).
pub(crate) fn confirm(state: &mut State, payment_id: &str, fields: &Fields, facts: &Facts) -> Answer {
    let Some(payment) = state.payments.get(payment_id) else { return errors::payment_not_found() };
    match payment.status {
        PaymentStatus::RequiresPaymentMethod
        | PaymentStatus::RequiresConfirmation
        | PaymentStatus::RequiresCustomerAction
        | PaymentStatus::Failed => {}
        status => {
            let status = render::payment_status(status);
            return errors::wrong_state("confirm", "status", status, "requires_payment_method, requires_confirmation, failed");
        }
    }
    if let Err(answer) = methods::check(state, fields, Some(payment), true) {
        return answer;
    }
    let charged = methods::charged(state, fields);
    if let Some(payment) = state.payments.edit(payment_id) {
        payment.echo.extend(fields.echoed());
        payment.customer_acceptance = fields.raw("customer_acceptance").cloned().or(payment.customer_acceptance.take());
        echo_customer(payment, fields);
        if let Err(answer) = set_method(payment, fields, charged) {
            return answer;
        }
        default_method(payment);
    }
    methods::meet(state, payment_id);
    attempt_by_call(state, payment_id, Op::Confirm, fields, facts)
}

/// POST /payments/{id}/capture: all of what is capturable, or a part.
pub(crate) fn capture(state: &mut State, payment_id: &str, amount: Option<i64>) -> Answer {
    let Some(payment) = state.payments.get(payment_id) else { return errors::payment_not_found() };
    let multiple = payment.echo.get("capture_method").and_then(Value::as_str) == Some("manual_multiple");
    if !matches!(payment.status, PaymentStatus::RequiresCapture | PaymentStatus::PartiallyCapturedAndCapturable) {
        let status = render::payment_status(payment.status);
        let allowed = "requires_capture, partially_captured_and_capturable, partially_authorized_and_requires_capture";
        return errors::wrong_state("capture", "status", status, allowed);
    }
    let capturable = payment.amount_capturable;
    let amount = match amount {
        None if multiple => return errors::error(400, "IR_04", "Missing required param: amount_to_capture"),
        None => capturable,
        Some(amount) if amount <= 0 => {
            return errors::error(422, "IR_05", "amount_to_capture contains invalid data. Expected format is positive integer");
        }
        Some(amount) if amount > capturable => {
            return errors::error(422, "IR_06", "amount_to_capture is greater than amount_capturable");
        }
        Some(amount) => amount,
    };
    book_capture(state, payment_id, amount, multiple);
    show(state, payment_id)
}

/// POST /payments/{id}/cancel.
pub(crate) fn cancel(state: &mut State, payment_id: &str, reason: Option<String>) -> Answer {
    let Some(payment) = state.payments.get(payment_id) else { return errors::payment_not_found() };
    if matches!(
        payment.status,
        PaymentStatus::Failed
            | PaymentStatus::Succeeded
            | PaymentStatus::Cancelled
            | PaymentStatus::Processing
            | PaymentStatus::PartiallyCaptured
            | PaymentStatus::Expired
    ) {
        let status = render::payment_status(payment.status);
        return errors::error(400, "IR_16", format!("You cannot cancel this payment because it has status {status}"));
    }
    if let Some(payment) = state.payments.edit(payment_id) {
        payment.amount_capturable = 0;
        if let Some(reason) = reason {
            payment.echo.insert("cancellation_reason".to_owned(), reason.into());
        }
    }
    set_status(state, payment_id, PaymentStatus::Cancelled);
    show(state, payment_id)
}

/// GET /payments/{id}.
pub(crate) fn retrieve(state: &State, payment_id: &str) -> Answer {
    match state.payments.get(payment_id) {
        Some(payment) => Answer::json(200, render::payment(state, payment, true).compact()),
        None => errors::payment_not_found(),
    }
}

fn show(state: &State, payment_id: &str) -> Answer {
    match state.payments.get(payment_id) {
        Some(payment) => Answer::json(200, render::payment(state, payment, false).compact()),
        None => errors::payment_not_found(),
    }
}

fn attempt_by_call(state: &mut State, payment_id: &str, op: Op, fields: &Fields, facts: &Facts) -> Answer {
    let faults = state.take_faults(op, Stage::Attempt, facts);
    let declined_card = card_number(fields).as_deref() == Some(DECLINED_CARD);
    let outcome = match faults.first() {
        Some(Fault::Blocked) => return errors::blocked(),
        Some(Fault::Decline) => Outcome::declined(),
        Some(Fault::Processing) => Outcome::Processing,
        Some(Fault::RequiresAction) => Outcome::Action,
        _ if declined_card => Outcome::declined(),
        _ => match methods::charged(state, fields) {
            Some(method) => methods::take_outcome(state, &method.payment_method_id),
            None => Outcome::Approved,
        },
    };
    let off_session = fields.is_true("off_session");
    attempt(state, payment_id, outcome, off_session);
    show(state, payment_id)
}

/// One try to charge, with the outcome decided beforehand.
pub(crate) fn attempt(state: &mut State, payment_id: &str, outcome: Outcome, off_session: bool) {
    let charge_id = state.ids.text("ch_", 24);
    let saved_id = state.ids.text("pm_", 20);
    let Some(payment) = state.payments.edit(payment_id) else { return };
    default_method(payment);
    payment.attempt_count += 1;
    payment.error = match &outcome {
        Outcome::Declined(code, message) => Some((code.clone(), message.clone())),
        _ => None,
    };
    payment.charge_id = Some(charge_id.clone());
    let text = |key: &str| payment.echo.get(key).and_then(Value::as_str);
    // What a failure after success left of the first capture stays captured.
    let left = payment.amount - payment.amount_received;
    let (amount, multiple) = (left, text("capture_method") == Some("manual_multiple"));
    let manual = multiple || text("capture_method") == Some("manual");
    state.payment_by_charge.insert(charge_id, payment_id.to_owned());
    if outcome == Outcome::Approved {
        methods::keep(state, payment_id, saved_id);
    }
    methods::note_charge(state, payment_id, amount, off_session, &outcome);
    match outcome {
        Outcome::Approved if manual => set_status(state, payment_id, PaymentStatus::RequiresCapture),
        Outcome::Approved => book_capture(state, payment_id, amount, false),
        Outcome::Declined(..) => set_status(state, payment_id, PaymentStatus::Failed),
        Outcome::Processing => set_status(state, payment_id, PaymentStatus::Processing),
        Outcome::Action => set_status(state, payment_id, PaymentStatus::RequiresCustomerAction),
    }
}

/// Money is captured. Without `multiple` the rest is given up (`partially_captured`).
fn book_capture(state: &mut State, payment_id: &str, amount: i64, multiple: bool) {
    let Some(payment) = state.payments.edit(payment_id) else { return };
    payment.amount_received += amount;
    payment.amount_capturable = if multiple { payment.amount - payment.amount_received } else { 0 };
    let status = if payment.amount_received == payment.amount {
        PaymentStatus::Succeeded
    } else if multiple {
        PaymentStatus::PartiallyCapturedAndCapturable
    } else {
        PaymentStatus::PartiallyCaptured
    };
    state.fund(payment_id, amount);
    set_status(state, payment_id, status);
    disputes::after_capture(state, payment_id);
}

/// A captured payment turns out to have failed: the connector takes back what has not been given away otherwise.
/// # Errors
/// Why it cannot.
pub(crate) fn fail_after_success(state: &mut State, payment_id: &str) -> Result<(), String> {
    let payment = state.payments.edit(payment_id).ok_or_else(|| format!("no payment {payment_id}"))?;
    if !matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyCaptured) {
        return Err("only a captured payment can fail after success".to_owned());
    }
    let taken = (payment.amount_received - payment.total_refunded - payment.total_disputed).max(0);
    payment.amount_received -= taken;
    payment.failed_after_success += taken;
    payment.error = Some(("capture_failed".to_owned(), "The bank took the payment back.".to_owned()));
    state.withdraw(payment_id, taken);
    set_status(state, payment_id, PaymentStatus::Failed);
    Ok(())
}

/// Moves a payment and raises the event of its new status.
pub(crate) fn set_status(state: &mut State, payment_id: &str, status: PaymentStatus) {
    let now = state.now;
    let Some(payment) = state.payments.edit(payment_id) else { return };
    payment.status = status;
    payment.updated = now;
    let payment = payment.clone();
    if let Some(event_type) = status.event_type() {
        let object = render::payment(state, &payment, false);
        let subject = Subject { object_id: payment_id, payment_id, content_type: "payment_details", object };
        emit(state, event_type, subject);
    }
}

fn echo_customer(payment: &mut Payment, fields: &Fields) {
    let Some(customer) = fields.raw("customer") else { return };
    if let Some(id) = customer.get("id") {
        payment.echo.insert("customer_id".to_owned(), id.clone());
    }
    for key in ["name", "email", "phone"] {
        if let Some(value) = customer.get(key) {
            payment.echo.insert(key.to_owned(), value.clone());
        }
    }
    payment.echo.insert("customer".to_owned(), customer.clone());
}

/// Takes over the payment method of a request, or the saved one that it charges; `requires_payment_method` then becomes
/// `requires_confirmation`.
fn set_method(payment: &mut Payment, fields: &Fields, charged: Option<SavedMethod>) -> Result<(), Answer> {
    if let Some(method) = charged {
        payment.payment_method_id = Some(method.payment_method_id);
        (payment.payment_method, payment.payment_method_type) = (method.payment_method, method.payment_method_type);
        payment.card = method.card;
    }
    if let Some(method) = fields.text("payment_method")? {
        payment.payment_method_type = (method == "card").then(|| "credit".to_owned());
        payment.payment_method = Some(method);
    }
    if let Some(kind) = fields.text("payment_method_type")? {
        payment.payment_method_type = Some(kind);
    }
    if let Some(number) = card_number(fields) {
        let card = fields.raw("payment_method_data").and_then(|data| data.get("card"));
        let part = |key: &str| card.and_then(|card| card.get(key)).and_then(Value::as_str).unwrap_or("").to_owned();
        let digits: Vec<char> = number.chars().collect();
        let first = digits.iter().take(6).collect();
        let last = digits.iter().skip(digits.len().saturating_sub(4)).collect();
        payment.card = Some([first, last, part("card_exp_month"), part("card_exp_year")]);
        if fields.raw("recurring_details").is_none() {
            payment.payment_method_id = None; // another card, in place of the saved one
        }
    }
    if payment.payment_method.is_some() && payment.status == PaymentStatus::RequiresPaymentMethod {
        payment.status = PaymentStatus::RequiresConfirmation;
    }
    Ok(())
}

/// More lenient than the server: a confirm without a method pays with a test card.
fn default_method(payment: &mut Payment) {
    if payment.payment_method.is_none() {
        payment.payment_method = Some("card".to_owned());
        payment.payment_method_type = Some("credit".to_owned());
        payment.card = Some(["424242", "4242", "03", "30"].map(str::to_owned));
    }
}

fn card_number(fields: &Fields) -> Option<String> {
    let number = fields.raw("payment_method_data")?.get("card")?.get("card_number")?.as_str()?;
    Some(number.chars().filter(char::is_ascii_digit).collect())
}

/// A payment older than this cannot be refunded (§5, check 8).
pub(crate) const REFUND_AGE_MAX: std::time::Duration = std::time::Duration::from_secs(365 * 86_400);

/// Age check of a refund.
pub(crate) fn too_old(payment: &Payment, now: crate::ids::Micros) -> bool {
    now.saturating_sub(payment.created) > micros(REFUND_AGE_MAX)
}
