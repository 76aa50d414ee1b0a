//! All benchmarks in their order, and what is made of them.

use crate::client::Load;
use crate::failure::{Outcome, fail};
use crate::fixture::Fixture;
use crate::growth::Growth;
use crate::machine::{self, Machine};
use crate::messages::{self, Messages};
use crate::options::{Benchmark, Options};
use crate::postgres::cluster::{self, Cluster};
use crate::process::{Memory, Watch};
use crate::report::{Report, Section, Target};
use crate::server::{Role, Server};
use crate::settlements::bare::Bare;
use crate::settlements::{self, Settlements, verify};
use crate::startup::Startup;
use crate::{backlog, checkouts, postgres, products, soak, startup};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Share of what the machine can do that settlements should reach.
const SHARE_MIN: f64 = 0.5;
/// Flushes of the disk that 99 of 100 settlements at half load should take at most.
const FLUSHES_MAX: f64 = 20.0;
/// Time until a server is ready.
const READY_MAX: Duration = Duration::from_millis(200);
/// Memory of an idle server, in MiB.
const IDLE_MIB_MAX: f64 = 40.0;

/// Percent of the processors that others may take before figures are in doubt.
const OTHERS_MAX: f64 = 3.0;

/// Runs what the options want, with databases under `dir`.
///
/// # Errors
/// Something does not work, or the books are wrong: then no figure counts.
pub fn run(options: &Options, binary: &Path, dir: &Path) -> Outcome<Report> {
    let machine = Machine::read(dir);
    if matches!(machine.filesystem.as_str(), "tmpfs" | "ramfs") {
        progress!("warning: {} is in memory, where nothing is ever durable; see --dir", dir.display());
    }
    let watch = Watch::begin()?;
    let mut suite = Suite { options, binary, dir, machine, sections: Vec::new() };
    if options.wants(Benchmark::Startup) {
        suite.empty_start()?;
    }
    if [Benchmark::Settlements, Benchmark::Products, Benchmark::Startup].into_iter().any(|benchmark| options.wants(benchmark)) {
        suite.on_filled_database()?;
    }
    if options.wants(Benchmark::Checkouts) {
        suite.checkouts()?;
    }
    if options.wants(Benchmark::Backlog) {
        progress!("a backlog of stuck orders");
        let folder = suite.folder("backlog")?;
        let section = backlog::measure(options, binary, &folder)?;
        suite.sections.push(section);
    }
    if options.wants(Benchmark::Soak) {
        progress!("soak");
        let folder = suite.folder("soak")?;
        let section = soak::measure(options, binary, &folder)?;
        suite.sections.push(section);
    }
    if options.wants(Benchmark::Growth) {
        let folder = suite.folder("growth")?;
        let section = Growth { options, binary, folder: &folder, settings: &suite.settings() }.sqlite()?;
        suite.sections.push(section);
    }
    if options.wants(Benchmark::Postgres) || options.wants(Benchmark::Growth) {
        suite.on_postgres()?;
    }
    let others = watch.others()?;
    let (programs, machines) = (others.programs * 100.0, others.machines * 100.0);
    if programs + machines > OTHERS_MAX {
        progress!("warning: others took {:.0} % of the processors meanwhile; measure again when it is quiet", programs + machines);
    }
    let quiet = |share| Target { wanted: "< 3 %", met: share < OTHERS_MAX };
    let mut section = Section::new("Was it quiet?");
    section.add_with("others", "processor time of other programs", programs, "%", quiet(programs)).add_with(
        "stolen",
        "processor time kept by the host",
        machines,
        "%",
        quiet(machines),
    );
    suite.sections.push(section);
    Ok(Report { machine: suite.machine, sections: suite.sections })
}

struct Suite<'a> {
    options: &'a Options,
    binary: &'a Path,
    dir: &'a Path,
    machine: Machine,
    sections: Vec<Section>,
}

