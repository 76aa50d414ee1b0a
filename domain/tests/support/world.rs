//! A PSP and a Connect with books of their own, and histories of what may happen between them and us.
//!
//! Both behave as the contracts say: messages come late, twice, in any order or never; a read tells the truth of its moment,
//! but may be settled after a later one; a call may take effect without our hearing of it; a key is executed once.

use super::*;
use proptest::prelude::*;

/// Something that happens at the PSP, at Connect, on the way, or here.
#[derive(Clone, Debug)]
pub enum Op {
    /// The buyer tries to pay.
    Pay { succeeds: bool },
    /// The buyer asks us for a refund, of one line or of the order; the PSP may refuse it unheard.
    AskRefund { per_mille: Option<i64>, line: Option<usize>, reaches_psp: bool },
    /// Somebody refunds at the PSP's dashboard.
    RefundOutside { per_mille: i64 },
    /// The PSP decides a refund, or takes its decision back.
    DecideRefund { which: usize, succeeds: bool },
    /// A message comes: any that was ever sent. `vague` leaves out the amount.
    Deliver { which: usize, vague: bool },
    /// An answer to a read is settled long after it was given.
    SettleOldRead { which: usize },
    /// The payment (0) or a refund is read now.
    Read { which: usize },
    /// A worker calls Connect for a transfer or reversal; the answer may be under way for a while.
    Call { which: usize, how: Answer, late: bool },
    /// An answer that was under way arrives.
    Arrive { which: usize },
}

/// How Connect takes a call.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Done,
    LostAfterEffect,
    LostBeforeEffect,
    Replayed,
    NoBalance,
    NoCapability,
    /// Ends a reversal at once, where the workers are hasty.
    NotFound,
    Other,
    Wait,
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
    prop_oneof![
        2 => any::<bool>().prop_map(|succeeds| Op::Pay { succeeds }),
        3 => (prop::option::of(1i64..=1000), prop::option::of(0usize..4), prop::bool::weighted(0.9))
            .prop_map(|(per_mille, line, reaches_psp)| Op::AskRefund { per_mille, line, reaches_psp }),
        1 => (1i64..=1000).prop_map(|per_mille| Op::RefundOutside { per_mille }),
        4 => (which(), prop::bool::weighted(0.7)).prop_map(|(which, succeeds)| Op::DecideRefund { which, succeeds }),
        8 => (which(), prop::bool::weighted(0.2)).prop_map(|(which, vague)| Op::Deliver { which, vague }),
        1 => which().prop_map(|which| Op::SettleOldRead { which }),
        3 => which().prop_map(|which| Op::Read { which }),
        8 => (which(), answer(), prop::bool::weighted(0.3)).prop_map(|(which, how, late)| Op::Call { which, how, late }),
        3 => which().prop_map(|which| Op::Arrive { which }),
    ]
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

/// What happens to one order. It begins with a payment, so that most of it is about a paid one.
pub fn any_history() -> impl Strategy<Value = Vec<Op>> {
    let begin = prop_oneof![
        4 => Just(vec![Op::Pay { succeeds: true }, Op::Read { which: 0 }]),
        1 => Just(vec![Op::Pay { succeeds: false }, Op::Deliver { which: 0, vague: false }, Op::Pay { succeeds: true }]),
        1 => Just(Vec::new()),
    ];
    (begin, prop::collection::vec(op(), 0..60)).prop_map(|(mut begin, rest)| {
        begin.extend(rest);
        begin
    })
}

struct PspRefund {
    id: String,
    amount: i64,
    status: PspRefundStatus,
}

/// A transfer or a reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Transfer(TransferId),
    Reversal(veza_domain::ids::ReversalId),
}

/// Our book, and theirs.
pub struct World {
    pub book: Book,
    payment: PaymentStatus,
    refunds: Vec<PspRefund>,
    /// Every message that the PSP ever sent.
    sent: Vec<Fact>,
    /// What took effect at Connect, under which key.
    effects: BTreeMap<Row, String>,
    under_way: Vec<(Row, CallOutcome)>,
}

impl World {
    pub fn new(file: OrderFile, policy: RetryPolicy) -> Self {
        let mut book = Book::new(file);
        book.policy = policy;
        let (refunds, sent, under_way) = (Vec::new(), Vec::new(), Vec::new());
        Self { book, payment: PaymentStatus::Open, refunds, sent, effects: BTreeMap::new(), under_way }
    }

