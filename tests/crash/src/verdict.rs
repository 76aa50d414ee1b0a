//! How a case ends: nothing open, nothing doubled, our books equal to the providers', the goods with the buyer if and only if the
//! money is with us, and all of it as it is without a kill.

use crate::client::until;
use crate::flows::Flow;
use crate::ground::Ground;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use veza::system::SystemClock;
use veza_domain::ids::OrderId;
use veza_domain::ledger::Account;
use veza_domain::licence::LicenceStatus;
use veza_domain::settlement::{OrderFile, check};
use veza_domain::subscription::gate::{Access, access};
use veza_domain::subscription::{Invoice, PlanId};
use veza_ports::clock::Clock;
use veza_ports::storage::{Page, Standing, Storage, StoreError};

/// Everything that a kill must not change, as text; times and ids that are made anew are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End(pub(crate) String);

/// Waits for quiet, then judges.
///
/// # Errors
/// What is wrong.
pub(crate) async fn judge(ground: &Ground, flow: Flow, order: &str) -> Result<End, String> {
    let opened = ground.open().await;
    let store = opened.storage();
    let judged = judge_store(ground, store.as_ref(), flow, order).await;
    drop(store);
    opened.close().await;
    judged
}

async fn judge_store(ground: &Ground, store: &dyn Storage, flow: Flow, order: &str) -> Result<End, String> {
    let id: OrderId = order.parse().map_err(|_| format!("{order} is no id"))?;
    let first: OrderId = ground.order.parse().map_err(|_| "no id".to_owned())?;
    let mut seen = String::new();
    let quiet = until("quiet", async || {
        seen = open(ground, store, flow, id).await.unwrap_or_else(|error| error.to_string());
        seen.is_empty().then_some(())
    });
    quiet.await.map_err(|error| format!("{error}; open: {seen}"))?;
    let mut end = String::new();
    let buyer = read(store.order_file(first).await)?.ok_or("the first sale is gone")?.file.order.buyer_id;
    let standing = read(store.standing(buyer).await)?;
    let invoices = read(store.invoices_of(buyer, Page { limit: 100, before: None }).await)?;
    let mut ids: Vec<OrderId> = [first, id].into_iter().chain(invoices.iter().rev().map(|invoice| invoice.order_id)).collect();
    let mut known = BTreeSet::new();
    ids.retain(|id| known.insert(*id));
    for id in ids {
        let file = read(store.order_file(id).await)?.ok_or("the order is gone")?.file;
        let postings = read(store.history(id).await)?.postings;
        let broken = check(&file, &postings);
        if !broken.is_empty() {
            return Err(format!("invariants broken: {broken:?}"));
        }
        goods_and_money(ground, &file, &standing)?;
        describe(&mut end, &file);
        let codes = read(store.attention_of_order(id).await)?.into_iter().map(|entry| entry.code.as_str());
        let _ = writeln!(end, "waits on a person: {}", codes.collect::<Vec<_>>().join(", "));
    }
    plan(&mut end, &standing, &invoices);
    books(ground, store, &mut end).await?;
    Ok(End(end))
}

fn read<T>(result: Result<T, StoreError>) -> Result<T, String> {
    result.map_err(|error| format!("the store can't be read: {error:?}"))
}

/// What is still open; empty when all is quiet.
async fn open(ground: &Ground, store: &dyn Storage, flow: Flow, id: OrderId) -> Result<String, StoreError> {
    let mut open = String::new();
    for class in store.backlog().await?.into_iter().filter(|class| class.open > 0) {
        let _ = write!(open, "{} {}; ", class.open, class.class);
    }
    let (order, transfer) = flow.ends();
    let file = store.order_file(id).await?.map(|stored| stored.file);
    let is = file.as_ref().map_or("nothing", |file| file.order.status.as_str());
    let sent = file.as_ref().and_then(|file| file.transfers.first()).map_or("none", |transfer| transfer.status().as_str());
    if (is, sent) != (order, transfer) {
        let _ = write!(open, "the order is {is} and its transfer {sent}; ");
    }
    let on_their_way = ground.messages_on_their_way();
    if on_their_way > 0 {
        let _ = write!(open, "{on_their_way} messages on their way; ");
    }
    Ok(open)
}

