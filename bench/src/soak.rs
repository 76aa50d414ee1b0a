//! Soak: minutes of mixed load at 70 % of what the machine can do, while the providers misbehave in every way they know.
//!
//! Invariants: memory is flat (the last minute within 5 % of the third); every answer that is no success is one that a fault
//! explains; at the end nothing waits, and our books are the sandbox's to the cent. What is *not* a failure: a 503 or a 409 with its
//! code while a provider is being asked, as long as the same request under the same key comes through later.

mod visit;

use crate::checkouts::{self, Places, exchange};
use crate::client::{self, Connection, request};
use crate::failure::{Outcome, fail};
use crate::fixture::CURRENCY;
use crate::options::Options;
use crate::report::{Section, Target};
use crate::server::{Role, Server, free_port};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use visit::{Counts, Shop};

/// Part of what the machine can do.
const SHARE: f64 = 0.7;
/// How long that is measured before.
const CALIBRATION: Duration = Duration::from_secs(10);
/// Pause between two faults.
const FAULT_EVERY: Duration = Duration::from_millis(400);
/// Pause between two looks at the memory.
const MEMORY_EVERY: Duration = Duration::from_secs(1);
/// Most visits at a time, each on a connection; beyond that the load is more than the machine can do.
const VISITS_MAX: usize = 512;
/// Share by which the memory may have grown.
const GROWN_MAX: f64 = 0.05;
/// How long it may take until nothing waits.
const PATIENCE: Duration = Duration::from_secs(300);

/// What goes wrong, in turn: the call, the fault.
const FAULTS: [(&str, &str); 26] = [
    ("create_payment", "slow"),
    ("create_payment", "answer_lost"),
    ("create_payment", "request_lost"),
    ("create_payment", "error_after_effect"),
    ("create_payment", "error_before_effect"),
    ("create_payment", "rate_limited"),
    ("create_payment", "unavailable"),
    ("create_payment", "garbled"),
    ("create_payment", "html"),
    ("create_refund", "answer_lost"),
    ("create_refund", "error_after_effect"),
    ("create_refund", "error_before_effect"),
    ("create_refund", "busy"),
    ("read_payment", "unavailable"),
    ("read_payment", "wrong_json"),
    ("create_transfer", "answer_lost"),
    ("create_transfer", "error_saved"),
    ("create_transfer", "lock_timeout"),
    ("create_reversal", "answer_lost"),
    ("create_reversal", "error_after_effect"),
    ("create_reversal", "balance_insufficient"),
    ("webhook", "webhook_lost"),
    ("webhook", "webhook_doubled"),
    ("webhook", "webhook_forged"),
    ("webhook", "webhook_out_of_order"),
    ("webhook", "webhook_before_answer"),
];

