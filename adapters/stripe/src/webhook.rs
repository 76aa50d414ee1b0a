//! Signatures of webhooks, and what a body is about (contracts/stripe.md §9).
//!
//! Invariants: nothing of a body is looked at before its signature holds; secrets and bodies never reach a log, an error or a
//! `Debug` output.

use crate::ConfigError;
use crate::wire::{head, is_account};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::Sha256;
use std::fmt;
use veza_domain::time::Timestamp;
use veza_ports::transfers::{ConnectEvent, ConnectSubject, RejectedMessage, TransferWebhooks};

const SIGNATURE_HEADER: &str = "stripe-signature";
/// How far a signature's time may be from ours, either way.
const TOLERANCE_SECONDS: u64 = 300;
/// Signatures of one header that are compared; Stripe sends two while a secret is rolled.
const SIGNATURES_MAX: usize = 16;
/// Longest event type that is kept.
const EVENT_TYPE_CHARS_MAX: usize = 100;

/// Checks and reads Stripe's messages. Platform events and those of connected accounts come signed with their own secrets.
pub struct StripeWebhooks {
    /// Key schedules, one per endpoint secret.
    keys: Vec<Hmac<Sha256>>,
}

impl StripeWebhooks {
    /// A message counts when any of `secrets` (`whsec_…`, as text) signed it.
    /// # Errors
    /// [`ConfigError::WebhookSecret`] without secrets, or with an empty one: anybody could sign with it.
    pub fn new(secrets: &[SecretString]) -> Result<Self, ConfigError> {
        let key = |secret: &SecretString| {
            let secret = Some(secret.expose_secret()).filter(|secret| !secret.trim().is_empty())?;
            Hmac::new_from_slice(secret.as_bytes()).ok()
        };
        let keys: Option<Vec<_>> = secrets.iter().map(key).collect();
        keys.filter(|keys| !keys.is_empty()).map(|keys| Self { keys }).ok_or(ConfigError::WebhookSecret)
    }

    fn verify(&self, body: &[u8], signature: &str, now: Timestamp) -> bool {
        let Some(Signature { time, seconds, digests }) = Signature::parse(signature) else { return false };
        if now.unix_seconds().abs_diff(seconds) > TOLERANCE_SECONDS {
            return false;
        }
        // All secrets and all digests are tried, and each comparison takes its constant time.
        self.keys.iter().fold(false, |signed, key| {
            let mac = key.clone().chain_update(time).chain_update(b".").chain_update(body);
            digests.iter().fold(signed, |signed, digest| mac.clone().verify_slice(digest).is_ok() | signed)
        })
    }
}

impl fmt::Debug for StripeWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StripeWebhooks({} secrets)", self.keys.len())
    }
}

/// `t=1790000510,v1=<hex>[,v1=<hex>][,v0=…]`.
struct Signature<'a> {
    /// The time as it was sent: it is part of what is signed.
    time: &'a str,
    seconds: i64,
    digests: Vec<[u8; 32]>,
}

impl<'a> Signature<'a> {
    /// None when there is no time, or more than one. Other schemes, and digests that are none, are passed over.
    fn parse(header: &'a str) -> Option<Self> {
        let pairs = || header.split(',').filter_map(|pair| pair.trim().split_once('='));
        let mut times = pairs().filter(|(name, _)| *name == "t").map(|(_, value)| value);
        let (time, None) = (times.next()?, times.next()) else { return None };
        let seconds = time.bytes().all(|byte| byte.is_ascii_digit()).then(|| time.parse().ok()).flatten()?;
        let digest = |text: &str| {
            let mut digest = [0; 32];
            hex::decode_to_slice(text, &mut digest).ok().map(|()| digest)
        };
        let digests = pairs().filter(|(name, _)| *name == "v1").filter_map(|(_, value)| digest(value)).take(SIGNATURES_MAX).collect();
        Some(Self { time, seconds, digests })
    }
}

impl TransferWebhooks for StripeWebhooks {
    fn signature_header(&self) -> &'static str {
        SIGNATURE_HEADER
    }

    fn accept(&self, body: &[u8], signature: Option<&str>, now: Timestamp) -> Result<ConnectEvent, RejectedMessage> {
        if !signature.is_some_and(|signature| self.verify(body, signature, now)) {
            return Err(RejectedMessage::Signature);
        }
        self.parse(body)
    }

    fn parse(&self, body: &[u8]) -> Result<ConnectEvent, RejectedMessage> {
        let event: EventWire = object(body).map_err(RejectedMessage::Malformed)?;
        event.read().map_err(|what| RejectedMessage::Malformed(what.to_owned()))
    }

    fn event_type(&self, body: &[u8]) -> Option<String> {
        #[derive(Deserialize)]
        struct Typed {
            #[serde(rename = "type")]
            kind: String,
        }
        let Typed { kind } = object(body).ok()?;
        (!kind.is_empty()).then(|| head(&kind, EVENT_TYPE_CHARS_MAX).to_owned())
    }
}

/// Reads a JSON object; the message names the place of the fault, never the content.
fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    // Serde would take an array for a struct.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err("not a JSON object".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("not an event at line {}, column {}", error.line(), error.column()))
}

/// An event as it stands in JSON. Of what it is about only the id counts: the object in it is a snapshot.
#[derive(Deserialize)]
struct EventWire {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    account: Value,
    #[serde(default)]
    data: Value,
}

impl EventWire {
    fn read(self) -> Result<ConnectEvent, &'static str> {
        if self.id.is_empty() || self.kind.is_empty() {
            return Err("an event without an id or a type");
        }
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (account_id, object_id) = (text(&self.account), self.data.pointer("/object/id").and_then(text));
        let subject = match self.kind.split('.').next() {
            // The object may be a part of the account (`account.external_account.created`): then only the envelope names it.
            Some("account") => {
                let of_account = account_id.clone().or_else(|| object_id.filter(|id| is_account(id)));
                ConnectSubject::Account { account_id: of_account.ok_or("an event of an account that names none")? }
            }
            Some("transfer") => ConnectSubject::Transfer { stripe_transfer_id: object_id.ok_or("an event of a transfer that names none")? },
            Some("payout") => ConnectSubject::Payout { payout_id: object_id.ok_or("an event of a payout that names none")? },
            _ => ConnectSubject::Other,
        };
        let account_id = account_id.or_else(|| match &subject {
            ConnectSubject::Account { account_id } => Some(account_id.clone()),
            _ => None,
        });
        Ok(ConnectEvent { event_id: self.id, event_type: head(&self.kind, EVENT_TYPE_CHARS_MAX).to_owned(), account_id, subject })
    }
}
