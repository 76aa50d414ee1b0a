//! Stripe's objects as they stand in JSON: only the fields we read, unknown ones ignored, nulls and absence allowed
//! (contracts/stripe.md §2).

pub(crate) mod listed;

use serde::Deserialize;
use std::collections::HashMap;
use veza_domain::money::Money;
use veza_ports::transfers::{ConnectAccount, NewReversal, NewTransfer};

/// Longest text of the provider that we keep; its words end up in a database row.
const TEXT_CHARS_MAX: usize = 500;

/// Key of metadata that names the order.
pub(crate) const META_ORDER: &str = "order_id";
/// Key of metadata that names our transfer.
pub(crate) const META_TRANSFER: &str = "transfer_id";
/// Key of metadata that names our reversal.
pub(crate) const META_REVERSAL: &str = "reversal_id";
/// Key of metadata that names the cause of a reversal.
pub(crate) const META_REFUND: &str = "refund_id";

/// Metadata values are always strings; on a reversal the whole may be null.
type Metadata = Option<HashMap<String, String>>;

/// What a list can hold.
pub(crate) trait Listed {
    /// The cursor of the next page.
    fn id(&self) -> &str;
}

/// How an object of the provider relates to an intent of ours.
pub(crate) enum Kinship {
    /// Another one's.
    Stranger,
    /// It is the one.
    Ours,
    /// It bears our id and differs in money or destination.
    Contradicts(String),
}

/// `tr_…`. It has no status: it exists or it does not.
#[derive(Deserialize)]
pub(crate) struct TransferWire {
    pub(crate) id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    destination: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

impl Listed for TransferWire {
    fn id(&self) -> &str {
        &self.id
    }
}

impl TransferWire {
    /// How it differs from what was asked for; none if it is that.
    pub(crate) fn difference(&self, wanted: &NewTransfer) -> Option<String> {
        let same = is(self.amount, &self.currency, wanted.amount) && self.destination.as_deref() == Some(&wanted.destination);
        let destination = self.destination.as_deref().unwrap_or("nobody");
        (!same).then(|| {
            format!(
                "{} is {} {} to {destination}, and transfer {} is {} to {}",
                self.id, self.amount, self.currency, wanted.transfer_id, wanted.amount, wanted.destination
            )
        })
    }

    pub(crate) fn kinship(&self, wanted: &NewTransfer) -> Kinship {
        if named(&self.metadata, META_TRANSFER) != Some(&wanted.transfer_id.to_string()) {
            return Kinship::Stranger;
        }
        self.difference(wanted).map_or(Kinship::Ours, Kinship::Contradicts)
    }
}

/// `trr_…`.
#[derive(Deserialize)]
pub(crate) struct ReversalWire {
    pub(crate) id: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    transfer: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

impl Listed for ReversalWire {
    fn id(&self) -> &str {
        &self.id
    }
}

impl ReversalWire {
    /// How it differs from what was asked for; none if it is that.
    pub(crate) fn difference(&self, wanted: &NewReversal) -> Option<String> {
        let same_transfer = self.transfer.as_deref().is_none_or(|id| id == wanted.stripe_transfer_id);
        let same = same_transfer && is(self.amount, &self.currency, wanted.amount);
        (!same)
            .then(|| format!("{} is {} {}, and reversal {} is {}", self.id, self.amount, self.currency, wanted.reversal_id, wanted.amount))
    }

    /// Within one transfer a refund has one reversal, so where a reversal names no `reversal_id` the refund's id tells.
    pub(crate) fn kinship(&self, wanted: &NewReversal) -> Kinship {
        let ours = match named(&self.metadata, META_REVERSAL) {
            Some(id) => *id == wanted.reversal_id.to_string(),
            None => wanted.refund_id.is_some_and(|refund| named(&self.metadata, META_REFUND) == Some(&refund.to_string())),
        };
        if !ours {
            return Kinship::Stranger;
        }
        self.difference(wanted).map_or(Kinship::Ours, Kinship::Contradicts)
    }
}

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    #[serde(default)]
    pub(crate) has_more: bool,
}

/// `acct_…`.
#[derive(Deserialize)]
pub(crate) struct AccountWire {
    id: String,
    #[serde(default)]
    capabilities: Option<HashMap<String, serde_json::Value>>,
    #[serde(default)]
    payouts_enabled: Option<bool>,
}

impl From<AccountWire> for ConnectAccount {
    /// §8: ready to receive is `capabilities.transfers == "active"`, and nothing else.
    fn from(wire: AccountWire) -> Self {
        let transfers = wire.capabilities.as_ref().and_then(|capabilities| capabilities.get("transfers"));
        Self {
            transfers_enabled: transfers.is_some_and(|status| status == "active"),
            payouts_enabled: wire.payouts_enabled.unwrap_or(false),
            account_id: wire.id,
        }
    }
}

/// The answer to `POST /v1/account_links`. Neither printable nor kept: the URL is a secret.
#[derive(Deserialize)]
pub(crate) struct LinkWire {
    pub(crate) url: String,
}

/// Stripe's error body (§6); `type`, `code`, `message` and `param` are often absent.
#[derive(Default, Deserialize)]
pub(crate) struct ErrorWire {
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

impl ErrorWire {
    /// Reads the top-level `error` of a body, if there is one.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Envelope {
            error: Option<ErrorWire>,
        }
        serde_json::from_slice::<Envelope>(body).ok()?.error
    }

    pub(crate) fn code(&self) -> &str {
        self.code.as_deref().unwrap_or_default()
    }

    /// Code and message as one text; the code alone where the message may quote our key.
    pub(crate) fn words(&self, with_message: bool) -> String {
        let code = self.code.as_deref().or(self.kind.as_deref()).unwrap_or("no code");
        let text = match self.message.as_deref().filter(|_| with_message) {
            Some(message) => format!("{code}: {message}"),
            None => code.to_owned(),
        };
        clip(&text)
    }
}

fn is(amount: i64, currency: &str, wanted: Money) -> bool {
    amount == wanted.amount.0 && currency.eq_ignore_ascii_case(wanted.currency.code())
}

fn named<'a>(metadata: &'a Metadata, key: &str) -> Option<&'a String> {
    metadata.as_ref()?.get(key).filter(|value| !value.is_empty())
}

/// What is kept of a text of the provider.
fn clip(text: &str) -> String {
    head(text, TEXT_CHARS_MAX).to_owned()
}

/// The first `chars_max` characters.
pub(crate) fn head(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}

/// Is it the id of an account, and not of a part of one?
pub(crate) fn is_account(id: &str) -> bool {
    id.starts_with("acct_")
}
