//! Loss of power: the real binary sells and refunds on SQLite while a shim writes down every write and sync; then the disk is put
//! together as each sync left it, opened, and held against what the world had been told until then.

use crate::client::{Client, until};
use crate::disk::{self, Disk, Event, Image};
use crate::ground::{SERVER_PORT, command, folder, host, open_shop, sandbox};
use crate::server::Server;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use veza_domain::ids::OrderId;
use veza_domain::order::OrderStatus;
use veza_domain::settlement::check;
use veza_domain::time::Timestamp;
use veza_ports::storage::{AdminReads, OrderReads};
use veza_sandbox::Sandbox;
use veza_sqlite::{SqliteConfig, SqliteStore};

/// So that the log is brought into the file every few sales.
const CHECKPOINT_PAGES: &str = "150";
/// Buyers at a time: several units share a sync.
const BUYERS: usize = 3;
/// States that are opened at a time.
const AT_A_TIME: usize = 2;

/// What happened to the disk, and what the world was told.
pub struct Trace(Vec<Event>);

/// How a state of the disk is made of what was written and synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Everything that was not synced is gone.
    Unsynced,
    /// Some of it is there, sector by sector; this seed says which.
    Some(u64),
}

/// What came of all states.
#[derive(Debug, Default)]
pub struct Verdict {
    /// States of the disk that were opened.
    pub states: usize,
    /// Things that the world was told.
    pub told: usize,
    /// Of all states together: times that something which had been told was looked for.
    pub looked_for: usize,
    /// What was wrong.
    pub wrong: Vec<String>,
}

/// Builds the shim into `to`.
///
/// # Panics
/// Without a C compiler.
pub fn shim(to: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("power/trace.c");
    let built = to.join("trace.so");
    let flags = ["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O2", "-o"];
    let status = std::process::Command::new("cc").args(flags).arg(&built).arg(source).args(["-ldl", "-lpthread"]).status();
    assert!(status.is_ok_and(|status| status.success()), "the shim is built by cc: scripts/setup.sh build installs one");
    built
}

impl Trace {
    /// Sells so many times, every second sale is refunded; the process is killed after a third, and stopped in peace after another.
    ///
    /// # Errors
    /// What did not happen.
    pub async fn make(binary: &Path, sales: usize) -> Result<Self, String> {
        let (dir, host) = (folder(), host());
        let (shim, trace) = (shim(dir.path()), dir.path().join("trace"));
        let data = dir.path().join("data");
        std::fs::create_dir(&data).map_err(|error| error.to_string())?;
        let sandbox = sandbox(host, dir.path()).await;
        let (binary, in_data, to) = (binary.to_owned(), data.clone(), trace.clone());
        let traced = move |_| {
            let mut command = command(&binary, &in_data, None, host);
            command.env("LD_PRELOAD", &shim).env("VEZA_POWER_DIR", &in_data).env("VEZA_POWER_TRACE", &to);
            command.env("SQLITE_CHECKPOINT_PAGES", CHECKPOINT_PAGES);
            command
        };
        let mut server = Some(Server::start(traced.clone()));
        let nobody = Client::new(&format!("http://{host}:{SERVER_PORT}"));
        let people = open_shop(&nobody, &data, &sandbox).await?;
        let world = World {
            buyer: people.buyer,
            product: people.product,
            sandbox,
            trace: File::options().append(true).open(&trace).map_err(|error| error.to_string())?,
        };
        for (third, part) in [0..sales / 3, sales / 3..2 * sales / 3, 2 * sales / 3..sales].into_iter().enumerate() {
            let running = server.take().unwrap_or_else(|| Server::start(traced.clone()));
            let next = AtomicUsize::new(part.start);
            let buyers = (0..BUYERS).map(async |_| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= part.end {
                        return Ok(());
                    }
                    world.sell(number).await?;
                }
            });
            let ended: Vec<Result<(), String>> = futures_util::future::join_all(buyers).await;
            ended.into_iter().collect::<Result<(), String>>()?;
            if third == 1 {
                running.terminate().await;
            } else {
                running.kill().await;
            }
        }
        world.sandbox.stop().await;
        Ok(Self(disk::events(&std::fs::read(trace).map_err(|error| error.to_string())?)))
    }

    /// The same with syncs that the disk does not carry out: what the checks have to find.
    #[must_use]
    pub fn without_syncs_of(&self, file: &str) -> Self {
        let lied = |event: &&Event| !matches!(event, Event::Synced(name) if name == file);
        Self(self.0.iter().filter(lied).cloned().collect())
    }

    /// How often something was synced.
    #[must_use]
    pub fn syncs(&self) -> usize {
        self.0.iter().filter(|event| matches!(event, Event::Synced(_))).count()
    }

    /// Opens the disk as the power's loss leaves it before each sync (every `nth`), and judges.
    pub fn judge(&self, loss: Loss, nth: usize) -> Verdict {
        let verdict = Mutex::new(Verdict::default());
        let cuts = Mutex::new(Cuts::new(&self.0, loss, nth));
        std::thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                    loop {
                        let next = cuts.lock().expect("no panic").next();
                        let Some((number, image, told)) = next else { return };
                        let found = runtime.block_on(holds(&image, &told));
                        let mut verdict = verdict.lock().expect("no panic");
                        verdict.states += 1;
                        verdict.looked_for += told.len();
                        verdict.told = verdict.told.max(told.len());
                        verdict.wrong.extend(found.err().map(|wrong| format!("{loss:?}, before event {number}: {wrong}")));
                    }
                });
            }
        });
        verdict.into_inner().expect("no panic")
    }
}