/// Loads the server in `folder` for as long as the options say.
///
/// # Errors
/// It does not work, an answer has no explanation, something waits at the end, or the books differ.
pub fn measure(options: &Options, binary: &Path, folder: &Path) -> Outcome<Section> {
    let (database, fixture, shop) = (folder.join("veza.db"), checkouts::fixture(0)?, free_port()?);
    client::run(fixture.fill(&database))?;
    let sandbox = Server::start_sandbox(binary, folder, shop)?;
    let server = Server::start_at(shop, binary, folder, Role::All, &settings(options, sandbox.address))?;
    let places = Places { shop, sandbox: sandbox.address };
    let after = Duration::from_secs(60 * options.minutes);

    let shop = client::run(Shop::open(places, &fixture))?;
    let (calm, _) = client::run(checkouts::shop_on(places, &fixture, CALIBRATION))?;
    // A visit is a little more than a checkout: a list, and some refunds; so this is not less than was promised.
    let rate = SHARE * calm.paid as f64 / calm.elapsed.as_secs_f64();
    progress!("soak: {rate:.0} visits/s for {} minutes", options.minutes);
    let (counts, memory) = client::run(load(&server, places, shop, rate, after))?;
    if !counts.unexplained.is_empty() {
        return fail(format!("what no fault explains: {:#?}", counts.unexplained));
    }
    progress!("soak: waiting until nothing is open");
    let quiet_after = client::run(quiet(places, &database))?;
    let log = server.memory()?;
    server.stop()?;
    client::run(books_agree(places.sandbox, &database))?;
    drop(sandbox);
    let minute = |number: usize| {
        let of = memory.iter().skip(60 * number).take(60).copied().collect::<Vec<u64>>();
        of.iter().sum::<u64>() as f64 / of.len().max(1) as f64 / 1024.0
    };
    let minutes = usize::try_from(options.minutes)?;
    let (third, last) = (minute(2.min(minutes - 1)), minute(minutes - 1));
    let grown = last / third - 1.0;
    let target = Target { wanted: "<= 5 %", met: grown <= GROWN_MAX };
    let mut section = Section::new(format!("Soak: {minutes} minutes at 70 % of capacity, a fault every {} ms", FAULT_EVERY.as_millis()));
    section
        .add("soak_rate", "visits (list, order, payment, some refunds)", rate, "/s")
        .add("soak_orders", "orders paid", counts.paid as f64, "")
        .add("soak_refunds", "refunds asked for", counts.refunds as f64, "")
        .add("soak_faults", "faults planted", counts.faults as f64, "")
        .add("soak_explained", "answers that a fault explains, tried again", counts.explained as f64, "")
        .add("soak_third", "memory in the third minute (RSS)", third, "MiB")
        .add("soak_last", "memory in the last minute", last, "MiB")
        .add_with("soak_grown", "grown", grown * 100.0, "%", target)
        .add("soak_idle", "memory at the end", log.resident_kib as f64 / 1024.0, "MiB")
        .add("soak_quiet", "until nothing was open", quiet_after.as_secs_f64(), "s");
    Ok(section)
}

