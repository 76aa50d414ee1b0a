//! Disputes (hyperswitch.md §9). The cardholder's bank opens and decides them: here the control API, a script or the checkout
//! page.

use std::time::Duration;

use crate::{
    core::Answer,
    ids::{Micros, micros},
    model::{Dispute, PaymentStatus},
    script::{Facts, Fault, Op, Stage},
    state::{Due, State},
    webhooks::hyperswitch::{Subject, emit},
};

use super::{errors, render};

/// What a dispute can be, without the prefix.
pub(crate) const STATUSES: [&str; 7] = ["opened", "expired", "accepted", "cancelled", "challenged", "won", "lost"];
/// How far it has come.
pub(crate) const STAGES: [&str; 5] = ["pre_dispute", "dispute", "pre_arbitration", "arbitration", "dispute_reversal"];
/// Evidence may be handed in for this long, unless the dispute says otherwise.
const RESPOND_WITHIN: Duration = Duration::from_secs(7 * 86_400);
/// A dispute whose end a script knows ends after this.
const DECIDED_AFTER: Duration = Duration::from_secs(3_600);

/// A dispute to be opened; what is left out has its default.
#[derive(Debug, Clone, Default)]
pub struct NewDispute {
    /// All that was captured, unless said.
    pub amount: Option<i64>,
    /// `dispute`, unless said.
    pub stage: Option<String>,
    /// The bank's words.
    pub reason: Option<String>,
    /// The bank's code.
    pub reason_code: Option<String>,
    /// Time for evidence; 7 days unless said.
    pub respond_within: Option<Duration>,
}

/// GET /disputes/{id}.
pub(crate) fn retrieve(state: &State, dispute_id: &str) -> Answer {
    match state.disputes.get(dispute_id) {
        Some(dispute) => Answer::json(200, render::dispute(dispute).compact()),
        None => errors::dispute_not_found(),
    }
}

/// Opens a dispute and withdraws the money.
/// # Errors
/// Why the payment cannot be disputed.
pub(crate) fn open(state: &mut State, payment_id: &str, new: NewDispute) -> Result<String, String> {
    let payment = state.payments.get(payment_id).ok_or_else(|| format!("no payment {payment_id}"))?;
    if !matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyCaptured) {
        return Err("only a captured payment can be disputed".to_owned());
    }
    let amount = new.amount.unwrap_or(payment.amount_received);
    if amount <= 0 || amount > payment.amount_received {
        return Err("the amount is not between 1 and what was captured".to_owned());
    }
    let stage = new.stage.unwrap_or_else(|| "dispute".to_owned());
    check_stage(&stage)?;
    let (now, currency, is_already_refunded) = (state.now, payment.currency.clone(), payment.total_refunded >= amount);
    let dispute = Dispute {
        dispute_id: state.ids.text("dp_", 20),
        payment_id: payment_id.to_owned(),
        amount,
        currency,
        status: "dispute_opened".to_owned(),
        connector_dispute_id: state.ids.text("du_", 24),
        created_at: now,
        updated_at: now,
        withdrawn: true,
        stage,
        reason: new.reason,
        reason_code: new.reason_code,
        challenge_required_by: Some(now.saturating_add(micros(new.respond_within.unwrap_or(RESPOND_WITHIN)))),
        is_already_refunded,
        due: None,
    };
    let dispute_id = dispute.dispute_id.clone();
    if let Some(payment) = state.payments.edit(payment_id) {
        payment.dispute_ids.push(dispute_id.clone());
        payment.total_disputed += amount;
    }
    state.withdraw(payment_id, amount);
    state.disputes.put(dispute);
    raise(state, &dispute_id);
    Ok(dispute_id)
}

fn check_stage(stage: &str) -> Result<(), String> {
    if STAGES.contains(&stage) { Ok(()) } else { Err(format!("no dispute stage {stage}: it is one of {}", STAGES.join(", "))) }
}

