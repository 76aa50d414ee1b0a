//! A year of many subscribers, day by day, with everything that goes wrong: declines, lost answers, lost and doubled messages, outages,
//! crashes, revoked methods, people who change their minds. At its end every period that is paid was charged once.
//!
//! Unlike a history it is not shrunk: it is one long walk, for the figures and for what only shows after many renewals.

use crate::act::deliver_or_lose;
use crate::cast;
use crate::ops::{Setting, TO_THE_END};
use crate::world::{What, World};
use poem::http::Method;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use veza_domain::ids::{InvoiceId, OrderId};
use veza_domain::order::OrderStatus;
use veza_domain::refund::RefundStatus;
use veza_domain::settlement::check;
use veza_domain::subscription::gate::{Access, access};
use veza_domain::subscription::{Collection, Invoice, InvoiceReason, InvoiceStatus, PlanId, SubscriptionStatus};
use veza_domain::time::Timestamp;
use veza_ports::BoxError;
use veza_ports::storage::{Storage, StoredSubscription};
use veza_sandbox::{Behaviour, Fault, Op as Call, PaymentStatus, RefundStatus as PspStatus, Script};

/// Numbers of the first subscriber in the cast.
const FIRST: usize = 1_000;
/// Steps of a day.
const STEPS: u32 = 4;
const DAY: Duration = Duration::from_secs(86_400);
/// Days at the end on which nothing goes wrong any more.
const CALM: u32 = 10;
/// A renewal that was declined is paid or over by then: its last retry is on day 7, and a payment that is open then ends within a day.
const DUNNING_ENDS: Duration = Duration::from_secs(9 * 86_400);
/// What can be chosen.
const PLANS: [(&str, &str); 5] =
    [("creator", "monthly"), ("creator", "monthly"), ("premium", "monthly"), ("creator", "yearly"), ("premium", "yearly")];

/// How long, and how many.
#[derive(Clone, Copy, Debug)]
pub struct Year {
    /// Who subscribes.
    pub subscribers: usize,
    /// Days until all is calm.
    pub days: u32,
    /// What the lots are drawn by.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Invoices that there were.
    pub invoices: usize,
    /// Of them paid, and not given back.
    pub paid: usize,
    /// Renewals among the paid ones.
    pub renewals: usize,
    /// Tries to collect beyond the first.
    pub retries: usize,
    /// Payments that came for nothing, and went back in full.
    pub in_vain: usize,
    /// Subscriptions that run at the end.
    pub running: usize,
    /// What must not be. Empty: all is well.
    pub broken: Vec<String>,
}

/// Lives it.
///
/// # Errors
/// When there is no world.
pub fn live(year: &Year, store: Arc<dyn Storage>) -> Result<Figures, BoxError> {
    let people = FIRST..FIRST + year.subscribers;
    let mut world = World::new(Arc::clone(&store), Setting::default(), false)?;
    cast::enter_people(&store, people.clone());
    let mut random = StdRng::seed_from_u64(year.seed);
    for day in 0..year.days + CALM {
        let calm = day >= year.days;
        if calm {
            world.sandbox.clear_scripts()?;
        }
        for nth in people.clone() {
            let begins = day < 30 && nth % 30 == day as usize;
            if begins {
                choose(&mut world, nth, &mut random);
            }
        }
        for _ in 0..STEPS {
            if !calm {
                trouble(&mut world, &mut random)?;
            }
            world.advance(DAY / STEPS);
            pay_what_is_open(&mut world, &people, &mut random, calm);
            work(&mut world, &mut random, calm);
        }
        if !calm {
            changes_of_mind(&mut world, &people, &mut random);
        }
        if !world.broken.is_empty() {
            break;
        }
    }
    Ok(figures(&mut world, &people))
}

fn post(world: &mut World, nth: usize, path: &str, body: String) {
    let call = world.call(nth % 2, Method::POST, &format!("/api/v1/subscriptions/{path}"), Some(nth), &[], body);
    world.begin(nth % 2, What::Request, TO_THE_END, call);
    world.collect();
}

fn choose(world: &mut World, nth: usize, random: &mut StdRng) {
    let (plan, cycle) = PLANS[random.random_range(0..PLANS.len())];
    post(world, nth, "subscribe", json!({"plan": plan, "cycle": cycle}).to_string());
}