fn settings(options: &Options, sandbox: SocketAddr) -> Vec<(String, String)> {
    let url = format!("http://{sandbox}");
    let own = [
        ("HYPERSWITCH_ENABLED", "true"),
        ("HYPERSWITCH_URL", url.as_str()),
        ("HYPERSWITCH_API_KEY", "snd_veza"),
        ("HYPERSWITCH_WEBHOOK_SECRET", "sandbox_response_hash_key"),
        ("STRIPE_CONNECT_ENABLED", "true"),
        ("STRIPE_API_URL", url.as_str()),
        ("STRIPE_SECRET_KEY", "sk_test_veza"),
        ("SANDBOX_ENABLED", "false"),
        ("PROVIDER_TIMEOUT", "2s"),
        ("RECONCILE_INTERVAL", "5s"),
        ("RECONCILE_ORDER_STUCK_AFTER", "10s"),
        ("RECONCILE_REFUND_STUCK_AFTER", "10s"),
        ("RECONCILE_REFUND_ORPHAN_AFTER", "10s"),
        ("TRANSFER_RETRY_CHECK_INTERVAL", "1s"),
        ("TRANSFER_RETRY_BACKOFF_BASE", "1s"),
        ("TRANSFER_RETRY_BACKOFF_MAX", "5s"),
        ("REVERSAL_CHECK_INTERVAL", "1s"),
        ("REVERSAL_BACKOFF_BASE", "1s"),
        ("REVERSAL_BACKOFF_MAX", "5s"),
        ("LOG_LEVEL", "warn"),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(options.env.iter().cloned()).collect()
}

/// Visits at a steady rate, faults and looks at the memory, side by side.
async fn load(server: &Server, places: Places, shop: Shop, rate: f64, after: Duration) -> Outcome<(Counts, Vec<u64>)> {
    shop.connect(VISITS_MAX).await?;
    let shop = Rc::new(shop);
    let counts = Rc::new(RefCell::new(Counts::default()));
    let local = tokio::task::LocalSet::new();
    let memory = local
        .run_until(async {
            let started = Instant::now();
            let faults = tokio::task::spawn_local(faults(places.sandbox, Rc::clone(&counts)));
            let (mut memory, mut visits, mut number) = (Vec::new(), tokio::task::JoinSet::new(), 0_usize);
            while started.elapsed() < after {
                tokio::time::sleep(Duration::from_millis(2)).await;
                while ((number as f64) < started.elapsed().as_secs_f64() * rate) && visits.len() < VISITS_MAX {
                    number += 1;
                    visits.spawn_local(Rc::clone(&shop).visit(number, Rc::clone(&counts)));
                }
                while visits.try_join_next().is_some() {}
                if started.elapsed() >= MEMORY_EVERY * u32::try_from(memory.len())? {
                    memory.push(server.memory()?.resident_kib);
                }
            }
            faults.abort();
            control(places.sandbox, "DELETE", "/scripts", &Value::Null).await?;
            while visits.join_next().await.is_some() {}
            Ok::<_, crate::failure::Failure>(memory)
        })
        .await?;
    let counts = counts.borrow().clone();
    Ok((counts, memory))
}

async fn faults(sandbox: SocketAddr, counts: Rc<RefCell<Counts>>) {
    // The number of times has another period than the faults, so that each comes once, twice and three times in a row.
    for ((on, fault), times) in FAULTS.iter().cycle().zip([1, 2, 3, 1, 1].into_iter().cycle()) {
        tokio::time::sleep(FAULT_EVERY).await;
        let script = json!({"on": on, "fault": fault, "times": times});
        match control(sandbox, "POST", "/scripts", &script).await {
            Ok(_) => counts.borrow_mut().faults += 1,
            Err(error) => counts.borrow_mut().unexplained(format!("the script {script}: {error}")),
        }
    }
}

async fn control(sandbox: SocketAddr, method: &str, path: &str, body: &Value) -> Outcome<Value> {
    let mut connection = Connection::open(sandbox).await?;
    let answer = connection.exchange(&request::json(method, &format!("/control{path}"), "", body)).await?;
    if answer.status >= 300 {
        return fail(format!("{}: {}", answer.status, String::from_utf8_lossy(answer.body)));
    }
    Ok(serde_json::from_slice(answer.body).unwrap_or(Value::Null))
}

/// How long it takes until no work is open. The PSP's messages that were put off are brought on by its clock.
async fn quiet(places: Places, database: &Path) -> Outcome<Duration> {
    let began = Instant::now();
    loop {
        let open = open_work(database)?;
        if open.is_empty() {
            return Ok(began.elapsed());
        }
        if began.elapsed() > PATIENCE {
            return fail(format!("this still waits: {open:?}"));
        }
        control(places.sandbox, "POST", "/clock", &json!({"advance": "10m"})).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn open_work(database: &Path) -> Outcome<BTreeMap<String, i64>> {
    let db = rusqlite::Connection::open(database)?;
    db.busy_timeout(Duration::from_secs(5))?;
    let mut classes = db.prepare("SELECT class, count(*) FROM open_work GROUP BY class")?;
    let rows = classes.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What the PSP and Connect hold by our ledger is what they hold, nothing was created twice, and the ledger sums to zero.
async fn books_agree(sandbox: SocketAddr, database: &Path) -> Outcome<()> {
    let mut connection = Connection::open(sandbox).await?;
    let books = exchange(&mut connection, &request::bytes("GET", "/control/books", "", b""), 200).await?;
    let totals = &books["totals"][CURRENCY.to_lowercase()];
    let figure = |name: &str| totals[name].as_i64().unwrap_or(0);
    let theirs = (figure("captured") - figure("refunded"), figure("transferred") - figure("reversed"), 0);
    let db = rusqlite::Connection::open(database)?;
    let ours: (i64, i64, i64) = db.query_row(
        "SELECT sum(CASE WHEN account = 'psp_clearing' THEN amount ELSE 0 END), \
         -sum(CASE WHEN account GLOB 'connect:*' THEN amount ELSE 0 END), sum(amount) FROM ledger_entries",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    if ours != theirs {
        return fail(format!("our books say {ours:?} (at the PSP, at Connect, sum), the sandbox's {theirs:?}"));
    }
    let twice = books["created"].as_object().map_or(0, |created| created.values().filter(|count| count.as_i64() > Some(1)).count());
    if twice == 0 { Ok(()) } else { fail(format!("{twice} things were created twice")) }
}
