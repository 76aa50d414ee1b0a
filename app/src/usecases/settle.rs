//! Bringing a fact to an order: the one way for the webhook, the workers and the operator (ARCHITECTURE.md).

use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, commit, unit};
use veza_domain::effect::EffectKind;
use veza_domain::ids::OrderId;
use veza_domain::reversal::ReversalStatus;
use veza_domain::settlement::{Change, Decision, Fact, SettlementError, Verdict, decide};
use veza_domain::transfer::{Attempt, TransferStatus};
use veza_ports::storage::{CommitError, Committed, Retry, Revision, Revisions, RowKey, StoreError, StoredOrder, Write};

/// Why a fact could not be brought. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// There is no such order.
    #[error("no such order")]
    UnknownOrder,
    /// The books can't take it.
    #[error(transparent)]
    Unbookable(#[from] SettlementError),
    /// The order could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The decision could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// What became of a fact.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The rules' word on it.
    pub verdict: Verdict,
    /// Something was committed: the extra writes stand too.
    pub committed: bool,
    /// The provider's answer is older than what the books know: nothing was settled, ask again.
    pub overtaken: bool,
    /// The revisions of the order's rows as they are now; where nothing was committed, as they were found.
    pub revisions: Revisions,
}

/// When a provider was asked: what was settled between asking and settling may be younger than the answer, which then says nothing.
#[derive(Clone, Copy, Debug)]
pub enum AsOf<'a> {
    /// It was not asked, or what it says is true whenever it was said.
    Whenever,
    /// When the order's rows had these revisions.
    Rows(&'a Revisions),
    /// By this call, or about it.
    Call(&'a Attempt),
}

/// A fact on its way to an order.
pub struct Bring<'a> {
    /// Which order.
    pub order_id: OrderId,
    /// What happened.
    pub fact: &'a Fact,
    /// Of a provider's answer: when it was asked.
    pub as_of: AsOf<'a>,
    /// The unit's id; a repetition of the same message has the same.
    pub unit_id: String,
    /// The message itself, where there is one.
    pub request: &'a [u8],
    /// Writes that join the unit, given the decision; they are committed even when the decision changes nothing.
    pub extra: &'a (dyn Fn(&Decision) -> Vec<Write> + Send + Sync),
}

/// Loads, decides, commits; decides anew when somebody else was faster.
///
/// # Errors
/// [`SettleError`].
pub async fn bring(app: &App, bring: Bring<'_>) -> Result<Settled, SettleError> {
    let settled = settle(app, bring).await;
    app.metrics.settlement(&settled);
    settled
}