/// What a provider does wrong for a while, what becomes of kept methods, and processes that die.
fn trouble(world: &mut World, random: &mut StdRng) -> Result<(), BoxError> {
    const FAULTS: [Fault; 5] = [Fault::AnswerLost, Fault::Decline, Fault::Unavailable, Fault::ErrorAfterEffect, Fault::RateLimited];
    if random.random_bool(0.3) {
        let fault = FAULTS[random.random_range(0..FAULTS.len())];
        world.sandbox.script(Script::new(Call::CreatePayment, fault).times(random.random_range(1..4)))?;
    }
    if random.random_bool(0.1) {
        world.crash(random.random_range(0..2));
    }
    if random.random_bool(0.2) {
        let kept = world.sandbox.books().saved_methods;
        if !kept.is_empty() {
            let method = &kept[random.random_range(0..kept.len())].payment_method_id;
            // One that is revoked behaves in no way any more.
            let _ = match random.random_range(0..4) {
                0 => world.sandbox.revoke_saved_method(method),
                1 => world.sandbox.set_saved_method(method, Behaviour::declines(random.random_range(1..6))),
                2 => world.sandbox.set_saved_method(method, Behaviour::RequiresCustomerAction),
                _ => world.sandbox.set_saved_method(method, Behaviour::Succeeds),
            };
        }
    }
    Ok(())
}

fn current(world: &World, nth: usize) -> Option<StoredSubscription> {
    world.look(world.store.standing(cast::person(nth).id)).ok()?.current
}

/// Customers who are asked for money: most come and pay, some are declined first, some never come.
fn pay_what_is_open(world: &mut World, people: &std::ops::Range<usize>, random: &mut StdRng, calm: bool) {
    for nth in people.clone() {
        let Some(found) = current(world, nth) else { continue };
        let waits = matches!(found.subscription.value.status, SubscriptionStatus::PendingPayment | SubscriptionStatus::PastDue);
        let by_customer = found.open.as_ref().is_some_and(|open| open.value.collection == Collection::Customer);
        if !waits && !by_customer || !random.random_bool(if calm { 0.5 } else { 0.3 }) {
            continue;
        }
        if waits {
            post(world, nth, &format!("complete/{}", found.subscription.value.id), String::new());
        }
        let Some(order) = current(world, nth).and_then(|found| found.open_order).map(|order| order.value) else { continue };
        if order.status == OrderStatus::Pending {
            let id = order.id.to_string();
            if random.random_bool(0.2) {
                let _ = world.sandbox.decline(&id);
            } else {
                let _ = world.sandbox.pay(&id);
            }
            world.collect();
        }
    }
}

fn work(world: &mut World, random: &mut StdRng, calm: bool) {
    deliver_or_lose(world, random, if calm { 0.0 } else { 0.1 });
    for worker in [16, 0, 10, 16, 0] {
        for _ in 0..200 {
            world.worked = false;
            world.work(worker, random.random_range(0..2), TO_THE_END);
            if !world.worked {
                break;
            }
        }
        deliver_or_lose(world, random, if calm { 0.0 } else { 0.1 });
    }
}

fn changes_of_mind(world: &mut World, people: &std::ops::Range<usize>, random: &mut StdRng) {
    for nth in people.clone() {
        match random.random_range(0..600) {
            0 => post(world, nth, "cancel", String::new()),
            1 => post(world, nth, "reactivate", String::new()),
            2 | 3 => {
                let (plan, cycle) = PLANS[random.random_range(0..PLANS.len())];
                post(world, nth, "change", json!({"plan": plan, "cycle": cycle}).to_string());
            }
            4 => choose(world, nth, random),
            _ => {}
        }
    }
}