/// The buyer has the goods, or the plan, if and only if we have money for them.
fn goods_and_money(ground: &Ground, file: &OrderFile, standing: &Standing) -> Result<(), String> {
    let books = ground.sandbox.books();
    let payment = file.order.id.to_string();
    let Some(paid) = books.payment(&payment) else { return Err("the PSP knows no such payment".to_owned()) };
    let refunds =
        books.refunds.iter().filter(|refund| refund.payment_id == payment && refund.status == veza_sandbox::RefundStatus::Succeeded);
    let disputes = books.disputes.iter().filter(|dispute| dispute.payment_id == payment && dispute.withdrawn);
    let kept =
        paid.amount_received - refunds.map(|refund| refund.amount).sum::<i64>() - disputes.map(|dispute| dispute.amount).sum::<i64>();
    let has = if file.order.invoice_id.is_some() {
        matches!(access(&standing.as_gate(), SystemClock.now()), Access::Plan(plan) if plan != PlanId::Free)
    } else {
        file.licences.iter().any(|licence| licence.status == LicenceStatus::Active)
    };
    if has == (kept > 0) { Ok(()) } else { Err(format!("{kept} cents are kept, and the buyer has the goods: {has}")) }
}

fn describe(end: &mut String, file: &OrderFile) {
    let order = &file.order;
    let _ = writeln!(end, "order {} of {}, {} refunded", order.status.as_str(), order.total, order.refunded.0);
    for refund in &file.refunds {
        let _ = writeln!(end, "refund {} of {}", refund.status.as_str(), refund.amount);
    }
    for licence in &file.licences {
        let _ = writeln!(end, "licence {}", licence.status.as_str());
    }
    for transfer in &file.transfers {
        let _ = writeln!(end, "transfer {} of {}, {} back", transfer.status().as_str(), transfer.amount, transfer.amount_reversed.0);
    }
    for reversal in &file.reversals {
        let _ = writeln!(end, "reversal {} of {}", reversal.status.as_str(), reversal.amount);
    }
    for dispute in &file.disputes {
        let _ = writeln!(end, "dispute {} of {}", dispute.status.as_str(), dispute.amount);
    }
}

/// The plan, and what was asked for it, oldest first.
fn plan(end: &mut String, standing: &Standing, invoices: &[Invoice]) {
    if let Some(current) = &standing.current {
        let subscription = &current.subscription.value;
        let kept = if subscription.method.is_some() { "with" } else { "without" };
        let _ = writeln!(end, "plan {} {}, {kept} a kept method", subscription.choice.plan.as_str(), subscription.status.as_str());
    }
    for invoice in invoices.iter().rev() {
        let (status, price, tries) = (invoice.status.as_str(), invoice.choice.price, invoice.attempts);
        let _ = writeln!(end, "invoice {} {status} of {price}, tries {tries}", invoice.reason.as_str());
    }
}

/// Ours against theirs, to the cent, in each currency.
async fn books(ground: &Ground, store: &dyn Storage, end: &mut String) -> Result<(), String> {
    let ledger = read(store.ledger_check().await)?;
    if !ledger.drift.is_empty() || ledger.sums.iter().any(|(_, sum)| sum.0 != 0) {
        return Err(format!("the ledger does not hold: {ledger:?}"));
    }
    let mut ours: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for (account, currency, balance) in read(store.ledger_balances().await)? {
        let (at_psp, at_connect) = ours.entry(currency.to_string().to_lowercase()).or_default();
        match account {
            Account::PspClearing => *at_psp += balance.0,
            Account::Connect(_) => *at_connect -= balance.0,
            Account::PlatformFee
            | Account::SellerPayable(_)
            | Account::SellerReceivable(_)
            | Account::DisputeLoss
            | Account::SubscriptionRevenue
            | Account::ProrationCredit => {}
        }
        let _ = writeln!(end, "{account} {} {currency}", balance.0);
    }
    let books = ground.sandbox.books();
    for currency in ours.keys().chain(books.totals.keys()).collect::<BTreeSet<_>>() {
        let ours = ours.get(currency).copied().unwrap_or_default();
        let totals = books.totals.get(currency).cloned().unwrap_or_default();
        let theirs = (totals.captured - totals.refunded - totals.disputes_lost, totals.transferred - totals.reversed);
        if ours != theirs {
            return Err(format!("our books say {ours:?} in {currency}, theirs {theirs:?} (PSP, Connect)"));
        }
        let _ = writeln!(end, "{currency}: {totals:?}");
    }
    let doubled: Vec<_> = books.created.iter().filter(|(_, count)| **count > 1).collect();
    if !doubled.is_empty() {
        return Err(format!("created twice: {doubled:?}"));
    }
    let made = [books.payments.len(), books.refunds.len(), books.transfers.len(), books.reversals.len()];
    let _ = writeln!(end, "payments, refunds, transfers, reversals at the providers: {made:?}");
    Ok(())
}
