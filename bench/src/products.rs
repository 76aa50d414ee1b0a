//! Product lists a second: the shop window as everybody sees it first.

use crate::client::{self, Answer, Load, Stop, Workload, request};
use crate::failure::Outcome;
use crate::options::Options;
use crate::server::Server;
use std::time::Duration;

/// The first page.
const PATH: &str = "/api/v1/marketplace/products?limit=20";
/// What is sent before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// A page of 20 products can't be shorter than this, in bytes.
const PAGE_BYTES_MIN: usize = 4000;

struct FirstPage(Vec<u8>);

impl Workload for FirstPage {
    fn write(&self, _number: usize, buffer: &mut Vec<u8>) {
        if buffer.is_empty() {
            buffer.extend_from_slice(&self.0);
        }
    }

    fn accepts(&self, _number: usize, answer: Answer<'_>) -> bool {
        answer.status == 200 && answer.body.starts_with(br#"{"items":[{"#) && answer.body.len() >= PAGE_BYTES_MIN
    }
}

/// Reads the first page over and over.
///
/// # Errors
/// An answer is not a full page.
pub fn measure(options: &Options, server: &Server) -> Outcome<Load> {
    let page = FirstPage(request::bytes("GET", PATH, "", b""));
    let load = |after: Duration| {
        let stop = Stop { before: usize::MAX, after };
        client::run(client::closed(&[server.address], options.connections, 0, stop, &page))
    };
    load(WARM_UP)?;
    load(Duration::from_secs(options.seconds))
}
