//! All that the read ports say about the sample rows, and two stores held against each other.

use super::check::commit;
use super::random::random_units;
use super::sample::{
    at, delivery_id, effect_id, file_hash, hash, invoice_id, made, order_id, product_id, refund_id, reversal_id, session_id, submission_id,
    subscription_id, user_id,
};
use crate::storage::{
    Backlog, CommitError, Committed, DeliveryFilter, History, IdempotencyRecord, LedgerCheck, ListedOrder, ListedSubmission, LookClaim,
    LookClass, OrderFilter, OverdueRenewal, Page, ProductFilter, SellerTransfer, Standing, StatusFilter, Storage, StoredOrder,
    StoredSubmission, StoredSubscription, Versioned,
};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::backoff::RetryPolicy;
use veza_domain::catalog::Product;
use veza_domain::dispute::Dispute;
use veza_domain::distribution::{RoyaltyFile, RoyaltySum, RoyaltyTrack};
use veza_domain::effect::Effect;
use veza_domain::identity::{MailToken, RefreshToken, Session, User};
use veza_domain::ids::{OrderId, TransferId, UserId};
use veza_domain::journal::AdminAction;
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::money::{Currency, Minor};
use veza_domain::order::OrderStatus;
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::refund::Refund;
use veza_domain::subscription::{Invoice, Plan};
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;

/// Sample numbers from 1 to this are looked at.
pub const NUMBERS: u32 = 16;

/// Enough for every list of samples.
const ALL: Page = Page { limit: 1000, before: None };

macro_rules! observation {
    ($($field:ident: $type:ty),+ $(,)?) => {
        /// What a store says; two stores with the same rows say the same.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each field is named after what was read")]
        pub struct Observation { $(pub $field: $type),+ }

        impl Observation {
            /// What differs, in words.
            #[must_use]
            pub fn differences(&self, other: &Self) -> Vec<String> {
                let fields = [$((stringify!($field), self.$field == other.$field, difference(&self.$field, &other.$field))),+];
                fields.into_iter().filter(|(_, same, _)| !same).map(|(name, _, what)| format!("{name}: {what}")).collect()
            }
        }
    };
}

observation! {
    users: Vec<Option<Versioned<User>>>,
    mail_tokens: Vec<Option<Versioned<MailToken>>>,
    sessions: Vec<Option<Versioned<Session>>>,
    refresh_tokens: Vec<Option<Versioned<RefreshToken>>>,
    callers: Vec<Option<User>>,
    idempotency: Vec<Option<Versioned<IdempotencyRecord>>>,
    products: Vec<Option<Versioned<Product>>>,
    product_list: Vec<Product>,
    published: Vec<Product>,
    exclusives: Vec<Versioned<ExclusiveHold>>,
    order_files: Vec<Option<StoredOrder>>,
    orders_of_payments: Vec<Option<OrderId>>,
    orders_of_refunds: Vec<Option<OrderId>>,
    orders: Vec<Vec<ListedOrder>>,
    licences: Vec<Vec<Licence>>,
    attention_of_orders: Vec<Vec<Attention>>,
    effects: Vec<Option<Versioned<Effect>>>,
    seller_accounts: Vec<Option<Versioned<SellerAccount>>>,
    seller_books: Vec<Vec<(Currency, SellerBooks)>>,
    transfers: Vec<Vec<SellerTransfer>>,
    held: Vec<Vec<Versioned<Transfer>>>,
    payouts: Vec<Option<Versioned<Payout>>>,
    payouts_of_sellers: Vec<Vec<Payout>>,
    sellers_of_accounts: Vec<Option<UserId>>,
    orders_of_disputes: Vec<Option<OrderId>>,
    orders_of_transfers: Vec<Option<(OrderId, TransferId)>>,
    orders_of_reversals: Vec<Option<OrderId>>,
    histories: Vec<History>,
    refunds: Vec<Refund>,
    disputes: Vec<Dispute>,
    pending_orders: Vec<ListedOrder>,
    pending_transfers: Vec<SellerTransfer>,
    without_stripe_id: Vec<Transfer>,
    between: Vec<OrderId>,
    admin_actions: Vec<AdminAction>,
    entries: Vec<Option<Attention>>,
    books: LedgerCheck,
    attention: Vec<Attention>,
    deliveries: Vec<Delivery>,
    errors_delivered: Vec<Delivery>,
    delivery: Vec<Option<Delivery>>,
    balances: Vec<(Account, Currency, Minor)>,
    backlog: Backlog,
    plans: Vec<Plan>,
    standings: Vec<Standing>,
    subscriptions: Vec<Option<StoredSubscription>>,
    invoices: Vec<Option<Versioned<Invoice>>>,
    invoices_of: Vec<Vec<Invoice>>,
    overdue: Vec<OverdueRenewal>,
    submissions: Vec<Option<StoredSubmission>>,
    submissions_of_users: Vec<Vec<ListedSubmission>>,
    royalty_tracks: Vec<RoyaltyTrack>,
    royalty_files: Vec<Option<RoyaltyFile>>,
    royalties: Vec<Vec<RoyaltySum>>,
}