impl Suite<'_> {
    /// A folder of its own for one benchmark.
    fn folder(&self, name: &str) -> Outcome<PathBuf> {
        let folder = self.dir.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    fn empty_start(&mut self) -> Outcome<()> {
        progress!("start-up in an empty folder, as `make run` does it");
        let started = startup::empty(self.binary, &self.folder("startup")?, &self.options.env)?;
        let mut section = Section::new("Empty folder, sandbox inside");
        add_start(&mut section, ["empty_ready", "empty_idle_rss", "empty_idle_pss"], started);
        self.sections.push(section);
        Ok(())
    }

    fn on_filled_database(&mut self) -> Outcome<()> {
        let wants = |benchmark| self.options.wants(benchmark);
        let settling = wants(Benchmark::Settlements);
        let fixture = Fixture::new(if settling { self.options.orders as usize } else { 2000 })?;
        let folder = self.folder("settlements")?;
        let database = folder.join("veza.db");
        progress!("preparing {} pending orders", fixture.orders());
        crate::client::run(fixture.fill(&database))?;
        let messages = Messages::sign(&fixture);
        let mut beside = if settling { Some(self.beside(&folder, &database, &fixture, &messages)?) } else { None };
        if wants(Benchmark::Startup) {
            progress!("start-up on the filled database");
            let started = startup::filled(self.binary, &folder, &self.settings())?;
            let mut section = Section::new(format!("Database with {} orders", fixture.orders()));
            add_start(&mut section, ["filled_ready", "filled_idle_rss", "filled_idle_pss"], started);
            self.sections.push(section);
        }
        let server = Server::start(self.binary, &folder, Role::All, &self.settings())?;
        let mut settled = None;
        if settling {
            progress!("settlements over HTTP");
            settled = Some(settlements::measure(self.options, &server, &folder, &fixture, &messages)?);
        }
        if wants(Benchmark::Products) {
            progress!("product lists");
            let load = products::measure(self.options, &server)?;
            self.sections.push(products_section(self.options, load));
        }
        let memory = startup::idle(&server)?;
        server.stop()?;
        if let Some((measured, mut beside)) = settled.zip(beside.take()) {
            progress!("bare loop, once more");
            self.bare_turn(&mut beside.bare)?;
            progress!("checking the books");
            let expected = verify::Expected { settled: measured.settled, repeated: measured.repeated };
            verify::sqlite(&database, &fixture, expected)?;
            let (bare, nothing) = (beside.bare.rate()?, beside.nothing);
            self.sections.insert(0, settlements_section(measured, Rates { flush: beside.flush, nothing, bare }, memory)?);
        }
        Ok(())
    }

    /// What the machine does without Veza; the bare loop has another turn later.
    fn beside<'a>(&self, folder: &Path, database: &Path, fixture: &'a Fixture, messages: &'a Messages<'a>) -> Outcome<Beside<'a>> {
        progress!("flushes of the disk");
        let flush = machine::flush_time(folder)?;
        progress!("signed POST that does nothing");
        let nothing = settlements::do_nothing(self.options, messages, fixture.orders())?.rate();
        progress!("bare loop: the same rows");
        let mut bare = Bare::new(folder, database, fixture, messages)?;
        self.bare_turn(&mut bare)?;
        Ok(Beside { flush, nothing, bare })
    }

    fn bare_turn(&self, bare: &mut Bare<'_>) -> Outcome<()> {
        let count = f64::from(self.options.orders) * settlements::FOR_RATE / 2.0;
        bare.turn(count as usize, usize::from(self.options.connections))
    }

    fn checkouts(&mut self) -> Outcome<()> {
        progress!("checkouts, sandbox inside");
        let (folder, fixture) = (self.folder("checkouts")?, checkouts::fixture(0)?);
        crate::client::run(fixture.fill(&folder.join("veza.db")))?;
        let mut measured = checkouts::measure(self.options, self.binary, &folder, &fixture)?;
        let mut section = Section::new("Checkouts to paid, 8 buyers, sandbox inside");
        section
            .add("checkouts", "order, payment, webhook, completed", measured.paid as f64 / measured.elapsed.as_secs_f64(), "/s")
            .add("checkouts_p50", "from order to completed, median", millis(measured.latencies.quantile(0.5)), "ms")
            .add("checkouts_p99", "99 of 100 within", millis(measured.latencies.quantile(0.99)), "ms");
        self.sections.push(section);
        Ok(())
    }

    fn on_postgres(&mut self) -> Outcome<()> {
        let Some(programs) = cluster::programs() else {
            if !self.options.only.contains(&Benchmark::Postgres) {
                progress!("Postgres is not installed, so nothing is measured on it: apt-get install postgresql");
                return Ok(());
            }
            return fail("Postgres is not installed: apt-get install postgresql");
        };
        let folder = self.folder("postgres")?;
        let cluster = Cluster::start(&programs, &folder.join("cluster"))?;
        self.machine.postgres = Some(cluster.version()?);
        if self.options.wants(Benchmark::Postgres) {
            let section = postgres::measure(self.options, self.binary, &folder, &self.settings(), &cluster)?;
            self.sections.push(section);
        }
        if self.options.wants(Benchmark::Growth) {
            let growth = Growth { options: self.options, binary: self.binary, folder: &folder, settings: &self.settings() };
            self.sections.push(growth.postgres(&cluster)?);
        }
        cluster.stop()
    }

    /// Settings of the server that settles: it knows the PSP by its signature only, and no Connect.
    fn settings(&self) -> Vec<(String, String)> {
        let own = [
            ("HYPERSWITCH_ENABLED", "true"),
            ("HYPERSWITCH_URL", "http://127.0.0.1:9"),
            ("HYPERSWITCH_API_KEY", "unused"),
            ("HYPERSWITCH_WEBHOOK_SECRET", messages::SECRET),
            ("SANDBOX_ENABLED", "false"),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.chain(self.options.env.iter().cloned()).collect()
    }
}

