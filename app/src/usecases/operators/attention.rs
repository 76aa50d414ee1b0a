//! The list of what waits on a person: how each entry is done, and taking one off it.

use super::Operator;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{commit, fresh_unit};
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_ports::storage::{CommitError, RowKey, Write};

/// How the proposed action is done: calls and commands, with the entry's ids filled in.
#[must_use]
pub fn how_to(entry: &Attention) -> String {
    let order = entry.order_id.map_or("<order>".to_owned(), |id| id.to_string());
    let id = entry.subject.id();
    let resolve = format!("then POST /api/v1/admin/attention/{id}/{}/resolve", entry.code.as_str());
    match entry.code {
        Code::TransferPermanentlyFailed => format!("POST /api/v1/admin/transfers/{id}/replace"),
        Code::ExternalReversal => format!("POST /api/v1/admin/transfers/{id}/replace, or …/{id}/keep"),
        Code::DisputeInAnotherCurrency => format!("POST /api/v1/admin/orders/{order}/disputes/{id}/book-loss"),
        Code::ReversalPermanentlyFailed | Code::NothingAtConnect => format!("POST /api/v1/admin/reversals/{id}/write-off"),
        Code::ProviderCredentials => format!("veza doctor; correct the key and restart; {resolve}"),
        Code::DisputeOpened => "hand in evidence at the PSP; the entry goes by itself once the dispute is closed".to_owned(),
        Code::PayoutFailed => "GET /api/v1/admin/transfers for what was sent; the entry goes by itself once a payout succeeds".to_owned(),
        _ => format!("veza order show {order}; {resolve}"),
    }
}

/// Takes an entry off the list; the audit log keeps it, with the operator's words.
///
/// # Errors
/// 404 when there is no such entry (any more): somebody else may have been faster.
pub async fn resolve(app: &App, operator: Operator, subject: Uuid, code: &str, note: &str) -> Result<(), ApiError> {
    let gone = || ApiError::not_found("attention_not_found", "no such entry waits (any more)");
    let code = Code::parse(code).ok_or_else(gone)?;
    let entry = app.store.attention_entry(subject, code).await?.ok_or_else(gone)?;
    let detail = format!("{}: {} ({note})", code.as_str(), entry.detail);
    let writes = vec![
        Write::Remove(RowKey::Attention(subject, code)),
        operator.did(app, "resolve_attention", Some(entry.subject), entry.order_id, detail),
    ];
    match commit(app, fresh_unit(app, writes)).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict(_)) => Err(gone()),
        Err(error) => Err(error.into()),
    }
}
