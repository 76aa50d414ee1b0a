//! A whole app over the memory store, with a clock that stands still and no provider.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
#![allow(dead_code, missing_docs, reason = "each test file uses a part of it")]

use async_trait::async_trait;
use poem::Endpoint;
use poem::http::StatusCode;
use poem::test::{TestClient, TestRequestBuilder};
use secrecy::SecretString;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use veza::metrics::Metrics;
use veza::services::{App, MoneySettings, Wake, WorkerRuns, WorkerSettings};
use veza::system::SystemIds;
use veza::usecases::distribution::DistributionSettings;
use veza::usecases::identity::access_tokens::AccessTokens;
use veza::usecases::reconcile::ReconcileSettings;
use veza::usecases::webhook_log::refused::RefusedDeliveries;
use veza_domain::backoff::RetryPolicy;
use veza_domain::identity::{Email, PasswordHash, Role, Roles, Session, User, Username};
use veza_domain::ids::{SessionId, SubscriptionId, UserId};
use veza_domain::money::{BasisPoints, Money};
use veza_domain::subscription;
use veza_domain::time::Timestamp;
use veza_memory::MemoryStore;
use veza_ports::clock::Clock;
use veza_ports::mail::{Mail, MailError, Mailer};
use veza_ports::storage::{Committed, Row, Storage, UnitId, UnitOfWork, Write};

/// 2026-11-20T00:00:00Z.
pub const NOW: Timestamp = Timestamp(1_795_132_800_000_000);

struct Still;

#[async_trait::async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn pause(&self, _: Duration) {}
}

struct NoMail;

#[async_trait]
impl Mailer for NoMail {
    async fn check(&self) -> Result<(), MailError> {
        Ok(())
    }

    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        Ok(())
    }
}

/// The app and what tests need of it.
pub struct World {
    pub app: Arc<App>,
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    pub id: UserId,
    pub token: String,
}

impl World {
    pub fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new()), Arc::new(Still))
    }

    pub fn over(store: Arc<dyn Storage>, clock: Arc<dyn Clock>) -> Self {
        let second = Duration::from_secs(1);
        let retry = RetryPolicy { retries_max: 5, base: second, max: second * 10 };
        let hour = Duration::from_secs(3600);
        let app = App {
            connect_webhooks: None,
            reconcile: ReconcileSettings {
                enabled: false,
                interval: hour,
                order_stuck_after: hour,
                refund_stuck_after: hour,
                refund_orphan_after: hour,
                subscription_stuck_after: hour,
            },
            billing: subscription::BillingPolicy { renewal_lead: hour, dunning: subscription::Dunning::DEFAULT },
            support_contact: None,
            webhook_log_days: 90,
            invariants_every: hour,
            store,
            psp: None,
            connect: None,
            distributor: None,
            distribution: DistributionSettings { worker: false, every: second, looks: second, live_looks: hour, retries: retry },
            mailer: Arc::new(NoMail),
            clock,
            ids: Arc::new(SystemIds),
            tokens: AccessTokens::new(&SecretString::from("a secret for tests only, 32 bytes and more")),
            identity: veza::usecases::identity::kit::Identity::new(&SecretString::from("a secret for tests"), &SystemIds, true),
            metrics: Arc::new(Metrics::new(NOW)),
            metrics_token: None,
            money: MoneySettings {
                dispute_fee: veza_domain::money::Minor::ZERO,
                fee: BasisPoints::new(1000).unwrap(),
                refund_window: second * 3600,
                transfers: retry,
                reversals: retry,
                provider_timeout: second * 30,
                public_url: "http://localhost".into(),
                publishable_key: None,
                sandbox_checkout: None,
            },
            workers: WorkerSettings { transfer_retries: false, transfers_every: second, reversals: false, reversals_every: second },
            wake: Wake::default(),
            worker_runs: WorkerRuns::default(),
            refused_deliveries: RefusedDeliveries::default(),
        };
        Self { app: Arc::new(app) }
    }

    /// Puts rows into the store.
    pub async fn insert(&self, rows: Vec<Row>) {
        let writes = rows.into_iter().map(Write::Insert).collect();
        let unit = UnitOfWork::new(UnitId(Uuid::now_v7().to_string()), [0; 32], NOW, writes);
        assert_eq!(self.app.store.commit(unit).await.unwrap(), Committed::Applied);
    }

    /// A new person, signed in.
    pub async fn person(&self, name: &str, roles: &[Role]) -> Person {
        let id = UserId(Uuid::now_v7());
        let session = SessionId(Uuid::now_v7());
        let user = User {
            id,
            email: Email::new(&format!("{name}@example.org")).unwrap(),
            username: Username::new(name).unwrap(),
            password_hash: PasswordHash(String::new()),
            roles: roles.iter().fold(Roles::user(), |all, role| all.with(*role)),
            email_verified_at: Some(NOW),
            failed_logins: 0,
            locked_until: None,
            created_at: NOW,
        };
        let login =
            Session { id: session, user_id: id, created_at: NOW, expires_at: NOW.plus(Duration::from_secs(3600)), revoked_at: None };
        self.insert(vec![Row::User(user), Row::Session(login)]).await;
        Person { id, token: self.app.tokens.issue(id, session, NOW).unwrap() }
    }

    pub async fn creator(&self, name: &str) -> Person {
        let creator = self.person(name, &[Role::Creator]).await;
        let plans = self.app.store.plans().await.unwrap();
        let premium = plans.iter().find(|plan| plan.trial.is_some()).unwrap();
        let tries = subscription::start(SubscriptionId(Uuid::now_v7()), creator.id, premium, true, None, NOW);
        self.insert(vec![Row::Subscription(tries.subscription)]).await;
        creator
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub body: Value,
}

impl Answer {
    /// The problem's code.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// `field: code` of each field error.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| format!("{}: {}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap())).collect()
    }

    /// The items' ids.
    pub fn ids(&self) -> Vec<String> {
        self.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        assert_eq!((answer.content_type.as_str(), answer.code()), ("application/problem+json", code), "{answer:?}");
        answer
    }
}

/// Sends a request, as `who` (none: nobody).
pub async fn send<E: Endpoint>(request: TestRequestBuilder<'_, E>, who: Option<&Person>, body: Option<&Value>) -> Answer {
    let request = match who {
        Some(person) => request.header("authorization", format!("Bearer {}", person.token)),
        None => request,
    };
    let request = match body {
        Some(body) => request.body_json(body),
        None => request,
    };
    let response = request.send().await.0;
    let status = response.status();
    let content_type = response.content_type().unwrap_or_default().to_owned();
    let bytes = response.into_body().into_bytes().await.unwrap();
    Answer { status, content_type, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

pub async fn get<E: Endpoint>(client: &TestClient<E>, path: impl Into<String>, who: Option<&Person>) -> Answer {
    send(client.get(path), who, None).await
}

pub async fn post<E: Endpoint>(client: &TestClient<E>, path: impl Into<String>, who: &Person, body: &Value) -> Answer {
    send(client.post(path), Some(who), Some(body)).await
}

pub async fn put<E: Endpoint>(client: &TestClient<E>, path: impl Into<String>, who: &Person, body: &Value) -> Answer {
    send(client.put(path), Some(who), Some(body)).await
}

pub async fn delete<E: Endpoint>(client: &TestClient<E>, path: impl Into<String>, who: &Person) -> Answer {
    send(client.delete(path), Some(who), None).await
}

pub fn euro(amount: i64) -> Money {
    Money::new(amount, "EUR".parse().unwrap())
}
