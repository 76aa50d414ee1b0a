//! The timeline of an order: everything that happened to it, in time order, for a person at 3 a.m. (spec/01-money §8).

use crate::services::App;
use veza_domain::ids::OrderId;
use veza_domain::journal::JournalKind;
use veza_domain::ledger::Posting;
use veza_domain::look::Look;
use veza_domain::refund::RefundOrigin;
use veza_domain::settlement::{Billing, OrderFile};
use veza_domain::time::Timestamp;
use veza_ports::storage::{History, StoreError};

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// Somebody did something.
    Human,
    /// A call to a provider: sent, answered, unknown.
    Call,
    /// A provider's message.
    Webhook,
    /// Something was learnt and settled.
    Fact,
    /// The ledger was posted to.
    Ledger,
    /// A worker did, or put off, something.
    Job,
}

impl ItemKind {
    /// As shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Call => "call",
            Self::Webhook => "webhook",
            Self::Fact => "fact",
            Self::Ledger => "ledger",
            Self::Job => "job",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: ItemKind,
    /// What, for a person.
    pub text: String,
}

/// The timeline of `id`, oldest first; none when there is no such order.
///
/// # Errors
/// [`StoreError`].
pub async fn of_order(app: &App, id: OrderId) -> Result<Option<Vec<Item>>, StoreError> {
    let Some(stored) = app.store.order_file(id).await? else { return Ok(None) };
    let history = app.store.history(id).await?;
    let attention = app.store.attention_of_order(id).await?;
    let mut items = of_rows(&stored.file);
    items.extend(of_looks(&stored.file));
    items.extend(of_history(&history));
    items.extend(attention.iter().map(|entry| Item {
        at: entry.since,
        kind: ItemKind::Job,
        text: format!("waits on a person: {}: {}", entry.code.as_str(), entry.detail),
    }));
    items.sort_by_key(|item| item.at); // stable: what happened in one moment stays in the order above
    Ok(Some(items))
}

fn of_rows(file: &OrderFile) -> Vec<Item> {
    let order = &file.order;
    let item = |at, kind, text| Item { at, kind, text };
    let placed = format!("order placed by {}: {} items, {}", order.buyer_id, file.lines.len(), order.total);
    let mut items = vec![item(order.created_at, ItemKind::Human, placed)];
    if let Some(Billing { invoice, subscription, .. }) = &file.billing {
        let (number, plan, tries) = (invoice.number(), invoice.choice.plan.as_str(), invoice.attempts);
        let text = format!(
            "a try to collect invoice {number} ({}, {plan}, {tries} tries so far, {}) of subscription {}, which is {} now",
            invoice.reason.as_str(),
            invoice.status.as_str(),
            subscription.id,
            subscription.status.as_str(),
        );
        items.push(item(order.created_at, ItemKind::Job, text));
    }
    for refund in &file.refunds {
        let (kind, by) = match (refund.origin, refund.requested_by) {
            (RefundOrigin::Requested, Some(user)) => (ItemKind::Human, format!("asked for by {user}")),
            (RefundOrigin::Requested, None) => (ItemKind::Job, "opened by Veza".to_owned()),
            (RefundOrigin::External, _) => (ItemKind::Fact, "made at the PSP, imported".to_owned()),
            (RefundOrigin::Dispute(dispute), _) => (ItemKind::Fact, format!("taken by the bank, dispute {dispute}")),
            (RefundOrigin::PaymentUndone, _) => (ItemKind::Fact, "the payment came undone at the PSP".to_owned()),
        };
        items.push(item(refund.created_at, kind, format!("refund {} of {}: {by}", refund.id, refund.amount)));
        if let Some(at) = refund.succeeded_at {
            items.push(item(at, ItemKind::Fact, format!("refund {} succeeded", refund.id)));
        }
    }
    for dispute in &file.disputes {
        items.push(item(dispute.created_at, ItemKind::Fact, format!("dispute {} of {} opened", dispute.psp_dispute_id, dispute.amount)));
        if let Some(at) = dispute.closed_at {
            items.push(item(at, ItemKind::Fact, format!("dispute {}: {}", dispute.psp_dispute_id, dispute.status.as_str())));
        }
    }
    for transfer in &file.transfers {
        let text = format!("transfer {} of {} to seller {} opened", transfer.id, transfer.amount, transfer.seller_id);
        items.push(item(transfer.created_at, ItemKind::Job, text));
    }
    for reversal in &file.reversals {
        let text = format!("reversal {} of {} from seller {} opened", reversal.id, reversal.amount, reversal.seller_id);
        items.push(item(reversal.created_at, ItemKind::Job, text));
    }
    for netting in &file.nettings {
        let text = format!("{} of seller {}'s share kept for debt {}", netting.amount, netting.seller_id, netting.reversal_id);
        items.push(item(netting.created_at, ItemKind::Job, text));
    }
    items
}

