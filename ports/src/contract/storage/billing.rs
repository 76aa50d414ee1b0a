//! Plans, subscriptions and what they ask for.

use super::check::{Store, apply, commit, conflicts, first, insert, invalid, unchanged, update, versioned, world};
use super::races::{Answer, CROWD, applied, context, crowd, paid};
use super::sample::{
    at, collecting, creator, currency, free, invoice, invoice_full, invoice_id, line, order, order_id, period, premium, subscription,
    subscription_full, subscription_id, trial, unit, user_id,
};
use crate::storage::{
    ClaimedSubscription, CommitError, LookClaim, LookClass, OverdueRenewal, Page, Row, RowKey, StoredSubscription, Trial, UniqueValue,
    Write,
};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::backoff::RetryPolicy;
use veza_domain::ledger::Account;
use veza_domain::look::Look;
use veza_domain::money::{Minor, Money};
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::settlement::{Billing, Verdict, decide};
use veza_domain::subscription::{
    Choice, Collection, Cycle, Features, Invoice, InvoiceReason, InvoiceStatus, PLATFORM, Plan, PlanId, Subscription, SubscriptionStatus,
};

const LEASE: Duration = Duration::from_secs(60);

pub async fn the_price_list(store: Store) {
    let gibibytes = |n: u64| n << 30;
    let nothing = Features { can_sell_on_marketplace: false, can_distribute: false, upload_quota: gibibytes(1), analytics_export: false };
    let sells = Features { can_sell_on_marketplace: true, can_distribute: true, upload_quota: gibibytes(50), analytics_export: false };
    let everything = Features { upload_quota: gibibytes(500), analytics_export: true, ..sells };
    let trial = Some(Duration::from_secs(14 * 86_400));
    let plan = |plan, cycle, cents, features, trial| {
        let choice = Choice { plan, cycle, price: Money::new(cents, currency("USD")) };
        Plan { choice, features, trial }
    };
    let expected = [
        plan(PlanId::Free, Cycle::Monthly, 0, nothing, None),
        plan(PlanId::Free, Cycle::Yearly, 0, nothing, None),
        plan(PlanId::Creator, Cycle::Monthly, 999, sells, None),
        plan(PlanId::Creator, Cycle::Yearly, 9990, sells, None),
        plan(PlanId::Premium, Cycle::Monthly, 1999, everything, trial),
        plan(PlanId::Premium, Cycle::Yearly, 19_990, everything, trial),
    ];
    assert_eq!(store.plans().await.unwrap(), expected);
}

pub async fn plans_and_invoices(store: Store) {
    world(&store).await;
    let subscriptions = (10..).zip(SubscriptionStatus::ALL);
    let mut subscriptions: Vec<_> = subscriptions.map(|(n, status)| Subscription { status, ..subscription(n, user_id(n)) }).collect();
    subscriptions.extend([subscription(1, user_id(1)), subscription_full(2, user_id(2))]);
    let mut invoices: Vec<_> =
        (10..).zip(InvoiceStatus::ALL).map(|(n, status)| Invoice { status, ..invoice(n, subscription_id(1)) }).collect();
    invoices.extend((20..).zip(InvoiceReason::ALL).map(|(n, reason)| Invoice { reason, ..invoice(n, subscription_id(1)) }));
    invoices.extend((30..).zip(Collection::ALL).map(|(n, collection)| Invoice { collection, ..invoice(n, subscription_id(1)) }));
    invoices.extend([invoice_full(2, subscription_id(2)), invoice(3, subscription_id(2))]);
    let rows = subscriptions.iter().cloned().map(Row::Subscription).chain(invoices.iter().cloned().map(Row::Invoice));
    insert(&store, "rows", rows.collect()).await;
    for row in &subscriptions {
        let stored = store.subscription(row.id).await.unwrap().unwrap();
        assert_eq!(stored.subscription, versioned(row.clone(), 1));
        let expected = if row.id == subscription_id(2) {
            let (open, open_order) = (Some(versioned(invoice(3, row.id), 1)), Some(versioned(order(3), 1)));
            StoredSubscription {
                subscription: stored.subscription.clone(),
                open,
                open_order,
                paid: Some(versioned(invoice_full(2, row.id), 1)),
            }
        } else {
            StoredSubscription { subscription: stored.subscription.clone(), open: None, open_order: None, paid: None }
        };
        assert_eq!(stored, expected);
    }
    for row in &invoices {
        assert_eq!(store.invoice(row.id).await.unwrap(), Some(versioned(row.clone(), 1)));
    }
    let mut newest = invoices;
    newest.sort_by_key(|row| std::cmp::Reverse(row.id));
    assert_eq!(store.invoices_of(user_id(1), first(100)).await.unwrap(), newest);
    let page = Page { limit: 2, before: Some(newest[1].id.0) };
    assert_eq!(store.invoices_of(user_id(1), page).await.unwrap(), newest[2..4]);
    assert_eq!(store.invoices_of(user_id(2), first(9)).await.unwrap(), []);

    let filled = Subscription { user_id: user_id(1), ..subscription_full(1, user_id(1)) };
    let writes = vec![
        update(Row::Subscription(filled.clone()), 1),
        update(Row::Subscription(subscription(2, user_id(3))), 1),
        update(Row::Invoice(invoice(2, subscription_id(2))), 1),
        update(Row::Invoice(invoice_full(3, subscription_id(2))), 1),
    ];
    apply(&store, "replaced", writes).await;
    assert_eq!(store.subscription(filled.id).await.unwrap().unwrap().subscription, versioned(filled, 2));
    let emptied = store.subscription(subscription_id(2)).await.unwrap().unwrap();
    assert_eq!((emptied.subscription, emptied.open), (versioned(subscription(2, user_id(3)), 2), None));
    assert_eq!(store.invoice(invoice_id(2)).await.unwrap(), Some(versioned(invoice(2, subscription_id(2)), 2)));
    assert_eq!(store.invoice(invoice_id(3)).await.unwrap(), Some(versioned(invoice_full(3, subscription_id(2)), 2)));
    assert_eq!(store.subscription(subscription_id(99)).await.unwrap(), None);
    assert_eq!(store.invoice(invoice_id(99)).await.unwrap(), None);
}

