//! Did an earlier call of ours take effect? Stripe has no search for transfers (contracts/stripe.md §3), so lists are paged
//! by cursor and matched on metadata.
//!
//! Invariant: a page that was not read, or an object with our id that differs, is an error: "none" would have a payment sent
//! again.

use crate::Stripe;
use crate::http::CallError;
use crate::judge::{self, NO_SUCH_OBJECT};
use crate::wire::{Kinship, Listed, Page, ReversalWire, TransferWire};
use serde::de::DeserializeOwned;
use veza_ports::transfers::{Found, LookupError, NewReversal, NewTransfer};

/// Objects a page; the most that Stripe gives.
pub(crate) const PAGE_SIZE: &str = "100";
/// Pages of one look-up; an order has at most one transfer a seller, a transfer few reversals.
const PAGES_MAX: usize = 100;

impl Stripe {
    pub(crate) async fn look_for_transfer(&self, wanted: &NewTransfer) -> Result<Found, LookupError> {
        let group = wanted.order_id.to_string();
        let all = self.list::<TransferWire>(&["transfers"], &[("transfer_group", &group)], &[]).await?;
        found(&all, |transfer| transfer.kinship(wanted))
    }

    /// A transfer that does not exist has no reversals.
    pub(crate) async fn look_for_reversal(&self, wanted: &NewReversal) -> Result<Found, LookupError> {
        let segments = ["transfers", &wanted.stripe_transfer_id, "reversals"];
        let all = self.list::<ReversalWire>(&segments, &[], &[NO_SUCH_OBJECT]).await?;
        found(&all, |reversal| reversal.kinship(wanted))
    }

    /// A whole list, empty where the first answer is one of `missing`. New objects come in front, so walking by
    /// `starting_after` skips and repeats nothing.
    pub(crate) async fn list<T>(&self, segments: &[&str], filter: &[(&str, &str)], missing: &[(u16, &str)]) -> Result<Vec<T>, LookupError>
    where
        T: DeserializeOwned + Listed,
    {
        let mut all: Vec<T> = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut query = filter.to_vec();
            query.push(("limit", PAGE_SIZE));
            if let Some(last) = all.last() {
                query.push(("starting_after", last.id()));
            }
            let missing = if all.is_empty() { missing } else { &[] };
            let page: Option<Page<T>> = judge::read(self.http.get(segments, &query).await, missing)?;
            let Some(Page { data, has_more }) = page else { return Ok(all) };
            let progress = !data.is_empty();
            all.extend(data);
            match (has_more, progress) {
                (false, _) => return Ok(all),
                (true, true) => {}
                (true, false) => break,
            }
        }
        Err(LookupError(CallError::EndlessList.into()))
    }
}

fn found<T: Listed>(all: &[T], kinship: impl Fn(&T) -> Kinship) -> Result<Found, LookupError> {
    let mut ours = Vec::new();
    for object in all {
        match kinship(object) {
            Kinship::Stranger => {}
            Kinship::Ours => ours.push(object.id().to_owned()),
            Kinship::Contradicts(how) => {
                tracing::error!("stripe has another object under our id: {how}");
                return Err(LookupError(CallError::Contradiction(how).into()));
            }
        }
    }
    Ok(match ours.len() {
        0 => Found::None,
        1 => Found::One(ours.remove(0)),
        _ => Found::Several(ours),
    })
}