/// What the world was told of an order: the furthest it had come.
type Told = BTreeMap<OrderId, u8>;

/// The disk at one moment after the other.
struct Cuts<'a> {
    events: std::iter::Enumerate<std::slice::Iter<'a, Event>>,
    disk: Disk,
    told: Told,
    loss: Loss,
    nth: usize,
    syncs: usize,
}

impl<'a> Cuts<'a> {
    fn new(events: &'a [Event], loss: Loss, nth: usize) -> Self {
        Self { events: events.iter().enumerate(), disk: Disk::default(), told: Told::new(), loss, nth, syncs: 0 }
    }
}

impl Iterator for Cuts<'_> {
    type Item = (usize, Image, Told);

    /// The moment just before a sync: as much as possible has been told and written since the one before.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (number, event) = self.events.next()?;
            let mut cut = None;
            if matches!(event, Event::Synced(_)) {
                self.syncs += 1;
                if self.syncs.is_multiple_of(self.nth) {
                    let image = match self.loss {
                        Loss::Unsynced => self.disk.only_synced(),
                        Loss::Some(seed) => self.disk.with_some_of_the_rest(&mut StdRng::seed_from_u64(seed ^ number as u64)),
                    };
                    cut = Some((number, image, self.told.clone()));
                }
            }
            if let Event::Told(what) = event {
                let (order, status) = what.split_once(' ').expect("an order and its status");
                let far = self.told.entry(order.parse().expect("an id")).or_default();
                *far = (*far).max(status.parse().expect("a number"));
            }
            self.disk.happen(event);
            if cut.is_some() {
                return cut;
            }
        }
    }
}

/// How far an order has come on its way from asked for to given back.
fn far(status: OrderStatus) -> u8 {
    match status {
        OrderStatus::Pending => 0,
        OrderStatus::Completed => 1,
        OrderStatus::RefundPending => 2,
        OrderStatus::Refunded => 3,
        // These orders never get there.
        _ => u8::MAX,
    }
}

