//! The contest: everybody settles on the same cluster with as many clients, turn by turn, each in a database of its own that begins as
//! a copy of the same one.
//!
//! Invariants: before each turn a checkpoint, so that all begin alike; what a turn settles before its connections know their
//! statements does not count; all that was settled is checked at the end.

use crate::client::{self, Stop};
use crate::failure::{Outcome, fail};
use crate::fixture::Fixture;
use crate::messages::Messages;
use crate::options::Options;
use crate::postgres::cluster::Cluster;
use crate::postgres::pgbench::Pgbench;
use crate::postgres::script;
use crate::postgres::statements::{Listener, Statement};
use crate::process;
use crate::report::{Section, Target};
use crate::server::{Role, Server};
use crate::settlements::verify::{self, Expected};
use crate::stats::{Latencies, middle};
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use veza_postgres::{PostgresConfig, PostgresStore};

/// Turns of each.
const TURNS: usize = 5;
/// What of a turn does not count.
const WARM_UP: Duration = Duration::from_secs(1);
/// Share of pgbench's rate that one instance should reach.
const SHARE_MIN: f64 = 0.7;
/// What two instances should reach of the rate of one.
const TWO_MIN: f64 = 1.0;
/// The database that all others are copied from.
const TEMPLATE: &str = "prepared";

/// Who settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contender {
    /// One instance that only answers.
    One,
    /// Two of them, which share the clients.
    Two,
    /// One instance, its workers running.
    Workers,
    /// pgbench, all statements of a settlement.
    Statements,
    /// pgbench, only those that write.
    Writes,
}

impl Contender {
    const ALL: [Self; 5] = [Self::One, Self::Statements, Self::Two, Self::Writes, Self::Workers];

    /// Its database.
    fn database(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Two => "two",
            Self::Workers => "workers",
            Self::Statements => "statements",
            Self::Writes => "writes",
        }
    }

    /// For people.
    fn name(self) -> &'static str {
        match self {
            Self::One => "one instance",
            Self::Two => "two instances",
            Self::Workers => "one instance and its workers",
            Self::Statements => "pgbench, the same statements",
            Self::Writes => "pgbench, only what is written",
        }
    }
}

/// What a turn came to.
struct Turn {
    rate: f64,
    settled: usize,
    /// Processor time of Postgres, of the instances and of the client, each settlement.
    cpu: [f64; 3],
    latencies: Latencies,
}

/// What everybody settles.
struct Contest<'a> {
    options: &'a Options,
    binary: &'a Path,
    folder: &'a Path,
    settings: &'a [(String, String)],
    cluster: &'a Cluster,
    fixture: &'a Fixture,
    messages: &'a Messages<'a>,
    /// pgbench with all statements, and with those that write.
    pgbench: [Pgbench<'a>; 2],
}

/// Measures on a running cluster. `settings` are the servers', but for the database.
///
/// # Errors
/// Something does not work, or the books are wrong.
pub fn measure(options: &Options, binary: &Path, folder: &Path, settings: &[(String, String)], cluster: &Cluster) -> Outcome<Section> {
    let fixture = Fixture::new(options.orders as usize)?;
    let messages = Messages::sign(&fixture);
    progress!("preparing {} pending orders on Postgres", fixture.orders());
    cluster.create(TEMPLATE, None)?;
    client::run(fill(&cluster.url(TEMPLATE), &fixture))?;
    cluster.sql(TEMPLATE, "VACUUM ANALYZE")?;
    progress!("listening to the statements of a settlement");
    let listener = Listener { cluster, template: TEMPLATE, binary, folder, settings };
    let statements = listener.one_settlement(&fixture, &messages)?;
    let writes: Vec<Statement> = statements.iter().filter(|statement| !statement.text.starts_with("SELECT")).cloned().collect();
    progress!("  {} statements, {} of them write", statements.len(), writes.len());
    let pgbench = [
        Pgbench::new(cluster, folder, "statements", script::of(&statements, &fixture)?)?,
        Pgbench::new(cluster, folder, "writes", script::of(&writes, &fixture)?)?,
    ];
    for contender in Contender::ALL {
        cluster.create(contender.database(), Some(TEMPLATE))?;
    }
    let contest = Contest { options, binary, folder, settings, cluster, fixture: &fixture, messages: &messages, pgbench };
    let mut turns: Vec<Vec<Turn>> = Vec::new();
    for round in 0..TURNS {
        turns.push(contest.round(round)?);
    }
    progress!("checking the books");
    for (place, contender) in Contender::ALL.into_iter().enumerate() {
        let settled = turns.iter().map(|round| round[place].settled).sum();
        verify::postgres(cluster, contender.database(), &fixture, Expected { settled, repeated: 0 })?;
        cluster.sql("postgres", &format!("DROP DATABASE {}", contender.database()))?;
    }
    cluster.sql("postgres", &format!("DROP DATABASE {TEMPLATE}"))?;
    Ok(section(options, statements.len(), turns))
}