/// Moves a dispute, from anywhere to anywhere: banks do. `won` and `cancelled` give the money back, all others leave it with
/// the bank.
/// # Errors
/// No such dispute, status or stage.
pub(crate) fn set_status(state: &mut State, dispute_id: &str, status: &str, stage: Option<String>) -> Result<(), String> {
    let status = status.trim_start_matches("dispute_");
    if !STATUSES.contains(&status) {
        return Err(format!("no dispute status {status}: it is one of {}", STATUSES.join(", ")));
    }
    if let Some(stage) = &stage {
        check_stage(stage)?;
    }
    let now = state.now;
    let dispute = state.disputes.edit(dispute_id).ok_or_else(|| format!("no dispute {dispute_id}"))?;
    dispute.status = format!("dispute_{status}");
    dispute.stage = stage.unwrap_or_else(|| dispute.stage.clone());
    dispute.updated_at = now;
    dispute.due = None;
    let withdrawn = !matches!(status, "won" | "cancelled");
    let moved = withdrawn != dispute.withdrawn;
    dispute.withdrawn = withdrawn;
    let (payment_id, amount) = (dispute.payment_id.clone(), dispute.amount);
    if moved {
        if withdrawn {
            state.withdraw(&payment_id, amount);
        } else {
            state.give_back(&payment_id, amount);
        }
        if let Some(payment) = state.payments.edit(&payment_id) {
            payment.total_disputed += if withdrawn { amount } else { -amount };
        }
    }
    raise(state, dispute_id);
    Ok(())
}

/// What scripts do to a charge that has just been captured.
pub(crate) fn after_capture(state: &mut State, payment_id: &str) {
    let facts = Facts::of_payment(payment_id, serde_json::json!({"payment_id": payment_id}));
    let faults = state.take_faults(Op::Attempt, Stage::Captured, &facts);
    let now = state.now;
    if let Some(delay) = faults.delay(Fault::Disputed, Duration::ZERO) {
        let at = now.saturating_add(micros(delay));
        if let Some(payment) = state.payments.edit(payment_id) {
            payment.dispute_due = Some(at);
        }
        state.schedule(at, Due::Disputed { payment_id: payment_id.to_owned() });
    }
    for (fault, status) in [(Fault::DisputeLost, "lost"), (Fault::DisputeWon, "won")] {
        let Some(delay) = faults.delay(fault, DECIDED_AFTER) else { continue };
        let Ok(dispute_id) = open(state, payment_id, NewDispute::default()) else { continue }; // captured just now: nothing to refuse
        let at = now.saturating_add(micros(delay));
        if let Some(dispute) = state.disputes.edit(&dispute_id) {
            dispute.due = Some((at, status.to_owned()));
        }
        state.schedule(at, Due::Dispute { dispute_id });
    }
}

/// The time has come to dispute a payment; it may have moved on since.
pub(crate) fn open_due(state: &mut State, payment_id: &str, at: Micros) {
    let planned = state.payments.edit(payment_id).is_some_and(|payment| payment.dispute_due.take_if(|planned| *planned == at).is_some());
    if planned && let Err(why) = open(state, payment_id, NewDispute::default()) {
        tracing::warn!(payment_id, why, "a scripted dispute was not opened");
    }
}

/// The time has come to decide a dispute, unless somebody else did.
pub(crate) fn decide_due(state: &mut State, dispute_id: &str, at: Micros) {
    let due = state.disputes.get(dispute_id).and_then(|dispute| dispute.due.clone());
    if let Some((_, status)) = due.filter(|(planned, _)| *planned == at) {
        let _ = set_status(state, dispute_id, &status, None); // the dispute and the status exist
    }
}

/// One event per (dispute, status).
fn raise(state: &mut State, dispute_id: &str) {
    let Some(dispute) = state.disputes.get(dispute_id).cloned() else { return };
    let subject = Subject {
        object_id: dispute_id,
        payment_id: &dispute.payment_id,
        content_type: "dispute_details",
        object: render::dispute(&dispute),
    };
    emit(state, &dispute.status, subject);
}
