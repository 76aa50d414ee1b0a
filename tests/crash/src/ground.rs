//! What a case stands on: a database, a data folder, a sandbox, an address. Copied from a template in which a seller has sold
//! something, so that no case has to begin at the beginning.

use crate::client::{Client, until};
use crate::server::Server;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;
use tokio::process::Command;
use veza::system::SystemClock;
use veza::usecases::identity::access_tokens::AccessTokens;
use veza_cluster::Database;
use veza_domain::time::Timestamp;
use veza_ports::clock::Clock;
use veza_ports::storage::Storage;
use veza_postgres::{PostgresConfig, PostgresStore};
use veza_sandbox::{Sandbox, SandboxConfig};
use veza_sqlite::{SqliteConfig, SqliteStore};

const JWT_SECRET: &str = "one secret for all servers of the crash matrix";
pub(crate) const SERVER_PORT: u16 = 8080;
const SANDBOX_PORT: u16 = 8081;
/// A minute of the webhooks' retry clock is this part of one.
const WEBHOOK_RETRY_SCALE: f64 = 0.002;

static MADE: AtomicU32 = AtomicU32::new(0);

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// A file.
    Sqlite,
    /// A database of this process's throw-away Postgres.
    Postgres,
}

/// A world that is copied for each case: a buyer, a seller who can receive, a product, and one sale whose transfer has arrived.
pub struct Template {
    binary: PathBuf,
    store: Store,
    ground: Kept,
    people: People,
    made_at: Timestamp,
}

#[derive(Clone)]
pub(crate) struct People {
    pub(crate) buyer: Client,
    seller: Client,
    account: String,
    pub(crate) product: String,
    order: String,
}

/// What lasts when nothing runs.
struct Kept {
    dir: TempDir,
    database: Option<Database>,
}

/// One case's own ground.
pub struct Ground {
    kept: Kept,
    binary: PathBuf,
    host: Ipv4Addr,
    /// The providers.
    pub sandbox: Sandbox,
    /// Buys.
    pub buyer: Client,
    /// Sells.
    pub seller: Client,
    /// The seller's account at Connect.
    pub account: String,
    /// What is sold, for 10.00.
    pub product: String,
    /// What was sold already.
    pub order: String,
}

impl Template {
    /// Plays the beginning once.
    ///
    /// # Errors
    /// What did not happen.
    pub async fn make(binary: &Path, store: Store) -> Result<Self, String> {
        let database = (store == Store::Postgres).then(veza_cluster::database);
        let kept = Kept { dir: folder(), database };
        let host = host();
        let sandbox = sandbox(host, kept.dir.path()).await;
        let data = kept.dir.path().to_owned();
        let (url, bin) = (kept.database.as_ref().map(Database::url), binary.to_owned());
        let server = Server::start(move |_| command(&bin, &data, url.as_deref(), host));
        let nobody = Client::new(&format!("http://{host}:{SERVER_PORT}"));
        let people = open_shop(&nobody, kept.dir.path(), &sandbox).await?;
        server.kill().await;
        sandbox.stop().await;
        Ok(Self { binary: binary.to_owned(), store, ground: kept, people, made_at: SystemClock.now() })
    }

    /// A copy.
    pub async fn copy(&self) -> Ground {
        let dir = folder();
        for file in ["veza.db", "veza.db-wal", "sandbox.db", "sandbox.db-wal"] {
            let from = self.ground.dir.path().join(file);
            if from.exists() {
                std::fs::copy(&from, dir.path().join(file)).expect("a copy");
            }
        }
        let database = self.ground.database.as_ref().map(|template| veza_cluster::cluster().create(Some(template)));
        let host = host();
        let sandbox = sandbox(host, dir.path()).await;
        let nobody = Client::new(&format!("http://{host}:{SERVER_PORT}"));
        let tokens = AccessTokens::new(&SecretString::from(JWT_SECRET));
        // A new token of the same login: the matrix may last longer than one is good for.
        let anew = |person: &Client| {
            let (user, session) = tokens.read(person.token(), self.made_at).expect("a token of ours");
            nobody.with_token(&tokens.issue(user, session, SystemClock.now()).expect("a token"))
        };
        let People { buyer, seller, account, product, order } = self.people.clone();
        Ground {
            kept: Kept { dir, database },
            binary: self.binary.clone(),
            host,
            sandbox,
            buyer: anew(&buyer),
            seller: anew(&seller),
            account,
            product,
            order,
        }
    }

