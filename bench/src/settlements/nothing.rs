//! The signed POST that does nothing: what the HTTP stack, the signature and the JSON cost by themselves.
//!
//! A server in the style of the application's, in a process of its own: it reads the body, checks HMAC-SHA512 over it, reads the
//! envelope, and answers.

use crate::failure::{Outcome, fail};
use crate::messages;
use hmac::{Hmac, KeyInit, Mac};
use poem::http::StatusCode;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::{Data, Json};
use poem::{Body, EndpointExt, Request, Route, Server, handler, post};
use serde::Deserialize;
use sha2::Sha512;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

const BODY_BYTES_MAX: usize = 64 * 1024;

/// The fields that a settlement needs.
#[derive(Deserialize)]
struct Envelope<'a> {
    event_id: &'a str,
    event_type: &'a str,
    content: Content<'a>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    object: Payment<'a>,
}

#[derive(Deserialize)]
struct Payment<'a> {
    payment_id: &'a str,
    status: &'a str,
    currency: &'a str,
    amount: i64,
    amount_received: i64,
}

impl Envelope<'_> {
    fn is_complete(&self) -> bool {
        let payment = &self.content.object;
        let texts = [self.event_id, self.event_type, payment.payment_id, payment.status, payment.currency];
        texts.iter().all(|text| !text.is_empty()) && payment.amount > 0 && payment.amount_received > 0
    }
}

#[handler]
async fn receive(key: Data<&Hmac<Sha512>>, request: &Request, body: Body) -> poem::Result<Json<serde_json::Value>> {
    let bad = |status: StatusCode| poem::Error::from_status(status);
    let body = body.into_bytes_limit(BODY_BYTES_MAX).await.map_err(|_| bad(StatusCode::PAYLOAD_TOO_LARGE))?;
    let mut signature = [0; 64];
    let header = request.header("x-webhook-signature-512").unwrap_or_default();
    hex::decode_to_slice(header, &mut signature).map_err(|_| bad(StatusCode::UNAUTHORIZED))?;
    key.0.clone().chain_update(&body).verify_slice(&signature).map_err(|_| bad(StatusCode::UNAUTHORIZED))?;
    let envelope: Envelope<'_> = serde_json::from_slice(&body).map_err(|_| bad(StatusCode::BAD_REQUEST))?;
    if !envelope.is_complete() {
        return Err(bad(StatusCode::BAD_REQUEST));
    }
    Ok(Json(serde_json::json!({"result": "ok"})))
}

/// Serves on a free port, says its address on standard output, and ends when standard input does.
///
/// # Errors
/// It can't listen.
pub fn serve() -> Outcome<()> {
    let key = Hmac::<Sha512>::new_from_slice(messages::SECRET.as_bytes()).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
        let Some(address) = acceptor.local_addr().iter().find_map(|address| address.as_socket_addr().copied()) else {
            return fail("no address to listen on");
        };
        writeln!(std::io::stdout(), "{address}")?;
        let app = Route::new().at(messages::PATH, post(receive)).data(key);
        let parent = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let ended = async move {
            // Whatever became of the parent: it no longer needs us.
            let _ = parent.await;
        };
        Ok(Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(app, ended, None).await?)
    })
}

/// That server, running.
pub struct Nothing {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Nothing {
    /// Starts this program once more, as that server.
    ///
    /// # Errors
    /// It does not start.
    pub fn start() -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("--serve-nothing").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        Ok(Self { child, address: line.trim().parse()? })
    }
}

impl Drop for Nothing {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