/// Looks that found nothing new, one line for all of a row: those that found something stand in the journal.
fn of_looks(file: &OrderFile) -> Vec<Item> {
    let order = std::iter::once((format!("payment of order {}", file.order.id), file.order.look));
    let refunds = file.refunds.iter().map(|refund| (format!("refund {}", refund.id), refund.look));
    let disputes = file.disputes.iter().map(|dispute| (format!("dispute {}", dispute.psp_dispute_id), dispute.look));
    let told = |(what, look): (String, Look)| {
        let (at, due) = (look.last_at?, look.due_at?);
        let (times, again) = (if look.count == 1 { "once".to_owned() } else { format!("{} times", look.count) }, moment(due));
        Some(Item {
            at,
            kind: ItemKind::Job,
            text: format!("{what} looked at {times}, here for the last time: nothing new; again at {again}"),
        })
    };
    order.chain(refunds).chain(disputes).filter_map(told).collect()
}

fn moment(at: Timestamp) -> String {
    chrono::DateTime::from_timestamp_micros(at.0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn of_history(history: &History) -> Vec<Item> {
    let mut items = Vec::new();
    for line in &history.journal {
        let kind = match line.kind {
            JournalKind::Fact => ItemKind::Fact,
            JournalKind::Call => ItemKind::Call,
            JournalKind::Job => ItemKind::Job,
        };
        items.push(Item { at: line.at, kind, text: line.text.clone() });
    }
    for delivery in &history.deliveries {
        let what = delivery.event_type.as_deref().unwrap_or("untyped message");
        let text = format!("{} from {}: {} (delivery {})", what, delivery.sender.as_str(), delivery.result, delivery.id);
        items.push(Item { at: delivery.received_at, kind: ItemKind::Webhook, text });
    }
    items.extend(history.postings.iter().map(|posting| Item { at: posting.posted_at, kind: ItemKind::Ledger, text: posted(posting) }));
    for action in &history.actions {
        let who = action.admin_id.map_or("the command line".to_owned(), |admin| format!("admin {admin}"));
        let text = format!("{} by {who}: {}", action.action, action.detail);
        items.push(Item { at: action.at, kind: ItemKind::Human, text });
    }
    for effect in history.effects.iter().filter(|effect| !effect.is_over()) {
        let due = effect.due_at.map_or(String::new(), |_| ", will be looked at again".to_owned());
        let why = effect.last_error.as_deref().unwrap_or("not sent yet");
        let text = format!("{} is {}: {why}{due}", effect.kind.name(), effect.state.as_str());
        items.push(Item { at: effect.sent_at.unwrap_or(effect.created_at), kind: ItemKind::Job, text });
    }
    items
}

fn posted(posting: &Posting) -> String {
    let sides: Vec<String> = posting.entries.iter().map(|entry| format!("{} {:+}", entry.account, entry.amount.0)).collect();
    format!("{}: {} ({} minor units)", posting.event, sides.join(", "), posting.currency)
}
