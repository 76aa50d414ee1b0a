//! What operators see and do. Each area has its routes and its bodies in a file of its own.

pub mod attention;
mod audits;
mod deliveries;
mod ledger;
mod money;
mod orders;
mod reconcile;

pub use attention::AttentionApi;
pub use audits::AuditsApi;
pub use deliveries::DeliveriesApi;
pub use ledger::LedgerApi;
pub use money::AdminMoneyApi;
pub use orders::AdminOrdersApi;
pub use reconcile::{ReconcileApi, ReportView};

use crate::http::auth::Caller;
use crate::problem::ApiError;
use crate::usecases::operators::Operator;

/// The admin who calls.
///
/// # Errors
/// 403 for anybody else.
fn operator(caller: &Caller) -> Result<Operator, ApiError> {
    Ok(Operator(Some(caller.admin()?.id)))
}
