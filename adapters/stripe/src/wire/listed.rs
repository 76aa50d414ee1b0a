//! Transfers, reversals and payouts whole, for who compares books (contracts/stripe.md §2, §3, §4).
//!
//! Invariant: an object whose money makes no sense is an error, never a smaller or an empty one.

use super::{Listed, META_ORDER, META_REVERSAL, META_TRANSFER, Metadata, Page, clip, named};
use crate::http::CallError;
use serde::Deserialize;
use std::str::FromStr;
use veza_domain::payout::PayoutStatus;
use veza_domain::settlement::ConnectReversal;
use veza_domain::time::Timestamp;
use veza_ports::transfers::{ListedPayout, ListedTransfer};

/// `tr_…`, with the reversals that it embeds: the ten newest, newest first.
#[derive(Deserialize)]
pub(crate) struct WholeTransfer {
    pub(crate) id: String,
    amount: i64,
    amount_reversed: i64,
    created: i64,
    currency: String,
    #[serde(default)]
    destination: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    reversals: Option<Page<WholeReversal>>,
}

/// `trr_…`.
#[derive(Deserialize)]
pub(crate) struct WholeReversal {
    id: String,
    amount: i64,
    #[serde(default)]
    metadata: Metadata,
}

impl Listed for WholeReversal {
    fn id(&self) -> &str {
        &self.id
    }
}

impl WholeTransfer {
    /// Does it embed all its reversals?
    pub(crate) fn is_whole(&self) -> bool {
        self.reversals.as_ref().is_some_and(|page| !page.has_more)
    }

    /// The reversals that it embeds, newest first.
    pub(crate) fn take_reversals(&mut self) -> Vec<WholeReversal> {
        self.reversals.take().map(|page| page.data).unwrap_or_default()
    }

    /// The transfer with these reversals, newest first as they are listed.
    pub(crate) fn with(self, reversals: Vec<WholeReversal>) -> Result<ListedTransfer, CallError> {
        let nonsense = || CallError::Nonsense(format!("transfer {}", clip(&self.id)));
        let made_sense = (0..=self.amount).contains(&self.amount_reversed);
        let created_at = at_second(self.created).filter(|_| made_sense).ok_or_else(nonsense)?;
        let reversals = reversals.into_iter().rev().map(ConnectReversal::try_from).collect::<Result<_, _>>()?;
        Ok(ListedTransfer {
            order_id: ours(&self.metadata, META_ORDER),
            transfer_id: ours(&self.metadata, META_TRANSFER),
            stripe_transfer_id: self.id,
            destination: self.destination,
            amount: self.amount,
            currency: self.currency.to_ascii_uppercase(),
            amount_reversed: self.amount_reversed,
            created_at,
            reversals,
        })
    }
}

impl TryFrom<WholeReversal> for ConnectReversal {
    type Error = CallError;

    fn try_from(wire: WholeReversal) -> Result<Self, CallError> {
        if wire.amount < 0 {
            return Err(CallError::Nonsense(format!("reversal {}", clip(&wire.id))));
        }
        Ok(Self { reversal_id: ours(&wire.metadata, META_REVERSAL), id: wire.id, amount: wire.amount })
    }
}

/// `po_…` of a connected account.
#[derive(Deserialize)]
pub(crate) struct PayoutWire {
    pub(crate) id: String,
    amount: i64,
    currency: String,
    status: String,
    created: i64,
    #[serde(default)]
    arrival_date: Option<i64>,
    #[serde(default)]
    failure_code: Option<String>,
    #[serde(default)]
    failure_message: Option<String>,
}

impl TryFrom<PayoutWire> for ListedPayout {
    type Error = CallError;

    /// Its amount may be below zero: a payout that takes from the bank.
    fn try_from(wire: PayoutWire) -> Result<Self, CallError> {
        let created_at = at_second(wire.created).ok_or_else(|| CallError::Nonsense(format!("payout {}", clip(&wire.id))))?;
        let failure = match (wire.failure_code, wire.failure_message) {
            (Some(code), Some(message)) => Some(format!("{code}: {message}")),
            (one, other) => one.or(other),
        };
        Ok(Self {
            payout_id: wire.id,
            amount: wire.amount,
            currency: wire.currency.to_ascii_uppercase(),
            status: PayoutStatus::parse(&wire.status),
            failure: failure.map(|text| clip(&text)),
            arrives_at: wire.arrival_date.and_then(at_second),
            created_at,
        })
    }
}

fn at_second(seconds: i64) -> Option<Timestamp> {
    seconds.checked_mul(1_000_000).map(Timestamp)
}

/// One of our ids in the metadata; none where somebody else put something else there.
fn ours<T: FromStr>(metadata: &Metadata, key: &str) -> Option<T> {
    named(metadata, key)?.parse().ok()
}