/// What the machine does without Veza.
struct Beside<'a> {
    flush: Duration,
    nothing: f64,
    bare: Bare<'a>,
}

/// The same, measured.
#[derive(Clone, Copy)]
struct Rates {
    flush: Duration,
    nothing: f64,
    bare: f64,
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn add_start(section: &mut Section, [key, rss, pss]: [&'static str; 3], Startup { ready, memory }: Startup) {
    section
        .add_with(key, "ready after", millis(ready), "ms", Target { wanted: "< 200 ms", met: ready < READY_MAX })
        .add_with(rss, "idle memory (RSS)", mib(memory.resident_kib), "MiB", idle_target(memory))
        .add(pss, "of that its own (PSS)", mib(memory.proportional_kib), "MiB");
}

fn idle_target(memory: Memory) -> Target {
    Target { wanted: "< 40 MiB", met: mib(memory.resident_kib) < IDLE_MIB_MAX }
}

fn products_section(options: &Options, mut load: Load) -> Section {
    let mut section = Section::new(format!("List of 20 of 1,000 products, {} connections", options.connections));
    section.add("products", "lists", load.rate(), "/s").add("products_p50", "median", millis(load.latencies.quantile(0.5)), "ms").add(
        "products_p99",
        "99 of 100 within",
        millis(load.latencies.quantile(0.99)),
        "ms",
    );
    section
}

fn settlements_section(mut measured: Settlements, beside: Rates, after: Memory) -> Outcome<Section> {
    let rate = measured.full.rate();
    let count = measured.full.answered as f64;
    if measured.half.answered == 0 {
        return fail("no orders were left for the latency at half load: prepare more (--orders)");
    }
    let best = beside.bare.min(beside.nothing);
    let in_flushes = |duration: Duration| duration.as_secs_f64() / beside.flush.as_secs_f64();
    let p99 = measured.half.latencies.quantile(0.99);
    let p50 = measured.half.latencies.quantile(0.5);
    let micros = |duration: Duration| duration.as_secs_f64() * 1e6 / count;
    let share = Target { wanted: ">= 0.50", met: rate / best >= SHARE_MIN };
    let soon = Target { wanted: "< 20 flushes", met: in_flushes(p99) < FLUSHES_MAX };
    let mut section = Section::new("Durable settlements over HTTP");
    section
        .add("settlements", "settlements", rate, "/s")
        .add("bare", "(a) the same rows in a bare loop", beside.bare, "/s")
        .add("nothing", "(b) signed POST that does nothing", beside.nothing, "/s")
        .add("settlements_to_bare", "settlements to (a)", rate / beside.bare, "")
        .add("settlements_to_nothing", "settlements to (b)", rate / beside.nothing, "")
        .add_with("settlements_share", "settlements to the smaller of them", rate / best, "", share)
        .add("full_p50", "at full load: median", millis(measured.full.latencies.quantile(0.5)), "ms")
        .add("full_p99", "at full load: 99 of 100 within", millis(measured.full.latencies.quantile(0.99)), "ms")
        .add("half_rate", "half load", measured.half.rate(), "/s")
        .add("half_p50", "at half load: median", millis(p50), "ms")
        .add("half_p99", "at half load: 99 of 100 within", millis(p99), "ms")
        .add("flush", "4 KiB written and flushed", millis(beside.flush), "ms")
        .add("half_p50_flushes", "at half load: median", in_flushes(p50), "flushes")
        .add_with("half_p99_flushes", "at half load: 99 of 100 within", in_flushes(p99), "flushes", soon)
        .add("cpu", "processor time of the server, each", micros(measured.used.cpu), "µs")
        .add("client_cpu", "processor time of the client, each", micros(measured.client_used.cpu), "µs")
        .add("written", "written to disk, each", measured.used.written as f64 / count / 1024.0, "KiB");
    if let Some(flushes) = measured.flushes {
        section.add("units_per_flush", "settlements to a flush of the disk", count / flushes as f64, "");
    }
    section
        .add("settled", "settled in all, and checked", measured.settled as f64, "")
        .add("repeated", "sent again without effect", measured.repeated as f64, "")
        .add_with("loaded_rss", "idle memory after the load (RSS)", mib(after.resident_kib), "MiB", idle_target(after))
        .add("loaded_pss", "of that its own (PSS)", mib(after.proportional_kib), "MiB");
    Ok(section)
}
