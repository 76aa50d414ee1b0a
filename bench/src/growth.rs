//! What things cost as tables grow: a settlement, and a tick of a worker, beside a thousand, a hundred thousand and a million sales
//! that are over.
//!
//! Invariants: the databases take turns, so that all have the machine's better and worse minutes; what is measured changes as many
//! rows in each; the books are checked at the end.

use crate::client::{self, Stop};
use crate::failure::{Outcome, fail};
use crate::fixture::{Fixture, PRICE};
use crate::history::{self, History};
use crate::machine;
use crate::messages::Messages;
use crate::options::Options;
use crate::postgres::{self, cluster::Cluster};
use crate::report::{self, Section, Target};
use crate::server::{Role, Server};
use crate::stats::middle;
use secrecy::SecretString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use veza_domain::backoff::RetryPolicy;
use veza_domain::time::Timestamp;
use veza_ports::storage::{LookClaim, LookClass, StoreError, Work};
use veza_postgres::{PostgresConfig, PostgresStore};
use veza_sqlite::{SqliteConfig, SqliteStore};

/// Turns of each size.
const TURNS: usize = 25;
/// Settlements of a turn.
const SETTLED: usize = 100;
/// Connections that settle.
const CONNECTIONS: u16 = 16;
/// Settlements before the first turn.
const WARM_UP: usize = 200;
/// Ticks that find nothing, a turn.
const IDLE_TICKS: usize = 40;
/// Ticks that find a full batch, a turn.
const FULL_TICKS: usize = 4;
/// Rows that a tick claims, as the workers do.
const BATCH: u32 = 20;
/// Stuck orders that a tick of the reconciler claims, as it does.
const LOOKS: u32 = 50;
/// Orders that nobody settles: what the reconciler finds, a batch in each turn.
const STUCK: usize = (TURNS + 1) * LOOKS as usize;
/// For how long; longer than all of it takes, so that none is due again.
const LEASE: Duration = Duration::from_secs(3600);
/// What a sale takes on disk, on Postgres more than on SQLite; and what the log of a database may take.
const BYTES_PER_SALE: u64 = 4000;
const BYTES_AT_LEAST: u64 = 2 << 30;
/// How much more the dearest size may cost than the cheapest.
const SPREAD_MAX: f64 = 1.3;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cost {
    /// A settlement over HTTP, all connections busy: their share of the time.
    Settlement,
    /// The processor time of it, of the server and its database.
    Processor,
    /// A tick that finds nothing due.
    IdleTick,
    /// A tick that claims a batch.
    FullTick,
    /// A tick of the reconciler that claims a batch of stuck orders.
    Looks,
}

impl Cost {
    const ALL: [Self; 5] = [Self::Settlement, Self::Processor, Self::IdleTick, Self::FullTick, Self::Looks];

    fn key(self) -> &'static str {
        match self {
            Self::Settlement => "settlement",
            Self::Processor => "settlement_cpu",
            Self::IdleTick => "idle_tick",
            Self::FullTick => "full_tick",
            Self::Looks => "looks",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Settlement => "a settlement",
            Self::Processor => "its processor time",
            Self::IdleTick => "a tick that finds nothing",
            Self::FullTick => "a tick that claims 20",
            Self::Looks => "one that claims 50 stuck orders",
        }
    }
}

/// A database of one size.
struct Filled {
    sales: usize,
    folder: PathBuf,
    /// Its address, where it is not the file in the folder.
    url: Option<String>,
    /// In microseconds, by [`Cost::ALL`].
    costs: [Vec<f64>; 5],
}

/// Where it is measured.
pub struct Growth<'a> {
    /// The command line.
    pub options: &'a Options,
    /// The server's program.
    pub binary: &'a Path,
    /// A folder for the databases.
    pub folder: &'a Path,
    /// The servers' settings, but for the database.
    pub settings: &'a [(String, String)],
}

