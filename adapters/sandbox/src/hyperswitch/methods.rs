//! Customers and saved methods: what may be charged without the customer, and what comes of it (hyperswitch.md §3).
//!
//! The published API document has the fields and says that `off_session` goes with `confirm: true`. What it does not tell, and
//! is decided here:
//! - the errors: a key that is missing is `IR_04`, one that has the wrong value `IR_16`, a method that is unknown or of another
//!   customer 404 `HE_02` (the two look alike, so that nobody can ask for other people's), a revoked one 400 `HE_03`;
//! - the order: the method is looked at before the payment's id, so a repeat of a charge that succeeded is refused for its
//!   method once that is revoked, and not answered `HE_01`;
//! - a method is kept only if the customer accepted it (`customer_acceptance`) and the charge was approved; asking for it
//!   with `setup_future_usage: off_session` alone keeps nothing, and the payment succeeds all the same;
//! - `mandate_revoked` comes once, whoever revokes; keeping a method raises no event of its own.

use serde_json::{Value, json};

use crate::{
    core::Answer,
    json::{Json, object},
    model::{Behaviour, Charge, ChargeOutcome, Customer, MethodStatus, Payment, SavedMethod},
    state::State,
    webhooks::hyperswitch::{Subject, emit},
};

use super::{errors, payments::Outcome, request::Fields};

/// What of a request concerns the customer and their methods. `confirms`: the call charges. `payment`: what is there already.
pub(super) fn check(state: &State, fields: &Fields, payment: Option<&Payment>, confirms: bool) -> Result<(), Answer> {
    let named = fields.customer_id()?;
    let customer_id = named.as_deref().or_else(|| payment.and_then(Payment::customer_id));
    if fields.raw("setup_future_usage").is_some() && customer_id.is_none() {
        return Err(unmet("customer_id is mandatory when setup_future_usage is given"));
    }
    if fields.is_true("off_session") && !confirms {
        return Err(unmet("off_session can only be used with confirm = true"));
    }
    let Some(details) = fields.recurring_details()? else { return Ok(()) };
    let customer_id = customer_id.ok_or_else(|| missing("customer_id"))?;
    if !confirms {
        return Err(unmet("`confirm` must be `true` for mandates"));
    }
    match fields.get::<bool>("off_session", "a boolean")? {
        None => return Err(missing("off_session")),
        Some(false) => return Err(unmet("`off_session` should be `true` for mandates")),
        Some(true) => {}
    }
    let method = details.find(state).filter(|method| method.customer_id == customer_id).ok_or_else(|| details.not_found())?;
    if method.status == MethodStatus::Revoked {
        return Err(errors::error(400, "HE_03", "Mandate Validation Failed: mandate is not active"));
    }
    Ok(())
}

fn missing(key: &str) -> Answer {
    errors::error(400, "IR_04", format!("Missing required param: {key}"))
}

fn unmet(message: &str) -> Answer {
    errors::error(400, "IR_16", message)
}

/// `recurring_details`, of the kinds that name something kept here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recurring {
    Method(String),
    Mandate(String),
}

impl Recurring {
    fn find<'a>(&self, state: &'a State) -> Option<&'a SavedMethod> {
        match self {
            Self::Method(id) => state.saved_methods.get(id),
            Self::Mandate(id) => state.method_by_mandate.get(id).and_then(|id| state.saved_methods.get(id)),
        }
    }

    fn not_found(&self) -> Answer {
        match self {
            Self::Method(_) => errors::error(404, "HE_02", "Payment method does not exist in our records"),
            Self::Mandate(_) => errors::error(404, "HE_02", "Mandate does not exist in our records."),
        }
    }
}

/// The method that a request charges, if it charges one.
pub(super) fn charged(state: &State, fields: &Fields) -> Option<SavedMethod> {
    fields.recurring_details().ok()??.find(state).cloned()
}

/// Remembers the customer of a payment.
pub(super) fn meet(state: &mut State, payment_id: &str) {
    let Some(customer_id) = state.payments.get(payment_id).and_then(Payment::customer_id).map(str::to_owned) else { return };
    if !state.customers.contains(&customer_id) {
        state.customers.put(Customer { customer_id, created: state.now });
    }
}

/// What comes of charging a saved method, and what it will do the next time.
pub(super) fn take_outcome(state: &mut State, payment_method_id: &str) -> Outcome {
    let Some(method) = state.saved_methods.edit(payment_method_id) else { return Outcome::Approved };
    match &mut method.behaviour {
        Behaviour::Succeeds => Outcome::Approved,
        Behaviour::RequiresCustomerAction => Outcome::Action,
        Behaviour::Declines { code, message, times } => {
            let declined = Outcome::Declined(code.clone(), message.clone());
            match times {
                0 => {}
                1 => method.behaviour = Behaviour::Succeeds,
                left => *left -= 1,
            }
            declined
        }
    }
}

