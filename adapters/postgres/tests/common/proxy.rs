//! A proxy on loopback that reads what a client says to Postgres, counts its round trips, and cuts the line or lets it go silent when
//! told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};

/// What the client asks the server to do, up to the point where it waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// Carry out a prepared statement; it is committed when its `Sync` arrives, unless a transaction is open.
    Statement,
    /// `BEGIN`.
    Begin,
    /// `COMMIT`.
    Commit,
    /// Prepare a statement, ask for a sign of life, `ROLLBACK` …
    Other,
}

/// When the line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server never hears the end of the trip.
    Before(Trip),
    /// The server hears it and does it, the client never hears the answer.
    After(Trip),
}

#[derive(Default)]
struct State {
    trips: Mutex<Vec<Trip>>,
    /// Armed for one cut, after so many other trips of its kind.
    cut: Mutex<Option<(Cut, usize)>>,
    cuts: AtomicUsize,
    /// Lines that were made.
    lines: AtomicUsize,
    /// So many of them, the oldest, carry nothing any more.
    silent: AtomicUsize,
}

/// The proxy.
pub struct Proxy {
    state: Arc<State>,
    port: u16,
}

impl Proxy {
    /// In front of the server on this port of this machine.
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move { drop(serve(client, server, &state).await) });
            }
        });
        Self { state, port }
    }

    /// The same database, through the proxy and without encryption.
    pub fn url(&self, url: &str) -> String {
        let (before, after) = url.rsplit_once(':').unwrap();
        let database = after.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{before}:{}{database}?sslmode=disable", self.port)
    }

    /// Cuts the line once, at the trip of this kind after `passed` others.
    pub fn arm(&self, cut: Cut, passed: usize) {
        *self.state.cut.lock().unwrap_or_else(PoisonError::into_inner) = Some((cut, passed));
    }

    /// How often the line was cut.
    pub fn cuts(&self) -> usize {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// The lines that there are go silent: what is said on them arrives nowhere, and neither side is told. New ones are in order.
    pub fn silence(&self) {
        self.state.silent.store(self.state.lines.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// The trips since the last time somebody asked.
    pub fn trips(&self) -> Vec<Trip> {
        std::mem::take(&mut *self.state.trips.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// Notes a trip; says whether and how the line is cut at it.
    fn note(&self, trip: Trip) -> Option<Cut> {
        self.trips.lock().unwrap_or_else(PoisonError::into_inner).push(trip);
        let mut armed = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        let (cut, passed) = (*armed)?;
        if cut != Cut::Before(trip) && cut != Cut::After(trip) {
            return None;
        }
        *armed = passed.checked_sub(1).map(|passed| (cut, passed));
        if armed.is_some() {
            return None;
        }
        self.cuts.fetch_add(1, Ordering::SeqCst);
        Some(cut)
    }
}

async fn serve(client: TcpStream, port: u16, state: &State) -> std::io::Result<()> {
    let line = state.lines.fetch_add(1, Ordering::SeqCst);
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = TcpStream::connect(("127.0.0.1", port)).await?.into_split();
    let answers = tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let startup = message(&mut from_client, 0).await?;
    to_server.write_all(&startup).await?;
    let mut executes = false;
    loop {
        let Ok(message) = message(&mut from_client, 1).await else { break };
        if line < state.silent.load(Ordering::SeqCst) {
            continue;
        }
        let trip = match message.first() {
            Some(b'Q') if message.windows(6).any(|text| text == b"COMMIT") => Some(Trip::Commit),
            Some(b'Q') if message.windows(5).any(|text| text == b"BEGIN") => Some(Trip::Begin),
            Some(b'Q') => Some(Trip::Other),
            Some(b'S') => Some(if executes { Trip::Statement } else { Trip::Other }),
            _ => None,
        };
        executes = message.first() == Some(&b'E') || executes && trip.is_none();
        let cut = trip.and_then(|trip| state.note(trip));
        if cut.is_some() {
            // Nothing more comes back, whatever the server does.
            answers.abort();
        }
        if !matches!(cut, Some(Cut::Before(_))) {
            to_server.write_all(&message).await?;
        }
        if cut.is_some() {
            break;
        }
    }
    answers.abort();
    Ok(())
}

/// A message: so many bytes of type, four of length, and the rest.
async fn message(from: &mut OwnedReadHalf, kind: usize) -> std::io::Result<Vec<u8>> {
    let mut message = vec![0; kind + 4];
    from.read_exact(&mut message).await?;
    let length = u32::from_be_bytes(message[kind..].try_into().unwrap_or_default()) as usize;
    message.resize(kind + length, 0);
    from.read_exact(&mut message[kind + 4..]).await?;
    Ok(message)
}