fn difference(left: &dyn Debug, right: &dyn Debug) -> String {
    let (left, right) = (format!("{left:?}"), format!("{right:?}"));
    let start = left.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count().saturating_sub(120);
    let part = |text: &str| String::from_utf8_lossy(&text.as_bytes()[start..text.len().min(start + 400)]).into_owned();
    format!("\n  left  …{}…\n  right …{}…", part(&left), part(&right))
}

/// Reads all that there is of the sample rows up to [`NUMBERS`], through every read port.
pub async fn observe(store: &dyn Storage) -> Observation {
    macro_rules! each {
        ($n:ident => $read:expr) => {{
            let mut found = Vec::new();
            for $n in 1..=NUMBERS {
                found.push($read.await.unwrap());
            }
            found
        }};
    }
    let holds = (1..=NUMBERS).map(product_id).collect::<Vec<_>>();
    let mut exclusives = store.exclusive_holds(&holds).await.unwrap();
    exclusives.sort_by_key(|hold| hold.value.product_id);
    let errors = DeliveryFilter { result: Some("error".to_owned()), signature_valid: Some(true), ..DeliveryFilter::default() };
    Observation {
        users: each!(n => store.user(user_id(n))),
        mail_tokens: each!(n => store.mail_token(hash(n))),
        sessions: each!(n => store.session(session_id(n))),
        refresh_tokens: each!(n => store.refresh_token(hash(n))),
        callers: each!(n => store.caller(user_id(1), session_id(n), at(50))),
        idempotency: each!(n => store.idempotency(user_id(1), "create_order", &format!("key {n}"))),
        products: each!(n => store.product(product_id(n))),
        product_list: store.products(ProductFilter::default(), ALL).await.unwrap(),
        published: store.products(ProductFilter { published: true, ..ProductFilter::default() }, ALL).await.unwrap(),
        exclusives,
        order_files: each!(n => store.order_file(order_id(n))),
        orders_of_payments: each!(n => store.order_of_payment(&format!("pay_{n}"))),
        orders_of_refunds: each!(n => store.order_of_refund(&if n % 2 == 0 { format!("ref_{n}") } else { refund_id(n).to_string() })),
        orders: each!(n => store.orders_of_buyer(user_id(n), ALL)),
        licences: each!(n => store.licences_of_buyer(user_id(n), ALL)),
        attention_of_orders: each!(n => store.attention_of_order(order_id(n))),
        effects: each!(n => store.effect(effect_id(n))),
        seller_accounts: each!(n => store.seller_account(user_id(n))),
        seller_books: each!(n => store.seller_books(user_id(n))),
        transfers: each!(n => store.transfers_of_seller(user_id(n), ALL)),
        held: each!(n => store.held_transfers(user_id(n), 1000)),
        payouts: each!(n => store.payout(&format!("po_{n}"))),
        payouts_of_sellers: each!(n => store.payouts_of_seller(user_id(n), 3, None)),
        sellers_of_accounts: each!(n => store.seller_of_account(&format!("acct_{n}"))),
        orders_of_disputes: each!(n => store.order_of_dispute(&format!("dp_{n}"))),
        orders_of_transfers: each!(n => store.order_of_transfer(&format!("tr_{n}"))),
        orders_of_reversals: each!(n => store.order_of_reversal(reversal_id(n))),
        histories: each!(n => store.history(order_id(n))),
        refunds: store.refunds(StatusFilter { status: Some("succeeded") }, ALL).await.unwrap(),
        disputes: store.disputes(StatusFilter::default(), ALL).await.unwrap(),
        pending_orders: store.orders(OrderFilter { status: Some(OrderStatus::Pending), buyer: None }, ALL).await.unwrap(),
        pending_transfers: store.transfers(StatusFilter { status: Some("pending") }, ALL).await.unwrap(),
        without_stripe_id: store.transfers_without_stripe_id(None, 1000).await.unwrap(),
        between: store.orders_between(made(1), made(3), None, 1000).await.unwrap(),
        admin_actions: store.admin_actions(ALL).await.unwrap(),
        entries: each!(n => store.attention_entry(order_id(n).0, Code::AmountMismatch)),
        books: store.ledger_check().await.unwrap(),
        attention: store.attention(1000, None).await.unwrap(),
        deliveries: store.deliveries(&DeliveryFilter::default(), ALL).await.unwrap(),
        errors_delivered: store.deliveries(&errors, ALL).await.unwrap(),
        delivery: each!(n => store.delivery(delivery_id(n))),
        balances: store.ledger_balances().await.unwrap(),
        backlog: store.backlog().await.unwrap(),
        plans: store.plans().await.unwrap(),
        standings: each!(n => store.standing(user_id(n))),
        subscriptions: each!(n => store.subscription(subscription_id(n))),
        invoices: each!(n => store.invoice(invoice_id(n))),
        invoices_of: each!(n => store.invoices_of(user_id(n), ALL)),
        overdue: store.overdue_renewals(at(50), 3).await.unwrap(),
        submissions: each!(n => store.submission(submission_id(n))),
        submissions_of_users: each!(n => store.submissions_of_user(user_id(n), ALL)),
        royalty_tracks: store.royalty_tracks(&(1..=NUMBERS).map(|n| format!("rel_{n}")).collect::<Vec<_>>()).await.unwrap(),
        royalty_files: each!(n => store.royalty_file(file_hash(n))),
        royalties: each!(n => store.royalties_of_user(user_id(n), 1000, None)),
    }
}

