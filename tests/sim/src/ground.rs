//! What a world stands on: time, ids, mail, and what is built once for all worlds of a process because it takes long.

use async_trait::async_trait;
use poem::EndpointExt;
use poem::endpoint::BoxEndpoint;
use secrecy::SecretString;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;
use veza::http::middleware::edge::EdgeSettings;
use veza::http::server;
use veza::metrics::Metrics;
use veza::usecases::identity::kit::Identity;
use veza_domain::time::Timestamp;
use veza_ports::clock::{Clock, IdSource, SecretBytes};
use veza_ports::mail::{Mail, MailError, Mailer};
use veza_sandbox::Routes;

use crate::points::Points;

/// When every history begins: 2026-11-20T00:00:00Z.
pub const START: Timestamp = Timestamp(1_795_132_800_000_000);
/// The server's secret of every world.
pub const SECRET: &str = "a secret of simulated worlds only, 32 bytes and more";

/// Counts for all worlds; nothing reads it.
pub static METRICS: LazyLock<Arc<Metrics>> = LazyLock::new(|| Arc::new(Metrics::new(START)));
/// The provider's routes.
pub static ROUTES: LazyLock<Arc<Routes>> = LazyLock::new(Arc::default);
/// Veza's routes: each request brings the app that it is for.
pub static ENDPOINT: LazyLock<Arc<BoxEndpoint<'static>>> = LazyLock::new(|| {
    let edge = EdgeSettings { production: false, trusted_proxies: Vec::new(), cors_allowed_origins: Vec::new(), rate_limits: None };
    Arc::new(server::endpoint_of_any(edge, Arc::clone(&METRICS)).map_to_response().boxed())
});
/// What the flows of identity share: nobody signs in here, so one is enough.
pub static IDENTITY: LazyLock<Identity> = LazyLock::new(|| Identity::new(&SecretString::from(SECRET), &Same, false));

thread_local! {
    static RUNTIME: Runtime = match Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("no runtime: {error}"),
    };
}

/// Runs something that spawns tasks of its own (the provider's handlers do) to its end, here and now.
pub fn run_to_end<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Does something where timers can be made; none of them matters.
pub fn within_runtime<T>(work: impl FnOnce() -> T) -> T {
    RUNTIME.with(|runtime| {
        let _guard = runtime.enter();
        work()
    })
}

/// Waits here and now for what another thread does (SQLite's), or for nothing at all (the memory store).
pub fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    thread_local! {
        static WAKER: Waker = Waker::from(Arc::new(Unpark(thread::current())));
    }
    let mut future = pin!(future);
    WAKER.with(|waker| {
        let mut context = Context::from_waker(waker);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    })
}

/// The time of a world, as one of its instances sees it.
pub struct SimClock {
    /// The world's.
    pub world: Arc<AtomicI64>,
    /// How far this instance is off.
    pub skew: Arc<AtomicI64>,
    /// A pause is a point like any other.
    pub points: Arc<Points>,
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.world.load(Ordering::Relaxed) + self.skew.load(Ordering::Relaxed))
    }

    async fn pause(&self, _: Duration) {
        self.points.reach("pause").await;
    }
}

/// Ids of a world: they follow from the time and from how many there were.
pub struct SimIds {
    /// The time.
    pub clock: Arc<SimClock>,
    /// How many there were.
    pub count: Arc<AtomicU64>,
}

impl IdSource for SimIds {
    fn uuid(&self) -> Uuid {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let milliseconds = u64::try_from(self.clock.now().0 / 1000).unwrap_or_default();
        let mut rest = [0; 10];
        rest[..2].copy_from_slice(&(count as u16 & 0x0fff).to_be_bytes());
        rest[2..].copy_from_slice(&count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &rest).into_uuid()
    }

    fn secret(&self) -> SecretBytes {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&self.count.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        SecretBytes(bytes)
    }
}

/// Always the same bytes.
struct Same;

impl IdSource for Same {
    fn uuid(&self) -> Uuid {
        Uuid::nil()
    }

    fn secret(&self) -> SecretBytes {
        SecretBytes([7; 32])
    }
}

/// Takes every mail.
pub struct NoMail;

#[async_trait]
impl Mailer for NoMail {
    async fn check(&self) -> Result<(), MailError> {
        Ok(())
    }

    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        Ok(())
    }
}