/// Makes the schema and fills it.
///
/// # Errors
/// The database does not take it.
pub async fn fill(url: &str, fixture: &Fixture) -> Outcome<()> {
    let store = PostgresStore::connect(PostgresConfig::new(SecretString::from(url))).await?;
    let filled = fixture.fill_store(&store).await;
    store.shutdown().await;
    filled
}

impl Contest<'_> {
    /// A turn of each, in an order that is turned round every time.
    fn round(&self, round: usize) -> Outcome<Vec<Turn>> {
        let mut turns: Vec<(usize, Turn)> = Vec::new();
        let mut order: Vec<(usize, Contender)> = Contender::ALL.into_iter().enumerate().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (place, contender) in order {
            self.cluster.sql("postgres", "CHECKPOINT")?;
            let turn = self.turn(contender, round)?;
            progress!("  {}/{TURNS} {}: {:.0}/s", round + 1, contender.name(), turn.rate);
            turns.push((place, turn));
        }
        turns.sort_by_key(|(place, _)| *place);
        Ok(turns.into_iter().map(|(_, turn)| turn).collect())
    }

    /// Orders of a turn.
    fn share(&self) -> usize {
        self.fixture.orders() / TURNS
    }

    /// How long a turn is counted.
    fn length(&self) -> Duration {
        Duration::from_secs((self.options.seconds / 2).max(1))
    }

    fn turn(&self, contender: Contender, round: usize) -> Outcome<Turn> {
        let first = round * self.share();
        match contender {
            Contender::One => self.served(contender, 1, Role::Api, first),
            Contender::Two => self.served(contender, 2, Role::Api, first),
            Contender::Workers => self.served(contender, 1, Role::All, first),
            Contender::Statements => self.sent(contender, &self.pgbench[0], first),
            Contender::Writes => self.sent(contender, &self.pgbench[1], first),
        }
    }

    /// Settles over HTTP.
    fn served(&self, contender: Contender, instances: usize, role: Role, first: usize) -> Outcome<Turn> {
        let mut settings = self.settings.to_vec();
        settings.push(("DATABASE_URL".to_owned(), self.cluster.url(contender.database())));
        settings.push(("DATABASE_POOL_MAX".to_owned(), (usize::from(self.options.connections) / instances).max(1).to_string()));
        let servers = (0..instances).map(|_| Server::start(self.binary, self.folder, role, &settings)).collect::<Outcome<Vec<_>>>()?;
        let addresses: Vec<SocketAddr> = servers.iter().map(|server| server.address).collect();
        let load = |first: usize, before: usize, after: Duration| {
            client::run(client::closed(&addresses, self.options.connections, first, Stop { before, after }, self.messages))
        };
        let end = first + self.share();
        let warm = load(first, first + self.share() / 2, WARM_UP)?;
        let used = || -> Outcome<[Duration; 3]> {
            let instances = servers.iter().map(|server| Ok(server.usage()?.cpu)).sum::<Outcome<Duration>>()?;
            Ok([self.cluster.cpu()?, instances, process::usage(std::process::id())?.cpu])
        };
        let before = used()?;
        let full = load(warm.next, end, self.length())?;
        let after = used()?;
        servers.into_iter().try_for_each(Server::stop)?;
        let each = |place: usize| micros(after[place].saturating_sub(before[place]), full.answered);
        Ok(Turn { rate: full.rate(), settled: full.next - first, cpu: [each(0), each(1), each(2)], latencies: full.latencies })
    }

    /// Settles by pgbench.
    fn sent(&self, contender: Contender, pgbench: &Pgbench<'_>, first: usize) -> Outcome<Turn> {
        let mut before = [Duration::ZERO; 2];
        // Its own time arrives in ours when it has ended.
        let awaited = process::awaited_cpu()?;
        let mut warm = |id| {
            before = [self.cluster.cpu()?, awaited + process::usage(id)?.cpu];
            Ok(())
        };
        let load = pgbench.run(contender.database(), first, self.options.connections, [WARM_UP, self.length()], &mut warm)?;
        let after = [self.cluster.cpu()?, process::awaited_cpu()?];
        let counted = (load.rate * self.length().as_secs_f64()) as usize;
        let [postgres, client] = [0, 1].map(|place| micros(after[place].saturating_sub(before[place]), counted));
        if load.processed > self.share() {
            return fail(format!("pgbench settled {} orders in one turn: prepare more (--orders)", load.processed));
        }
        Ok(Turn { rate: load.rate, settled: load.processed, cpu: [postgres, 0.0, client], latencies: Latencies::default() })
    }
}