/// How often, in units, two stores are read and compared.
const LOOK_EVERY: usize = 20;

/// Brings the same random units to a model and another store, then claims and sweeps: every answer and, every few
/// units, everything that can be read must be the same. Returns how many units were applied, so that a caller sees
/// that the units are worth bringing.
///
/// # Panics
/// At the first difference, with the seed, the unit and what differs.
pub async fn differential(model: Arc<dyn Storage>, store: Arc<dyn Storage>, seed: u64, units: usize) -> usize {
    let mut applied = 0;
    for (n, unit) in random_units(seed, units).into_iter().enumerate() {
        let answers = (answer(commit(&model, unit.clone()).await), answer(commit(&store, unit.clone()).await));
        assert_eq!(answers.0, answers.1, "seed {seed}, unit {n}: {unit:#?}");
        applied += usize::from(answers.0 == "Applied");
        if n % LOOK_EVERY == LOOK_EVERY - 1 {
            same(&model, &store, &format!("seed {seed}, after unit {n}")).await;
        }
    }
    let nil = Some(Uuid::nil());
    looks(&model, &store, seed, &[(5, 3, None, 1), (30, 25, nil, 2), (60, 30, None, 3)]).await;
    claims(&model, &store, seed).await;
    let after_order_2 = Some(order_id(2).0);
    looks(&model, &store, seed, &[(201, 201, nil, 2), (210, 210, after_order_2, 9), (250, 100, nil, 9), (999, 999, None, 99)]).await;
    for (now, limit) in [(at(30), 1), (at(60), 100), (at(60), 100)] {
        let swept = (model.sweep_unpaid(now, limit).await.unwrap(), store.sweep_unpaid(now, limit).await.unwrap());
        assert_eq!(swept.0, swept.1, "seed {seed}: subscriptions swept");
        same(&model, &store, &format!("seed {seed}, after subscriptions were swept")).await;
    }
    for before in [at(20), at(60)] {
        let swept = (model.sweep(before, 100_000).await.unwrap(), store.sweep(before, 100_000).await.unwrap());
        assert_eq!(swept.0, swept.1, "seed {seed}: rows swept");
        let swept = (model.sweep_deliveries(before, 2).await.unwrap(), store.sweep_deliveries(before, 2).await.unwrap());
        assert_eq!(swept.0, swept.1, "seed {seed}: deliveries swept");
        same(&model, &store, &format!("seed {seed}, after a sweep")).await;
    }
    applied
}