pub async fn a_persons_standing(store: Store) {
    world(&store).await;
    assert_eq!(store.standing(user_id(1)).await.unwrap(), crate::storage::Standing::default(), "never had one");
    let over = |n, user| Subscription { status: SubscriptionStatus::Expired, ..subscription(n, user_id(user)) };
    let open = Subscription { status: SubscriptionStatus::Active, ..subscription_full(2, user_id(1)) };
    let rows = vec![
        Row::Trial(trial(1)),
        Row::Subscription(over(1, 1)),
        Row::Subscription(open.clone()),
        Row::Subscription(over(3, 1)),
        Row::Subscription(over(4, 2)),
        Row::Subscription(over(5, 2)),
        Row::Invoice(invoice_full(2, open.id)),
        Row::Invoice(invoice(3, open.id)),
    ];
    insert(&store, "rows", rows).await;
    let standing = store.standing(user_id(1)).await.unwrap();
    assert!(standing.trial_used);
    let expected = StoredSubscription {
        subscription: versioned(open.clone(), 1),
        open: Some(versioned(invoice(3, open.id), 1)),
        open_order: Some(versioned(order(3), 1)),
        paid: Some(versioned(invoice_full(2, open.id), 1)),
    };
    assert_eq!(standing.current, Some(expected), "the open one, though another is newer");
    let standing = store.standing(user_id(2)).await.unwrap();
    let last = standing.current.map(|current| current.subscription);
    assert_eq!((last, standing.trial_used), (Some(versioned(over(5, 2), 1)), false), "the last one");
    insert(&store, "trial", vec![Row::Trial(trial(3))]).await;
    let standing = store.standing(user_id(3)).await.unwrap();
    assert_eq!((standing.current, standing.trial_used), (None, true), "a trial outlives what it was a trial of");
}

pub async fn a_trial_is_had_once(store: Store) {
    insert(&store, "first", vec![Row::Trial(trial(1))]).await;
    let again = Row::Trial(Trial { plan: PlanId::Creator, started_at: at(9), ..trial(1) });
    conflicts(&store, "again", vec![Write::Insert(again.clone())], &RowKey::Trial(user_id(1))).await;
    let begun = vec![Write::Insert(again.clone()), Write::Insert(Row::Subscription(subscription(1, user_id(1))))];
    conflicts(&store, "with a plan", begun, &RowKey::Trial(user_id(1))).await;
    assert_eq!(store.standing(user_id(1)).await.unwrap().current, None, "what was begun with it neither");
    apply(&store, "ensured", vec![Write::Ensure(again.clone())]).await;
    invalid(&store, "changed", vec![update(again.clone(), 1)], &again.key()).await;
    invalid(&store, "forgotten", vec![Write::Remove(again.key())], &again.key()).await;
    apply(&store, "guarded", vec![unchanged(again.key(), 1)]).await;
    assert!(store.standing(user_id(1)).await.unwrap().trial_used);
}

