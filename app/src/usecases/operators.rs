//! What operators do by hand. Each action and its line in the audit log are one unit, guarded by what the operator saw: two who press
//! the same button at once act once, and the second is told so.

pub mod attention;
pub mod disputes;
pub mod transfers;
pub mod webhooks;

use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit, commit_if_current, fresh_unit};
use veza_domain::attention::Subject;
use veza_domain::ids::{AdminActionId, OrderId, UserId};
use veza_domain::journal::AdminAction;
use veza_domain::settlement::{Change, OrderFile};
use veza_ports::storage::{Row, Write};

/// Who acts: an admin over HTTP, or somebody at the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator(pub Option<UserId>);

impl Operator {
    /// A line of the audit log.
    #[must_use]
    pub fn did(self, app: &App, action: &str, subject: Option<Subject>, order_id: Option<OrderId>, detail: impl Into<String>) -> Write {
        Write::Insert(Row::AdminAction(AdminAction {
            id: AdminActionId(app.ids.uuid()),
            at: app.now(),
            admin_id: self.0,
            action: action.to_owned(),
            subject,
            order_id,
            detail: detail.into(),
        }))
    }

    /// Writes a line of the audit log by itself, for actions that are no unit of their own.
    ///
    /// # Errors
    /// 503 when it can't be stored: then nothing is done either.
    pub async fn note(
        self,
        app: &App,
        action: &str,
        subject: Option<Subject>,
        order_id: Option<OrderId>,
        detail: impl Into<String>,
    ) -> Result<(), ApiError> {
        let write = self.did(app, action, subject, order_id, detail);
        commit(app, fresh_unit(app, vec![write])).await?;
        Ok(())
    }
}

/// Lets `decide` change an order, together with the line of the audit log.
async fn change(
    app: &App,
    order_id: OrderId,
    did: &(dyn Fn() -> Write + Send + Sync),
    decide: &(dyn Fn(&OrderFile) -> Result<Vec<Change>, ApiError> + Send + Sync),
) -> Result<(), ApiError> {
    for _ in 0..REDECIDE_MAX {
        let stored = app.store.order_file(order_id).await?;
        let stored = stored.ok_or_else(|| ApiError::not_found("order_not_found", "no such order"))?;
        let changes = decide(&stored.file)?;
        let mut writes = stored.writes(&changes);
        writes.push(did());
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            app.wake.transfers.notify_one();
            app.wake.reversals.notify_one();
            return Ok(());
        }
    }
    Err(busy("order"))
}
