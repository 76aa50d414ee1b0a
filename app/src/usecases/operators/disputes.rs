//! Disputes by hand: what a loss in another currency is worth (spec/01-money §9).

use super::{Operator, change};
use crate::problem::ApiError;
use crate::services::App;
use veza_domain::attention::Subject;
use veza_domain::dispute::Dispute;
use veza_domain::ids::{DisputeId, OrderId};
use veza_domain::money::Minor;
use veza_domain::settlement::{BookLossRefusal, OrderFile, decide_book_loss};

/// Books the loss of a dispute in another currency than its order as `amount` of the order's.
///
/// # Errors
/// 404; 409 `loss_not_bookable` when the dispute is not lost, in the order's currency, or booked; 422 for an amount of nothing.
pub async fn book_loss(
    app: &App,
    operator: Operator,
    order_id: OrderId,
    id: DisputeId,
    amount: Minor,
    note: &str,
) -> Result<Dispute, ApiError> {
    let detail = || format!("dispute {id} booked as {} ({note})", amount.0);
    let did = || operator.did(app, "book_loss", Some(Subject::Dispute(id)), Some(order_id), detail());
    let unknown = || ApiError::not_found("dispute_not_found", "the order has no such dispute");
    let decide = |file: &OrderFile| {
        decide_book_loss(file, id, amount, &app.context()).map_err(|refusal| match refusal {
            BookLossRefusal::Unknown => unknown(),
            BookLossRefusal::NotPositive => ApiError::field("amount", "amount", refusal.to_string()),
            _ => ApiError::conflict("loss_not_bookable", refusal.to_string()),
        })
    };
    change(app, order_id, &did, &decide).await?;
    let stored = app.store.order_file(order_id).await?.ok_or_else(unknown)?;
    stored.file.disputes.into_iter().find(|dispute| dispute.id == id).ok_or_else(unknown)
}