/// Is the answer that the person has an open subscription?
fn has_one(answer: &Answer) -> bool {
    matches!(answer, Err(CommitError::Taken(RowKey::Subscription(_), UniqueValue::OpenSubscription)))
}

pub async fn one_open_subscription(store: Store) {
    for (n, status) in (1..).zip(SubscriptionStatus::ALL) {
        let row = |number| Subscription { status, ..subscription(number, user_id(n)) };
        insert(&store, &format!("first {n}"), vec![Row::Subscription(row(10 * n))]).await;
        let other = Row::Subscription(subscription(10 * n + 1, user_id(n)));
        let answer = commit(&store, unit(&format!("other {n}"), vec![Write::Insert(other)])).await;
        assert_eq!(has_one(&answer), status.is_open(), "{status:?}: {answer:?}");
        assert_eq!(answer.is_ok(), !status.is_open(), "{status:?}: {answer:?}");
    }
    // What was over is opened again, but for another that was begun.
    let over = Subscription { status: SubscriptionStatus::Expired, ..subscription(90, user_id(9)) };
    insert(&store, "over", vec![Row::Subscription(over.clone()), Row::Subscription(subscription(91, user_id(9)))]).await;
    let back = Subscription { status: SubscriptionStatus::Active, ..over };
    let answer = commit(&store, unit("back", vec![update(Row::Subscription(back), 1)])).await;
    assert!(has_one(&answer), "{answer:?}");
}

pub async fn the_place_is_handed_on(store: Store) {
    let begun = subscription(1, user_id(1));
    insert(&store, "begun", vec![Row::Subscription(begun.clone())]).await;
    let over = begun.clone().expired(at(9));
    let next = subscription(2, user_id(1));
    let handed_on = vec![update(Row::Subscription(over.clone()), 1), Write::Insert(Row::Subscription(next.clone()))];
    apply(&store, "handed on", handed_on).await;
    let current = store.standing(user_id(1)).await.unwrap().current.unwrap();
    assert_eq!(current.subscription, versioned(next.clone(), 1));
    assert_eq!(store.subscription(begun.id).await.unwrap().unwrap().subscription, versioned(over, 2));

    // A row of a lower id that takes the place is written before the one that gives it up, and finds it taken.
    let gone = next.expired(at(10));
    let early = vec![update(Row::Subscription(begun.clone()), 2), update(Row::Subscription(gone.clone()), 1)];
    let answer = commit(&store, unit("too early", early)).await;
    assert!(has_one(&answer), "{answer:?}");
    apply(&store, "gone", vec![update(Row::Subscription(gone), 1)]).await;
    apply(&store, "taken back", vec![update(Row::Subscription(begun), 2)]).await;
}

pub async fn one_open_subscription_under_races(store: Store) {
    let answers = crowd(&store, |n| {
        let row = subscription(n + 1, user_id(1));
        let asked = invoice(n + 1, row.id);
        let order = collecting(n + 1, asked.id);
        let rows = [Row::Subscription(row), Row::Invoice(asked), Row::Order(order)];
        (format!("subscribes {n}"), rows.map(Write::Insert).to_vec())
    })
    .await;
    let winners = applied(&answers);
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|(_, answer)| has_one(answer)).count(), CROWD as usize - 1, "{answers:?}");
    assert_eq!(store.invoices_of(user_id(1), first(99)).await.unwrap().len(), 1, "who came second asks for nothing");
    let current = store.standing(user_id(1)).await.unwrap().current.unwrap();
    assert_eq!(current.subscription.value.id, subscription_id(winners[0] + 1));
}

/// The line of order `n`: a month of creator, all of it the platform's.
fn month(n: u32) -> OrderLine {
    let price = creator().price.amount;
    OrderLine {
        seller_id: PLATFORM,
        licence_kind: super::sample::licence_kind("standard"),
        price,
        fee: price,
        share: Minor::ZERO,
        ..line(n, 0)
    }
}

/// Subscription 1 of user 1 with its first invoice, 1, which order 11 collects.
async fn begun(store: &Store) -> (Subscription, Invoice) {
    let row = Subscription { open_invoice: Some(invoice_id(1)), ..subscription(1, user_id(1)) };
    let asked = Invoice { order_id: order_id(11), ..invoice(1, row.id) };
    let order = Order { total: creator().price, ..collecting(11, asked.id) };
    let rows = [Row::Subscription(row.clone()), Row::Invoice(asked.clone()), Row::Order(order), Row::Line(month(11))];
    insert(store, "begun", rows.to_vec()).await;
    (row, asked)
}