impl Growth<'_> {
    /// On SQLite.
    ///
    /// # Errors
    /// Something does not work, or the books are wrong.
    pub fn sqlite(&self) -> Outcome<Section> {
        let (fixture, mut all) = self.begin("sqlite")?;
        let messages = Messages::sign(&fixture);
        for size in &all {
            self.filling("SQLite", size)?;
            let path = size.folder.join("veza.db");
            client::run(fixture.fill(&path))?;
            history::into_sqlite(&path, &History::before(&fixture, size.sales, &messages))?;
        }
        self.settle(&mut all, &messages, &|| Ok(Duration::ZERO))?;
        client::run(async {
            let open = |size: &Filled| SqliteStore::open(SqliteConfig::new(size.folder.join("veza.db")));
            let stores = all.iter().map(open).collect::<Result<Vec<_>, _>>()?;
            tick(&mut all, &stores.iter().map(|store| store as &dyn Work).collect::<Vec<_>>()).await?;
            stores.iter().for_each(SqliteStore::shutdown);
            Ok(())
        })?;
        for size in &all {
            let db = rusqlite::Connection::open(size.folder.join("veza.db"))?;
            check(size.sales, &fixture, |sql| Ok(db.query_row(sql, [], |row| row.get(0))?))?;
            drop(db);
            // The large ones are several gigabytes.
            fs::remove_dir_all(&size.folder)?;
        }
        Ok(section("SQLite", "sqlite", &all))
    }

    /// On Postgres.
    ///
    /// # Errors
    /// Something does not work, or the books are wrong.
    pub fn postgres(&self, cluster: &Cluster) -> Outcome<Section> {
        let (fixture, mut all) = self.begin("postgres")?;
        let messages = Messages::sign(&fixture);
        let template = "small";
        cluster.create(template, None)?;
        client::run(postgres::fill(&cluster.url(template), &fixture))?;
        for size in &mut all {
            self.filling("Postgres", size)?;
            let database = database(size);
            cluster.create(&database, Some(template))?;
            history::into_postgres(cluster, &database, &History::before(&fixture, size.sales, &messages))?;
            size.url = Some(cluster.url(&database));
        }
        self.settle(&mut all, &messages, &|| cluster.cpu())?;
        client::run(async {
            let mut stores = Vec::new();
            for size in &all {
                let url = size.url.clone().unwrap_or_default();
                stores.push(PostgresStore::connect(PostgresConfig::new(SecretString::from(url))).await?);
            }
            tick(&mut all, &stores.iter().map(|store| store as &dyn Work).collect::<Vec<_>>()).await?;
            for store in &stores {
                store.shutdown().await;
            }
            Ok(())
        })?;
        for size in &all {
            let database = database(size);
            check(size.sales, &fixture, |sql| Ok(cluster.sql(&database, sql)?.parse()?))?;
            cluster.sql("postgres", &format!("DROP DATABASE {database}"))?;
        }
        cluster.sql("postgres", &format!("DROP DATABASE {template}"))?;
        Ok(section("Postgres", "postgres", &all))
    }

    /// The orders that will be settled, and the databases that are to be made.
    fn begin(&self, name: &str) -> Outcome<(Fixture, Vec<Filled>)> {
        let fixture = Fixture::new(WARM_UP + TURNS * SETTLED + STUCK)?;
        let all = self.options.sizes.iter().map(|sales| {
            let folder = self.folder.join(format!("{name}-{sales}"));
            fs::create_dir_all(&folder)?;
            Ok(Filled { sales: *sales as usize, folder, url: None, costs: Default::default() })
        });
        Ok((fixture, all.collect::<Outcome<Vec<_>>>()?))
    }

    /// Says what comes, if there is room for it.
    fn filling(&self, what: &str, size: &Filled) -> Outcome<()> {
        let sales = report::number(size.sales as f64);
        let (room, wanted) = (machine::room(self.folder)?, BYTES_AT_LEAST + size.sales as u64 * BYTES_PER_SALE);
        if room < wanted {
            let (room, wanted) = (room >> 20, wanted >> 20);
            return fail(format!(
                "{sales} sales take up to {wanted} MiB, and there are {room} in {}: see --dir, --sizes",
                self.folder.display()
            ));
        }
        progress!("filling {what} with {sales} sales");
        Ok(())
    }

    /// Settles in turns. `database` says what processor time the database has used by itself.
    fn settle(&self, all: &mut [Filled], messages: &Messages<'_>, database: &dyn Fn() -> Outcome<Duration>) -> Outcome<()> {
        progress!("settlements by size");
        let start = |size: &Filled| {
            let url = size.url.iter().map(|url| ("DATABASE_URL".to_owned(), url.clone()));
            let settings: Vec<_> = self.settings.iter().cloned().chain(url).collect();
            Server::start(self.binary, &size.folder, Role::Api, &settings)
        };
        let servers = all.iter().map(start).collect::<Outcome<Vec<_>>>()?;
        let load = |server: &Server, first: usize, count: usize| {
            let stop = Stop { before: first + count, after: Duration::MAX };
            client::run(client::closed(&[server.address], CONNECTIONS, first, stop, messages))
        };
        servers.iter().try_for_each(|server| load(server, 0, WARM_UP).map(|_| ()))?;
        let used = |server: &Server| -> Outcome<Duration> { Ok(server.usage()?.cpu + database()?) };
        let mut spent = vec![Vec::new(); servers.len()];
        for turn in 0..TURNS {
            for at in there_and_back(turn, all.len()) {
                let server = &servers[at];
                let before = used(server)?;
                let load = load(server, WARM_UP + turn * SETTLED, SETTLED)?;
                spent[at].push((used(server)?.saturating_sub(before), load.answered));
                all[at].costs[place(Cost::Settlement)].push(micros(load.elapsed) / load.answered as f64);
            }
        }
        // The kernel counts in hundredths of a second, so all turns are taken together.
        for (size, spent) in all.iter_mut().zip(spent) {
            let (time, count) = spent.iter().fold((Duration::ZERO, 0), |(time, count), (used, answered)| (time + *used, count + answered));
            size.costs[place(Cost::Processor)].push(micros(time) / count as f64);
        }
        servers.into_iter().try_for_each(Server::stop)
    }
}

fn database(size: &Filled) -> String {
    format!("sales{}", size.sales)
}

