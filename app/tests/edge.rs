//! What every request passes through, over real connections.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use reqwest::{Client, Method, Response, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use veza::config::Config;
use veza::http::middleware::edge::{Edge, EdgeSettings};
use veza::metrics::Metrics;
use veza::usecases::identity::{accounts, register};
use veza::wiring::{self, Role, Running};
use veza_domain::time::Timestamp;

struct Server {
    running: Running,
    client: Client,
    folder: tempfile::TempDir,
}

impl Server {
    async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_as(Role::All, tempfile::tempdir().unwrap(), settings).await
    }

    async fn start_as(role: Role, folder: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        let fixed = [
            ("DATA_DIR", folder.path().to_str().unwrap()),
            ("DATABASE_URL", "memory:"),
            ("BIND_ADDR", "127.0.0.1:0"),
            ("SANDBOX_ENABLED", "false"),
        ];
        let config = Config::from_pairs(fixed.into_iter().chain(settings.iter().copied())).unwrap();
        Self { running: wiring::start_as(config, role).await.unwrap(), client: Client::new(), folder }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.local_url())
    }

    async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Response {
        self.client.post(self.url(path)).header("content-type", "application/json").body(body).send().await.unwrap()
    }
}

async fn problem(response: Response, status: u16, code: &str) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let got = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(body["status"], status);
    assert_eq!(body["request_id"], id.as_str());
    assert!(body["title"].is_string() && body["detail"].is_string() && body["type"].is_string());
    body
}

#[tokio::test]
async fn errors_of_the_framework_are_problem_documents() {
    let server = Server::start(&[]).await;
    problem(server.get("/nowhere").await, 404, "route_not_found").await;
    problem(server.get("/api/v1/nowhere").await, 404, "route_not_found").await;

    let wrong_method = server.client.delete(server.url("/api/v1/auth/login")).send().await.unwrap();
    assert_eq!(wrong_method.headers()["allow"], "OPTIONS, POST");
    problem(wrong_method, 405, "method_not_allowed").await;

    let login = "/api/v1/auth/login";
    problem(server.post(login, "{bad").await, 400, "bad_json").await;
    problem(server.post(login, "").await, 400, "bad_json").await;
    let typed = problem(server.post(login, r#"{"email": {}, "password": "s3cret-in-a-body"}"#).await, 422, "validation_failed").await;
    assert_eq!((typed["errors"][0]["field"].as_str(), typed["errors"][0]["code"].as_str()), (Some("email"), Some("wrong_type")));
    assert!(!typed.to_string().contains("s3cret-in-a-body"));
    problem(server.client.post(server.url(login)).body("{}").send().await.unwrap(), 415, "unsupported_media_type").await;

    let products = "/api/v1/marketplace/products";
    let query = problem(server.get(&format!("{products}?limit=many")).await, 400, "bad_parameter").await;
    assert_eq!(query["errors"][0]["field"], "limit");
    let path = problem(server.get(&format!("{products}/not-a-uuid")).await, 400, "bad_parameter").await;
    assert_eq!(path["errors"][0]["field"], "id");

    let nobody = server.get("/api/v1/me").await;
    assert_eq!(nobody.headers()["www-authenticate"], "Bearer");
    problem(nobody, 401, "unauthorized").await;
    // Nobody learns how a body would have to look without a token.
    problem(server.post("/api/v1/marketplace/orders", "{}").await, 401, "unauthorized").await;
}

#[tokio::test]
async fn bodies_are_capped_however_they_come() {
    let server = Server::start(&[]).await;
    let large = vec![b' '; 256 * 1024 + 1];
    problem(server.post("/api/v1/auth/login", large.clone()).await, 413, "body_too_large").await;
    assert!(chunked(&server, "/api/v1/auth/login", &large).await.starts_with("HTTP/1.1 413"));
    assert_eq!(server.get("/health").await.status(), StatusCode::OK, "no Content-Length is no matter");
}

/// Sends a body without saying its length; gives the head of the answer.
async fn chunked(server: &Server, path: &str, body: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(server.running.addr).await.unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in body.chunks(10_000) {
        let framed = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        if stream.write_all(&framed).await.is_err() {
            break; // it has answered already
        }
    }
    let mut answer = vec![0; 64];
    let read = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..read]).into_owned()
}

