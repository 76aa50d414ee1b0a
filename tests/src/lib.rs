//! A whole Veza in a test: the real server on a free port, the embedded sandbox, people who talk to it over HTTP.
//!
//! Nothing here depends on how long something takes: [`World::until`] waits for a state, with a bound that only a hang reaches.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod beside;
mod books;
pub mod exposition;
mod lines;
mod people;
pub mod plans;

pub use beside::{Reads, counted};
pub use books::assert_books_agree;
pub use exposition::Exposition;
pub use lines::Lines;
pub use people::{Answer, PASSWORD, Person};
pub use veza_cluster as cluster;

use serde_json::Value;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use veza::config::Config;
use veza::wiring::{self, Running};
use veza_cluster::Database;
use veza_domain::ids::OrderId;
use veza_domain::money::Money;
use veza_domain::settlement::{Change, OrderFile};
use veza_mail::OutboxMailer;
use veza_ports::mail::Mail;
use veza_ports::storage::{UnitId, UnitOfWork, Write};
use veza_sandbox::{Control, Fault, Op, Sandbox, SandboxConfig, Script};

/// Longest wait for a state: only a hang takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

static PEOPLE: AtomicUsize = AtomicUsize::new(0);

/// An amount of euros, in cents.
pub fn euros(cents: i64) -> Money {
    Money::new(cents, "EUR".parse().unwrap())
}

/// Which database a world is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A file.
    Sqlite,
    /// A database of this process's throw-away Postgres.
    Postgres,
}

impl Store {
    /// As `VEZA_TEST_STORE` says (`sqlite`, `postgres`); SQLite where it says nothing.
    ///
    /// # Panics
    /// When it says something else.
    #[must_use]
    pub fn from_env() -> Self {
        match std::env::var("VEZA_TEST_STORE").unwrap_or_default().as_str() {
            "" | "sqlite" => Self::Sqlite,
            "postgres" => Self::Postgres,
            other => panic!("VEZA_TEST_STORE is sqlite or postgres, not {other}"),
        }
    }
}

/// Nobody writes while it lives; closing the session undoes what it holds.
pub enum HeldWrites {
    /// A transaction that has the write lock.
    Sqlite(rusqlite::Connection),
    /// A transaction that has a table that every unit writes.
    Postgres(cluster::Held),
}

/// What a world keeps when it is stopped.
struct Ground {
    dir: TempDir,
    database: Option<Database>,
}

/// A running Veza and what it runs on.
pub struct World {
    /// The server.
    pub running: Running,
    /// The sandbox's controls; a sandbox of its own that nobody talks to where the server runs without one.
    pub sandbox: Control,
    /// HTTP.
    pub http: reqwest::Client,
    ground: Ground,
}