    /// Which database.
    #[must_use]
    pub fn store(&self) -> Store {
        self.store
    }
}

impl Ground {
    /// Starts the server; `more` gives the variables on top for each of its lives.
    #[must_use]
    pub fn start(&self, more: impl Fn(u32) -> Vec<(&'static str, String)> + Send + Sync + 'static) -> Server {
        let (binary, data, host) = (self.binary.clone(), self.kept.dir.path().to_owned(), self.host);
        let url = self.kept.database.as_ref().map(Database::url);
        Server::start(move |life| {
            let mut command = command(&binary, &data, url.as_deref(), host);
            command.envs(more(life));
            command
        })
    }

    /// Messages of the providers that have not been taken yet.
    #[must_use]
    pub fn messages_on_their_way(&self) -> usize {
        on_their_way(&self.sandbox)
    }

    /// A file of this case's folder.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.kept.dir.path().join(name)
    }

    /// Opens the store beside the server.
    pub(crate) async fn open(&self) -> Opened {
        match &self.kept.database {
            Some(database) => {
                let config = PostgresConfig { pool_max: 1, ..PostgresConfig::new(SecretString::from(database.url())) };
                Opened::Postgres(Arc::new(PostgresStore::connect(config).await.expect("a database")))
            }
            None => {
                let config = SqliteConfig { readers: 1, ..SqliteConfig::new(self.file("veza.db")) };
                Opened::Sqlite(Arc::new(SqliteStore::open(config).expect("a database")))
            }
        }
    }

    /// Ends it, and drops what it stood on.
    pub async fn end(self) {
        self.sandbox.stop().await;
        if let Some(database) = self.kept.database {
            database.drop_now();
        }
    }
}

/// An open store.
pub(crate) enum Opened {
    Postgres(Arc<PostgresStore>),
    Sqlite(Arc<SqliteStore>),
}

impl Opened {
    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Postgres(store) => Arc::<PostgresStore>::clone(store),
            Self::Sqlite(store) => Arc::<SqliteStore>::clone(store),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Postgres(store) => store.shutdown().await,
            Self::Sqlite(store) => tokio::task::spawn_blocking(move || store.shutdown()).await.expect("a store that closes"),
        }
    }
}

fn on_their_way(sandbox: &Sandbox) -> usize {
    let books = sandbox.books();
    books.webhooks.iter().chain(&books.stripe_webhooks).filter(|event| event.next_at.is_some()).count()
}

/// In memory where the system has such a place: a process that is killed loses nothing that the kernel has.
pub(crate) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder")
}