pub async fn an_order_brings_what_it_collects(store: Store) {
    world(&store).await;
    let (row, asked) = begun(&store).await;
    let stored = store.order_file(order_id(11)).await.unwrap().unwrap();
    assert_eq!(stored.file.order.invoice_id, Some(asked.id));
    let billing = Billing { invoice: asked.clone(), subscription: row.clone(), other_open: None };
    assert_eq!(stored.file.billing, Some(billing));
    let mut keys = vec![RowKey::Subscription(row.id), RowKey::Invoice(asked.id), RowKey::Order(order_id(11)), RowKey::Line(month(11).id)];
    keys.sort();
    assert_eq!(stored.revisions.keys().cloned().collect::<Vec<_>>(), keys, "one revision per row of the file");
    let sale = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!((sale.file.billing, sale.file.order.invoice_id), (None, None));

    let over = row.clone().expired(at(9));
    let writes = vec![
        update(Row::Subscription(over.clone()), 1),
        Write::Insert(Row::Subscription(subscription(2, user_id(1)))),
        Write::Insert(Row::Subscription(subscription(3, user_id(2)))),
        Write::Insert(Row::Subscription(Subscription { status: SubscriptionStatus::Expired, ..subscription(4, user_id(1)) })),
    ];
    apply(&store, "another", writes).await;
    let stored = store.order_file(order_id(11)).await.unwrap().unwrap();
    let billing = Billing { invoice: asked.clone(), subscription: over, other_open: Some(subscription_id(2)) };
    assert_eq!(stored.file.billing, Some(billing));
    assert_eq!(stored.revisions[&RowKey::Subscription(row.id)].0, 2);
    assert_eq!(stored.revisions[&RowKey::Invoice(asked.id)].0, 1);
}

/// The PSP's word comes twice at once: one books it, the other finds that the invoice is not as it was.
pub async fn what_is_paid_is_booked_once(store: Store) {
    world(&store).await;
    let (row, asked) = begun(&store).await;
    let stored = store.order_file(order_id(11)).await.unwrap().unwrap();
    let fact = paid(creator().price);
    let decision = decide(&stored.file, &fact, &context(1)).unwrap();
    assert_eq!(decision.verdict, Verdict::Settled);
    let writes = stored.writes(&decision.changes);
    let answers = crowd(&store, |n| (format!("settle {n}"), writes.clone())).await;
    assert_eq!(applied(&answers).len(), 1, "{answers:?}");
    let conflicts = |answer: &Answer| matches!(answer, Err(CommitError::Conflict(_)));
    assert_eq!(answers.iter().filter(|(_, answer)| conflicts(answer)).count(), CROWD as usize - 1, "{answers:?}");

    let current = store.standing(user_id(1)).await.unwrap().current.unwrap();
    assert_eq!(current.subscription.value.status, SubscriptionStatus::Active);
    assert_eq!(current.paid.map(|paid| (paid.value.id, paid.value.paid_by)), Some((asked.id, Some(order_id(11)))));
    let usd = currency("USD");
    let balances = [(Account::PspClearing, usd, Minor(999)), (Account::SubscriptionRevenue, usd, Minor(-999))];
    assert_eq!(store.ledger_balances().await.unwrap(), balances);

    // Whoever decided on the invoice alone has to see that it moved.
    let stale = vec![unchanged(RowKey::Invoice(asked.id), 1)];
    super::check::conflicts(&store, "stale invoice", stale, &RowKey::Invoice(asked.id)).await;
    let stale = vec![unchanged(RowKey::Subscription(row.id), 1)];
    super::check::conflicts(&store, "stale plan", stale, &RowKey::Subscription(row.id)).await;
    let settled = store.order_file(order_id(11)).await.unwrap().unwrap();
    assert_eq!(decide(&settled.file, &fact, &context(2)).unwrap().verdict, Verdict::AlreadySettled);
}