#[tokio::test]
async fn head_and_options_work() {
    let server = Server::start(&[]).await;
    let head = server.client.head(server.url("/health")).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    let options = server.client.request(Method::OPTIONS, server.url("/health")).send().await.unwrap();
    assert_eq!((options.status(), &options.headers()["allow"]), (StatusCode::NO_CONTENT, &"GET, HEAD, OPTIONS".parse().unwrap()));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = Server::start(&[]).await;
    for path in ["/health", "/nowhere", "/docs", "/verify-email", "/dev/outbox"] {
        let response = server.get(path).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe-eval"), "{path}: {policy}");
        assert!(!policy.split(';').any(|rule| rule.contains("script-src") && rule.contains("unsafe")), "{path}: {policy}");
        assert!(response.headers().get("strict-transport-security").is_none(), "only in production");
    }
}

#[tokio::test]
async fn pages_and_the_description_are_there() {
    let server = Server::start(&[]).await;
    let yaml = server.get("/openapi.yaml").await.text().await.unwrap();
    assert!(yaml.starts_with("openapi:") && yaml.contains("operationId: register"));
    for path in ["/docs", "/docs/swagger-ui.js", "/docs/swagger-ui.css", "/docs/start.js", "/pages/verify.js", "/pages/style.css"] {
        let response = server.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(!response.text().await.unwrap().is_empty(), "{path}");
    }
    let page = server.get("/verify-email?token=a\"><script>").await.text().await.unwrap();
    assert!(page.contains("/pages/verify.js") && !page.contains("token=a"), "the page repeats nothing");
}

#[tokio::test]
async fn request_ids_are_ours_and_on_webhooks_the_providers() {
    let server = Server::start(&[]).await;
    let id = |response: &Response| response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let ask = |path: &'static str, sent: String| server.client.get(server.url(path)).header("x-request-id", sent).send();
    let ours = id(&ask("/health", "mine".to_owned()).await.unwrap());
    assert!(uuid::Uuid::parse_str(&ours).is_ok(), "{ours}");
    assert_eq!(id(&ask("/webhooks/hyperswitch", "psp-1".to_owned()).await.unwrap()), "psp-1");
    assert_eq!(id(&ask("/webhooks/hyperswitch", "x".repeat(500)).await.unwrap()).len(), 128);
}

/// How many logins one after the other are let through, if there is an end to it. Some come back while they run.
async fn logins_until_limited(server: &Server, forwarded: impl Fn(u32) -> String) -> Option<u32> {
    for n in 0..200 {
        let body = r#"{"refresh": 1}"#;
        let request = server.client.post(server.url("/api/v1/auth/login")).header("content-type", "application/json");
        let response = request.header("x-forwarded-for", forwarded(n)).body(body).send().await.unwrap();
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait));
            problem(response, 429, "rate_limited").await;
            return Some(n);
        }
    }
    None
}

