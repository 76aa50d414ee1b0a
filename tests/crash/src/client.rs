//! Somebody who talks to the server over HTTP, whether it is there or not.

use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use veza_mail::OutboxMailer;

/// Everybody's password.
pub const PASSWORD: &str = "quite-a-long-passphrase-42";
/// Longest wait for a state: only a hang takes this long.
const PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(15);

/// Waits until `look` gives something.
///
/// # Errors
/// What was never seen.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> Result<T, String> {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    waited.await.map_err(|_| format!("never seen: {what}"))
}

/// Somebody, signed in or not.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Nobody in particular, at this address.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("an HTTP client");
        Self { http, base: base.to_owned(), token: String::new() }
    }

    /// The same, under this access token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Status and body; nothing when no answer came.
    pub async fn call(&self, method: Method, path: &str, body: Value, key: Option<&str>) -> Option<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.unwrap_or(Value::Null)))
    }

    /// The body of a GET that was answered with 200.
    pub async fn get(&self, path: &str) -> Option<Value> {
        self.call(Method::GET, path, Value::Null, None).await.filter(|(status, _)| *status == 200).map(|(_, body)| body)
    }

    /// Repeats a POST until it is answered with one of these; the body.
    ///
    /// # Errors
    /// When that never comes.
    pub async fn post_until(&self, path: &str, body: Value, key: Option<&str>, statuses: &[u16]) -> Result<Value, String> {
        let mut last = None;
        let asked = until(path, async || {
            last = self.call(Method::POST, path, body.clone(), key).await;
            last.as_ref().filter(|(status, _)| statuses.contains(status)).map(|(_, body)| body.clone())
        });
        asked.await.map_err(|error| format!("{error}; last {last:?}"))
    }

    /// Registers, proves the address by the mail in `data`, and signs in.
    pub(crate) async fn sign_up(&self, data: &Path, name: &str) -> Result<Self, String> {
        let email = format!("{name}@example.org");
        let body = json!({"email": email, "username": name, "password": PASSWORD});
        self.post_until("/api/v1/auth/register", body, None, &[201]).await?;
        let outbox = OutboxMailer::new(data.join("outbox"));
        let token = until("the mail", async || {
            let mail = outbox.list(100).await.ok()?.into_iter().map(|stored| stored.mail).find(|mail| mail.to == email)?;
            Some(mail.body.split("token=").nth(1)?.split_whitespace().next()?.to_owned())
        })
        .await?;
        let verify = self.http.post(format!("{}/api/v1/auth/verify-email", self.base)).header("x-verify-token", token);
        verify.send().await.and_then(reqwest::Response::error_for_status).map_err(|error| error.to_string())?;
        let login = self.post_until("/api/v1/auth/login", json!({"email": email, "password": PASSWORD}), None, &[200]).await?;
        Ok(self.with_token(login["access_token"].as_str().ok_or("no token")?))
    }
}
