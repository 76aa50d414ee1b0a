//! A backlog: orders that were paid and whose messages never came, and the reconciler that asks for each of them, beside buyers who
//! check out.
//!
//! Turns with the reconciler and without it alternate, on one database with one sandbox, so that both have the machine's better and
//! worse minutes. Then the rest of the backlog drains by itself, and the books are compared.

use crate::checkouts::{self, Places, exchange};
use crate::client::{self, Connection, request};
use crate::failure::{Outcome, fail};
use crate::fixture::{CURRENCY, Fixture, PRICE};
use crate::options::Options;
use crate::report::{Section, Target};
use crate::server::{Role, Server, free_port};
use crate::stats::middle;
use futures_util::future::try_join_all;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// Orders whose messages never came.
const STUCK: usize = 10_000;
/// Pairs of turns.
const TURNS: usize = 3;
/// Connections over which the sandbox is told of the payments.
const CONNECTIONS: usize = 8;
/// Least share of checkouts that the reconciler has to leave.
const LEFT_MIN: f64 = 0.9;
/// How long the rest may take to drain; only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(900);
/// Pause between two looks at what is left.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The sandbox's secret key.
const API_KEY: &str = "snd_veza";

/// Makes the backlog in `folder`, measures and drains it.
///
/// # Errors
/// Something does not work, or the books are wrong at the end.
pub fn measure(options: &Options, binary: &Path, folder: &Path) -> Outcome<Section> {
    let (database, fixture, shop) = (folder.join("veza.db"), checkouts::fixture(STUCK)?, free_port()?);
    client::run(fixture.fill(&database))?;
    let sandbox = Server::start_sandbox(binary, folder, shop)?;
    client::run(pay_all(sandbox.address, &fixture))?;
    let places = Places { shop, sandbox: sandbox.address };
    let serve = |reconciles: bool| {
        let settings = settings(options, sandbox.address, reconciles);
        Server::start_at(shop, binary, folder, Role::All, &settings)
    };
    let (mut with, mut without, mut bought, mut drained) = (Vec::new(), Vec::new(), 0, 0);
    let after = Duration::from_secs(options.seconds);
    for turn in 0..2 * TURNS {
        // With, without, without, with, …: neither is always the first.
        let reconciles = matches!(turn % 4, 0 | 3);
        let before = waiting(&database)?;
        let server = serve(reconciles)?;
        let (measured, total) = client::run(checkouts::shop_on(places, &fixture, after))?;
        server.stop()?;
        bought += total;
        let rate = measured.paid as f64 / measured.elapsed.as_secs_f64();
        let gone = before - waiting(&database)?;
        progress!("backlog, turn {}: {rate:.0} checkouts/s while {gone} stuck orders settled", turn + 1);
        if reconciles {
            with.push(rate);
            drained += gone;
        } else {
            without.push(rate);
        }
    }
    let server = serve(true)?;
    let (left, began) = (waiting(&database)?, Instant::now());
    progress!("backlog: {left} are left and drain with nobody buying");
    while waiting(&database)? > 0 {
        if began.elapsed() > PATIENCE {
            return fail("the backlog does not drain");
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let alone = left as f64 / began.elapsed().as_secs_f64();
    let memory = server.memory()?;
    server.stop()?;
    checkouts::verify(&database, STUCK + bought)?;
    client::run(checkouts::captured(sandbox.address, STUCK + bought))?;
    drop(sandbox);

    let (with, without) = (middle(with), middle(without));
    let target = Target { wanted: ">= 0.9", met: with / without >= LEFT_MIN };
    let mut section = Section::new(format!("{STUCK} stuck orders, batches of 50 a second"));
    section
        .add("backlog_checkouts_without", "checkouts, reconciler off", without, "/s")
        .add("backlog_checkouts_with", "checkouts while it drains", with, "/s")
        .add_with("backlog_left", "of that to this", with / without, "", target)
        .add("backlog_drained_beside", "settled meanwhile, in all", drained as f64, "")
        .add("backlog_drained_alone", "settled with nobody buying", alone, "/s")
        .add("backlog_rss", "memory afterwards (RSS)", memory.resident_kib as f64 / 1024.0, "MiB");
    Ok(section)
}

fn settings(options: &Options, sandbox: SocketAddr, reconciles: bool) -> Vec<(String, String)> {
    let url = format!("http://{sandbox}");
    let own = [
        ("HYPERSWITCH_ENABLED", "true"),
        ("HYPERSWITCH_URL", url.as_str()),
        ("HYPERSWITCH_API_KEY", API_KEY),
        ("HYPERSWITCH_WEBHOOK_SECRET", "sandbox_response_hash_key"),
        ("SANDBOX_ENABLED", "false"),
        ("RECONCILE_WORKER_ENABLED", if reconciles { "true" } else { "false" }),
        ("RECONCILE_ORDER_STUCK_AFTER", "10s"),
        // Rows that a stop leaves claimed are due again after this.
        ("RECONCILE_INTERVAL", "2s"),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(options.env.iter().cloned()).collect()
}

/// Pays for every order at the sandbox, which loses its messages.
async fn pay_all(sandbox: SocketAddr, fixture: &Fixture) -> Outcome<()> {
    let pay = async |from: usize| -> Outcome<()> {
        let mut connection = Connection::open(sandbox).await?;
        for number in (from..fixture.orders()).step_by(CONNECTIONS) {
            let id = fixture.order_id(number).to_string();
            let payment = json!({
                "payment_id": id, "amount": PRICE, "currency": CURRENCY, "confirm": true, "capture_method": "automatic",
                "metadata": {"order_id": id, "sandbox": "webhook_lost"},
                "payment_method": "card", "payment_method_type": "credit",
                "payment_method_data": {
                    "card": {"card_number": "4242424242424242", "card_exp_month": "03", "card_exp_year": "30", "card_cvc": "737"}
                },
            });
            let request = request::json("POST", "/payments", &format!("api-key: {API_KEY}\r\n"), &payment);
            let answer = exchange(&mut connection, &request, 200).await?;
            if answer["status"] != "succeeded" {
                return fail(format!("the payment did not succeed: {answer}"));
            }
        }
        Ok(())
    };
    try_join_all((0..CONNECTIONS).map(pay)).await.map(|_| ())
}

/// Orders that wait.
fn waiting(database: &Path) -> Outcome<i64> {
    let db = rusqlite::Connection::open(database)?;
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(db.query_row("SELECT count(*) FROM orders WHERE status = 'pending'", [], |row| row.get(0))?)
}
