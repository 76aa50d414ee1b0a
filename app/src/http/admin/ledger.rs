//! The ledger's balances.

use crate::http::auth::Caller;
use crate::http::tags::Area;
use crate::http::views::MoneyView;
use crate::problem::ApiError;
use crate::services::App;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;

/// Routes of the ledger.
#[derive(Clone, Copy, Debug, Default)]
pub struct LedgerApi;

/// The balance of a ledger account in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LedgerBalance {
    /// `psp_clearing`, `platform_fee`, `seller_payable:<seller>`, `connect:<seller>`, `seller_receivable:<seller>`, `dispute_loss`.
    pub account: String,
    /// Debit above 0, credit below.
    pub balance: MoneyView,
}

/// The balances of all accounts of the ledger; they sum to 0 per currency.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LedgerBalances {
    /// By account and currency.
    pub items: Vec<LedgerBalance>,
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl LedgerApi {
    /// Show the balance of every account of the ledger.
    #[oai(path = "/ledger", method = "get", operation_id = "getLedgerBalances")]
    async fn ledger(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<LedgerBalances>, ApiError> {
        caller.admin()?;
        let rows = app.store.ledger_balances().await?;
        let item = |(account, currency, amount): (veza_domain::ledger::Account, _, _)| LedgerBalance {
            account: account.to_string(),
            balance: MoneyView::of(amount, currency),
        };
        Ok(Json(LedgerBalances { items: rows.into_iter().map(item).collect() }))
    }
}