    pub fn after(sale: &Sale, policy: RetryPolicy, history: &[Op]) -> Self {
        let mut world = Self::new(sale.checkout(), policy);
        for op in history {
            world.happen(op);
        }
        world
    }

    pub fn happen(&mut self, op: &Op) {
        match *op {
            Op::Pay { succeeds } => self.pay(succeeds),
            Op::AskRefund { per_mille, line, reaches_psp } => self.ask_refund(per_mille, line, reaches_psp),
            Op::RefundOutside { per_mille } => {
                let amount = (self.room() * per_mille / 1000).max(1);
                let id = format!("ext_{}", self.refunds.len());
                self.create_refund(id, amount);
            }
            Op::DecideRefund { which, succeeds } => self.decide_refund(which, succeeds),
            Op::Deliver { which, vague } => {
                if let Some(fact) = pick(&self.sent, which).cloned() {
                    self.tell_twice(&if vague { without_amount(fact) } else { fact });
                }
            }
            Op::SettleOldRead { which } => {
                if let Some(fact) = pick(&self.sent, which).cloned() {
                    self.tell_twice(&as_read(fact));
                }
            }
            Op::Read { which } => {
                let truths = self.truths();
                if let Some(fact) = pick(&truths, which) {
                    self.tell_twice(fact);
                }
            }
            Op::Call { which, how, late } => self.call(which, how, late),
            Op::Arrive { which } => {
                if !self.under_way.is_empty() {
                    let (row, outcome) = self.under_way.swap_remove(which % self.under_way.len());
                    self.answered(row, outcome);
                }
            }
        }
    }

    /// One authoritative read of the payment and of every refund; those that failed first, so that what succeeded has room.
    pub fn reconcile(&mut self) {
        for fact in self.truths() {
            self.tell_twice(&fact);
        }
    }

    /// Every answer arrives, and every call that is still to be made succeeds.
    pub fn quiet_down(&mut self) {
        for (row, outcome) in std::mem::take(&mut self.under_way) {
            self.answered(row, outcome);
        }
        for _ in 0..1000 {
            if self.open_rows().is_empty() {
                return;
            }
            self.call(0, Answer::Done, false);
        }
        panic!("the workers never come to rest: {:#?}", self.book.file);
    }

    /// Our state is the PSP's.
    pub fn assert_settled(&self) {
        let order = &self.book.file.order;
        let refunded: i64 = self.refunds.iter().filter(|row| row.status == PspRefundStatus::Succeeded).map(|row| row.amount).sum();
        assert_eq!(order.refunded.0, refunded);
        let expected = match self.payment {
            PaymentStatus::Succeeded if self.book.file.refund_in_flight() => OrderStatus::RefundPending,
            PaymentStatus::Succeeded => OrderStatus::settled(order.total.amount, Minor(refunded)),
            PaymentStatus::Failed => OrderStatus::Failed,
            PaymentStatus::Open | PaymentStatus::NotFound => OrderStatus::Pending,
        };
        assert_eq!(order.status, expected);
        for row in &self.book.file.refunds {
            let id = row.psp_refund_id.clone().unwrap_or_else(|| row.id.to_string());
            let expected = match self.refunds.iter().find(|refund| refund.id == id).map(|refund| refund.status) {
                Some(PspRefundStatus::Succeeded) => RefundStatus::Succeeded,
                Some(PspRefundStatus::Open) => RefundStatus::Pending,
                Some(PspRefundStatus::Failed | PspRefundStatus::NotFound) | None => RefundStatus::Failed,
            };
            assert_eq!(row.status, expected, "{row:?}");
        }
        for refund in self.refunds.iter().filter(|refund| refund.status == PspRefundStatus::Succeeded) {
            let ours = self.book.file.refunds.iter().filter(|row| row.psp_refund_id.as_deref() == Some(refund.id.as_str()));
            assert_eq!(ours.count(), 1, "each refund of the PSP is in our books once");
        }
    }

    fn pay(&mut self, succeeds: bool) {
        if self.payment == PaymentStatus::Succeeded {
            return;
        }
        self.payment = if succeeds { PaymentStatus::Succeeded } else { PaymentStatus::Failed };
        let fact = self.payment_now(Source::Webhook);
        self.sent.push(fact);
    }

