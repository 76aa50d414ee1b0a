//! What can happen, and histories of it.
//!
//! An [`Op`] names what it is about by a number: the nth order, message, call in flight, counted round. So an operation means
//! something in every world, and a history from which others were taken is a history still: that is what makes shrinking work.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// So many steps that a request is over.
pub const TO_THE_END: u8 = 255;

/// One thing that happens. `at`: on which instance. `run`: how many steps it gets before the next operation; the rest of it waits in
/// flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are numbers: which of a kind, counted round")]
pub enum Op {
    /// A buyer checks out; `key` 0 = without an idempotency key.
    Buy { buyer: u8, basket: u8, key: u8, at: u8, run: u8 },
    /// Somebody asks for a refund, of all that is left or a part.
    Refund { order: u8, who: u8, part: u8, key: u8, at: u8, run: u8 },
    /// A seller begins or ends onboarding.
    Onboard { seller: u8, at: u8, run: u8 },
    /// Somebody looks: a page of the API that only reads.
    Look { page: u8, order: u8, at: u8, run: u8 },
    /// A buyer does something with a plan: chooses, cancels, reactivates, changes, goes on paying.
    Plan { who: u8, action: u8, plan: u8, at: u8, run: u8 },
    /// A kept payment method is revoked at the PSP, or behaves otherwise from now on.
    Method { nth: u8, how: u8 },
    /// The buyer pays.
    Pay { order: u8 },
    /// The bank declines.
    Decline { order: u8 },
    /// The payment's session ends.
    Expire { order: u8 },
    /// A captured payment turns out to have failed.
    PaymentFails { order: u8 },
    /// A refund from the PSP's dashboard.
    DashboardRefund { order: u8, part: u8 },
    /// The nth refund at the PSP ends, or turns the other way.
    RefundTurns { refund: u8 },
    /// The cardholder disputes.
    Dispute { order: u8, part: u8 },
    /// A dispute goes on or ends.
    DisputeMoves { dispute: u8, to: u8 },
    /// Somebody takes a transfer back in Connect's dashboard.
    DashboardReversal { transfer: u8, part: u8 },
    /// Connect's review of a seller's account.
    Account { seller: u8, ready: bool },
    /// A seller's balance leaves for the bank, so that nothing can be taken back.
    Payout { seller: u8 },
    /// A payout comes back.
    PayoutFails { payout: u8 },
    /// A message is delivered.
    Deliver { letter: u8, at: u8, run: u8 },
    /// A message is delivered and stays in the queue: it comes again.
    Double { letter: u8, at: u8, run: u8 },
    /// A message is lost.
    Lose { letter: u8 },
    /// A copy of a message arrives that its sender did not sign.
    Forge { letter: u8, how: u8, at: u8, run: u8 },
    /// A worker takes a batch.
    Work { worker: u8, at: u8, run: u8 },
    /// Something in flight goes on, from one of the points at which it waits.
    Step { task: u8, point: u8, steps: u8 },
    /// All that is in flight goes on to its end, in turns.
    Finish,
    /// The process dies, and another takes its place. What is in flight is gone.
    Crash { at: u8 },
    /// A caller hangs up: what is in flight for it is dropped.
    HangUp { task: u8 },
    /// A provider misbehaves at its next calls.
    ProviderFault { call: u8, fault: u8, times: u8 },
    /// A provider can't be reached, or answers nothing useful, for a while.
    Outage { side: u8, how: u8, time: u8 },
    /// A coming call of the store fails.
    StoreFault { how: u8, skip: u8 },
    /// Time goes by.
    Advance { time: u8 },
    /// An instance's clock is off.
    Skew { at: u8, seconds: i8 },
    /// An operator does something.
    Operate { action: u8, nth: u8, at: u8, run: u8 },
}

/// Spans of time that histories know, in seconds.
pub const TIMES: [u64; 12] = [1, 5, 31, 61, 299, 301, 1_801, 3_601, 22_000, 86_401, 260_000, 1_300_000];

/// What a world begins with; each bit a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Card money is available at Connect only two days after the sale.
    pub slow_money: bool,
    /// A lost dispute costs a fee.
    pub dispute_fee: bool,
    /// What is still in the queue at the end is lost, instead of delivered.
    pub lose_the_rest: bool,
    /// Open payments and disputes end before the books are compared.
    pub close_all: bool,
}

/// A setting and what happens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// What the world begins with.
    pub setting: Setting,
    /// What happens.
    pub ops: Vec<Op>,
}

/// How often, beside the others, and what.
type Kind = (u32, fn(&mut StdRng) -> Op);