/// The database opens, is whole, breaks no invariant, and has what was told.
async fn holds(image: &Image, told: &Told) -> Result<(), String> {
    let dir: TempDir = folder();
    disk::put(image, dir.path()).map_err(|error| error.to_string())?;
    let path = dir.path().join("veza.db");
    let store = SqliteStore::open(SqliteConfig { readers: 1, ..SqliteConfig::new(&path) })
        .map_err(|error| format!("it does not open: {error:?}"))?;
    let held = what_stands(&store, told).await;
    store.shutdown();
    held?;
    let db = rusqlite::Connection::open(path).map_err(|error| error.to_string())?;
    let whole: Result<String, _> = db.query_row("PRAGMA integrity_check", [], |row| row.get(0));
    let references: Result<i64, _> = db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0));
    match (whole, references) {
        (Ok(whole), Ok(0)) if whole == "ok" => Ok(()),
        other => Err(format!("the database is not whole: {other:?}")),
    }
}

async fn what_stands(store: &SqliteStore, told: &Told) -> Result<(), String> {
    let ledger = store.ledger_check().await.map_err(|error| format!("{error:?}"))?;
    if !ledger.drift.is_empty() || ledger.sums.iter().any(|(_, sum)| sum.0 != 0) {
        return Err(format!("the ledger does not hold: {ledger:?}"));
    }
    let ids =
        store.orders_between(Timestamp(0), Timestamp(i64::MAX), None, u32::from(u16::MAX)).await.map_err(|error| format!("{error:?}"))?;
    let mut stands = Told::new();
    for id in ids {
        let stored = store.order_file(id).await.map_err(|error| format!("{error:?}"))?.ok_or("an order without a row")?;
        let postings = store.history(id).await.map_err(|error| format!("{error:?}"))?.postings;
        let broken = check(&stored.file, &postings);
        if !broken.is_empty() {
            return Err(format!("{id} breaks invariants: {broken:?}"));
        }
        stands.insert(id, far(stored.file.order.status));
    }
    for (order, told) in told {
        match stands.get(order) {
            None => return Err(format!("order {order} was confirmed, and is gone")),
            Some(stands) if stands < told => return Err(format!("order {order} was shown at step {told}, and is at {stands}")),
            Some(_) => {}
        }
    }
    Ok(())
}

struct World {
    buyer: Client,
    product: String,
    sandbox: Sandbox,
    trace: File,
}

impl World {
    /// A sale; every second one is refunded. What the buyer was told goes into the trace as soon as it is here.
    async fn sell(&self, number: usize) -> Result<(), String> {
        let wish = json!({"items": [{"product_id": self.product}]});
        let key = format!("sale {number}");
        let order = self.buyer.post_until("/api/v1/marketplace/orders", wish, Some(&key), &[201]).await?;
        let order = order["order"]["id"].as_str().ok_or("an order without an id")?.to_owned();
        self.tell(&order, OrderStatus::Pending)?;
        self.sandbox.pay(&order).map_err(|error| error.to_string())?;
        self.seen(&order, OrderStatus::Completed).await?;
        if number % 2 == 1 {
            let path = format!("/api/v1/marketplace/orders/{order}/refund");
            self.buyer.post_until(&path, json!({}), Some(&key), &[202]).await?;
            self.tell(&order, OrderStatus::RefundPending)?;
            self.seen(&order, OrderStatus::Refunded).await?;
        }
        Ok(())
    }

    async fn seen(&self, order: &str, status: OrderStatus) -> Result<(), String> {
        let path = format!("/api/v1/marketplace/orders/{order}");
        let seen = async || self.buyer.get(&path).await.filter(|body| body["status"] == status.as_str()).map(drop);
        until(&format!("an order that is {}", status.as_str()), seen).await?;
        self.tell(order, status)
    }

    fn tell(&self, order: &str, status: OrderStatus) -> Result<(), String> {
        let record = disk::told(&format!("{order} {}", far(status)));
        (&self.trace).write_all(&record).map_err(|error| error.to_string())
    }
}