/// Lets workers look for due work, in turns. What they find is the transfers of what has just been settled.
async fn tick(all: &mut [Filled], stores: &[&dyn Work]) -> Outcome<()> {
    progress!("workers' ticks by size");
    let now = Timestamp(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?).plus(Duration::from_secs(1));
    for turn in 0..=TURNS {
        for at in there_and_back(turn, all.len()) {
            let (size, store) = (&mut all[at], stores[at]);
            let mut record = |cost: Cost, began: Instant| {
                // Connections are made and statements prepared in the first turn.
                if turn > 0 {
                    size.costs[place(cost)].push(micros(began.elapsed()));
                }
            };
            for _ in 0..IDLE_TICKS {
                let began = Instant::now();
                idle(store, now).await?;
                record(Cost::IdleTick, began);
            }
            let began = Instant::now();
            let looks = store.claim_looks(&looks(LookClass::PendingOrders, now)).await?.len();
            record(Cost::Looks, began);
            if looks != LOOKS as usize {
                return fail(format!("{looks} stuck orders were due instead of {LOOKS}"));
            }
            for _ in 0..FULL_TICKS {
                let began = Instant::now();
                let claimed = store.claim_transfers(now, LEASE, BATCH).await?.len();
                record(Cost::FullTick, began);
                if claimed != BATCH as usize {
                    return fail(format!("{claimed} transfers were due instead of {BATCH}"));
                }
            }
        }
    }
    Ok(())
}

/// Nobody is always the first: the order of a turn is that of the one before, turned round.
fn there_and_back(turn: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |place| if turn.is_multiple_of(2) { place } else { count - 1 - place })
}

/// What every worker that has nothing to do asks, once each; the shares and the orders of the load are due, so those are left out. A further
/// kind of worker asks here too.
async fn idle(store: &dyn Work, now: Timestamp) -> Result<(), StoreError> {
    store.claim_effects(now, LEASE, BATCH).await?;
    store.claim_reversals(now, LEASE, BATCH).await?;
    store.claim_subscriptions(now, LEASE, BATCH).await?;
    store.claim_placements(now, LEASE, BATCH).await?;
    for class in LookClass::ALL.into_iter().filter(|class| !class.is_at_connect() && *class != LookClass::PendingOrders) {
        store.claim_looks(&looks(class, now)).await?;
    }
    Ok(())
}

/// What the reconciler claims; nothing of it is due again before all is over.
fn looks(class: LookClass, now: Timestamp) -> LookClaim {
    let pause = RetryPolicy { retries_max: u32::MAX, base: LEASE, max: LEASE };
    LookClaim { class, now, older_than: now, lease: LEASE, pause, pass: None, limit: LOOKS }
}

fn place(cost: Cost) -> usize {
    cost as usize
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The books of one database: all that was due was settled, once, and they balance.
fn check(sales: usize, fixture: &Fixture, count: impl Fn(&str) -> Outcome<i64>) -> Outcome<()> {
    let orders = i64::try_from(sales + fixture.orders() - STUCK)?;
    let refunded = i64::try_from(sales / history::REFUNDED_EVERY)?;
    let settled = i64::try_from(fixture.orders() - STUCK)?;
    let stuck = i64::try_from(STUCK)?;
    let checks = [
        ("orders that were paid", "SELECT count(*) FROM orders WHERE completed_at IS NOT NULL", orders),
        ("orders that wait", "SELECT count(*) FROM orders WHERE status = 'pending'", stuck),
        ("licences", "SELECT count(*) FROM licences", orders),
        ("transfers that wait", "SELECT count(*) FROM transfers WHERE status = 'pending'", settled),
        ("balances that differ from the ledger", "SELECT count(*) FROM ledger_drift", 0),
        ("held by the PSP", "SELECT sum(amount) FROM ledger_entries WHERE account = 'psp_clearing'", (orders - refunded) * PRICE),
    ];
    for (what, sql, expected) in checks {
        let found = count(sql)?;
        if found != expected {
            return fail(format!("the books of {sales} sales are wrong: {what}: {found} instead of {expected}"));
        }
    }
    Ok(())
}

fn section(what: &str, key: &str, all: &[Filled]) -> Section {
    let mut section = Section::new(format!("{what}: cost beside sales that are over"));
    for cost in Cost::ALL {
        let costs: Vec<f64> = all.iter().map(|size| middle(size.costs[place(cost)].iter().copied())).collect();
        for (size, micros) in all.iter().zip(&costs) {
            let sales = size.sales;
            section.add(
                format!("{key}_{}_{sales}", cost.key()),
                format!("{}, {} sales", cost.name(), report::number(sales as f64)),
                *micros,
                "µs",
            );
        }
        let most = costs.iter().copied().fold(0.0, f64::max);
        let spread = most / costs.iter().copied().fold(f64::INFINITY, f64::min);
        let target = Target { wanted: "<= 1.3", met: spread <= SPREAD_MAX };
        section.add_with(format!("{key}_{}_spread", cost.key()), format!("{}, dearest to cheapest", cost.name()), spread, "", target);
    }
    section
}