/// Keeps the method of a charge that was approved, where the payment asks for it and the customer accepted.
pub(super) fn keep(state: &mut State, payment_id: &str, payment_method_id: String) {
    let now = state.now;
    let Some(payment) = state.payments.edit(payment_id).filter(|payment| payment.payment_method_id.is_none()) else { return };
    let asked = payment.echo.get("setup_future_usage").and_then(Value::as_str) == Some("off_session");
    let (Some(customer_id), Some(accepted), true) = (payment.customer_id().map(str::to_owned), payment.customer_acceptance.clone(), asked)
    else {
        return;
    };
    payment.payment_method_id = Some(payment_method_id.clone());
    let (payment_method, payment_method_type) = (payment.payment_method.clone(), payment.payment_method_type.clone());
    let card = payment.card.clone();
    let method = SavedMethod {
        mandate_id: state.ids.text("man_", 20),
        payment_method_id,
        customer_id,
        payment_id: payment_id.to_owned(),
        payment_method,
        payment_method_type,
        card,
        customer_acceptance: Some(accepted),
        created: now,
        status: MethodStatus::Active,
        behaviour: Behaviour::Succeeds,
    };
    state.put_saved_method(method);
}

/// Notes a try to charge.
pub(super) fn note_charge(state: &mut State, payment_id: &str, amount: i64, off_session: bool, outcome: &Outcome) {
    let Some(payment) = state.payments.get(payment_id) else { return };
    let charge = Charge {
        charge_id: payment.charge_id.clone().unwrap_or_default(),
        payment_id: payment_id.to_owned(),
        customer_id: payment.customer_id().map(str::to_owned),
        payment_method_id: payment.payment_method_id.clone(),
        off_session,
        metadata: payment.echo.get("metadata").cloned(),
        amount,
        currency: payment.currency.clone(),
        at: state.now,
        outcome: match outcome {
            Outcome::Approved => ChargeOutcome::Approved,
            Outcome::Declined(..) => ChargeOutcome::Declined,
            Outcome::Processing => ChargeOutcome::Processing,
            Outcome::Action => ChargeOutcome::ActionRequired,
        },
        error: payment.error.clone(),
    };
    state.charges.put(charge);
}

/// The customer, or the bank, takes the consent back.
/// # Errors
/// Why it cannot.
pub(crate) fn revoke(state: &mut State, payment_method_id: &str) -> Result<(), String> {
    let method = state.saved_methods.edit(payment_method_id).ok_or_else(|| format!("no saved method {payment_method_id}"))?;
    if method.status == MethodStatus::Revoked {
        return Err("the method is revoked already".to_owned());
    }
    method.status = MethodStatus::Revoked;
    let method = method.clone();
    let subject = Subject {
        object_id: &method.mandate_id,
        payment_id: &method.payment_id,
        content_type: "mandate_details",
        object: mandate(&method),
    };
    emit(state, "mandate_revoked", subject);
    Ok(())
}

/// What the customer agrees to where a person, or a test in their place, pays by the control API.
pub(crate) fn acceptance() -> Value {
    json!({"acceptance_type": "offline"})
}

/// `MandateResponse`. It has no customer: the document lists none.
fn mandate(method: &SavedMethod) -> Json {
    let status = match method.status {
        MethodStatus::Active => "active",
        MethodStatus::Revoked => "revoked",
    };
    object! {
        "mandate_id" => method.mandate_id.as_str(),
        "status" => status,
        "payment_method_id" => method.payment_method_id.as_str(),
        "payment_method" => method.payment_method.clone().unwrap_or_default(),
        "payment_method_type" => method.payment_method_type.clone(),
        "card" => method.card.as_ref().map(card),
        "customer_acceptance" => method.customer_acceptance.clone(),
    }
}

fn card([first, last, month, year]: &[String; 4]) -> Json {
    object! {
        "last4_digits" => last.as_str(), "card_exp_month" => month.as_str(), "card_exp_year" => year.as_str(),
        "card_holder_name" => Json::Null, "card_token" => Json::Null, "scheme" => Json::Null, "issuer_country" => Json::Null,
        "card_fingerprint" => Json::Null, "card_isin" => first.as_str(), "card_issuer" => Json::Null,
        "card_network" => Json::Null, "card_type" => Json::Null, "nick_name" => Json::Null,
    }
}
