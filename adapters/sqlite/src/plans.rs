//! Every statement against the schema it runs on: reads walk an index, writes build no temporary one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a test fails by panicking")]

use crate::migrations;
use crate::reads;
use crate::rows::Stored;
use crate::{audits, shared, work};
use rusqlite::Connection;
use veza_domain::attention::Attention;
use veza_domain::catalog::Product;
use veza_domain::dispute::Dispute;
use veza_domain::distribution::{Placement, PlacementMove, RoyaltyFile, RoyaltyLine, Submission};
use veza_domain::effect::Effect;
use veza_domain::identity::{MailToken, RefreshToken, Session, User};
use veza_domain::journal::{AdminAction, Journal};
use veza_domain::ledger::Posting;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::netting::Netting;
use veza_domain::order::{Order, OrderLine};
use veza_domain::payout::{Payout, SellerAccount};
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::subscription::{Invoice, Subscription};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::{Delivery, Sender};
use veza_ports::storage::{DeliveryFilter, IdempotencyRecord, LookClass, Page, Trial};

fn schema() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    migrations::run(&mut db).unwrap();
    db
}

/// One column of what SQLite explains; unbound parameters are NULL.
fn explained(db: &Connection, explain: &str, column: usize, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(&format!("{explain} {sql}")).unwrap_or_else(|error| panic!("{error}: {sql}"));
    let lines = statement.raw_query().mapped(|row| row.get(column)).collect::<Result<_, _>>();
    lines.unwrap()
}

const AUDITS: [&str; 5] = [audits::RUNNING, audits::BY_ID, audits::NEWEST, audits::PRUNE, audits::DIFFERENCES];

/// Whole walks that are meant: small tables, partial indexes that hold only what is open, and so many rows from the oldest on.
const WALKS: [&str; 19] = [
    "SCAN audits",
    "SCAN audits USING INDEX audits_running",
    "SCAN webhook_log USING INDEX sqlite_autoindex_webhook_log_1: DELETE",
    "SCAN CONSTANT ROW",
    "SCAN instances",
    "SCAN ledger_balances",
    "SCAN attention",
    "SCAN effects USING INDEX effects_due",
    "SCAN orders USING INDEX orders_look_pending",
    "SCAN plans",
    "SCAN subscriptions USING COVERING INDEX subscriptions_due",
    "SCAN refunds USING INDEX refunds_look",
    "SCAN refunds USING INDEX refunds_look_orphans",
    "SCAN disputes USING INDEX disputes_look",
    "SCAN transfers USING INDEX transfers_due_pending",
    "SCAN transfers USING INDEX transfers_due_failed",
    "SCAN reversals USING INDEX reversals_due",
    "SCAN placements USING INDEX placements_moving",
    "SCAN (subquery",
];

#[test]
fn no_read_walks_a_whole_table() {
    let db = schema();
    for sql in reads::statements().iter().map(|sql| (*sql).to_owned()).chain(delivery_searches()).chain(work_statements()) {
        for step in explained(&db, "EXPLAIN QUERY PLAN", 3, &sql) {
            let step = format!("{step}: {sql}");
            assert!(!step.starts_with("SCAN") || WALKS.iter().any(|walk| step.starts_with(walk)), "{step}");
        }
    }
}

#[test]
fn attack_attempts_and_errors_have_indexes_of_their_own() {
    let db = schema();
    let plans: Vec<String> = delivery_searches().map(|sql| explained(&db, "EXPLAIN QUERY PLAN", 3, &sql).concat()).collect();
    assert!(plans[1].contains("webhook_log_attacks"), "{}", plans[1]);
    assert!(plans[2].contains("webhook_log_errors"), "{}", plans[2]);
}

#[test]
fn lists_come_in_order_without_sorting() {
    let db = schema();
    for sql in reads::pages() {
        let plan = explained(&db, "EXPLAIN QUERY PLAN", 3, sql).join("; ");
        assert!(!plan.contains("USE TEMP B-TREE"), "{plan}: {sql}");
    }
}

