//! Accounts over HTTP, on the memory store, with a clock that tests move and mails that they read.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use async_trait::async_trait;
use poem::Endpoint;
use poem::http::StatusCode;
use poem::test::TestClient;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{Answer, NOW, Person, World, send};
use veza::http::middleware::edge::EdgeSettings;
use veza::http::server;
use veza::services::App;
use veza::usecases::effects;
use veza_domain::identity::{Email, User};
use veza_domain::ids::UserId;
use veza_domain::time::Timestamp;
use veza_memory::MemoryStore;
use veza_ports::clock::Clock;
use veza_ports::mail::{Mail, MailError, Mailer};
use veza_ports::storage::{Storage, Versioned};
use veza_sqlite::{SqliteConfig, SqliteStore};

const PASSWORD: &str = "korrekt pferd batterie";
const STRANGERS_PASSWORD: &str = "was ein fremder sich merkt";

struct Moving(AtomicI64);

#[async_trait::async_trait]
impl Clock for Moving {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    async fn pause(&self, _: Duration) {}
}

#[derive(Default)]
struct Postbox {
    mails: Mutex<Vec<Mail>>,
    down: AtomicBool,
}

impl Postbox {
    fn up(&self) -> Result<(), MailError> {
        if self.down.load(Ordering::SeqCst) { Err(MailError::Unavailable("down".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Mailer for Postbox {
    async fn check(&self) -> Result<(), MailError> {
        self.up()
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.up()?;
        self.mails.lock().unwrap().push(mail.clone());
        Ok(())
    }
}

struct House<E> {
    client: TestClient<E>,
    app: Arc<App>,
    clock: Arc<Moving>,
    postbox: Arc<Postbox>,
}

fn house() -> House<impl Endpoint> {
    house_over(Arc::new(MemoryStore::new()))
}

fn house_over(store: Arc<dyn Storage>) -> House<impl Endpoint> {
    let (clock, postbox) = (Arc::new(Moving(AtomicI64::new(NOW.0))), Arc::new(Postbox::default()));
    let mut world = World::over(store, clock.clone());
    Arc::get_mut(&mut world.app).unwrap().mailer = postbox.clone();
    let edge = EdgeSettings { production: true, trusted_proxies: Vec::new(), cors_allowed_origins: Vec::new(), rate_limits: None };
    let client = TestClient::new(server::endpoint(world.app.clone(), edge, None));
    House { client, app: world.app, clock, postbox }
}

impl<E: Endpoint> House<E> {
    async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.client.post(format!("/api/v1/auth/{path}")), None, Some(&body)).await
    }

    async fn register(&self, email: &str, username: &str) -> Answer {
        self.register_with(email, username, PASSWORD).await
    }

    async fn register_with(&self, email: &str, username: &str, password: &str) -> Answer {
        self.post("register", json!({"email": email, "username": username, "password": password})).await
    }

    /// The account that has this address.
    async fn account(&self, email: &str) -> Versioned<User> {
        self.app.store.user_by_email(&Email::new(email).unwrap()).await.unwrap().unwrap()
    }

    async fn login(&self, email: &str, password: &str) -> Answer {
        self.post("login", json!({"email": email, "password": password})).await
    }

    async fn verify(&self, token: &str) -> Answer {
        send(self.client.post("/api/v1/auth/verify-email").header("X-Verify-Token", token), None, None).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.post("refresh", json!({"refresh_token": token})).await
    }

    async fn as_bearer(&self, method: &str, path: &str, token: &str) -> Answer {
        let request = if method == "GET" { self.client.get(path) } else { self.client.post(path) };
        send(request, Some(&Person { id: UserId(uuid::Uuid::nil()), token: token.to_owned() }), None).await
    }

    fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    /// Does what the outbox worker would, and gives the mails that went out.
    async fn deliver(&self) -> Vec<Mail> {
        for effect in self.app.store.claim_effects(self.app.now(), Duration::from_secs(60), 100).await.unwrap() {
            effects::work(&self.app, effect).await.unwrap();
        }
        std::mem::take(&mut self.postbox.mails.lock().unwrap())
    }

    async fn verified(&self, email: &str, username: &str) {
        self.register(email, username).await.is(201);
        let mails = self.deliver().await;
        self.verify(&token_of(&mails[0])).await.is(200);
    }
}

fn token_of(mail: &Mail) -> String {
    mail.body.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

fn text<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.body[name].as_str().unwrap()
}

#[tokio::test]
async fn from_registration_to_a_creator_and_out_again() {
    let house = house();
    let registered = house.register("Mia@Example.org", "mia").await.is(201);
    assert_eq!(registered.body["user"]["email"], "mia@example.org");
    assert_eq!(registered.body["user"]["roles"], json!(["user"]));
    assert_eq!(registered.body["verification_required"], true);
    assert!(registered.body.get("access_token").is_none(), "no tokens before the address is proven");

    house.login("mia@example.org", PASSWORD).await.problem(403, "email_not_verified");
    house.login("mia@example.org", "a wrong password").await.problem(401, "invalid_credentials");

    let mails = house.deliver().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "mia@example.org"));
    assert!(mails[0].body.contains("http://localhost/verify-email?token="));
    let token = token_of(&mails[0]);
    assert_eq!(house.verify(&token).await.is(200).body["user"]["id"], registered.body["user"]["id"]);
    house.verify(&token).await.problem(400, "invalid_token");
    house.verify("nonsense").await.problem(400, "invalid_token");
    send(house.client.post("/api/v1/auth/verify-email"), None, None).await.problem(400, "invalid_token");

    let signed_in = house.login(" MIA@example.org ", PASSWORD).await.is(200);
    assert_eq!(signed_in.body["expires_in"], 900);
    let access = text(&signed_in, "access_token").to_owned();
    assert_eq!(house.as_bearer("GET", "/api/v1/me", &access).await.is(200).body["username"], "mia");
    for _ in 0..2 {
        let creator = house.as_bearer("POST", "/api/v1/me/creator", &access).await.is(200);
        assert_eq!(creator.body["roles"], json!(["user", "creator"]));
    }
    house.as_bearer("POST", "/api/v1/auth/logout", &access).await.is(204);
    house.as_bearer("GET", "/api/v1/me", &access).await.problem(401, "unauthorized");
    house.refresh(text(&signed_in, "refresh_token")).await.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn every_invalid_field_is_named() {
    let house = house();
    let answer = house.post("register", json!({"email": "nobody", "username": "x", "password": "short"})).await;
    assert_eq!(answer.problem(422, "validation_failed").fields(), ["email: invalid", "username: invalid", "password: too_short"]);
    let common = house.post("register", json!({"email": "a@b.cd", "username": "abc", "password": "Password1234"})).await;
    let common = common.problem(422, "validation_failed");
    assert_eq!(common.fields(), ["password: too_common"]);
    let missing = house.post("register", json!({"email": "a@b.cd"})).await.problem(422, "validation_failed");
    assert_eq!(missing.fields(), ["username: missing", "password: missing"]);
    assert!(!format!("{common:?}").contains("Password1234"), "no password comes back");
}

/// On the memory store, and on SQLite.
macro_rules! on_both_stores {
    ($story:ident) => {{
        $story(house()).await;
        let folder = tempfile::tempdir().unwrap();
        $story(house_over(Arc::new(SqliteStore::open(SqliteConfig::new(folder.path().join("veza.db"))).unwrap()))).await;
    }};
}

#[tokio::test]
async fn an_address_that_has_an_account_is_answered_like_any_other() {
    on_both_stores!(taken_address);
}

async fn taken_address(house: House<impl Endpoint>) {
    house.verified("mia@example.org", "mia").await;
    let first = house.register("new@example.org", "new").await.is(201);
    let again = house.register("mia@example.org", "mia2").await.is(201);
    let shape = |answer: &Answer| answer.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(shape(&first), shape(&again));
    assert_eq!((again.body["user"]["username"].as_str(), &again.body["user"]["roles"]), (Some("mia2"), &json!(["user"])));
    let id = again.body["user"]["id"].as_str().unwrap().parse().unwrap();
    assert!(house.app.store.user(UserId(id)).await.unwrap().is_none(), "its id belongs to nobody");

    // A taken user name tells nothing about the address either.
    house.register("mia@example.org", "NEW").await.problem(409, "username_taken");
    house.register("third@example.org", "NEW").await.problem(409, "username_taken");

    let mails = house.deliver().await;
    let to_mia: Vec<&Mail> = mails.iter().filter(|mail| mail.to == "mia@example.org").collect();
    assert_eq!(to_mia.len(), 1, "the owner is told");
    assert!(!to_mia[0].body.contains("token="));

    for _ in 0..3 {
        house.register("mia@example.org", "mia3").await.is(201);
    }
    assert!(house.deliver().await.is_empty(), "at most once an hour");
    house.advance(Duration::from_secs(3600));
    house.register("mia@example.org", "mia3").await.is(201);
    assert_eq!(house.deliver().await.len(), 1);
}

#[tokio::test]
async fn an_address_that_nobody_has_proven_is_whose_registration_is_the_last() {
    on_both_stores!(unproven_address);
}

async fn unproven_address(house: House<impl Endpoint>) {
    let email = "mia@example.org";
    let first = house.register_with(email, "stranger", STRANGERS_PASSWORD).await.is(201);
    let strangers_link = token_of(&house.deliver().await[0]);
    house.advance(Duration::from_secs(60));
    house.post("resend-verification", json!({"email": email})).await.is(202);
    let resent_link = token_of(&house.deliver().await[0]);
    for _ in 0..5 {
        house.login(email, "a wrong password").await.problem(401, "invalid_credentials");
    }

    let owners = house.register(email, "mia.m").await.is(201);
    assert_eq!(owners.body["message"], first.body["message"]);
    assert_eq!(owners.body["user"]["username"], "mia.m");
    let id = UserId(owners.body["user"]["id"].as_str().unwrap().parse().unwrap());
    assert!(house.app.store.user(id).await.unwrap().is_none(), "a second registration is told an id of nobody, whatever the address");

    house.verify(&strangers_link).await.problem(400, "invalid_token");
    house.verify(&resent_link).await.problem(400, "invalid_token");
    house.login(email, STRANGERS_PASSWORD).await.problem(401, "invalid_credentials");
    house.login(email, PASSWORD).await.problem(403, "email_not_verified");

    let mails = house.deliver().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, email));
    assert!(mails[0].body.contains("under the user name mia . m."), "named, and no link: {}", mails[0].body);
    house.verify(&token_of(&mails[0])).await.is(200);
    house.verify(&strangers_link).await.problem(400, "invalid_token");
    house.login(email, STRANGERS_PASSWORD).await.problem(401, "invalid_credentials");
    house.login(email, PASSWORD).await.is(200);
    let account = house.account(email).await.value;
    assert_eq!((account.id.to_string().as_str(), account.username.as_str()), (first.body["user"]["id"].as_str().unwrap(), "mia.m"));
    house.register("another@example.org", "stranger").await.is(201);
}