    fn ask_refund(&mut self, per_mille: Option<i64>, line: Option<usize>, reaches_psp: bool) {
        let lines: Vec<LineId> = line.map(|n| line_id(n % self.book.file.lines.len())).into_iter().collect();
        let left: i64 = self.book.file.lines.iter().filter(|row| lines.is_empty() || lines.contains(&row.id)).map(|row| row.left().0).sum();
        let amount = per_mille.map(|per_mille| (left * per_mille / 1000).max(1));
        let id = refund_id(self.book.file.refunds.len() as u64);
        let before = self.book.file.clone();
        match self.book.open(id, user(buyer()), amount, lines) {
            Ok(refund) if reaches_psp => self.create_refund(refund.id.to_string(), refund.amount.amount.0),
            Ok(_) => {}
            Err(_) => assert_eq!(self.book.file, before, "a refusal changes nothing"),
        }
    }

    /// What the PSP may still refund: it counts what is open, too.
    fn room(&self) -> i64 {
        let taken = self.refunds.iter().filter(|row| row.status != PspRefundStatus::Failed).map(|row| row.amount).sum::<i64>();
        if self.payment == PaymentStatus::Succeeded { self.book.file.order.total.amount.0 - taken } else { 0 }
    }

    fn create_refund(&mut self, id: String, amount: i64) {
        if amount <= self.room() {
            self.refunds.push(PspRefund { id, amount, status: PspRefundStatus::Open });
            self.announce(self.refunds.len() - 1);
        }
    }

    fn decide_refund(&mut self, which: usize, succeeds: bool) {
        let room = self.room();
        let count = self.refunds.len().max(1);
        let Some(refund) = self.refunds.get_mut(which % count) else { return };
        let to = if succeeds { PspRefundStatus::Succeeded } else { PspRefundStatus::Failed };
        let from = std::mem::replace(&mut refund.status, to);
        if from == PspRefundStatus::Failed && succeeds && refund.amount > room {
            refund.status = from;
        } else if from != to {
            self.announce(which % count);
        }
    }

    fn announce(&mut self, index: usize) {
        let row = &self.refunds[index];
        self.sent.push(Fact::Refund(refund(Source::Webhook, &row.id, row.status, row.amount)));
    }

    fn payment_now(&self, source: Source) -> Fact {
        Fact::Payment(payment(source, self.payment, self.book.file.order.total.amount.0))
    }

    /// What reading the payment and every refund says now.
    fn truths(&self) -> Vec<Fact> {
        let known = |id: &str| self.refunds.iter().any(|row| row.id == id);
        let ours = self.book.file.refunds.iter().filter(|row| !row.external);
        let never_came = ours.filter(|row| !known(&row.id.to_string())).map(|row| RefundFact {
            amount: None,
            currency: None,
            ..refund(Source::Read, &row.id.to_string(), PspRefundStatus::NotFound, 0)
        });
        let mut refunds: Vec<RefundFact> = never_came.collect();
        refunds.extend(self.refunds.iter().map(|row| refund(Source::Read, &row.id, row.status, row.amount)));
        refunds.sort_by_key(|fact| fact.status == PspRefundStatus::Succeeded);
        [self.payment_now(Source::Read)].into_iter().chain(refunds.into_iter().map(Fact::Refund)).collect()
    }

    /// The second time changes nothing: at most it asks or flags again.
    fn tell_twice(&mut self, fact: &Fact) {
        let first = self.book.settle(fact).unwrap().verdict;
        let file = self.book.file.clone();
        let second = self.book.settle(fact).unwrap().verdict;
        assert_eq!(self.book.file, file, "a duplicate changed something: {fact:?}");
        let contradiction = matches!(fact, Fact::Payment(fact) if fact.source == Source::Read && fact.status == PaymentStatus::Failed);
        let expected = if first == Verdict::Settled && !contradiction { Verdict::AlreadySettled } else { first };
        assert!(second == expected || self.book.file.order.status == OrderStatus::Failed, "{first:?}, then {second:?}: {fact:?}");
    }

    /// Rows that a worker could take now.
    fn open_rows(&self) -> Vec<Row> {
        let file = &self.book.file;
        let transfers = file.transfers.iter().filter(|row| is_due(row)).map(|row| Row::Transfer(row.id));
        let pending = file.reversals.iter().filter(|row| row.status == ReversalStatus::ReversalPending);
        let open = transfers.chain(pending.map(|row| Row::Reversal(row.id)));
        open.filter(|row| self.under_way.iter().all(|(busy, _)| busy != row)).collect()
    }