/// Kinds of operations, each with the weight that it has in an everyday history.
const KINDS: [Kind; 33] = [
    (10, |r| Op::Buy { buyer: r.random_range(0..2), basket: r.random_range(0..12), key: key(r), at: at(r), run: run(r) }),
    (6, |r| Op::Refund { order: nth(r), who: r.random_range(0..6), part: r.random_range(0..6), key: key(r), at: at(r), run: run(r) }),
    (1, |r| Op::Onboard { seller: r.random_range(0..3), at: at(r), run: run(r) }),
    (2, |r| Op::Look { page: r.random_range(0..16), order: nth(r), at: at(r), run: run(r) }),
    (12, |r| Op::Pay { order: nth(r) }),
    (2, |r| Op::Decline { order: nth(r) }),
    (1, |r| Op::Expire { order: nth(r) }),
    (1, |r| Op::PaymentFails { order: nth(r) }),
    (1, |r| Op::DashboardRefund { order: nth(r), part: r.random_range(0..5) }),
    (2, |r| Op::RefundTurns { refund: nth(r) }),
    (2, |r| Op::Dispute { order: nth(r), part: r.random_range(0..4) }),
    (3, |r| Op::DisputeMoves { dispute: nth(r), to: r.random_range(0..7) }),
    (1, |r| Op::DashboardReversal { transfer: nth(r), part: r.random_range(0..3) }),
    (1, |r| Op::Account { seller: r.random_range(0..3), ready: r.random_bool(0.6) }),
    (2, |r| Op::Payout { seller: r.random_range(0..3) }),
    (1, |r| Op::PayoutFails { payout: nth(r) }),
    (20, |r| Op::Deliver { letter: nth(r), at: at(r), run: run(r) }),
    (4, |r| Op::Double { letter: nth(r), at: at(r), run: run(r) }),
    (2, |r| Op::Lose { letter: nth(r) }),
    (1, |r| Op::Forge { letter: nth(r), how: r.random_range(0..3), at: at(r), run: run(r) }),
    (22, |r| Op::Work { worker: r.random_range(0..18), at: at(r), run: run(r) }),
    (12, |r| Op::Step { task: nth(r), point: r.random_range(0..4), steps: r.random_range(1..12) }),
    (3, |_| Op::Finish),
    (3, |r| Op::Crash { at: at(r) }),
    (1, |r| Op::HangUp { task: nth(r) }),
    (6, |r| Op::ProviderFault { call: r.random_range(0..12), fault: r.random_range(0..24), times: r.random_range(1..4) }),
    (1, |r| Op::Outage { side: r.random_range(0..3), how: r.random_range(0..3), time: r.random_range(0..9) }),
    (3, |r| Op::StoreFault { how: r.random_range(0..3), skip: r.random_range(0..8) }),
    (10, |r| Op::Advance { time: r.random_range(0..TIMES.len() as u8) }),
    (1, |r| Op::Skew { at: at(r), seconds: r.random_range(-10..11) }),
    (5, |r| Op::Operate { action: r.random_range(0..10), nth: nth(r), at: at(r), run: run(r) }),
    (5, |r| Op::Plan { who: r.random_range(0..2), action: r.random_range(0..8), plan: r.random_range(0..6), at: at(r), run: run(r) }),
    (1, |r| Op::Method { nth: nth(r), how: r.random_range(0..4) }),
];

/// Kinds without which hardly anything happens.
const NEEDED: [usize; 5] = [0, 4, 16, 20, 28];

fn at(r: &mut StdRng) -> u8 {
    r.random_range(0..2)
}

fn nth(r: &mut StdRng) -> u8 {
    r.random_range(0..12)
}

fn key(r: &mut StdRng) -> u8 {
    r.random_range(0..4)
}

fn run(r: &mut StdRng) -> u8 {
    if r.random_bool(0.6) { TO_THE_END } else { r.random_range(0..14) }
}

impl History {
    /// The history of a seed. Each seed leaves some kinds of operations out and has others more often, so that what only shows where
    /// something else stays away is found as well.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let weights: Vec<u32> = KINDS
            .iter()
            .enumerate()
            .map(|(index, (weight, _))| match random.random_range(0..8) {
                0 | 1 if !NEEDED.contains(&index) => 0,
                7 => weight * 4,
                _ => *weight,
            })
            .collect();
        let total: u32 = weights.iter().sum();
        let mut bit = || random.random_bool(0.5);
        let setting = Setting { slow_money: bit(), dispute_fee: bit(), lose_the_rest: bit(), close_all: bit() };
        let length = random.random_range(50..=90);
        // A few sales first, so that the rest has something to be about.
        let mut ops: Vec<Op> = (0..random.random_range(1..4)).map(|_| KINDS[0].1(&mut random)).collect();
        while ops.len() < length {
            let mut lot = random.random_range(0..total);
            let chosen = weights.iter().position(|weight| match lot.checked_sub(*weight) {
                Some(left) => {
                    lot = left;
                    false
                }
                None => true,
            });
            ops.push(KINDS[chosen.unwrap_or_default()].1(&mut random));
        }
        Self { setting, ops }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_always_the_same_history_of_at_least_fifty_operations() {
        for seed in 0..200 {
            let history = History::of_seed(seed);
            assert_eq!(history, History::of_seed(seed));
            assert!((50..=90).contains(&history.ops.len()));
        }
        assert_ne!(History::of_seed(1), History::of_seed(2));
    }

    #[test]
    fn what_is_printed_can_be_replayed() {
        let history = History::of_seed(7);
        let text = serde_json::to_string(&history).unwrap();
        assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history);
    }
}