/// Compares our rows with the PSP's books, invoice by invoice.
fn figures(world: &mut World, people: &std::ops::Range<usize>) -> Figures {
    let mut figures = Figures { broken: std::mem::take(&mut world.broken), ..Figures::default() };
    figures.broken.append(&mut world.shared.seen().broken);
    let books = world.sandbox.books();
    let back: BTreeSet<&str> = books
        .refunds
        .iter()
        .filter(|refund| matches!(refund.status, PspStatus::Succeeded | PspStatus::Pending))
        .map(|refund| refund.payment_id.as_str())
        .collect();
    let mut kept: BTreeMap<InvoiceId, Vec<OrderId>> = BTreeMap::new();
    let ids = world.shared.seen().orders.clone();
    for id in ids {
        let (Ok(Some(stored)), Ok(history)) = (world.look(world.store.order_file(id)), world.look(world.store.history(id))) else {
            figures.broken.push(format!("order {id} can't be read"));
            continue;
        };
        let found = check(&stored.file, &history.postings);
        figures.broken.extend(found.into_iter().map(|found| format!("order {id}: {}: {}", found.what, found.detail)));
        let payment = books.payment(&id.to_string());
        let captured = payment.is_some_and(|payment| payment.status == PaymentStatus::Succeeded);
        if captured != stored.file.order.is_paid() {
            figures.broken.push(format!("order {id} is {}, its payment {payment:?}", stored.file.order.status.as_str()));
        }
        let Some(invoice) = stored.file.order.invoice_id else { continue };
        if captured && !back.contains(id.to_string().as_str()) {
            kept.entry(invoice).or_default().push(id);
        }
        let vain = stored.file.refunds.iter().any(|refund| refund.status != RefundStatus::Failed && refund.requested_by.is_none());
        figures.in_vain += usize::from(captured && vain);
    }
    for nth in people.clone() {
        let mut invoices = invoices_of(world, nth);
        invoices.sort_by_key(|invoice| invoice.paid_at);
        account(&mut figures, &invoices, &kept);
        let Some(found) = current(world, nth) else { continue };
        running(&mut figures, world, &found, nth);
    }
    let ledger = world.look(world.store.ledger_check()).unwrap_or_default();
    figures.broken.extend(ledger.sums.iter().filter(|(_, sum)| sum.0 != 0).map(|(currency, sum)| format!("{} {currency} too much", sum.0)));
    figures
}

fn invoices_of(world: &World, nth: usize) -> Vec<Invoice> {
    let page = veza_ports::storage::Page { limit: 10_000, before: None };
    world.look(world.store.invoices_of(cast::person(nth).id, page)).unwrap_or_default()
}

/// One person's invoices: each that is paid was charged once, no other keeps money, and no two are for the same time.
fn account(figures: &mut Figures, invoices: &[Invoice], kept: &BTreeMap<InvoiceId, Vec<OrderId>>) {
    let mut before: Option<(Timestamp, Timestamp)> = None;
    for invoice in invoices {
        figures.invoices += 1;
        figures.retries += invoice.attempts.saturating_sub(1) as usize;
        let charged = kept.get(&invoice.id).map_or(&[][..], Vec::as_slice);
        let wanted: &[OrderId] = if invoice.status == InvoiceStatus::Paid { invoice.paid_by.as_slice() } else { &[] };
        if charged != wanted {
            figures.broken.push(format!("invoice {} is {}, and {charged:?} were charged for it", invoice.id, invoice.status.as_str()));
        }
        if invoice.status != InvoiceStatus::Paid {
            continue;
        }
        figures.paid += 1;
        figures.renewals += usize::from(invoice.reason == InvoiceReason::Renewal);
        let Some(period) = invoice.period else {
            figures.broken.push(format!("invoice {} is paid for no period", invoice.id));
            continue;
        };
        // An upgrade takes the place of what is left of the period before, and credits it.
        let overlaps = before.is_some_and(|(_, end)| period.start < end) && invoice.reason == InvoiceReason::Renewal;
        if overlaps {
            figures.broken.push(format!("invoice {} pays for days that were paid already", invoice.id));
        }
        before = Some((period.start, period.end));
    }
}

fn running(figures: &mut Figures, world: &World, found: &StoredSubscription, nth: usize) {
    let row = &found.subscription.value;
    let standing = veza_ports::storage::Standing { current: Some(found.clone()), trial_used: true };
    let granted = matches!(access(&standing.as_gate(), world.now()), Access::Plan(plan) if plan != PlanId::Free);
    figures.running += usize::from(granted);
    // Each claim moves the due time on, so a row on which nothing is done is not due for long.
    let late = row.due_at.is_some_and(|due| world.now().since(due) > 2 * DAY);
    let forgotten = row.past_due_since.is_some_and(|since| world.now().since(since) > DUNNING_ENDS);
    if late || forgotten {
        let (status, since) = (row.status.as_str(), row.past_due_since);
        figures
            .broken
            .push(format!("subscription {} of person {nth} is {status}, past due since {since:?}, due since {:?}", row.id, row.due_at));
    }
}