impl World {
    /// As a new user has it, on the store that [`Store::from_env`] names.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these settings on top.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::on(Store::from_env(), settings).await
    }

    /// On this store, with these settings on top.
    pub async fn on(store: Store, settings: &[(&str, &str)]) -> Self {
        let database = (store == Store::Postgres).then(cluster::database);
        Self::on_ground(Ground { dir: tempfile::tempdir().unwrap(), database }, settings).await
    }

    fn config(ground: &Ground, settings: &[(&str, &str)]) -> Config {
        let data = ground.dir.path().to_str().unwrap().to_owned();
        let url = ground.database.as_ref().map(Database::url).unwrap_or_default();
        let base = [
            ("DATA_DIR", data.as_str()),
            ("DATABASE_URL", url.as_str()),
            ("DATABASE_LOCK_TIMEOUT", "1s"),
            ("BIND_ADDR", "127.0.0.1:0"),
            ("SANDBOX_BIND_ADDR", "127.0.0.1:0"),
            ("RATE_LIMITS", "off"),
            ("PROVIDER_TIMEOUT", "2s"),
            ("TRANSFER_RETRY_CHECK_INTERVAL", "1s"),
            ("TRANSFER_RETRY_BACKOFF_BASE", "100ms"),
            ("TRANSFER_RETRY_BACKOFF_MAX", "1s"),
            ("REVERSAL_CHECK_INTERVAL", "1s"),
            ("REVERSAL_BACKOFF_BASE", "100ms"),
            ("REVERSAL_BACKOFF_MAX", "1s"),
            ("DISTRIBUTION_CHECK_INTERVAL", "100ms"),
            ("DISTRIBUTION_LOOK_INTERVAL", "100ms"),
            ("DISTRIBUTION_LIVE_LOOK_INTERVAL", "100ms"),
            ("DISTRIBUTION_BACKOFF_BASE", "100ms"),
            ("DISTRIBUTION_BACKOFF_MAX", "1s"),
        ];
        Config::from_pairs(base.iter().chain(settings).copied()).unwrap()
    }

    async fn on_ground(ground: Ground, settings: &[(&str, &str)]) -> Self {
        let config = Self::config(&ground, settings);
        let running = wiring::start(config).await.unwrap();
        let sandbox = match running.sandbox() {
            Some(sandbox) => sandbox.control(),
            None => Sandbox::start(SandboxConfig::default()).await.unwrap().control(),
        };
        Self { running, sandbox, http: reqwest::Client::new(), ground }
    }

    /// The settings of another process on the same files and database, such as the command line.
    pub fn beside(&self) -> Config {
        Self::config(&self.ground, &[])
    }

    /// Stops it gracefully and starts it anew on the same files and database.
    pub async fn restarted(self, settings: &[(&str, &str)]) -> Self {
        let Self { running, ground, .. } = self;
        running.shutdown().await;
        Self::on_ground(ground, settings).await
    }

    /// Keeps everybody from writing to the database until what is returned is dropped; reading goes on.
    pub fn hold_writes(&self) -> HeldWrites {
        match &self.ground.database {
            Some(database) => HeldWrites::Postgres(database.hold("LOCK TABLE units IN EXCLUSIVE MODE")),
            None => {
                let db = rusqlite::Connection::open(self.data_dir().join("veza.db")).unwrap();
                db.execute_batch("BEGIN IMMEDIATE").unwrap();
                HeldWrites::Sqlite(db)
            }
        }
    }

    /// Where it keeps its files.
    pub fn data_dir(&self) -> &std::path::Path {
        self.ground.dir.path()
    }

    /// An address of the API.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr)
    }

    /// A new buyer: registered, address proven, signed in.
    pub async fn buyer(&self) -> Person {
        Person::sign_up(self, &format!("person{}", PEOPLE.fetch_add(1, Ordering::Relaxed))).await
    }

    /// A new creator whose account at Connect can receive transfers.
    pub async fn seller(&self) -> Person {
        let seller = self.creator().await;
        let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
        self.sandbox.set_account(account["account_id"].as_str().unwrap(), Some("active"), Some(true)).unwrap();
        seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
        seller
    }

    /// A new creator without an account at Connect, who tries a plan that may sell.
    pub async fn creator(&self) -> Person {
        let creator = self.buyer().await;
        creator.post("/api/v1/me/creator", Value::Null).await.ok(200);
        creator.post("/api/v1/subscriptions/subscribe", serde_json::json!({"plan": "premium"})).await.ok(201);
        creator
    }

    /// An admin.
    pub async fn admin(&self) -> Person {
        let number = PEOPLE.fetch_add(1, Ordering::Relaxed);
        Person::admin(self, &format!("admin{number}")).await
    }

    /// Waits until `look` gives something.
    pub async fn until<T, F: Future<Output = Option<T>>>(&self, what: &str, look: impl Fn() -> F) -> T {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("never saw: {what}"))
    }

    /// Sends a webhook as the PSP does, signed.
    pub async fn webhook(&self, body: &str) -> Answer {
        let signature = veza_sandbox::sign(&SandboxConfig::default().webhook_secret, body.as_bytes());
        self.raw_webhook(body.as_bytes().to_vec(), Some(&signature)).await
    }

    /// Sends any bytes to the webhook route.
    pub async fn raw_webhook(&self, body: Vec<u8>, signature: Option<&str>) -> Answer {
        let mut request = self.http.post(self.url("/webhooks/hyperswitch")).body(body).header("content-type", "application/json");
        if let Some(signature) = signature {
            request = request.header("x-webhook-signature-512", signature);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// The next call of this kind goes wrong in this way.
    pub fn goes_wrong(&self, call: Op, fault: Fault) {
        self.sandbox.script(Script::new(call, fault)).unwrap();
    }

    /// From now on no message of the PSP arrives.
    pub fn lose_every_webhook(&self) {
        self.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost).times(0)).unwrap();
    }

    /// Writes rows past the application, as somebody at the database, an older version or an outage would.
    pub async fn write(&self, writes: Vec<Write>) {
        let app = self.running.app();
        app.store.commit(UnitOfWork::new(UnitId(app.ids.uuid().to_string()), [0; 32], app.now(), writes)).await.unwrap();
    }

    /// Writes a row of an order past the application.
    pub async fn rewrite(&self, order: &str, change: impl FnOnce(&OrderFile) -> Change) {
        let stored = self.running.app().store.order_file(order.parse().unwrap()).await.unwrap().unwrap();
        self.write(stored.writes(&[change(&stored.file)])).await;
    }

    /// From now on no message of Connect arrives.
    pub fn lose_every_stripe_webhook(&self) {
        self.sandbox.script(Script::new(Op::StripeWebhook, Fault::WebhookLost).times(0)).unwrap();
    }

    /// An order with everything that belongs to it, as the store has it.
    pub async fn order_file(&self, order: &str) -> OrderFile {
        let id: OrderId = order.parse().unwrap();
        self.running.app().store.order_file(id).await.unwrap().unwrap().file
    }

    /// What `/metrics` says.
    pub async fn metrics(&self) -> Exposition {
        let answer = self.http.get(self.url("/metrics")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        Exposition::parse(&answer.text().await.unwrap())
    }

    /// The mails that were sent to this address, the newest first.
    pub async fn mails_to(&self, email: &str) -> Vec<Mail> {
        let sent = OutboxMailer::new(self.data_dir().join("outbox")).list(1000).await.unwrap_or_default();
        sent.into_iter().map(|stored| stored.mail).filter(|mail| mail.to == email).collect()
    }

    /// Keeps everybody from reading the outbox until what is returned is dropped; on SQLite for good.
    pub fn hold_reads(&self) -> Option<cluster::Held> {
        match &self.ground.database {
            Some(database) => Some(database.hold("LOCK TABLE effects IN ACCESS EXCLUSIVE MODE")),
            None => {
                let db = rusqlite::Connection::open(self.data_dir().join("veza.db")).unwrap();
                db.execute_batch("ALTER TABLE effects RENAME TO gone").unwrap();
                None
            }
        }
    }

    /// Ends it, gracefully.
    pub async fn stop(self) {
        self.running.shutdown().await;
    }
}
