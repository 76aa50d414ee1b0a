//! A stream that breaks off once nothing has come or gone on it for a while, wherever the conversation stands.
//!
//! Invariant: a byte in either direction gives it the whole while again, so neither who trickles nor who reads slowly is cut off.

use crate::http::middleware::edge::REQUEST_TIMEOUT;
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A connection on which nothing moves for so long is closed: each holds some 50 KiB. Balancers, most of which close theirs after 60 s, are
/// quicker, so that no request of theirs meets a connection that is about to go.
pub(super) const QUIET_MAX: Duration = Duration::from_secs(75);

// While a request is being worked on nothing moves either.
const _: () = assert!(QUIET_MAX.as_secs() > REQUEST_TIMEOUT.as_secs());

/// The stream. The server reads all the time, also while it answers (to hear of a client that goes), and so it hears of the end.
pub(super) struct Quiet<S> {
    stream: S,
    max: Duration,
    end: Pin<Box<Sleep>>,
}

impl<S> Quiet<S> {
    /// Breaks off after `max`.
    pub(super) fn new(stream: S, max: Duration) -> Self {
        Self { stream, max, end: Box::pin(sleep(max)) }
    }

    /// What came of reading or writing, or that it is over.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, moved: Poll<Result<T>>) -> Poll<Result<T>> {
        if moved.is_ready() {
            self.end.as_mut().reset(Instant::now() + self.max);
            return moved;
        }
        ready!(self.end.as_mut().poll(cx));
        Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "nothing came or went for too long")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Quiet<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.in_time(cx, read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Quiet<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.in_time(cx, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// It has been quiet for all its while, which is long.
    async fn at_its_end(quiet: &mut Quiet<DuplexStream>) {
        quiet.end.as_mut().reset(Instant::now());
        quiet.end.as_mut().await;
    }

    /// A stream at its end, and the other end of the stream; there is room for one byte.
    async fn stream() -> (Quiet<DuplexStream>, DuplexStream) {
        let (here, there) = duplex(1);
        let mut quiet = Quiet::new(here, Duration::from_secs(3600));
        at_its_end(&mut quiet).await;
        (quiet, there)
    }

    /// Reads or writes a byte; whether it breaks off. None: it waits.
    fn broken<T>(moves: impl Future<Output = Result<T>>) -> Option<bool> {
        moves.now_or_never().map(|moved| moved.is_err_and(|error| error.kind() == ErrorKind::TimedOut))
    }

    #[tokio::test]
    async fn who_says_nothing_is_cut_off() {
        let (mut quiet, _there) = stream().await;
        assert_eq!(broken(quiet.read_u8()), Some(true));
    }

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off() {
        let (mut quiet, _there) = stream().await;
        assert_eq!((broken(quiet.write_u8(1)), broken(quiet.write_u8(2))), (Some(false), None));
        at_its_end(&mut quiet).await;
        assert_eq!(broken(quiet.write_u8(2)), Some(true));
    }

    #[tokio::test]
    async fn a_byte_in_either_direction_gives_it_the_whole_while() {
        let (mut quiet, mut there) = stream().await;
        there.write_u8(1).await.unwrap();
        assert_eq!(broken(quiet.read_u8()), Some(false), "what is there is read, however late");
        assert_eq!(broken(quiet.read_u8()), None, "it waits again");

        let (mut quiet, _there) = stream().await;
        assert_eq!(broken(quiet.write_u8(1)), Some(false));
        assert_eq!(broken(quiet.read_u8()), None, "an answer is on its way");
    }
}