    fn call(&mut self, which: usize, how: Answer, late: bool) {
        let Some(row) = pick(&self.open_rows(), which).copied() else { return };
        let (attempt, key) = match row {
            Row::Transfer(id) => (self.book.transfer(id).attempt, self.book.transfer(id).key()),
            Row::Reversal(id) => (self.reversal(id).attempt, self.reversal(id).key()),
        };
        let outcome = match attempt.next_step(self.book.now()) {
            Step::LookUp if self.effects.contains_key(&row) => done(&connect_id(row)),
            Step::LookUp => CallOutcome::NotThere,
            Step::Send => {
                self.mark_sent(row);
                self.execute(row, key, how)
            }
        };
        if late { self.under_way.push((row, outcome)) } else { self.answered(row, outcome) }
    }

    fn mark_sent(&mut self, row: Row) {
        let now = self.book.now();
        match row {
            Row::Transfer(id) => self.book.send_transfer(id),
            Row::Reversal(id) => self.book.file = self.book.file.clone().evolve(&Change::Reversal(self.reversal(id).sent(now, LEASE))),
        }
    }

    /// Connect executes a key once; another key for what it has executed already would be a second payment.
    fn execute(&mut self, row: Row, key: String, how: Answer) -> CallOutcome {
        if let Some(executed) = self.effects.get(&row) {
            assert_eq!(*executed, key, "{row:?} would happen twice");
            return match how {
                Answer::LostAfterEffect | Answer::LostBeforeEffect => unknown(),
                Answer::Wait => CallOutcome::NotNow { message: "429".into() },
                _ => done(&connect_id(row)),
            };
        }
        match how {
            Answer::Done | Answer::LostAfterEffect => {
                self.assert_wanted(row);
                self.effects.insert(row, key);
                if matches!(how, Answer::Done) { done(&connect_id(row)) } else { unknown() }
            }
            Answer::LostBeforeEffect => unknown(),
            Answer::Replayed => CallOutcome::Unknown { message: "500".into(), replayed: true },
            Answer::NoBalance => refused(CallRefusal::BalanceInsufficient),
            Answer::NoCapability => refused(CallRefusal::CapabilityMissing),
            Answer::NotFound if self.book.policy == HASTY => refused(CallRefusal::NotFound),
            Answer::NotFound | Answer::Other => refused(CallRefusal::Other),
            Answer::Wait => CallOutcome::NotNow { message: "429".into() },
        }
    }

    /// Connect takes back what it has sent, and no more.
    fn assert_wanted(&self, row: Row) {
        if let Row::Reversal(id) = row {
            let transfer = self.reversal(id).transfer_id;
            assert!(self.effects.contains_key(&Row::Transfer(transfer)), "nothing was sent");
            let of_it =
                |row: &&Reversal| row.transfer_id == transfer && (row.id == id || self.effects.contains_key(&Row::Reversal(row.id)));
            let taken: i64 = self.book.file.reversals.iter().filter(of_it).map(|row| row.amount.amount.0).sum();
            assert!(taken <= self.book.transfer(transfer).amount.amount.0, "more would be taken back than was sent");
        }
    }

    fn answered(&mut self, row: Row, outcome: CallOutcome) {
        let is_done = matches!(outcome, CallOutcome::Done { .. });
        let fact = match row {
            Row::Transfer(id) => Fact::Transfer(id, outcome),
            Row::Reversal(id) => Fact::Reversal(id, outcome),
        };
        assert_eq!(self.book.tell(fact.clone()), Verdict::Settled);
        if is_done {
            assert_eq!(self.book.tell(fact), Verdict::AlreadySettled, "an answer counts once");
        }
    }

    fn reversal(&self, id: veza_domain::ids::ReversalId) -> Reversal {
        self.book.file.reversals.iter().find(|row| row.id == id).unwrap().clone()
    }
}

fn connect_id(row: Row) -> String {
    match row {
        Row::Transfer(id) => format!("tr_{id}"),
        Row::Reversal(id) => format!("trr_{id}"),
    }
}

fn pick<T>(rows: &[T], which: usize) -> Option<&T> {
    rows.get(which % rows.len().max(1))
}

fn without_amount(fact: Fact) -> Fact {
    match fact {
        Fact::Payment(fact) => Fact::Payment(PaymentFact { amount: None, amount_received: None, currency: None, ..fact }),
        Fact::Refund(fact) => Fact::Refund(RefundFact { amount: None, currency: None, ..fact }),
        other => other,
    }
}

fn as_read(fact: Fact) -> Fact {
    match fact {
        Fact::Payment(fact) => Fact::Payment(PaymentFact { source: Source::Read, ..fact }),
        Fact::Refund(fact) => Fact::Refund(RefundFact { source: Source::Read, ..fact }),
        other => other,
    }
}
