//! A process may stand still anywhere: paused, swapped out, cut off from its clock. Every operation of every flow stops after each of its
//! steps, for shorter and for longer than a call may take, while another instance does what is due; then it goes on as if nothing had
//! happened. Whatever came of it, the books agree.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use veza_sim::ops::TO_THE_END as END;
use veza_sim::{Base, History, Op, Setting, run};

/// How many are played, unless `VEZA_SIM_HISTORIES` says otherwise.
const SOME: usize = 200;

const PLAIN: Setting = Setting { slow_money: false, dispute_fee: false, lose_the_rest: false, close_all: false };

/// No time; more than a provider's call may take; more than others wait for a call; more than a provider remembers a key.
const PAUSES: [Option<Op>; 4] = [None, Some(Op::Advance { time: 2 }), Some(Op::Advance { time: 3 }), Some(Op::Advance { time: 9 })];

const BUY: Op = Op::Buy { buyer: 1, basket: 3, key: 1, at: 0, run: END };
const PAY: Op = Op::Pay { order: 0 };
const MESSAGE: Op = Op::Deliver { letter: 0, at: 0, run: END };
const EFFECTS: Op = Op::Work { worker: 0, at: 0, run: END };
const TRANSFERS: Op = Op::Work { worker: 4, at: 0, run: END };
const REVERSALS: Op = Op::Work { worker: 7, at: 0, run: END };
const RECONCILE: Op = Op::Work { worker: 12, at: 0, run: END };
const PLANS: Op = Op::Work { worker: 16, at: 0, run: END };
const BUYER_REFUNDS: Op = Op::Refund { order: 0, who: 1, part: 0, key: 3, at: 0, run: END };
const PART_OF_IT: Op = Op::Refund { order: 0, who: 1, part: 3, key: 3, at: 0, run: END };
/// Long enough that a plan has to be renewed.
const MONTH: Op = Op::Advance { time: 11 };

/// What the other instance does meanwhile.
const OTHERS: [Op; 8] = [MESSAGE, MESSAGE, EFFECTS, TRANSFERS, REVERSALS, RECONCILE, PLANS, TRANSFERS];

/// Connect's messages about the two sellers' accounts come first; no flow but one stands still in them.
const ACCOUNTS: &[Op] = &[MESSAGE, MESSAGE];
const SOLD: &[Op] = &[BUY, PAY, MESSAGE, TRANSFERS, MESSAGE, MESSAGE];
const SOLD_UNHEARD: &[Op] = &[answer_lost(0), BUY, BUY, PAY, MESSAGE, answer_lost(32), TRANSFERS, RECONCILE];
const BY_THE_BUYER: &[Op] = &[BUYER_REFUNDS, EFFECTS, MESSAGE, REVERSALS, MESSAGE, MESSAGE];
const IN_PART: &[Op] = &[PART_OF_IT, MESSAGE, REVERSALS, MESSAGE, MESSAGE, RECONCILE];
const IN_PART_UNHEARD: &[Op] = &[answer_lost(10), PART_OF_IT, EFFECTS, RECONCILE, MESSAGE, answer_lost(46), REVERSALS, RECONCILE];
const AT_THE_DASHBOARD: &[Op] = &[Op::DashboardRefund { order: 0, part: 3 }, MESSAGE, EFFECTS, REVERSALS, MESSAGE];
const FAILS: &[Op] = &[Op::PaymentFails { order: 0 }, MESSAGE, EFFECTS, REVERSALS, MESSAGE, MESSAGE];
const DISPUTED: &[Op] = &[BUY, PAY, MESSAGE, Op::Dispute { order: 0, part: 0 }, MESSAGE, TRANSFERS];
const LOST: &[Op] = &[Op::DisputeMoves { dispute: 0, to: 1 }, MESSAGE, EFFECTS, REVERSALS, MESSAGE];
const PAID_OUT: &[Op] = &[Op::Payout { seller: 0 }, MESSAGE, MESSAGE, Op::PayoutFails { payout: 0 }, MESSAGE];
const SUBSCRIBED: &[Op] = &[Op::Plan { who: 0, action: 0, plan: 0, at: 0, run: END }, PAY, MESSAGE];
const RENEWED: &[Op] = &[MONTH, MONTH, PLANS, EFFECTS, PLANS, MESSAGE];

