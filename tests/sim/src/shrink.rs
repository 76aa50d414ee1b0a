//! From a history that breaks something to a short one that does.

use crate::ops::{History, Op, TO_THE_END};

/// Takes operations away, in ever smaller pieces, as long as what is left still `breaks`; then makes what is left plainer.
pub fn shrink(history: &History, breaks: impl Fn(&History) -> bool) -> History {
    let mut best = history.clone();
    loop {
        let before = best.clone();
        best = without_pieces(best, &breaks);
        best = plainer(best, &breaks);
        if best == before {
            return best;
        }
    }
}

fn without_pieces(mut best: History, breaks: &impl Fn(&History) -> bool) -> History {
    let mut size = best.ops.len().div_ceil(2).max(1);
    loop {
        let mut from = best.ops.len().saturating_sub(size);
        loop {
            let mut fewer = best.clone();
            fewer.ops.drain(from..(from + size).min(best.ops.len()));
            if fewer.ops.len() < best.ops.len() && breaks(&fewer) {
                best = fewer;
            }
            if from == 0 {
                break;
            }
            from = from.saturating_sub(size).min(best.ops.len());
        }
        if size == 1 {
            return best;
        }
        size = size.div_ceil(2);
    }
}

fn plainer(mut best: History, breaks: &impl Fn(&History) -> bool) -> History {
    for nth in 0..best.ops.len() {
        for op in plainer_ops(best.ops[nth]) {
            let mut other = best.clone();
            other.ops[nth] = op;
            if breaks(&other) {
                best = other;
            }
        }
    }
    let setting = best.setting;
    let plainer_settings = [
        crate::ops::Setting { slow_money: false, ..setting },
        crate::ops::Setting { dispute_fee: false, ..setting },
        crate::ops::Setting { lose_the_rest: false, ..setting },
        crate::ops::Setting { close_all: false, ..setting },
    ];
    for setting in plainer_settings {
        let other = History { setting, ops: best.ops.clone() };
        if other != best && breaks(&other) {
            best = other;
        }
    }
    best
}

/// The same operation at once, on the first instance, about the first of its kind.
fn plainer_ops(op: Op) -> Vec<Op> {
    let mut plainer = Vec::new();
    let mut at_once = op;
    if let Op::Buy { run, at, .. }
    | Op::Refund { run, at, .. }
    | Op::Onboard { run, at, .. }
    | Op::Look { run, at, .. }
    | Op::Deliver { run, at, .. }
    | Op::Double { run, at, .. }
    | Op::Forge { run, at, .. }
    | Op::Work { run, at, .. }
    | Op::Operate { run, at, .. } = &mut at_once
    {
        if *run != TO_THE_END {
            *run = TO_THE_END;
            plainer.push(at_once);
        } else if *at != 0 {
            *at = 0;
            plainer.push(at_once);
        }
    }
    let mut first = op;
    if let Op::Pay { order: nth }
    | Op::Refund { order: nth, .. }
    | Op::Dispute { order: nth, .. }
    | Op::Deliver { letter: nth, .. }
    | Op::Double { letter: nth, .. }
    | Op::Lose { letter: nth }
    | Op::Buy { basket: nth, .. }
    | Op::Step { task: nth, .. } = &mut first
        && *nth != 0
    {
        *nth = 0;
        plainer.push(first);
    }
    plainer
}
