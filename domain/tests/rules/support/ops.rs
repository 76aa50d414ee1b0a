//! Histories: what is sold, and what may happen to it at the PSP, at Connect, on the way, and here.

use super::connect::Answer;
use super::{DisputeStatus, OrderFile, checkout};
use proptest::prelude::*;

/// Something that happens at the PSP, at Connect, on the way, or here.
#[derive(Clone, Debug)]
pub enum Op {
    /// The buyer tries to pay.
    Pay {
        succeeds: bool,
    },
    /// The PSP takes the payment back, or gives it again.
    TurnPayment,
    /// The buyer asks us for a refund, of one line or of the order; the PSP may refuse it unheard.
    AskRefund {
        per_mille: Option<i64>,
        line: Option<usize>,
        reaches_psp: bool,
    },
    /// Somebody refunds at the PSP's dashboard.
    RefundOutside {
        per_mille: i64,
    },
    /// The PSP decides a refund, or takes its decision back.
    DecideRefund {
        which: usize,
        succeeds: bool,
    },
    /// The buyer goes to the bank.
    OpenDispute {
        per_mille: i64,
    },
    /// The bank says something, and perhaps another amount.
    MoveDispute {
        which: usize,
        to: DisputeStatus,
        per_mille: Option<i64>,
    },
    /// A message comes: any that was ever sent. `vague` leaves out the amount.
    Deliver {
        which: usize,
        vague: bool,
    },
    /// An answer to a read is settled long after it was given.
    SettleOldRead {
        which: usize,
    },
    /// The payment (0), a refund or a dispute is read now.
    Read {
        which: usize,
    },
    /// A worker calls Connect for a transfer or reversal; the answer may be under way for a while.
    Call {
        which: usize,
        how: Answer,
        late: bool,
    },
    /// An answer that was under way arrives.
    Arrive {
        which: usize,
    },
    /// Somebody reverses a transfer at Connect's dashboard.
    ReverseByHand {
        which: usize,
        per_mille: i64,
    },
    /// A transfer is read at Connect; the answer may be settled later.
    ReadConnect {
        which: usize,
        late: bool,
    },
    /// An operator writes a debt off, has a transfer tried again, or replaces one.
    WriteOff {
        which: usize,
    },
    Retry {
        which: usize,
    },
    Replace {
        which: usize,
    },
    /// An operator says that a seller is not to have what others took back.
    Keep {
        which: usize,
    },
}

fn answer() -> impl Strategy<Value = Answer> {
    use Answer::{Done, LostAfterEffect, LostBeforeEffect, NoBalance, NoCapability, NotFound, Other, Replayed, Wait};
    prop_oneof![
        4 => Just(Done),
        2 => Just(LostAfterEffect),
        2 => Just(LostBeforeEffect),
        6 => prop::sample::select(vec![Replayed, NoBalance, NoCapability, NotFound, Other, Wait]),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let which = || 0usize..16;
    let psp = prop_oneof![
        4 => any::<bool>().prop_map(|succeeds| Op::Pay { succeeds }),
        2 => Just(Op::TurnPayment),
        6 => (prop::option::of(1i64..=1000), prop::option::of(0usize..4), prop::bool::weighted(0.9))
            .prop_map(|(per_mille, line, reaches_psp)| Op::AskRefund { per_mille, line, reaches_psp }),
        2 => (1i64..=1000).prop_map(|per_mille| Op::RefundOutside { per_mille }),
        8 => (which(), prop::bool::weighted(0.7)).prop_map(|(which, succeeds)| Op::DecideRefund { which, succeeds }),
        3 => prop_oneof![Just(1000i64), 1i64..=1500].prop_map(|per_mille| Op::OpenDispute { per_mille }),
        5 => (which(), prop::sample::select(DisputeStatus::ALL.to_vec()), prop::option::weighted(0.1, 1i64..=1500))
            .prop_map(|(which, to, per_mille)| Op::MoveDispute { which, to, per_mille }),
        16 => (which(), prop::bool::weighted(0.2)).prop_map(|(which, vague)| Op::Deliver { which, vague }),
        2 => which().prop_map(|which| Op::SettleOldRead { which }),
        6 => which().prop_map(|which| Op::Read { which }),
    ];
    let connect = prop_oneof![
        16 => (which(), answer(), prop::bool::weighted(0.3)).prop_map(|(which, how, late)| Op::Call { which, how, late }),
        6 => which().prop_map(|which| Op::Arrive { which }),
        2 => (which(), prop_oneof![Just(1000i64), 1i64..=1000]).prop_map(|(which, per_mille)| Op::ReverseByHand { which, per_mille }),
        4 => (which(), prop::bool::weighted(0.2)).prop_map(|(which, late)| Op::ReadConnect { which, late }),
        2 => which().prop_map(|which| Op::WriteOff { which }),
        1 => which().prop_map(|which| Op::Retry { which }),
        2 => which().prop_map(|which| Op::Replace { which }),
        2 => which().prop_map(|which| Op::Keep { which }),
    ];
    prop_oneof![3 => psp, 2 => connect]
}

/// What is sold: a (seller, price) per line, and the fee in basis points.
#[derive(Clone, Debug)]
pub struct Sale {
    pub lines: Vec<(u8, i64)>,
    pub points: u16,
}

impl Sale {
    pub fn checkout(&self) -> OrderFile {
        checkout(&self.lines, self.points)
    }
}

/// One to four lines of up to three sellers, at any fee.
pub fn any_sale() -> impl Strategy<Value = Sale> {
    let line = (0u8..3, prop_oneof![1 => Just(0i64), 2 => 1i64..50, 4 => 1i64..100_000]);
    let rest = prop::collection::vec(line, 0..4);
    let points = prop_oneof![Just(1_000u16), 0u16..=10_000];
    (0u8..3, 1i64..100_000, rest, points).prop_map(|(by, price, mut lines, points)| {
        lines.push((by, price));
        Sale { lines, points }
    })
}

/// One to three orders of the same sellers.
pub fn any_sales() -> impl Strategy<Value = Vec<Sale>> {
    prop::collection::vec(any_sale(), 1..=3)
}

/// What happens, to which order. It begins with payments, so that most of it is about paid ones.
pub fn any_history() -> impl Strategy<Value = Vec<(usize, Op)>> {
    let begin = prop_oneof![
        4 => Just(vec![Op::Pay { succeeds: true }, Op::Read { which: 0 }]),
        1 => Just(vec![Op::Pay { succeeds: false }, Op::Deliver { which: 0, vague: false }, Op::Pay { succeeds: true }]),
        1 => Just(Vec::new()),
    ];
    (prop::collection::vec(begin, 3), prop::collection::vec((0usize..3, op()), 0..80)).prop_map(|(begin, rest)| {
        let begin = begin.into_iter().enumerate().flat_map(|(nth, ops)| ops.into_iter().map(move |op| (nth, op)));
        begin.chain(rest).collect()
    })
}