async fn settle(app: &App, bring: Bring<'_>) -> Result<Settled, SettleError> {
    let mut last = None;
    for _ in 0..REDECIDE_MAX {
        let stored: StoredOrder = app.store.order_file(bring.order_id).await?.ok_or(SettleError::UnknownOrder)?;
        let overtaken = match bring.as_of {
            AsOf::Whenever => false,
            AsOf::Rows(as_of) => is_overtaken(as_of, &stored.revisions),
            AsOf::Call(asked) => bring.fact.is_overtaken(&stored.file, asked),
        };
        if overtaken {
            tracing::info!(order = %bring.order_id, "an answer was overtaken by what was settled meanwhile: it counts for nothing");
            return Ok(Settled { verdict: Verdict::NotFinal, committed: false, overtaken: true, revisions: stored.revisions });
        }
        let decision = decide(&stored.file, bring.fact, &app.context())?;
        let mut writes = stored.writes(&decision.changes);
        writes.extend((bring.extra)(&decision));
        if writes.is_empty() {
            return Ok(Settled { verdict: decision.verdict, committed: false, overtaken: false, revisions: stored.revisions });
        }
        let revisions = after(stored.revisions, &writes);
        match commit(app, unit(app, bring.unit_id.clone(), bring.request, writes)).await {
            Ok(Committed::Applied) => {
                after_commit(app, bring.order_id, &decision);
                return Ok(Settled { verdict: decision.verdict, committed: true, overtaken: false, revisions });
            }
            Ok(Committed::AlreadyApplied) => {
                return Ok(Settled { verdict: Verdict::AlreadySettled, committed: false, overtaken: false, revisions });
            }
            Err(error) if error.retry() == Retry::Redecide => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.map_or(SettleError::UnknownOrder, SettleError::Commit))
}

/// Has something been settled of the order, its refunds or disputes since then?
fn is_overtaken(as_of: &Revisions, now: &Revisions) -> bool {
    let of_the_psp = |(key, _): &(&RowKey, &Revision)| matches!(key, RowKey::Order(_) | RowKey::Refund(_) | RowKey::Dispute(_));
    as_of.iter().filter(of_the_psp).ne(now.iter().filter(of_the_psp))
}

/// The revisions once these writes are carried out.
fn after(mut revisions: Revisions, writes: &[Write]) -> Revisions {
    for write in writes {
        match write {
            Write::Update { row, expected } => revisions.insert(row.key(), expected.next()),
            Write::Insert(row) => revisions.insert(row.key(), Revision::FIRST),
            Write::Ensure(_) | Write::Remove(_) | Write::Clear(_) | Write::Unchanged { .. } => None,
        };
    }
    revisions
}

/// Wakes who has something to do now, and logs what a person should know of.
fn after_commit(app: &App, order_id: OrderId, decision: &Decision) {
    if decision.verdict == Verdict::AmountMismatch {
        tracing::error!(order = %order_id, "error: amount mismatch");
    }
    for change in &decision.changes {
        match change {
            Change::Transfer(transfer) => match transfer.status() {
                TransferStatus::Pending | TransferStatus::Failed => app.wake.transfers.notify_one(),
                TransferStatus::Completed => {
                    tracing::info!(order = %order_id, transfer = %transfer.id, amount = %transfer.amount, "transfer completed")
                }
                TransferStatus::ReversalPending | TransferStatus::Reversed => {}
                TransferStatus::PermanentlyFailed => tracing::warn!(order = %order_id, transfer = %transfer.id, "transfer ended"),
            },
            Change::Reversal(reversal) | Change::Debt(reversal) => match reversal.status {
                ReversalStatus::ReversalPending => app.wake.reversals.notify_one(),
                ReversalStatus::Reversed => {
                    tracing::info!(order = %order_id, reversal = %reversal.id, amount = %reversal.amount, "reversal done")
                }
                ReversalStatus::PermanentlyFailed => tracing::error!(order = %order_id, reversal = %reversal.id, "reversal given up"),
            },
            Change::Effect(effect) => {
                if matches!(effect.kind, EffectKind::ReadPayment(_) | EffectKind::ReadRefund(..) | EffectKind::ReadDispute(..)) {
                    tracing::warn!(order = %order_id, effect = effect.kind.name(), "a message contradicts the books: asking the provider");
                }
                app.wake.effects.notify_one();
            }
            Change::Attention(attention) => {
                tracing::error!(order = %order_id, code = attention.code.as_str(), detail = attention.detail, "waits on a person");
            }
            Change::Order(order) => tracing::info!(order = %order_id, status = order.status.as_str(), "order"),
            Change::Refund(refund) => tracing::info!(order = %order_id, refund = %refund.id, status = refund.status.as_str(), "refund"),
            Change::Dispute(dispute) => {
                tracing::warn!(order = %order_id, dispute = dispute.psp_dispute_id, status = dispute.status.as_str(), "dispute");
            }
            Change::Netting(netting) => {
                tracing::info!(order = %order_id, reversal = %netting.reversal_id, amount = %netting.amount, "a share pays a debt");
            }
            Change::Settled(subject, code) => {
                tracing::debug!(order = %order_id, subject = %subject.id(), code = code.as_str(), "waits on nobody any more");
            }
            Change::Invoice(invoice) => {
                app.metrics.invoice(invoice);
                tracing::info!(order = %order_id, invoice = %invoice.id, status = invoice.status.as_str(), "invoice");
            }
            Change::Subscription(subscription) => {
                app.metrics.subscription(subscription.status);
                tracing::info!(order = %order_id, subscription = %subscription.id, status = subscription.status.as_str(), "subscription");
                app.wake.subscriptions.notify_one();
            }
            Change::Line(_) | Change::Licence(_) | Change::Exclusive(_) | Change::Posting(_) => {}
        }
    }
}