#[tokio::test]
async fn a_proven_address_keeps_its_account() {
    let house = house();
    house.verified("mia@example.org", "mia").await;
    let before = house.account("mia@example.org").await;
    house.register_with("mia@example.org", "stranger", STRANGERS_PASSWORD).await.is(201);
    assert_eq!(house.account("mia@example.org").await, before);
    assert!(house.deliver().await.iter().all(|mail| !mail.body.contains("token=")));
    house.login("mia@example.org", STRANGERS_PASSWORD).await.problem(401, "invalid_credentials");
    house.login("mia@example.org", PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_taken_user_name_tells_nothing_of_an_unproven_address() {
    on_both_stores!(taken_names);
}

async fn taken_names(house: House<impl Endpoint>) {
    house.verified("mia@example.org", "mia").await;
    house.register("new@example.org", "new").await.is(201);
    let before = house.account("new@example.org").await;
    for name in ["MIA", "New"] {
        for email in ["new@example.org", "mia@example.org", "third@example.org"] {
            house.register_with(email, name, STRANGERS_PASSWORD).await.problem(409, "username_taken");
        }
    }
    assert_eq!(house.account("new@example.org").await, before);
    let mails = house.deliver().await;
    assert_eq!(mails.len(), 1);
    house.verify(&token_of(&mails[0])).await.is(200);
}

#[tokio::test]
async fn only_the_last_registration_is_mailed_a_link_and_it_can_be_asked_for_again() {
    let house = house();
    house.register_with("mia@example.org", "stranger", STRANGERS_PASSWORD).await.is(201);
    house.register("mia@example.org", "mia").await.is(201);
    let mails = house.deliver().await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].body.contains("user name mia."));
    house.post("resend-verification", json!({"email": "mia@example.org"})).await.is(202);
    let again = house.deliver().await;
    assert_ne!(token_of(&again[0]), token_of(&mails[0]));
    house.verify(&token_of(&again[0])).await.is(200);
    house.login("mia@example.org", PASSWORD).await.is(200);
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_begun() {
    let house = house();
    house.verified("mia@example.org", "mia").await;
    house.postbox.down.store(true, Ordering::SeqCst);
    for email in ["mia@example.org", "new@example.org"] {
        house.register(email, "somebody").await.problem(503, "mail_unavailable");
        house.post("resend-verification", json!({"email": email})).await.problem(503, "mail_unavailable");
    }
    house.postbox.down.store(false, Ordering::SeqCst);
    house.register("new@example.org", "somebody").await.is(201);
}

#[tokio::test]
async fn what_breaks_after_the_check_is_retried_from_the_outbox() {
    let house = house();
    house.register("mia@example.org", "mia").await.is(201);
    house.postbox.down.store(true, Ordering::SeqCst);
    assert!(house.deliver().await.is_empty());
    house.postbox.down.store(false, Ordering::SeqCst);
    house.advance(Duration::from_secs(24 * 3600 - 1));
    let mails = house.deliver().await;
    assert_eq!(mails.len(), 1);
    house.verify(&token_of(&mails[0])).await.is(200);
}

#[tokio::test]
async fn a_link_is_over_after_a_day_and_can_be_asked_for_again() {
    let house = house();
    house.register("mia@example.org", "mia").await.is(201);
    let old = token_of(&house.deliver().await[0]);
    house.advance(Duration::from_secs(24 * 3600));
    house.verify(&old).await.problem(400, "invalid_token");

    let unknown = house.post("resend-verification", json!({"email": "nobody@example.org"})).await.is(202);
    for _ in 0..3 {
        let known = house.post("resend-verification", json!({"email": "mia@example.org"})).await.is(202);
        assert_eq!(known.body, unknown.body);
    }
    let mails = house.deliver().await;
    assert_eq!(mails.len(), 1, "once a minute");
    house.verify(&token_of(&mails[0])).await.is(200);
    house.advance(Duration::from_secs(60));
    house.post("resend-verification", json!({"email": "mia@example.org"})).await.is(202);
    house.post("resend-verification", json!({"email": "not an address"})).await.is(202);
    assert!(house.deliver().await.is_empty(), "proven already");
}

#[tokio::test]
async fn the_token_in_the_address_works_still_and_the_header_goes_first() {
    let house = house();
    house.register("mia@example.org", "mia").await.is(201);
    let token = token_of(&house.deliver().await[0]);
    let path = format!("/api/v1/auth/verify-email?token={token}");
    send(house.client.post(path.clone()).header("X-Verify-Token", "wrong"), None, None).await.problem(400, "invalid_token");
    send(house.client.post(path), None, None).await.is(200);
}

#[tokio::test]
async fn failures_lock_an_account_and_an_address_without_one_alike() {
    let house = house();
    house.verified("mia@example.org", "mia").await;
    for email in ["mia@example.org", "nobody@example.org"] {
        for _ in 0..5 {
            house.login(email, "a wrong password").await.problem(401, "invalid_credentials");
        }
        let body = json!({"email": email, "password": PASSWORD});
        let locked = house.client.post("/api/v1/auth/login").body_json(&body).send().await.0;
        assert_eq!(locked.status(), StatusCode::TOO_MANY_REQUESTS, "{email}: even with the right password");
        assert_eq!(locked.header("retry-after"), Some("30"));
        assert!(locked.into_body().into_string().await.unwrap().contains("account_locked"));
    }
    house.advance(Duration::from_secs(30));
    for email in ["mia@example.org", "nobody@example.org"] {
        house.login(email, "a wrong password").await.problem(401, "invalid_credentials");
        house.login(email, PASSWORD).await.problem(429, "account_locked");
    }
    house.advance(Duration::from_secs(60));
    house.login("mia@example.org", PASSWORD).await.is(200);
    house.login("mia@example.org", "a wrong password").await.problem(401, "invalid_credentials");
    house.login("mia@example.org", PASSWORD).await.is(200);
}

#[tokio::test]
async fn a_lock_is_the_same_at_every_instance() {
    let store = MemoryStore::new();
    let instances = [house_over(Arc::new(store.clone())), house_over(Arc::new(store))];
    instances[0].verified("mia@example.org", "mia").await;
    for email in ["mia@example.org", "nobody@example.org"] {
        for attempt in 0..5 {
            instances[attempt % 2].login(email, "a wrong password").await.problem(401, "invalid_credentials");
        }
        for instance in &instances {
            instance.login(email, PASSWORD).await.problem(429, "account_locked");
        }
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_its_login() {
    let house = house();
    house.verified("mia@example.org", "mia").await;
    let other = house.login("mia@example.org", PASSWORD).await.is(200);
    let first = house.login("mia@example.org", PASSWORD).await.is(200);
    let second = house.refresh(text(&first, "refresh_token")).await.is(200);
    let third = house.refresh(text(&second, "refresh_token")).await.is(200);
    house.as_bearer("GET", "/api/v1/me", text(&third, "access_token")).await.is(200);

    house.refresh(text(&first, "refresh_token")).await.problem(401, "invalid_refresh_token");
    house.refresh(text(&third, "refresh_token")).await.problem(401, "invalid_refresh_token");
    house.as_bearer("GET", "/api/v1/me", text(&third, "access_token")).await.problem(401, "unauthorized");
    house.as_bearer("GET", "/api/v1/me", text(&other, "access_token")).await.is(200);
    house.refresh("nonsense").await.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn tokens_are_over_in_time() {
    let house = house();
    house.verified("mia@example.org", "mia").await;
    let login = house.login("mia@example.org", PASSWORD).await.is(200);
    house.advance(Duration::from_secs(900));
    house.as_bearer("GET", "/api/v1/me", text(&login, "access_token")).await.problem(401, "unauthorized");
    let next = house.refresh(text(&login, "refresh_token")).await.is(200);
    house.advance(Duration::from_secs(30 * 24 * 3600));
    house.refresh(text(&next, "refresh_token")).await.problem(401, "invalid_refresh_token");
}

#[tokio::test]
async fn many_of_one_address_make_one_account() {
    on_both_stores!(many_at_once);
}

async fn many_at_once(house: House<impl Endpoint>) {
    let email = "mia@example.org";
    let passwords = ["das passwort von eins", "das passwort von zwei", "das passwort von drei"];
    let (a, b, c) = tokio::join!(
        house.register_with(email, "mia1", passwords[0]),
        house.register_with(email, "mia2", passwords[1]),
        house.register_with(email, "mia3", passwords[2]),
    );
    assert_eq!([a.status.as_u16(), b.status.as_u16(), c.status.as_u16()], [201, 201, 201]);
    let mails = house.deliver().await;
    let links: Vec<&Mail> = mails.iter().filter(|mail| mail.body.contains("token=")).collect();
    assert_eq!(links.len(), 1);
    house.verify(&token_of(links[0])).await.is(200);
    let account = house.account(email).await.value;
    for (password, name) in passwords.iter().zip(["mia1", "mia2", "mia3"]) {
        let status = if account.username.as_str() == name { 200 } else { 401 };
        house.login(email, password).await.is(status);
    }
}