#[tokio::test]
async fn a_forged_forwarded_for_changes_nothing() {
    let server = Server::start(&[]).await;
    let let_through = logins_until_limited(&server, |n| format!("203.0.113.{n}")).await;
    assert!(matches!(let_through, Some(60..)), "{let_through:?}");
    assert_eq!(server.get("/api/v1/marketplace/products").await.status(), StatusCode::OK, "other classes go on");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_counts_for_itself() {
    let server = Server::start(&[("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]).await;
    assert_eq!(logins_until_limited(&server, |n| format!("203.0.113.{n}")).await, None);
    // What the client itself claims stands left of what the proxies saw.
    let let_through = logins_until_limited(&server, |n| format!("198.51.100.{n}, 203.0.113.250, 10.1.2.3")).await;
    assert!(matches!(let_through, Some(60..)), "{let_through:?}");
}

#[tokio::test]
async fn limits_can_be_off_for_load_tests() {
    let server = Server::start(&[("RATE_LIMITS", "off")]).await;
    assert_eq!(logins_until_limited(&server, |_| String::new()).await, None);
}

#[tokio::test]
async fn only_allowed_origins_may_read() {
    let server = Server::start(&[("CORS_ALLOWED_ORIGINS", "https://shop.example")]).await;
    let ask = |origin: &'static str| server.client.get(server.url("/health")).header("origin", origin).send();
    assert_eq!(ask("https://shop.example").await.unwrap().headers()["access-control-allow-origin"], "https://shop.example");
    assert!(ask("https://evil.example").await.unwrap().headers().get("access-control-allow-origin").is_none());
    let preflight = server.client.request(Method::OPTIONS, server.url("/api/v1/auth/login"));
    let preflight =
        preflight.header("origin", "https://shop.example").header("access-control-request-method", "POST").send().await.unwrap();
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert!(preflight.headers()["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
}

#[tokio::test]
async fn health_says_what_it_leans_on() {
    let server = Server::start(&[]).await;
    assert_eq!(server.get("/health").await.json::<Value>().await.unwrap()["status"], "ok");
    assert_eq!(server.get("/health/ready").await.status(), StatusCode::OK);
    let deep: Value = server.get("/health/deep").await.json().await.unwrap();
    let statuses: Vec<String> =
        deep["checks"].as_array().unwrap().iter().map(|check| format!("{}: {}", check["name"], check["status"]).replace('"', "")).collect();
    assert_eq!(statuses, ["database: ok", "payments: off", "payouts: off", "distribution: off", "mail: ok"]);
    let classes: Vec<&str> = deep["backlog"].as_array().unwrap().iter().map(|class| class["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["effects", "orders", "refunds", "transfers", "reversals", "disputes", "subscriptions", "placements", "attention"]);
}

/// Asks for the metrics with these headers.
async fn metrics(server: &Server, headers: &[(&str, &str)]) -> Response {
    let request = server.client.get(server.url("/metrics"));
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
}

#[tokio::test]
async fn without_a_token_the_metrics_are_for_this_machine() {
    let server = Server::start(&[]).await;
    let here = metrics(&server, &[]).await;
    assert_eq!(here.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(here.text().await.unwrap().contains("\nveza_database_up 1\n"));
    let bearer = ("authorization", "Bearer anything");
    assert_eq!(metrics(&server, &[bearer]).await.status(), StatusCode::OK, "a token is not asked for");
    let forged = ("x-forwarded-for", "203.0.113.1");
    assert_eq!(metrics(&server, &[forged]).await.status(), StatusCode::OK, "nobody's word");

    let behind = Server::start(&[("TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8")]).await;
    for elsewhere in ["203.0.113.1", "127.0.0.1, 203.0.113.1", "203.0.113.1, 10.1.2.3", "10.1.2.3", "2001:db8::1"] {
        let answer = metrics(&behind, &[("x-forwarded-for", elsewhere), bearer]).await;
        problem(answer, 403, "local_only").await;
    }
    for here in ["127.0.0.1", "::1", "203.0.113.1, ::1", "::ffff:127.0.0.1"] {
        assert_eq!(metrics(&behind, &[("x-forwarded-for", here)]).await.status(), StatusCode::OK, "{here}");
    }
    assert_eq!(metrics(&behind, &[]).await.status(), StatusCode::OK, "the proxy's own machine");
}

#[tokio::test]
async fn with_a_token_the_metrics_are_for_who_brings_it() {
    let settings = [("METRICS_TOKEN", "a-token-for-the-monitoring"), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = Server::start(&settings).await;
    let right = ("authorization", "Bearer a-token-for-the-monitoring");
    assert_eq!(metrics(&server, &[right]).await.status(), StatusCode::OK);
    assert_eq!(metrics(&server, &[right, ("x-forwarded-for", "203.0.113.1")]).await.status(), StatusCode::OK, "from anywhere");
    let wrong = ["Bearer a-token-for-the-monitorinG", "Bearer a-token", "Bearer ", "Basic a-token-for-the-monitoring", "a-token"];
    for wrong in wrong {
        problem(metrics(&server, &[("authorization", wrong)]).await, 401, "unauthorized").await;
    }
    let nobody = metrics(&server, &[]).await;
    assert_eq!(nobody.headers()["www-authenticate"], "Bearer", "loopback alone is not enough");
    problem(nobody, 401, "unauthorized").await;
    let posted = server.client.post(server.url("/metrics")).send().await.unwrap();
    problem(posted, 405, "method_not_allowed").await;
}

/// The access token of a new admin.
async fn admin(server: &Server) -> String {
    let (email, password) = ("root@example.org", "quite-a-long-passphrase-42");
    let root = register::Registration { email: email.to_owned(), username: "root".to_owned(), password: SecretString::from(password) };
    accounts::make_admin(server.running.app(), root).await.unwrap();
    let login = server.post("/api/v1/auth/login", json!({"email": email, "password": password}).to_string()).await;
    login.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
}

/// Of the webhook log, what came of each delivery.
async fn webhook_log(server: &Server, admin: &str) -> Vec<String> {
    let log = server.client.get(server.url("/api/v1/admin/webhooks")).bearer_auth(admin).send().await.unwrap();
    let log: Value = log.json().await.unwrap();
    log["items"].as_array().unwrap().iter().map(|row| row["processing_result"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn who_only_answers_logs_refused_webhooks_too() {
    let server = Server::start_as(Role::Api, tempfile::tempdir().unwrap(), &[]).await;
    problem(server.post("/webhooks/hyperswitch", "{}").await, 401, "signature_invalid").await;
    let admin = admin(&server).await;
    let logged = async {
        while webhook_log(&server, &admin).await != ["signature_invalid"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), logged).await.expect("the row is there in the end");
}

#[tokio::test]
async fn a_stop_loses_no_row_of_the_webhook_log() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite://{}/veza.db", folder.path().display());
    let settings = [("DATABASE_URL", database.as_str())];
    let server = Server::start_as(Role::Api, folder, &settings).await;
    for path in ["/webhooks/hyperswitch", "/webhooks/stripe"] {
        problem(server.post(path, "{}").await, 401, "signature_invalid").await;
    }
    let Server { running, folder, .. } = server;
    running.shutdown().await;
    let after = Server::start_as(Role::Api, folder, &settings).await;
    assert_eq!(webhook_log(&after, &admin(&after).await).await, ["signature_invalid"; 2]);
}

#[tokio::test]
async fn it_stops_when_told_to() {
    let server = Server::start(&[]).await;
    let url = server.url("/health");
    assert_eq!(server.get("/health").await.status(), StatusCode::OK);
    server.running.shutdown().await;
    assert!(Client::new().get(url).send().await.is_err());
}

#[tokio::test]
async fn a_panic_is_a_500_and_tells_nothing() {
    let settings = EdgeSettings { production: true, trusted_proxies: Vec::new(), cors_allowed_origins: Vec::new(), rate_limits: None };
    let broken = poem::endpoint::make_sync(|request| match request.method() {
        &Method::GET => panic!("a secret"),
        _ => poem::Response::default(),
    });
    let answer = poem::test::TestClient::new(Edge::new(broken, settings, Arc::new(Metrics::new(Timestamp(0))))).get("/").send().await.0;
    assert_eq!((answer.status().as_u16(), answer.content_type()), (500, Some("application/problem+json")));
    assert!(answer.header("strict-transport-security").is_some(), "production");
    let body = answer.into_body().into_string().await.unwrap();
    assert!(body.contains("\"internal\"") && !body.contains("secret"), "{body}");
}
