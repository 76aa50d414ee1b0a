//! The command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// Measures a release build of Veza from outside, over HTTP, beside what the same machine does without Veza.
#[derive(Clone, Debug, Parser)]
#[command(name = "veza-bench", version)]
pub struct Options {
    /// Which benchmarks, by comma; all but the soak without it.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub only: Vec<Benchmark>,
    /// Seconds that each load lasts.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Minutes that the soak lasts.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub minutes: u64,
    /// Pending orders to prepare: about 18 seconds of the rate that is to be measured.
    #[arg(long, default_value_t = 150_000, value_name = "N", value_parser = clap::value_parser!(u32).range(2_000..=10_000_000))]
    pub orders: u32,
    /// Connections of the load, and most units in one transaction of the bare loop.
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub connections: u16,
    /// Sales that are over in the tables beside which costs are compared, by comma.
    #[arg(long, value_delimiter = ',', value_name = "N", default_value = "1000,100000,1000000")]
    pub sizes: Vec<u32>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// The binary to measure; without it the release build is made first.
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// Folder for the databases: measures the disk that it is on. Without it: beside the build.
    #[arg(long, value_name = "PATH")]
    pub dir: Option<PathBuf>,
    /// One more setting for the servers, as NAME=VALUE; may be repeated.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// Keep the databases and the servers' logs.
    #[arg(long)]
    pub keep: bool,
    /// Serve the endpoint that does nothing, until standard input ends; used by the benchmark itself.
    #[arg(long, hide = true)]
    pub serve_nothing: bool,
}

/// One benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Benchmark {
    /// Durable settlements a second, and their latency.
    Settlements,
    /// Checkouts a second, from the order to the licence.
    Checkouts,
    /// A backlog of stuck orders, drained beside checkouts.
    Backlog,
    /// Minutes of load with faults; only when it is asked for.
    Soak,
    /// Product lists a second.
    Products,
    /// Start-up time and idle memory.
    Startup,
    /// Settlements a second on Postgres: one instance, two, and pgbench.
    Postgres,
    /// Cost of a settlement and of a worker's tick as tables grow, on both databases.
    Growth,
}

impl Options {
    /// Is it to run?
    #[must_use]
    pub fn wants(&self, benchmark: Benchmark) -> bool {
        self.only.contains(&benchmark) || self.only.is_empty() && benchmark != Benchmark::Soak
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("has to be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