pub async fn invoices_are_no_purchases(store: Store) {
    world(&store).await;
    begun(&store).await;
    insert(&store, "more", vec![Row::Order(order(12)), Row::Order(collecting(13, invoice_id(1))), Row::Order(order(14))]).await;
    let listed = async |page| -> Vec<_> {
        let orders = store.orders_of_buyer(user_id(1), page).await.unwrap();
        orders.iter().map(|row| row.order.id).collect()
    };
    assert_eq!(listed(first(3)).await, [14, 12, 3].map(order_id));
    assert_eq!(listed(Page { limit: 3, before: Some(order_id(3).0) }).await, [2, 1].map(order_id));
    let filter = crate::storage::OrderFilter { status: Some(OrderStatus::Pending), buyer: None };
    let all = store.orders(filter, first(9)).await.unwrap();
    assert_eq!(all.iter().map(|row| row.order.id).collect::<Vec<_>>(), [14, 13, 12, 11, 3, 2, 1].map(order_id), "operators see both");
}

pub async fn invoices_are_looked_at_by_themselves(store: Store) {
    world(&store).await;
    begun(&store).await;
    let look = Look::from(at(1));
    let rows = (20..30).map(|n| {
        let invoice_id = (n % 2 == 0).then(|| invoice_id(1));
        Row::Order(Order { invoice_id, look, ..order(n) })
    });
    insert(&store, "rows", rows.collect()).await;
    let pause = RetryPolicy { retries_max: 0, base: Duration::from_secs(40), max: Duration::from_secs(300) };
    let claim = async |class, pass, now| -> Vec<Uuid> {
        let claim = LookClaim { class, now: at(now), older_than: at(now), lease: LEASE, pause, pass, limit: 3 };
        store.claim_looks(&claim).await.unwrap().iter().map(|row| row.subject).collect()
    };
    let ids = |numbers: &[u32]| numbers.iter().map(|n| order_id(*n).0).collect::<Vec<_>>();
    let nil = Some(Uuid::nil());
    assert_eq!(claim(LookClass::PendingInvoices, None, 100).await, ids(&[20, 22, 24]));
    assert_eq!(claim(LookClass::PendingOrders, None, 100).await, ids(&[21, 23, 25]), "sales only, though others were due");
    assert_eq!(claim(LookClass::PendingOrders, None, 100).await, ids(&[27, 29]));
    assert_eq!(claim(LookClass::PendingInvoices, None, 100).await, ids(&[26, 28]), "which nobody has taken");
    assert_eq!(claim(LookClass::PendingOrders, nil, 200).await, ids(&[21, 23, 25]), "a pass too");
    assert_eq!(claim(LookClass::PendingInvoices, nil, 200).await, ids(&[20, 22, 24]));
}

pub async fn due_subscriptions(store: Store) {
    let row = |n, due: Option<i64>| Subscription { due_at: due.map(at), ..subscription(n, user_id(n)) };
    let rows = [row(1, Some(30)), row(2, Some(10)), row(3, None), row(4, Some(10)), row(5, Some(101)), row(6, Some(100))];
    insert(&store, "rows", rows.map(Row::Subscription).to_vec()).await;
    let claim = async |now, limit| -> Vec<_> {
        let claimed = store.claim_subscriptions(at(now), LEASE, limit).await.unwrap();
        for ClaimedSubscription { id, revision } in &claimed {
            let stored = store.subscription(*id).await.unwrap().unwrap().subscription;
            assert_eq!(stored.revision, *revision, "the row as it is since the claim");
        }
        claimed.into_iter().map(|claimed| claimed.id).collect()
    };
    let ids = |numbers: &[u32]| numbers.iter().map(|n| subscription_id(*n)).collect::<Vec<_>>();
    assert_eq!(claim(9, 10).await, [], "nothing is due yet");
    assert_eq!(claim(100, 0).await, []);
    assert_eq!(claim(100, 3).await, ids(&[2, 4, 1]), "by due time, then by id");
    let stored = store.subscription(subscription_id(2)).await.unwrap().unwrap().subscription;
    assert_eq!(stored, versioned(row(2, Some(160)), 2), "a lease");
    assert_eq!(claim(100, 10).await, ids(&[6]));
    assert_eq!(claim(159, 10).await, ids(&[5]));
    assert_eq!(claim(160, 10).await, ids(&[1, 2, 4, 6]), "whoever had them died");
    let key = RowKey::Subscription(subscription_id(2));
    conflicts(&store, "without a claim", vec![update(Row::Subscription(row(2, None)), 2)], &key).await;
    apply(&store, "claimed", vec![update(Row::Subscription(row(2, None)), 3)]).await;
    assert!(!claim(9999, 10).await.contains(&subscription_id(2)), "it has nothing to do");
}

