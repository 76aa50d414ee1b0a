//! Connections that can be cut: how "the answer was lost" looks on the network.
//!
//! HTTP frameworks offer no way to answer a request with nothing. So the acceptor wraps each connection with a flag
//! that a handler can raise by the peer's address; from then on every write fails and the server drops the socket.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use poem::{
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// The open connections, by the peer's address.
#[derive(Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<HashMap<SocketAddr, Arc<AtomicBool>>>>);

impl Connections {
    /// From now on nothing more goes to this peer.
    pub(crate) fn cut(&self, peer: SocketAddr) {
        if let Some(cut) = self.lock().get(&peer) {
            cut.store(true, Ordering::Release);
        }
    }

    /// A connection that no socket stands for: its flag.
    pub(crate) fn open(&self, peer: SocketAddr) -> Arc<AtomicBool> {
        let cut = Arc::new(AtomicBool::new(false));
        self.lock().insert(peer, Arc::clone(&cut));
        cut
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, Arc<AtomicBool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TCP acceptor whose connections [`Connections::cut`] can end.
pub(crate) struct CuttingAcceptor {
    listener: TcpListener,
    local_addr: SocketAddr,
    connections: Connections,
}

impl CuttingAcceptor {
    pub(crate) async fn bind(addr: SocketAddr, connections: Connections) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let local_addr = listener.local_addr()?;
        Ok(Self { listener, local_addr, connections })
    }

    pub(crate) fn socket_addr(&self) -> SocketAddr {
        self.local_addr
    }
}

impl Acceptor for CuttingAcceptor {
    type Io = Connection;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.local_addr.into())]
    }

    async fn accept(&mut self) -> io::Result<(Connection, LocalAddr, RemoteAddr, Scheme)> {
        let (stream, peer) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        let cut = Arc::new(AtomicBool::new(false));
        self.connections.lock().insert(peer, Arc::clone(&cut));
        let connection = Connection { stream, cut, peer, connections: self.connections.clone() };
        Ok((connection, LocalAddr(self.local_addr.into()), RemoteAddr(peer.into()), Scheme::HTTP))
    }
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
    peer: SocketAddr,
    connections: Connections,
}

impl Connection {
    fn check(&self) -> io::Result<()> {
        if self.cut.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut by a script"));
        }
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        // The peer's port may have been used again before this connection was dropped.
        if open.get(&self.peer).is_some_and(|cut| Arc::ptr_eq(cut, &self.cut)) {
            open.remove(&self.peer);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