/// Flows, each from an empty shop.
const FLOWS: [(&str, &[&[Op]]); 11] = [
    ("sale", &[ACCOUNTS, SOLD]),
    ("sale whose answers are lost", &[ACCOUNTS, SOLD_UNHEARD]),
    ("refund", &[ACCOUNTS, SOLD, BY_THE_BUYER]),
    ("partial refund", &[ACCOUNTS, SOLD, IN_PART]),
    ("refund whose answers are lost", &[ACCOUNTS, SOLD, IN_PART_UNHEARD]),
    ("refund at the dashboard", &[ACCOUNTS, SOLD, AT_THE_DASHBOARD]),
    ("payment that fails", &[ACCOUNTS, SOLD, FAILS]),
    ("dispute", &[ACCOUNTS, DISPUTED, LOST]),
    ("payout that fails", &[ACCOUNTS, SOLD, PAID_OUT]),
    ("account that is closed", &[&[Op::Account { seller: 0, ready: false }, MESSAGE, MESSAGE, MESSAGE], SOLD]),
    ("plan", &[ACCOUNTS, SUBSCRIBED, RENEWED]),
];

/// The nth pair of `veza_sim::faults`: what was asked for happened, and nobody heard.
const fn answer_lost(pair: u8) -> Op {
    Op::ProviderFault { call: pair / 24, fault: pair % 24, times: 1 }
}

/// The operation on this instance with this many steps; none if it has no steps.
fn played(op: Op, at: u8, run: u8) -> Option<Op> {
    Some(match op {
        Op::Buy { buyer, basket, key, .. } => Op::Buy { buyer, basket, key, at, run },
        Op::Refund { order, who, part, key, .. } => Op::Refund { order, who, part, key, at, run },
        Op::Plan { who, action, plan, .. } => Op::Plan { who, action, plan, at, run },
        Op::Deliver { letter, .. } => Op::Deliver { letter, at, run },
        Op::Work { worker, .. } => Op::Work { worker, at, run },
        _ => return None,
    })
}

/// How many steps the nth operation of a flow takes.
fn steps(flow: &[Op], nth: usize) -> u8 {
    let text = run(&History { setting: PLAIN, ops: flow[..=nth].to_vec() }, Base::Memory, true).text;
    // The operations before may be the same: it is the last of them.
    let begins = text.iter().rposition(|line| *line == format!("{:?}", flow[nth])).unwrap();
    let its = text[begins + 1..].iter().take_while(|line| *line != "-- quiet");
    u8::try_from(its.filter(|line| line.starts_with("task ")).count()).unwrap()
}

/// The histories in which an operation of this flow stands still.
fn stalls(flow: &[Op]) -> Vec<History> {
    let elsewhere = |op: &Op| played(*op, 1, END).unwrap_or(*op);
    let mut histories = Vec::new();
    let begins = flow.iter().enumerate().skip_while(|(_, op)| **op == MESSAGE);
    for (nth, op) in begins.filter(|(_, op)| played(**op, 0, END).is_some()) {
        for stands_after in 0..steps(flow, nth) {
            for pause in PAUSES {
                let stalled = played(*op, 0, stands_after).unwrap();
                let rest = || flow[nth + 1..].iter().map(elsewhere);
                let begin = || flow[..nth].iter().copied().chain([stalled]).chain(pause);
                // It goes on after others have done what was due; or when all the rest has happened.
                let soon = begin().chain(OTHERS.iter().map(elsewhere)).chain([Op::Finish]).chain(rest());
                let late = begin().chain(rest()).chain([Op::Finish]);
                histories.extend([soon.collect(), late.collect()].map(|ops| History { setting: PLAIN, ops }));
            }
        }
    }
    histories
}

/// All of them where the simulation plays many histories (`VEZA_SIM_HISTORIES`), else some of each flow.
fn chosen() -> Vec<(&'static str, History)> {
    let all =
        FLOWS.iter().flat_map(|(name, flow)| stalls(&flow.concat()).into_iter().map(move |history| (*name, history))).collect::<Vec<_>>();
    let wanted = std::env::var("VEZA_SIM_HISTORIES").map_or(SOME, |number| number.parse().unwrap());
    // Odd, so that over all of them each pause has its turn.
    let every = if wanted < all.len() { (all.len() / wanted.max(1)) | 1 } else { 1 };
    all.into_iter().step_by(every).collect()
}

#[test]
fn a_process_that_stands_still_anywhere_loses_and_doubles_nothing() {
    let histories = chosen();
    let (next, broken) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let play = || {
        while let Some((name, history)) = histories.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ended = run(history, Base::Memory, false);
            if !ended.broken.is_empty() {
                broken.lock().unwrap().push(format!(
                    "{name}: {}\n  {}",
                    ended.broken.join("\n  "),
                    serde_json::to_string(history).unwrap()
                ));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(play);
        }
    });
    println!("{} histories", histories.len());
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "{} of {} break something:\n{}", broken.len(), histories.len(), broken[..broken.len().min(5)].join("\n"));
}