pub async fn renewals_that_were_missed(store: Store) {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    let row = |n, status, trial: Option<i64>, end: Option<i64>| {
        let period = end.map(|end| period(1, end));
        Row::Subscription(Subscription { status, trial_ends_at: trial.map(at), period, ..subscription(n, user_id(n)) })
    };
    let rows = vec![
        row(1, Active, None, Some(30)),
        row(2, Trialing, Some(20), None),
        row(3, Active, Some(1), Some(50)),
        row(4, Active, Some(10), None),
        row(5, Active, None, None),
        row(6, PastDue, None, Some(2)),
        row(7, Canceled, None, Some(2)),
        row(8, Expired, None, Some(2)),
        row(9, PendingPayment, Some(2), None),
        row(10, Active, None, Some(20)),
    ];
    insert(&store, "rows", rows).await;
    let missed = |n, ended| OverdueRenewal { id: subscription_id(n), user_id: user_id(n), ended_at: at(ended) };
    let expected = [missed(4, 10), missed(2, 20), missed(10, 20), missed(1, 30)];
    assert_eq!(store.overdue_renewals(at(50), 10).await.unwrap(), expected, "over before, not at");
    assert_eq!(store.overdue_renewals(at(51), 10).await.unwrap().last(), Some(&missed(3, 50)), "the period counts, where there is one");
    assert_eq!(store.overdue_renewals(at(50), 2).await.unwrap(), expected[..2]);
    assert_eq!(store.overdue_renewals(at(10), 2).await.unwrap(), []);
}

/// Rows as they would have come about without payments, and rows that only look so.
fn suspects() -> (Vec<u32>, Vec<Row>) {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    let row = |n, status| Subscription { status, period: Some(period(1, 500)), due_at: Some(at(400)), ..subscription(n, user_id(n)) };
    let paid = |n: u32, of: u32| Invoice { user_id: user_id(of), ..invoice_full(n, subscription_id(of)) };
    let trial = |n, ends| Subscription { trial_ends_at: Some(at(ends)), period: None, ..row(n, Canceled) };
    let subscriptions = vec![
        row(1, Active),
        row(2, PastDue),
        row(3, Canceled),
        row(4, Active),
        row(5, Trialing),
        Subscription { choice: free(), ..row(6, Active) },
        trial(7, 101),
        trial(8, 100),
        row(9, PendingPayment),
        row(10, Expired),
        row(11, Active),
        row(12, Active),
        Subscription {
            choice: premium(),
            next: Some(free()),
            past_due_since: Some(at(3)),
            open_invoice: Some(invoice_id(14)),
            ..row(13, PastDue)
        },
    ];
    let invoices = vec![
        Invoice { status: InvoiceStatus::Failed, ..paid(2, 2) },
        Invoice { paid_by: None, ..paid(3, 3) },
        paid(4, 4),
        // The other's is not its own.
        Invoice { user_id: user_id(11), ..paid(11, 10) },
        Invoice { status: InvoiceStatus::Refunded, ..paid(12, 12) },
        paid(1, 5),
        Invoice { status: InvoiceStatus::Open, ..paid(14, 13) },
    ];
    let rows = subscriptions.into_iter().map(Row::Subscription).chain(invoices.into_iter().map(Row::Invoice));
    (vec![1, 2, 3, 8, 11, 12, 13], rows.collect())
}

pub async fn what_grants_nothing_is_swept(store: Store) {
    let (guilty, rows) = suspects();
    insert(&store, "rows", rows.clone()).await;
    let ids = |numbers: &[u32]| numbers.iter().map(|n| subscription_id(*n)).collect::<Vec<_>>();
    assert_eq!(store.sweep_unpaid(at(100), 2).await.unwrap(), ids(&guilty[..2]), "no more than the limit");
    assert_eq!(store.sweep_unpaid(at(100), 99).await.unwrap(), ids(&guilty[2..]));
    assert_eq!(store.sweep_unpaid(at(100), 99).await.unwrap(), [], "a second time there is nothing");
    for row in rows {
        let Row::Subscription(before) = row else { continue };
        let swept = guilty.iter().any(|n| subscription_id(*n) == before.id);
        let expected = if swept { versioned(before.clone().expired(at(100)), 2) } else { versioned(before.clone(), 1) };
        assert_eq!(store.subscription(before.id).await.unwrap().unwrap().subscription, expected);
    }
    insert(&store, "anew", vec![Row::Subscription(subscription(50, user_id(1)))]).await;
    assert_eq!(store.sweep_unpaid(at(101), 99).await.unwrap(), ids(&[7]), "its trial is over by now");
}
