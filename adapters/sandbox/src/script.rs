//! Scripts: which call meets which fault.
//!
//! A script is chosen by the control API, by a payment's `metadata.sandbox` or by a magic amount; all three end up in
//! the same list. Each call takes the scripts that match it; a script is used up after `times` calls.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::parse_duration;

/// What a script listens to: a call of one of the two APIs, or something that happens inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the call of that name")]
pub enum Op {
    CreatePayment,
    UpdatePayment,
    Confirm,
    Capture,
    Cancel,
    ReadPayment,
    CreateRefund,
    ReadRefund,
    ListRefunds,
    ReadDispute,
    CreateTransfer,
    UpdateTransfer,
    ReadTransfer,
    ListTransfers,
    CreateReversal,
    ReadReversal,
    ListReversals,
    CreateAccount,
    ReadAccount,
    CreateAccountLink,
    ReadBalance,
    ListEvents,
    /// An attempt to charge, by a create with `confirm: true` or by a confirm.
    Attempt,
    /// A webhook event is made.
    Webhook,
    /// In a script only: every call of that side.
    Hyperswitch,
    /// In a script only: every call of that side.
    Stripe,
    /// In a script only: every call.
    Any,
}

impl Op {
    /// The API that a call belongs to.
    pub(crate) fn side(self) -> Op {
        match self {
            Self::CreateTransfer
            | Self::UpdateTransfer
            | Self::ReadTransfer
            | Self::ListTransfers
            | Self::CreateReversal
            | Self::ReadReversal
            | Self::ListReversals
            | Self::CreateAccount
            | Self::ReadAccount
            | Self::CreateAccountLink
            | Self::ReadBalance
            | Self::ListEvents => Self::Stripe,
            _ => Self::Hyperswitch,
        }
    }

    fn covers(self, op: Op) -> bool {
        match self {
            Self::Any => true,
            Self::Hyperswitch | Self::Stripe => self == op.side(),
            // An attempt to charge is part of the call that makes it.
            Self::Attempt => matches!(op, Self::Attempt | Self::CreatePayment | Self::Confirm),
            _ => self == op,
        }
    }
}

/// What goes wrong. The table in the crate's documentation says what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "one table, in the crate's documentation")]
pub enum Fault {
    Slow,
    SlowBeforeEffect,
    AnswerLost,
    RequestLost,
    ErrorAfterEffect,
    ErrorBeforeEffect,
    ErrorSaved,
    BadGateway,
    RateLimited,
    LockTimeout,
    Busy,
    KeyInUse,
    Unavailable,
    NotFound,
    Decline,
    Processing,
    RequiresAction,
    Blocked,
    RefundPending,
    RefundFailed,
    RefundFailsLater,
    RefundNotSupported,
    #[serde(alias = "seller_without_balance")]
    BalanceInsufficient,
    CapabilityMissing,
    #[serde(alias = "transfer_reversed_elsewhere")]
    ReversedElsewhere,
    WebhookLost,
    WebhookDoubled,
    WebhookLate,
    WebhookOutOfOrder,
    WebhookBeforeAnswer,
    WebhookForged,
    WebhookUnsigned,
}

impl Fault {
    /// Where the fault strikes. A script whose `on` names a call strikes at that call's matching stage.
    pub(crate) fn stage(self) -> Stage {
        match self {
            Self::Decline | Self::Processing | Self::RequiresAction | Self::Blocked => Stage::Attempt,
            Self::RefundPending
            | Self::RefundFailed
            | Self::RefundFailsLater
            | Self::RefundNotSupported
            | Self::BalanceInsufficient
            | Self::CapabilityMissing
            | Self::ReversedElsewhere => Stage::Effect,
            Self::WebhookLost
            | Self::WebhookDoubled
            | Self::WebhookLate
            | Self::WebhookOutOfOrder
            | Self::WebhookBeforeAnswer
            | Self::WebhookForged
            | Self::WebhookUnsigned => Stage::Webhook,
            _ => Stage::Transport,
        }
    }

