//! Accepts connections that send what they have at once.

use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Pause after an accept that failed: most often too many open files, which pass.
const PAUSE: Duration = Duration::from_millis(50);

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
