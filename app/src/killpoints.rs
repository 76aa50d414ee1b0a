//! Named points around every call of a provider and every commit, at one of which the process kills itself with SIGKILL.
//!
//! For the crash matrix alone (`docs/proof/crash.md`). Two things keep it out of the product: the feature `kill-points`, which only
//! `tests/crash` asks for, and [`arm_from_env`], which only the binary of that package calls. A program that never armed has not
//! one decorator more than without the feature, whatever stands in its environment.

mod names;
mod ports;
mod store;

use crate::services::{App, Psp};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// `<point>#<hit>`: where the process kills itself; the first hit is 1. `*#<n>`: at the nth point of any name.
pub const KILL_AT: &str = "VEZA_KILL_AT";
/// A file to which the name of every point is added as it is passed, one a line.
pub const RECORD: &str = "VEZA_KILL_RECORD";

/// Stands for every point.
const ANY: &str = "*";

static PLAN: OnceLock<Arc<Plan>> = OnceLock::new();

/// What this process does at its points.
struct Plan {
    kill_at: Option<(String, u32)>,
    record: Option<PathBuf>,
    hits: Mutex<BTreeMap<String, u32>>,
}

/// Reads the plan from the environment. Without this call no point does anything.
///
/// # Errors
/// In words, when a plan is there and can't be read: a matrix whose kills never come would prove nothing.
pub fn arm_from_env() -> Result<(), String> {
    let kill_at = match std::env::var(KILL_AT) {
        Ok(text) => {
            let parsed = text.rsplit_once('#').and_then(|(point, hit)| Some((point.to_owned(), hit.parse().ok()?)));
            Some(parsed.ok_or_else(|| format!("{KILL_AT} is <point>#<hit>, not {text}"))?)
        }
        Err(_) => None,
    };
    let record = std::env::var_os(RECORD).map(PathBuf::from);
    if kill_at.is_some() || record.is_some() {
        let plan = Plan { kill_at, record, hits: Mutex::default() };
        PLAN.set(Arc::new(plan)).map_err(|_| "armed twice".to_owned())?;
    }
    Ok(())
}

/// `app` with points around what it calls, where this process is armed.
pub(crate) fn guarded(mut app: App) -> App {
    let Some(plan) = PLAN.get() else { return app };
    app.psp = app.psp.take().map(|psp| Psp {
        provider: Arc::new(ports::Points { inner: psp.provider, plan: Arc::clone(plan) }),
        reads: Arc::new(ports::Points { inner: psp.reads, plan: Arc::clone(plan) }),
        webhooks: psp.webhooks,
    });
    app.connect = app
        .connect
        .take()
        .map(|inner| -> Arc<dyn veza_ports::transfers::TransferService> { Arc::new(ports::Points { inner, plan: Arc::clone(plan) }) });
    app.distributor = app.distributor.take().map(|inner| -> Arc<dyn veza_ports::distribution::DistributorProvider> {
        Arc::new(ports::Points { inner, plan: Arc::clone(plan) })
    });
    app.mailer = Arc::new(ports::Points { inner: app.mailer, plan: Arc::clone(plan) });
    app.store = Arc::new(store::Points { inner: app.store, plan: Arc::clone(plan) });
    app
}

impl Plan {
    /// The process is at this point; it may be its last.
    fn at(&self, point: &str) {
        // Held until the end, so that what is recorded is in the order of what happened.
        let mut hits = self.hits.lock().unwrap_or_else(PoisonError::into_inner);
        for name in [point, ANY] {
            *hits.entry(name.to_owned()).or_default() += 1;
        }
        if let Some(path) = &self.record {
            let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
            if let Err(error) = file.and_then(|mut file| file.write_all(format!("{point}\n").as_bytes())) {
                tracing::error!(%error, point, "a point was passed and could not be recorded");
            }
        }
        if self.kill_at.as_ref().is_some_and(|(name, nth)| (name == point || name == ANY) && hits.get(name) == Some(nth)) {
            let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            tracing::error!(?killed, point, "could not be killed"); // never reached: the signal comes before the call returns
        }
    }

    /// `call` between two points.
    async fn around<T>(&self, name: &str, call: impl Future<Output = T>) -> T {
        self.at(&format!("{name}.before"));
        let answer = call.await;
        self.at(&format!("{name}.after"));
        answer
    }
}