    /// What a fault named in `metadata.sandbox` or by a magic amount listens to, when nothing else is said.
    fn default_on(self) -> Op {
        match self.stage() {
            Stage::Attempt => Op::Attempt,
            Stage::Webhook => Op::Webhook,
            Stage::Effect if matches!(self, Self::BalanceInsufficient | Self::CapabilityMissing) => Op::CreateTransfer,
            Stage::Effect if self == Self::ReversedElsewhere => Op::CreateReversal,
            Stage::Effect => Op::CreateRefund,
            Stage::Transport => Op::CreatePayment,
        }
    }
}

/// Stage of a call at which faults are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Around the call: delay, error, cut connection.
    Transport,
    /// Inside a charge attempt.
    Attempt,
    /// Inside what else the call does.
    Effect,
    /// When an event is made.
    Webhook,
}

/// One script (`POST /control/scripts` takes one, or a list).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it listens to.
    pub on: Op,
    /// What happens.
    pub fault: Fault,
    /// How many matching calls it meets; 0 = until scripts are deleted.
    #[serde(default = "once")]
    pub times: u32,
    /// Only calls and events of this payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    /// Only calls whose parameters have these values, by dotted path: `{"metadata.order_id": "7", "destination": "acct_x"}`.
    /// Path ids (`refund_id`, `transfer`, `account`) and, for webhooks, `event_type` and `object_id` count as parameters.
    #[serde(default, rename = "match", skip_serializing_if = "serde_json::Map::is_empty")]
    pub matches: serde_json::Map<String, Value>,
    /// For faults that take time: `250ms`, `5s`, `10m`, `6h`, `3d`. Answers wait in real time, everything else in sandbox time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
}

fn once() -> u32 {
    1
}

impl Script {
    /// `fault` at the next `on`.
    pub fn new(on: Op, fault: Fault) -> Self {
        Self { on, fault, times: 1, payment_id: None, matches: serde_json::Map::new(), delay: None }
    }

    /// Only for this payment.
    #[must_use]
    pub fn payment(mut self, payment_id: impl Into<String>) -> Self {
        self.payment_id = Some(payment_id.into());
        self
    }

    /// For this many calls; 0 = until scripts are deleted.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Only calls that have this value at this dotted path.
    #[must_use]
    pub fn matching(mut self, path: impl Into<String>, value: impl Into<Value>) -> Self {
        self.matches.insert(path.into(), value.into());
        self
    }

    /// How long, for faults that take time.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(format!("{}ms", delay.as_millis()));
        self
    }

    fn meets(&self, facts: &Facts) -> bool {
        let payment = self.payment_id.as_ref().is_none_or(|id| facts.payment_id.as_ref() == Some(id));
        payment && self.matches.iter().all(|(path, wanted)| facts.get(path).is_some_and(|found| same(found, wanted)))
    }
}

/// Form parameters are strings, so `1000` matches `"1000"`.
fn same(found: &Value, wanted: &Value) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    found == wanted || text(found) == text(wanted)
}

/// What a script may look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    pub(crate) payment_id: Option<String>,
    pub(crate) params: Value,
}

impl Facts {
    pub(crate) fn of_payment(payment_id: &str, params: Value) -> Self {
        Self { payment_id: Some(payment_id.to_owned()), params }
    }

    fn get(&self, path: &str) -> Option<&Value> {
        // Flattened form parameters keep their brackets: `metadata[order_id]` is found under that very name too.
        self.params.get(path).or_else(|| path.split('.').try_fold(&self.params, |value, key| value.get(key)))
    }
}

/// A fault that a call has to meet, with the script's delay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) fault: Fault,
    pub(crate) delay: Option<Duration>,
}

/// The faults of one stage of one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Vec<Taken>);

impl Faults {
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.0.iter().any(|taken| taken.fault == fault)
    }

    /// The delay of `fault`, or `default` if the script names none; `None` if the fault is absent.
    pub(crate) fn delay(&self, fault: Fault, default: Duration) -> Option<Duration> {
        self.0.iter().find(|taken| taken.fault == fault).map(|taken| taken.delay.unwrap_or(default))
    }

    pub(crate) fn names(&self) -> Vec<Fault> {
        self.0.iter().map(|taken| taken.fault).collect()
    }

    /// The one fault of an attempt.
    pub(crate) fn first(&self) -> Option<Fault> {
        self.0.first().map(|taken| taken.fault)
    }
}