/// A tick and a pass of the reconciler never see what is settled.
#[test]
fn looks_walk_what_is_open() {
    let db = schema();
    for class in LookClass::ALL {
        let looks = work::looks::statements(class);
        for sql in [looks.due, looks.pass] {
            let plan = explained(&db, "EXPLAIN QUERY PLAN", 3, sql).join("; ");
            let index = ["_look", "_due"].iter().any(|index| plan.contains(index));
            assert!(index && !plan.contains("PRIMARY KEY"), "{class:?}: {plan}");
        }
        let plan = explained(&db, "EXPLAIN QUERY PLAN", 3, looks.due).join("; ");
        let along = class == LookClass::Transfers || !plan.contains("USE TEMP B-TREE");
        assert!(along && plan.contains("_at<?)"), "{class:?}: {plan}");
        assert!(explained(&db, "EXPLAIN QUERY PLAN", 3, looks.take).concat().contains("PRIMARY KEY"));
    }
}

/// A list of three or more values in a CHECK would: see `migrations/sqlite/0001_people.sql`.
#[test]
fn no_write_builds_a_temporary_index() {
    let db = schema();
    for sql in writes() {
        let steps = explained(&db, "EXPLAIN", 1, sql);
        assert!(!steps.iter().any(|step| step.contains("Ephemeral")), "{sql}");
    }
}

fn delivery_searches() -> impl Iterator<Item = String> {
    let filters = [
        DeliveryFilter::default(),
        DeliveryFilter { signature_valid: Some(false), ..DeliveryFilter::default() },
        DeliveryFilter { result: Some("error".to_owned()), ..DeliveryFilter::default() },
        DeliveryFilter {
            signature_valid: Some(true),
            event_type: Some("x".to_owned()),
            result: Some("ok".to_owned()),
            since: Some(Timestamp(1)),
            sender: Some(Sender::Stripe),
        },
    ];
    filters.into_iter().map(|filter| reads::deliveries_query(&filter, Page { limit: 1, before: None }).0)
}

fn work_statements() -> impl Iterator<Item = String> {
    let due = [work::DUE_EFFECTS, work::DUE_TRANSFERS, work::DUE_REVERSALS, work::DUE_SUBSCRIPTIONS, work::DUE_PLACEMENTS];
    let due = due.into_iter().chain([work::FRESH, work::SWEEP_DELIVERIES]);
    let looks = LookClass::ALL.into_iter().map(work::looks::statements).flat_map(|looks| [looks.due, looks.pass, looks.take]);
    due.chain(work::SWEEPS).chain(looks).chain([shared::OTHERS, shared::FAILURES]).chain(AUDITS).map(str::to_owned)
}

fn writes() -> Vec<&'static str> {
    fn of<T: Stored>() -> impl Iterator<Item = &'static str> {
        std::iter::once(T::INSERT).chain(T::UPDATES.iter().copied())
    }
    let people = of::<User>().chain(of::<MailToken>()).chain(of::<Session>()).chain(of::<RefreshToken>());
    let catalogue = of::<Product>().chain(of::<ExclusiveHold>()).chain(of::<SellerAccount>()).chain(of::<IdempotencyRecord>());
    let orders = of::<Order>().chain(of::<OrderLine>()).chain(of::<Refund>()).chain(of::<Licence>()).chain(of::<Dispute>());
    let money = of::<Transfer>().chain(of::<Reversal>()).chain(of::<Posting>()).chain(of::<Netting>()).chain(of::<Payout>());
    let plans = of::<Trial>().chain(of::<Subscription>()).chain(of::<Invoice>());
    let operations = of::<Effect>().chain(of::<Attention>()).chain(of::<Delivery>()).chain(of::<Journal>()).chain(of::<AdminAction>());
    let submissions = of::<Submission>().chain(of::<Placement>()).chain(of::<PlacementMove>());
    let distribution = submissions.chain(of::<RoyaltyFile>()).chain(of::<RoyaltyLine>());
    let operations = operations.chain(distribution);
    people.chain([shared::RUNS, shared::FAILED]).chain(catalogue).chain(orders).chain(money).chain(plans).chain(operations).collect()
}
