//! Scripts: which call meets which fault.
//!
//! A script is chosen by the control API, by a payment's `metadata.sandbox` or by a magic amount; all three end up in
//! the same list. Each call takes the scripts that match it; a script is over after `times` calls, or when its span of the
//! sandbox's clock ends.

mod fault;
mod own;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::{Micros, micros, parse_duration};

pub(crate) use fault::Stage;
pub use fault::{Fault, Op};
pub use own::MAGIC_AMOUNTS;
pub(crate) use own::of_payment;

/// One script (`POST /control/scripts` takes one, or a list).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Sent")]
pub struct Script {
    /// What it listens to.
    pub on: Op,
    /// What happens.
    pub fault: Fault,
    /// How many matching calls it meets; 0 = until its span ends or scripts are deleted. Unless sent, 1, and 0 with a span.
    pub times: u32,
    /// Only calls and events of this payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    /// Only calls whose path begins like this: `/v1/transfers`, `/payments/…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only calls whose parameters have these values, by dotted path: `{"metadata.order_id": "7", "destination": "acct_x"}`.
    /// Path ids (`refund_id`, `dispute_id`, `transfer`, `account`, `payout`) and, for webhooks, `event_type`, `object_id` and
    /// `account` count as parameters.
    #[serde(rename = "match", skip_serializing_if = "serde_json::Map::is_empty")]
    pub matches: serde_json::Map<String, Value>,
    /// For faults that take time: `250ms`, `5s`, `10m`, `6h`, `3d`. Answers wait in real time, everything else in sandbox time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<String>,
    /// How long it lasts on the sandbox's clock, from when it is added: `30m`.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<String>,
    /// The end of that span; follows from `for`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Micros>,
}

/// A script as it is sent: what is left out has its default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    on: Op,
    fault: Fault,
    times: Option<u32>,
    payment_id: Option<String>,
    path: Option<String>,
    #[serde(default, rename = "match")]
    matches: serde_json::Map<String, Value>,
    delay: Option<String>,
    #[serde(rename = "for")]
    lasts: Option<String>,
    until: Option<Micros>,
}

impl From<Sent> for Script {
    fn from(sent: Sent) -> Self {
        let Sent { on, fault, times, payment_id, path, matches, delay, lasts, until } = sent;
        let times = times.unwrap_or(u32::from(lasts.is_none() && until.is_none()));
        Self { on, fault, times, payment_id, path, matches, delay, lasts, until }
    }
}

