//! Accepts connections that send what they have at once, and that break off when nobody uses them.

use super::SHUTDOWN_GRACE;
use super::quiet::Quiet;
use poem::Endpoint;
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Pause after an accept that failed: most often too many open files, which pass.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers over HTTP until `stop`; what is being answered then may finish.
pub(super) async fn serve(acceptor: NoDelay, endpoint: impl Endpoint + 'static, stop: impl Future<Output = ()>) {
    // No idle timeout of poem's: it leaves a connection alone on which half a request has come. `Quiet` closes that one too.
    let server = poem::Server::new_with_acceptor(acceptor);
    if let Err(error) = server.run_with_graceful_shutdown(endpoint, stop, Some(SHUTDOWN_GRACE)).await {
        tracing::error!(%error, "the server ended");
    }
}

/// A listener whose connections don't wait to fill a packet (`TCP_NODELAY`), and end when they are quiet for too long.
pub(super) struct NoDelay {
    listener: TcpListener,
    addr: SocketAddr,
    quiet_max: Duration,
}

impl NoDelay {
    pub(super) fn new(listener: TcpListener, addr: SocketAddr, quiet_max: Duration) -> Self {
        Self { listener, addr, quiet_max }
    }
}

impl Acceptor for NoDelay {
    type Io = Quiet<TcpStream>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.addr.into())]
    }

    async fn accept(&mut self) -> std::io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps its delay");
                }
                let stream = Quiet::new(stream, self.quiet_max);
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
    use poem::endpoint::make_sync;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// What a client hears that says this and then nothing, until the server closes the connection.
    async fn heard(said: &str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        // All that is said is there before the server listens to it, however busy the machine is.
        let mut connection = TcpStream::connect(addr).await.unwrap();
        connection.write_all(said.as_bytes()).await.unwrap();
        let acceptor = NoDelay::new(listener, addr, Duration::from_millis(300));
        let server = tokio::spawn(serve(acceptor, make_sync(|_| "answered"), std::future::pending()));
        let mut heard = String::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), connection.read_to_string(&mut heard)).await;
        server.abort();
        closed.expect("the server closes the connection").unwrap();
        heard
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed_once_it_has_its_answer() {
        assert!(heard("GET / HTTP/1.1\r\nhost: veza.test\r\n\r\n").await.ends_with("answered"));
    }

    #[tokio::test]
    async fn who_stops_in_the_middle_of_a_request_is_not_waited_for() {
        for said in ["", "GET", "GET / HTTP/1.1\r\nhost: veza.test\r\nx-", "PRI * HTTP/2.0\r\n"] {
            assert_eq!(heard(said).await, "", "{said:?}");
        }
        // The next request of a connection, too.
        let twice = "GET / HTTP/1.1\r\nhost: veza.test\r\n\r\nGET / HT";
        assert_eq!(heard(twice).await.matches("answered").count(), 1);
    }
}
