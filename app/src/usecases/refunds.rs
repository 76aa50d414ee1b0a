//! Opening a refund (spec/01-money §4): one guarded commit, then the call to the PSP, then wait for its word.

use crate::problem::{ApiError, chain};
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit_if_current, fresh_unit};
use crate::usecases::effects::{self, Performed};
use crate::usecases::idempotency::Incoming;
use veza_domain::access::Actor;
use veza_domain::effect::Effect;
use veza_domain::ids::{LineId, OrderId, RefundId};
use veza_domain::refund::{OpenRefund, Refund, RefundRefusal, open};
use veza_domain::settlement::{Change, decide_refund_opened};
use veza_ports::storage::{Revision, StoredOrder, Versioned, Write};

/// What is wished.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Minor units; none = all that is left.
    pub amount: Option<i64>,
    /// Why.
    pub reason: Option<String>,
    /// Lines; empty = all.
    pub lines: Vec<LineId>,
}

/// Opens a refund and runs its call at once; the outbox worker is the backstop.
///
/// # Errors
/// 403, 404, 409, 422 as [`problem`] says; 502 `payment_provider_refused` when the PSP said no: the refund is `failed` and the
/// order back where it was.
pub async fn request(app: &App, actor: Actor, order_id: OrderId, wish: &Wish, incoming: Option<&Incoming>) -> Result<Refund, ApiError> {
    let id = RefundId(incoming.map_or_else(|| app.ids.uuid(), Incoming::resource));
    for _ in 0..REDECIDE_MAX {
        let stored = app.store.order_file(order_id).await?.ok_or_else(not_found)?;
        let wish = OpenRefund { id, actor, amount: wish.amount, lines: wish.lines.clone(), reason: wish.reason.clone(), now: app.now() };
        let refund = open(&stored.file.order, &stored.file.lines, stored.file.refund_in_flight(), &wish).map_err(problem)?;
        let (writes, effect) = writes(app, &stored, refund.clone(), incoming);
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            return send(app, refund, effect).await;
        }
        if let Some(incoming) = incoming {
            incoming.still_ours(app).await?;
        }
    }
    Err(busy("order"))
}

/// The effect is written as sent: it is sent right after this commit, and a crash in between is found by look-up.
fn writes(app: &App, stored: &StoredOrder, refund: Refund, incoming: Option<&Incoming>) -> (Vec<Write>, Option<Effect>) {
    let mut sent = None;
    let changes: Vec<Change> = decide_refund_opened(&stored.file, refund)
        .into_iter()
        .map(|change| match change {
            Change::Effect(effect) => {
                let effect = effect.sent(app.now(), app.money.lease());
                sent = Some(effect.clone());
                Change::Effect(effect)
            }
            other => other,
        })
        .collect();
    let mut writes = stored.writes(&changes);
    writes.extend(sent.iter().filter_map(|effect| effects::told(app, effect, "sent to the PSP")));
    writes.extend(incoming.map(Incoming::insert));
    (writes, sent)
}

async fn send(app: &App, refund: Refund, effect: Option<Effect>) -> Result<Refund, ApiError> {
    let Some(value) = effect else { return Ok(refund) };
    match effects::perform(app, Versioned { value, revision: Revision::FIRST }).await {
        Ok(Performed::Done | Performed::Later { .. }) => {}
        Ok(Performed::Refused { message }) => {
            return Err(ApiError::bad_gateway("payment_provider_refused", message).with_order(refund.order_id).with_refund(refund.id));
        }
        Err(error) => {
            tracing::error!(refund = %refund.id, error = chain(&error), "a refund's answer could not be recorded; the worker goes on");
        }
    }
    Ok(refund)
}

fn not_found() -> ApiError {
    ApiError::not_found("order_not_found", "no such order")
}

/// What the edge says of a refusal.
#[must_use]
pub fn problem(refusal: RefundRefusal) -> ApiError {
    let detail = refusal.to_string();
    match refusal {
        RefundRefusal::Stranger => ApiError::forbidden("not_your_order", detail),
        RefundRefusal::NotYourLine => ApiError::forbidden("not_your_line", detail),
        RefundRefusal::UnknownLine => ApiError::field("item_ids", "unknown_item", detail),
        RefundRefusal::AlreadyRequested => ApiError::conflict("refund_already_requested", detail),
        RefundRefusal::NotRefundable => ApiError::conflict("order_not_refundable", detail),
        RefundRefusal::WindowExpired => ApiError::conflict("refund_window_expired", detail),
        RefundRefusal::AmountOutOfRange { .. } => ApiError::field("amount", "amount_out_of_range", detail),
    }
}