impl Script {
    /// `fault` at the next `on`.
    pub fn new(on: Op, fault: Fault) -> Self {
        let matches = serde_json::Map::new();
        Self { on, fault, times: 1, payment_id: None, path: None, matches, delay: None, lasts: None, until: None }
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

    /// For every call in this span of the sandbox's clock, from when it is added.
    #[must_use]
    pub fn lasting(mut self, span: Duration) -> Self {
        self.times = 0;
        self.lasts = Some(format!("{}ms", span.as_millis()));
        self
    }

    /// Only calls whose path begins like this.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
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

    /// What of it is no duration, if anything.
    pub(crate) fn nonsense(&self) -> Option<String> {
        let durations = [("delay", &self.delay), ("for", &self.lasts)];
        durations.into_iter().find_map(|(name, text)| {
            let text = text.as_deref().filter(|text| parse_duration(text).is_none())?;
            Some(format!("{name} {text:?} is not like 250ms, 5s, 10m, 6h, 3d"))
        })
    }

    /// Its span begins.
    pub(crate) fn begin(mut self, now: Micros) -> Self {
        if let Some(span) = self.lasts.as_deref().and_then(parse_duration) {
            self.until = Some(now.saturating_add(micros(span)));
        }
        self
    }

    pub(crate) fn is_over(&self, now: Micros) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    fn meets(&self, facts: &Facts) -> bool {
        let payment = self.payment_id.as_ref().is_none_or(|id| facts.payment_id.as_ref() == Some(id));
        let path = self.path.as_ref().is_none_or(|wanted| facts.path.as_ref().is_some_and(|path| path.starts_with(wanted)));
        payment && path && self.matches.iter().all(|(path, wanted)| facts.get(path).is_some_and(|found| same(found, wanted)))
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
    /// Of a call.
    pub(crate) path: Option<String>,
}

impl Facts {
    pub(crate) fn of_payment(payment_id: &str, params: Value) -> Self {
        Self::new(Some(payment_id.to_owned()), params)
    }

    pub(crate) fn new(payment_id: Option<String>, params: Value) -> Self {
        Self { payment_id, params, path: None }
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
pub(crate) fn take(scripts: &mut Vec<Script>, op: Op, stage: Stage, facts: &Facts, now: Micros) -> Faults {
    let mut taken = Faults::default();
    scripts.retain_mut(|script| {
        if script.is_over(now) {
            return false;
        }
        let strikes = script.fault.stage() == stage && script.on.covers(op) && !taken.has(script.fault) && script.meets(facts);
        if !strikes {
            return true;
        }
        let delay = script.delay.as_deref().and_then(parse_duration);
        taken.0.push(Taken { fault: script.fault, delay });
        script.times = match script.times {
            0 => return true, // for ever, or until its span ends
            n => n - 1,
        };
        script.times > 0
    });
    taken
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn met(scripts: &mut Vec<Script>, op: Op, facts: &Facts, now: Micros) -> bool {
        take(scripts, op, Stage::Transport, facts, now).has(Fault::RateLimited)
    }

    #[test]
    fn a_script_is_used_up_and_matches_by_path() {
        let mut scripts = vec![Script::new(Op::Stripe, Fault::RateLimited).matching("metadata.order_id", "7").times(2)];
        let of_order = |id: &str| Facts::new(None, json!({"metadata": {"order_id": id}}));
        assert!(!met(&mut scripts, Op::CreateTransfer, &of_order("8"), 0));
        assert!(!met(&mut scripts, Op::CreatePayment, &of_order("7"), 0));
        for _ in 0..2 {
            assert!(met(&mut scripts, Op::ReadTransfer, &of_order("7"), 0));
        }
        assert!(scripts.is_empty());
    }

    #[test]
    fn a_span_ends_with_the_clock() {
        let mut scripts = vec![Script::new(Op::StripeReads, Fault::RateLimited).lasting(Duration::from_secs(1)).begin(5_000_000)];
        let nothing = Facts::default();
        assert!(!met(&mut scripts, Op::CreateTransfer, &nothing, 5_000_000), "a write");
        for now in [5_000_000, 5_500_000, 5_999_999] {
            assert!(met(&mut scripts, Op::ListTransfers, &nothing, now), "{now}");
        }
        assert!(!met(&mut scripts, Op::ListTransfers, &nothing, 6_000_000));
        assert!(scripts.is_empty());
    }

    #[test]
    fn a_path_is_met_by_its_beginning() {
        let mut scripts = vec![Script::new(Op::Any, Fault::RateLimited).path("/v1/transfers/tr_1").times(0)];
        let at = |path: &str| Facts { path: Some(path.to_owned()), ..Facts::default() };
        assert!(met(&mut scripts, Op::ListReversals, &at("/v1/transfers/tr_1/reversals"), 0));
        assert!(!met(&mut scripts, Op::ListTransfers, &at("/v1/transfers"), 0));
        assert!(!met(&mut scripts, Op::ListTransfers, &Facts::default(), 0));
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let times = |script: Value| serde_json::from_value::<Script>(script).map(|script| script.times).ok();
        assert_eq!(times(json!({"on": "any", "fault": "slow"})), Some(1));
        assert_eq!(times(json!({"on": "any", "fault": "slow", "for": "1h"})), Some(0));
        assert_eq!(times(json!({"on": "any", "fault": "slow", "for": "1h", "times": 3})), Some(3));
        assert_eq!(times(json!({"on": "any", "fault": "slow", "nonsense": 1})), None);
        let script = Script::new(Op::Any, Fault::Slow).lasting(Duration::from_secs(1)).begin(7).path("/x").matching("a", 1);
        assert_eq!(serde_json::from_value::<Script>(serde_json::to_value(&script).unwrap()).unwrap(), script);
        let soon = Script { lasts: Some("soon".to_owned()), ..script };
        assert!(soon.nonsense().is_some_and(|words| words.starts_with("for \"soon\"")));
    }
}
