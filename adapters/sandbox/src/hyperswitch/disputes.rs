//! Disputes (hyperswitch.md §9). The cardholder's bank opens and decides them: here the control API or the checkout page.

use crate::{
    core::Answer,
    model::{Dispute, PaymentStatus},
    state::State,
    webhooks::{self, Subject},
};

use super::{errors, render};

/// GET /disputes/{id}.
pub(crate) fn retrieve(state: &State, dispute_id: &str) -> Answer {
    match state.disputes.get(dispute_id) {
        Some(dispute) => Answer::json(200, render::dispute(dispute).compact()),
        None => errors::error(404, "HE_04", "Dispute does not exist in our records"),
    }
}

/// Opens a dispute over `amount` (all that was captured by default) and withdraws the money.
/// # Errors
/// Why the payment cannot be disputed.
pub(crate) fn open(state: &mut State, payment_id: &str, amount: Option<i64>) -> Result<String, String> {
    let payment = state.payments.get(payment_id).ok_or_else(|| format!("no payment {payment_id}"))?;
    if !matches!(payment.status, PaymentStatus::Succeeded | PaymentStatus::PartiallyCaptured) {
        return Err("only a captured payment can be disputed".to_owned());
    }
    let amount = amount.unwrap_or(payment.amount_received);
    if amount <= 0 || amount > payment.amount_received {
        return Err("the amount is not between 1 and what was captured".to_owned());
    }
    let (now, currency) = (state.now, payment.currency.clone());
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

/// Moves a dispute. `won` and `cancelled` give the money back, `challenged` leaves it where it is.
/// # Errors
/// No such dispute or status.
pub(crate) fn set_status(state: &mut State, dispute_id: &str, status: &str) -> Result<(), String> {
    let status = status.trim_start_matches("dispute_");
    if !["opened", "expired", "accepted", "cancelled", "challenged", "won", "lost"].contains(&status) {
        return Err(format!("no dispute status {status}"));
    }
    let now = state.now;
    let dispute = state.disputes.edit(dispute_id).ok_or_else(|| format!("no dispute {dispute_id}"))?;
    dispute.status = format!("dispute_{status}");
    dispute.updated_at = now;
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

/// One event per (dispute, status).
fn raise(state: &mut State, dispute_id: &str) {
    let Some(dispute) = state.disputes.get(dispute_id).cloned() else { return };
    let subject = Subject {
        object_id: dispute_id,
        payment_id: &dispute.payment_id,
        content_type: "dispute_details",
        object: render::dispute(&dispute),
    };
    webhooks::emit(state, &dispute.status, subject);
}