/// Takes the faults that `op` meets at `stage`, and uses them up.
pub(crate) fn take(scripts: &mut Vec<Script>, op: Op, stage: Stage, facts: &Facts) -> Faults {
    let mut taken = Faults::default();
    scripts.retain_mut(|script| {
        let strikes = script.fault.stage() == stage && script.on.covers(op) && !taken.has(script.fault) && script.meets(facts);
        if !strikes {
            return true;
        }
        let delay = script.delay.as_deref().and_then(parse_duration);
        taken.0.push(Taken { fault: script.fault, delay });
        script.times = match script.times {
            0 => return true, // for ever
            n => n - 1,
        };
        script.times > 0
    });
    taken
}

/// Amounts that carry a fault: minor units from 999 000 001 up, far from everyday prices.
pub const MAGIC_AMOUNTS: &[(i64, Fault)] = &[
    (999_000_001, Fault::Decline),
    (999_000_002, Fault::Processing),
    (999_000_003, Fault::RequiresAction),
    (999_000_004, Fault::Slow),
    (999_000_005, Fault::AnswerLost),
    (999_000_006, Fault::ErrorAfterEffect),
    (999_000_007, Fault::ErrorBeforeEffect),
    (999_000_008, Fault::RateLimited),
    (999_000_009, Fault::Busy),
    (999_000_011, Fault::RefundPending),
    (999_000_012, Fault::RefundFailed),
    (999_000_013, Fault::RefundFailsLater),
    (999_000_021, Fault::WebhookLost),
    (999_000_022, Fault::WebhookDoubled),
    (999_000_023, Fault::WebhookLate),
    (999_000_024, Fault::WebhookOutOfOrder),
    (999_000_025, Fault::WebhookBeforeAnswer),
    (999_000_026, Fault::WebhookForged),
];

/// The scripts that a new payment brings along: `metadata.sandbox` (`"decline"`, `"read_payment:slow, webhook_lost"`)
/// and its amount. Unknown words are ignored, as metadata is the merchant's own.
pub(crate) fn of_payment(payment_id: &str, amount: Option<i64>, metadata: Option<&Value>) -> Vec<Script> {
    let words = metadata.and_then(|metadata| metadata.get("sandbox")).and_then(Value::as_str).unwrap_or_default();
    let named = words.split(',').filter_map(|word| {
        let (on, fault) = match word.trim().split_once(':') {
            Some((on, fault)) => (Some(parse_word::<Op>(on)?), fault),
            None => (None, word),
        };
        let fault = parse_word::<Fault>(fault)?;
        Some((on.unwrap_or(fault.default_on()), fault))
    });
    let magic = MAGIC_AMOUNTS.iter().filter(|(magic, _)| amount == Some(*magic)).map(|(_, fault)| (fault.default_on(), *fault));
    named.chain(magic).map(|(on, fault)| Script::new(on, fault).payment(payment_id)).collect()
}

fn parse_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::String(word.trim().to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_and_amount_bring_scripts() {
        let scripts = of_payment("p", Some(999_000_001), Some(&json!({"sandbox": "answer_lost, read_refund:slow, hello"})));
        let expected = [(Op::CreatePayment, Fault::AnswerLost), (Op::ReadRefund, Fault::Slow), (Op::Attempt, Fault::Decline)];
        assert_eq!(scripts.iter().map(|s| (s.on, s.fault)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_script_is_used_up_and_matches_by_path() {
        let mut scripts = vec![Script::new(Op::Stripe, Fault::RateLimited).matching("metadata.order_id", "7").times(2)];
        let other = Facts { payment_id: None, params: json!({"metadata": {"order_id": "8"}}) };
        let ours = Facts { payment_id: None, params: json!({"metadata": {"order_id": "7"}}) };
        assert!(!take(&mut scripts, Op::CreateTransfer, Stage::Transport, &other).has(Fault::RateLimited));
        assert!(!take(&mut scripts, Op::CreatePayment, Stage::Transport, &ours).has(Fault::RateLimited));
        for _ in 0..2 {
            assert!(take(&mut scripts, Op::ReadTransfer, Stage::Transport, &ours).has(Fault::RateLimited));
        }
        assert!(scripts.is_empty());
    }
}