fn micros(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

fn section(options: &Options, statements: usize, turns: Vec<Vec<Turn>>) -> Section {
    let place = |contender: Contender| Contender::ALL.iter().position(|other| *other == contender).unwrap_or(0);
    let of = |contender: Contender, figure: &dyn Fn(&Turn) -> f64| middle(turns.iter().map(|round| figure(&round[place(contender)])));
    let rate = |contender: Contender| of(contender, &|turn| turn.rate);
    // Turn by turn, because machines have better and worse minutes.
    let ratio = |one: Contender, other: Contender| middle(turns.iter().map(|round| round[place(one)].rate / round[place(other)].rate));
    let share = ratio(Contender::One, Contender::Statements);
    let two = ratio(Contender::Two, Contender::One);
    let cpu = |round: &Vec<Turn>, contender: Contender| round[place(contender)].cpu.iter().sum::<f64>();
    let cpu_share = middle(turns.iter().map(|round| cpu(round, Contender::Statements) / cpu(round, Contender::One)));
    let mut latencies = Latencies::default();
    turns.iter().for_each(|round| latencies.absorb(round[place(Contender::One)].latencies.clone()));
    let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let mut section = Section::new(format!("Settlements on Postgres, {} clients", options.connections));
    for (key, contender) in [
        ("postgres_one", Contender::One),
        ("postgres_pgbench", Contender::Statements),
        ("postgres_pgbench_writes", Contender::Writes),
        ("postgres_two", Contender::Two),
        ("postgres_workers", Contender::Workers),
    ] {
        section.add(key, contender.name(), rate(contender), "/s");
    }
    section
        .add_with("postgres_share", "one instance to pgbench", share, "", Target { wanted: ">= 0.70", met: share >= SHARE_MIN })
        .add("postgres_cpu_share", "the same by processor time, clients included", cpu_share, "")
        .add_with("postgres_instances", "two instances to one", two, "", Target { wanted: ">= 1.0", met: two >= TWO_MIN })
        .add("postgres_p50", "one instance: median", millis(latencies.quantile(0.5)), "ms")
        .add("postgres_p99", "one instance: 99 of 100 within", millis(latencies.quantile(0.99)), "ms")
        .add("postgres_statements", "statements of a settlement", statements as f64, "");
    for (key, what, contender, of_whom) in [
        ("postgres_cpu", "processor time of Postgres, each", Contender::One, 0),
        ("postgres_cpu_pgbench", "the same under pgbench", Contender::Statements, 0),
        ("postgres_cpu_server", "of the instance", Contender::One, 1),
        ("postgres_cpu_client", "of the client", Contender::One, 2),
        ("postgres_cpu_client_pgbench", "of pgbench", Contender::Statements, 2),
    ] {
        section.add(key, what, of(contender, &|turn| turn.cpu[of_whom]), "µs");
    }
    let settled: usize = turns.iter().flatten().map(|turn| turn.settled).sum();
    section.add("postgres_settled", "settled in all, and checked", settled as f64, "");
    section
}