async fn claims(model: &Arc<dyn Storage>, store: &Arc<dyn Storage>, seed: u64) {
    let lease = Duration::from_secs(30);
    for (now, limit) in [(at(10), 2), (at(40), 3), (at(200), 100)] {
        let effects = (model.claim_effects(now, lease, limit).await.unwrap(), store.claim_effects(now, lease, limit).await.unwrap());
        assert_eq!(effects.0, effects.1, "seed {seed}: effects claimed");
        let transfers = (model.claim_transfers(now, lease, limit).await.unwrap(), store.claim_transfers(now, lease, limit).await.unwrap());
        assert_eq!(transfers.0, transfers.1, "seed {seed}: transfers claimed");
        let reversals = (model.claim_reversals(now, lease, limit).await.unwrap(), store.claim_reversals(now, lease, limit).await.unwrap());
        assert_eq!(reversals.0, reversals.1, "seed {seed}: reversals claimed");
        let plans =
            (model.claim_subscriptions(now, lease, limit).await.unwrap(), store.claim_subscriptions(now, lease, limit).await.unwrap());
        assert_eq!(plans.0, plans.1, "seed {seed}: subscriptions claimed");
        let placements =
            (model.claim_placements(now, lease, limit).await.unwrap(), store.claim_placements(now, lease, limit).await.unwrap());
        assert_eq!(placements.0, placements.1, "seed {seed}: placements claimed");
        same(model, store, &format!("seed {seed}, after claims")).await;
    }
}

/// Ticks and passes: now, only what is older, where a pass begins, how many.
async fn looks(model: &Arc<dyn Storage>, store: &Arc<dyn Storage>, seed: u64, rounds: &[(i64, i64, Option<Uuid>, u32)]) {
    let pause = RetryPolicy { retries_max: 3, base: Duration::from_secs(5), max: Duration::from_secs(70) };
    for (now, older_than, pass, limit) in rounds.iter().copied() {
        for class in LookClass::ALL {
            let lease = Duration::from_secs(30);
            let claim = LookClaim { class, now: at(now), older_than: at(older_than), lease, pause, pass, limit };
            let looked = (model.claim_looks(&claim).await.unwrap(), store.claim_looks(&claim).await.unwrap());
            assert_eq!(looked.0, looked.1, "seed {seed}: {claim:?}");
        }
        same(model, store, &format!("seed {seed}, after looks")).await;
    }
}

async fn same(model: &Arc<dyn Storage>, store: &Arc<dyn Storage>, when: &str) {
    let differences = observe(model.as_ref()).await.differences(&observe(store.as_ref()).await);
    assert!(differences.is_empty(), "{when}: {}", differences.join("\n"));
}

/// A commit's answer, without the words that are each store's own.
#[must_use]
pub fn answer(answer: Result<Committed, CommitError>) -> String {
    match answer {
        Ok(committed) => format!("{committed:?}"),
        Err(CommitError::Invalid(key, _)) => format!("Invalid({key:?})"),
        Err(CommitError::Taken(key, value)) => format!("Taken({key:?}, {value:?})"),
        Err(CommitError::Conflict(key)) => format!("Conflict({key:?})"),
        Err(CommitError::IdReused(id)) => format!("IdReused({id:?})"),
        Err(error @ (CommitError::Unavailable(_) | CommitError::Unknown(_))) => format!("{error:?}"),
    }
}
