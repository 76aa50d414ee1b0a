//! Accepts connections that send what they have at once, and closes those that nobody uses.

use super::SHUTDOWN_GRACE;
use poem::Endpoint;
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Pause after an accept that failed: most often too many open files, which pass.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection that is idle for so long is closed: each holds some 50 KiB. Balancers, most of which close theirs after 60 s, are quicker, so
/// that no request of theirs meets a connection that is about to go.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(75);

/// Answers over HTTP until `stop`; what is being answered then may finish.
pub(super) async fn serve(acceptor: NoDelay, endpoint: impl Endpoint + 'static, idle_max: Duration, stop: impl Future<Output = ()>) {
    let server = poem::Server::new_with_acceptor(acceptor).idle_timeout(idle_max);
    if let Err(error) = server.run_with_graceful_shutdown(endpoint, stop, Some(SHUTDOWN_GRACE)).await {
        tracing::error!(%error, "the server ended");
    }
}

/// A listener whose connections don't wait to fill a packet (`TCP_NODELAY`).
pub(super) struct NoDelay {
    listener: TcpListener,
    addr: SocketAddr,
}

impl NoDelay {
    pub(super) fn new(listener: TcpListener, addr: SocketAddr) -> Self {
        Self { listener, addr }
    }
}

impl Acceptor for NoDelay {
    type Io = TcpStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.addr.into())]
    }

    async fn accept(&mut self) -> std::io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps its delay");
                }
                Ok((stream, LocalAddr(self.addr.into()), RemoteAddr(peer.into()), Scheme::HTTP))
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await; // the server asks again at once
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::{IntoResponse, endpoint::make};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const IDLE: Duration = Duration::from_millis(300);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: veza.test\r\n\r\n";

    /// Answers after `pause`, and says how a connection ends on which one request was made.
    async fn one_request(pause: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let endpoint = make(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, poem::Error>("answered".into_response())
        });
        let server = tokio::spawn(serve(NoDelay::new(listener, addr), endpoint, IDLE, std::future::pending()));
        let mut connection = TcpStream::connect(addr).await.unwrap();
        connection.write_all(REQUEST).await.unwrap();
        let mut heard = String::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), connection.read_to_string(&mut heard)).await;
        server.abort();
        closed.expect("the server closes the connection").unwrap();
        heard
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed() {
        assert!(one_request(Duration::ZERO).await.ends_with("answered"));
    }

    #[tokio::test]
    async fn who_waits_for_an_answer_gets_it_first() {
        assert!(one_request(4 * IDLE).await.ends_with("answered"));
    }
}