/// A loopback address of this case alone: ports need not be looked for, and none is taken in between.
pub(crate) fn host() -> Ipv4Addr {
    let (process, case) = (std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let byte = |number: u32, of: u32| u8::try_from(number % of).unwrap_or_default() + 1;
    Ipv4Addr::new(127, byte(process, 250), byte(case / 250, 250), byte(case, 250))
}

pub(crate) async fn sandbox(host: Ipv4Addr, data: &Path) -> Sandbox {
    let at = format!("http://{host}:{SERVER_PORT}");
    let config = SandboxConfig {
        bind_addr: SocketAddr::from((host, SANDBOX_PORT)),
        webhook_url: Some(format!("{at}/webhooks/hyperswitch")),
        stripe_webhook_url: Some(format!("{at}/webhooks/stripe")),
        stripe_connect_webhook_url: Some(format!("{at}/webhooks/stripe")),
        data_file: Some(data.join("sandbox.db")),
        webhook_retry_scale: WEBHOOK_RETRY_SCALE,
        ..SandboxConfig::default()
    };
    Sandbox::start(config).await.expect("a sandbox")
}

/// The program with a short temper, and nothing of this process's environment.
pub(crate) fn command(binary: &Path, data: &Path, database: Option<&str>, host: Ipv4Addr) -> Command {
    let keys = SandboxConfig::default();
    let provider = format!("http://{host}:{SANDBOX_PORT}");
    let log = std::fs::OpenOptions::new().append(true).create(true).open(data.join("server.log")).expect("a log");
    let mut command = Command::new(binary);
    command.arg("serve").env_clear().stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
    let settings = [
        ("DATA_DIR", data.to_str().expect("a path")),
        ("DATABASE_URL", database.unwrap_or_default()),
        ("DATABASE_POOL_MAX", "4"),
        ("BIND_ADDR", &format!("{host}:{SERVER_PORT}")),
        ("JWT_SECRET", JWT_SECRET),
        ("RATE_LIMITS", "off"),
        ("LOG_LEVEL", "info"),
        ("HYPERSWITCH_ENABLED", "true"),
        ("HYPERSWITCH_URL", &provider),
        ("HYPERSWITCH_API_KEY", &keys.api_key),
        ("HYPERSWITCH_WEBHOOK_SECRET", &keys.webhook_secret),
        ("STRIPE_CONNECT_ENABLED", "true"),
        ("STRIPE_API_URL", &provider),
        ("STRIPE_SECRET_KEY", &keys.stripe_secret_key),
        ("STRIPE_WEBHOOK_SECRET", &keys.stripe_webhook_secret),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", &keys.stripe_connect_webhook_secret),
        ("PROVIDER_TIMEOUT", "400ms"),
        ("TRANSFER_RETRY_CHECK_INTERVAL", "150ms"),
        ("TRANSFER_RETRY_BACKOFF_BASE", "50ms"),
        ("TRANSFER_RETRY_BACKOFF_MAX", "200ms"),
        ("TRANSFER_RETRY_MAX_RETRIES", "1000"), // a slow machine is no refusal
        ("REVERSAL_MAX_RETRIES", "1000"),
        ("REVERSAL_CHECK_INTERVAL", "150ms"),
        ("REVERSAL_BACKOFF_BASE", "50ms"),
        ("REVERSAL_BACKOFF_MAX", "200ms"),
    ];
    command.envs(settings.into_iter().filter(|(_, value)| !value.is_empty()));
    command
}

pub(crate) async fn open_shop(nobody: &Client, data: &Path, sandbox: &Sandbox) -> Result<People, String> {
    let (seller, buyer) = (nobody.sign_up(data, "seller").await?, nobody.sign_up(data, "buyer").await?);
    seller.post_until("/api/v1/me/creator", Value::Null, None, &[200]).await?;
    seller.post_until("/api/v1/subscriptions/subscribe", json!({"plan": "premium"}), Some("the plan"), &[201]).await?;
    let onboarding = seller.post_until("/api/v1/seller/onboarding", Value::Null, None, &[200]).await?;
    let account = text(&onboarding["account_id"])?;
    sandbox.set_account(&account, Some("active"), Some(true)).map_err(|error| error.to_string())?;
    seller.post_until("/api/v1/seller/onboarding", Value::Null, None, &[200]).await?;
    let product = json!({"kind": "track", "title": "Night Drive", "price": {"amount": 1_000, "currency": "EUR"}});
    let product = text(&seller.post_until("/api/v1/marketplace/products", product, None, &[201]).await?["id"])?;
    seller.post_until(&format!("/api/v1/marketplace/products/{product}/publish"), Value::Null, None, &[200]).await?;
    let order = json!({"items": [{"product_id": product}]});
    let order = buyer.post_until("/api/v1/marketplace/orders", order, Some("the first sale"), &[201]).await?;
    let order = text(&order["order"]["id"])?;
    sandbox.pay(&order).map_err(|error| error.to_string())?;
    let arrived = async || {
        let transfers = seller.get("/api/v1/seller/transfers").await?;
        (transfers["items"][0]["status"] == "completed").then_some(())
    };
    until("the transfer of the first sale", arrived).await?;
    // So that no message of the beginning comes after a copy was made.
    until("messages that have arrived", async || on_their_way(sandbox).eq(&0).then_some(())).await?;
    Ok(People { buyer, seller, account, product, order })
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("a text was expected, not {value}"))
}
