//! Several orders of the same sellers, with the PSP and Connect beside them: what a history does to all of them, and what must hold.

use super::connect::{Answer, Connect};
use super::ops::{Op, Sale};
use super::psp::{Psp, as_read, without_amount};
use super::*;
use std::collections::BTreeSet;
use veza_domain::attention::{Code, Subject};
use veza_domain::ids::{ReversalId, TransferId};
use veza_domain::ledger::Account;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{
    Change, Fact, KeepRefusal, Verdict, WriteOffRefusal, decide_keep_back, decide_replace_transfer, decide_retry_transfer, decide_write_off,
};
use veza_domain::transfer::Step;

/// A transfer or a reversal of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Transfer(TransferId),
    Reversal(ReversalId),
}

/// Our books, and theirs.
pub struct World {
    pub books: Vec<Book>,
    psps: Vec<Psp>,
    connect: Connect,
    under_way: Vec<(usize, Row, CallOutcome)>,
    old_reads: Vec<(usize, Fact)>,
    policy: RetryPolicy,
}

impl World {
    pub fn new(sales: &[Sale], policy: RetryPolicy, dispute_fee: i64) -> Self {
        let book = |(nth, sale): (usize, &Sale)| Book { policy, dispute_fee, ..Book::new(checkout_nth(nth, &sale.lines, sale.points)) };
        let books: Vec<Book> = sales.iter().enumerate().map(book).collect();
        let psps = books.iter().enumerate().map(|(nth, book)| Psp::new(nth, book.file.order.total.amount.0)).collect();
        Self { books, psps, connect: Connect::default(), under_way: Vec::new(), old_reads: Vec::new(), policy }
    }

    pub fn after(sales: &[Sale], policy: RetryPolicy, dispute_fee: i64, history: &[(usize, Op)]) -> Self {
        let mut world = Self::new(sales, policy, dispute_fee);
        for (nth, op) in history {
            world.happen(nth % sales.len(), op);
        }
        world
    }

    pub fn happen(&mut self, nth: usize, op: &Op) {
        match *op {
            Op::Pay { succeeds } => self.psps[nth].pay(succeeds),
            // What we never knew to be paid can only be known to have failed.
            Op::TurnPayment if self.books[nth].file.order.is_paid() => self.psps[nth].turn_payment(),
            Op::TurnPayment => {}
            Op::AskRefund { per_mille, line, reaches_psp } => self.ask_refund(nth, per_mille, line, reaches_psp),
            Op::RefundOutside { per_mille } => self.psps[nth].refund_outside(per_mille),
            Op::DecideRefund { which, succeeds } => self.psps[nth].decide_refund(which, succeeds),
            Op::OpenDispute { per_mille } => self.psps[nth].open_dispute(per_mille),
            Op::MoveDispute { which, to, per_mille } => self.psps[nth].move_dispute(which, to, per_mille),
            Op::Deliver { which, vague } => {
                if let Some(fact) = pick(&self.psps[nth].sent, which).cloned() {
                    self.tell_twice(nth, &if vague { without_amount(fact) } else { fact });
                }
            }
            Op::SettleOldRead { which } => {
                let old: Vec<(usize, Fact)> =
                    self.psps[nth].sent.iter().cloned().map(|fact| (nth, as_read(fact))).chain(self.old_reads.clone()).collect();
                if let Some((nth, fact)) = pick(&old, which).cloned() {
                    self.tell_twice(nth, &fact);
                }
            }
            Op::Read { which } => {
                let truths = self.psps[nth].truths(&self.books[nth].file);
                if let Some(fact) = pick(&truths, which) {
                    self.tell_twice(nth, fact);
                }
            }
            Op::Call { which, how, late } => {
                if let Some(row) = pick(&self.open_rows(nth), which).copied() {
                    self.call(nth, row, how, late);
                }
            }
            Op::Arrive { which } => {
                if !self.under_way.is_empty() {
                    let (nth, row, outcome) = self.under_way.swap_remove(which % self.under_way.len());
                    self.answered(nth, row, outcome);
                }
            }
            Op::ReverseByHand { which, per_mille } => {
                if let Some(id) = self.a_transfer(nth, which) {
                    self.connect.reverse_by_hand(id, per_mille);
                }
            }
            Op::ReadConnect { which, late } => {
                if let Some(fact) = self.a_transfer(nth, which).and_then(|id| self.connect.truth(id)) {
                    if late { self.old_reads.push((nth, fact)) } else { self.tell_twice(nth, &fact) }
                }
            }
            Op::WriteOff { which } => self.write_off(nth, which),
            Op::Retry { which } => self.retry(nth, which),
            Op::Replace { which } => self.replace(nth, which),
            Op::Keep { which } => self.keep(nth, which),
        }
    }

    /// One authoritative read of everything, the payment first; `first` decides what of the rest is settled first.
    pub fn reconcile(&mut self, first: usize) {
        for nth in 0..self.books.len() {
            let mut truths = self.psps[nth].truths(&self.books[nth].file);
            let rest = truths.get_mut(1..).unwrap_or_default();
            rest.rotate_left(first % rest.len().max(1));
            for fact in truths {
                self.tell_twice(nth, &fact);
            }
        }
    }

    /// Every answer arrives, every transfer is read at Connect, and every call that is still to be made succeeds.
    pub fn quiet_down(&mut self) {
        for (nth, row, outcome) in std::mem::take(&mut self.under_way) {
            self.answered(nth, row, outcome);
        }
        for _ in 0..300 {
            self.read_connect();
            let open = (0..self.books.len()).find_map(|nth| self.open_rows(nth).first().map(|row| (nth, *row)));
            match open {
                Some((nth, row)) => self.call(nth, row, Answer::Done, false),
                None => return,
            }
        }
        let reversals: Vec<_> =
            self.books.iter().flat_map(|book| &book.file.reversals).map(|row| (row.status, row.open_amount())).collect();
        panic!("the workers never come to rest: {reversals:?}");
    }

    fn read_connect(&mut self) {
        for nth in 0..self.books.len() {
            for id in self.books[nth].file.transfers.iter().map(|row| row.id).collect::<Vec<_>>() {
                if let Some(fact) = self.connect.truth(id) {
                    self.tell_twice(nth, &fact);
                }
            }
        }
    }

    /// Our state is the PSP's.
    pub fn assert_settled(&self) {
        for (book, psp) in self.books.iter().zip(&self.psps) {
            psp.assert_agrees(&book.file);
            let fees: i64 =
                book.postings.iter().filter(|posting| posting.event.starts_with("dispute_fee:")).count() as i64 * book.dispute_fee;
            assert!(fees >= psp.lost_disputes() as i64 * book.dispute_fee, "each lost dispute has cost its fee");
            assert_eq!(book.balance(Account::PspClearing), psp.money() - fees, "our books hold what the PSP holds");
        }
    }

    /// Our books say of a seller what Connect says, and what is open between the seller and us is on some list.
    pub fn assert_square(&self, who: UserId) {
        let sum = |of: &dyn Fn(&Book) -> i64| self.books.iter().map(of).sum::<i64>();
        let connect = self.connect.with_seller(who);
        assert_eq!(sum(&|book| book.with_seller(who)), connect, "our books have sent what Connect has");
        let owed = sum(&|book| book.owed(who));
        assert_eq!(sum(&|book| book.balance(Account::SellerReceivable(who))), owed, "no debt has vanished");
        let (earned, written_off) = (sum(&|book| book.earned(who)), sum(&|book| book.written_off(who)));
        let (in_transit, short) = (sum(&|book| book.in_transit(who)), sum(&|book| book.short(who)));
        let figures = format!("{who} has {connect}, earned {earned}, owes {owed}, {in_transit} on the way, {short} short");
        assert_eq!(connect, earned + owed + written_off - in_transit - short, "{figures}");
        for book in &self.books {
            let given_up: i64 = book.transfers_of(who).iter().filter(|row| is_listed(book, row)).map(|row| row.amount.amount.0).sum();
            // What is held is still sent after a partial refund, and taken back in part then.
            let beyond = book.in_transit(who).min(book.taken_back(who));
            assert!((-beyond..=given_up + book.withheld(who)).contains(&book.short(who)), "{figures}");
            assert!(book.withheld(who) == 0 || book.is_flagged(Code::ExternalReversal), "what was taken back by hand is on the list");
        }
    }

    pub fn sellers(&self) -> BTreeSet<UserId> {
        self.books.iter().flat_map(Book::sellers).collect()
    }

    pub fn pay(&mut self, nth: usize) -> Verdict {
        let total = self.books[nth].file.order.total.amount.0;
        self.tell(nth, &Fact::Payment(payment(Source::Webhook, PaymentStatus::Succeeded, total)))
    }

    /// The buyer asks for a refund, and the PSP carries it out.
    pub fn refund(&mut self, nth: usize, n: u64, amount: Option<i64>) -> RefundId {
        let refund = self.books[nth].open(refund_nth(nth, n), user(buyer()), amount, Vec::new()).unwrap();
        assert_eq!(self.report(nth, refund.id, Source::Webhook, PspRefundStatus::Succeeded), Verdict::Settled);
        refund.id
    }

    pub fn report(&mut self, nth: usize, id: RefundId, source: Source, status: PspRefundStatus) -> Verdict {
        let amount = self.books[nth].refund(id).amount.amount.0;
        self.tell(nth, &Fact::Refund(refund(source, &id.to_string(), status, amount)))
    }

    fn a_transfer(&self, nth: usize, which: usize) -> Option<TransferId> {
        pick(&self.books[nth].file.transfers, which).map(|row| row.id)
    }

    fn ask_refund(&mut self, nth: usize, per_mille: Option<i64>, line: Option<usize>, reaches_psp: bool) {
        let book = &mut self.books[nth];
        let lines: Vec<LineId> = line.map(|n| line_nth(nth, n % book.file.lines.len())).into_iter().collect();
        let left: i64 = book.file.lines.iter().filter(|row| lines.is_empty() || lines.contains(&row.id)).map(|row| row.left().0).sum();
        let amount = per_mille.map(|per_mille| (left * per_mille / 1000).max(1));
        let id = refund_nth(nth, book.file.refunds.len() as u64);
        let before = book.file.clone();
        match book.open(id, user(buyer()), amount, lines) {
            Ok(refund) => {
                assert!(!before.has_open_dispute(), "no refund opens while a dispute is open");
                if reaches_psp {
                    self.psps[nth].create_refund(refund.id.to_string(), refund.amount.amount.0);
                }
            }
            Err(_) => assert_eq!(book.file, before, "a refusal changes nothing"),
        }
    }

    fn write_off(&mut self, nth: usize, which: usize) {
        let Some(id) = pick(&self.books[nth].file.reversals, which).map(|row| row.id) else { return };
        let book = &self.books[nth];
        if let Ok(changes) = decide_write_off(&book.file, id, &book.context()) {
            self.commit(nth, &changes);
            let book = &self.books[nth];
            let again = decide_write_off(&book.file, id, &book.context());
            assert_eq!(again, Err(WriteOffRefusal::NothingOwed), "two operators write off once");
            assert!(!book.attention.contains(&(Subject::Reversal(id), Code::ReversalPermanentlyFailed)));
        }
    }

    fn keep(&mut self, nth: usize, which: usize) {
        let Some(id) = self.a_transfer(nth, which) else { return };
        let book = &self.books[nth];
        let who = book.transfer(id).seller_id;
        let (withheld, kept) = (book.withheld(who), book.kept(who));
        if let Ok(changes) = decide_keep_back(&book.file, id, &book.context()) {
            self.commit(nth, &changes);
            let book = &self.books[nth];
            assert!(book.kept(who) > kept && book.kept(who) - kept <= withheld, "no more than the seller lacks");
            let again = decide_keep_back(&book.file, id, &book.context());
            assert_eq!(again, Err(KeepRefusal::NothingWithheld), "two operators keep once");
            let listed = book.attention.contains(&(Subject::Transfer(id), Code::ExternalReversal));
            assert!(!listed || book.withheld(who) > 0, "what is decided is off the list");
        }
    }

    fn retry(&mut self, nth: usize, which: usize) {
        let Some(id) = self.a_transfer(nth, which) else { return };
        let book = &self.books[nth];
        let status = book.transfer(id).status();
        match decide_retry_transfer(&book.file, id, &book.context()) {
            Ok(changes) => {
                assert_eq!(status, TransferStatus::Failed);
                self.commit(nth, &changes);
            }
            Err(_) => assert!(status != TransferStatus::Failed || book.file.may_send(&book.transfer(id)).is_err()),
        }
    }

    pub fn replace(&mut self, nth: usize, which: usize) {
        let Some(id) = self.a_transfer(nth, which) else { return };
        self.load_debts(nth);
        let book = &self.books[nth];
        let decided = decide_replace_transfer(&book.file, id, &book.context());
        self.books[nth].file.debts.clear();
        if let Ok(changes) = decided {
            let given_up = self.books[nth].transfer(id).stripe_transfer_id.is_none();
            assert!(!given_up || !self.connect.has(id), "Connect has what would be replaced");
            self.load_debts(nth);
            self.commit(nth, &changes);
            let book = &self.books[nth];
            let on_list = |code| book.attention.contains(&(Subject::Transfer(id), code));
            assert!(!on_list(Code::TransferPermanentlyFailed));
            let again = decide_replace_transfer(&book.file, id, &book.context());
            assert!(again.is_err() || !given_up, "two operators replace once");
        }
    }

    /// The second time changes nothing: at most it asks or flags again.
    fn tell_twice(&mut self, nth: usize, fact: &Fact) {
        let first = self.tell(nth, fact);
        let files: Vec<OrderFile> = self.books.iter().map(|book| book.file.clone()).collect();
        let posted: usize = self.books.iter().map(|book| book.postings.len()).sum();
        let second = self.tell(nth, fact);
        assert!(self.books.iter().map(|book| &book.file).eq(files.iter()), "a duplicate changed something: {fact:?}");
        assert_eq!(self.books.iter().map(|book| book.postings.len()).sum::<usize>(), posted, "a duplicate posted something");
        let asks_or_flags = second == first;
        assert!(second == Verdict::AlreadySettled && first == Verdict::Settled || asks_or_flags, "{first:?}, then {second:?}: {fact:?}");
    }

    /// A fact about an order, with what its sellers owe from the others.
    pub fn tell(&mut self, nth: usize, fact: &Fact) -> Verdict {
        self.load_debts(nth);
        let decision = self.books[nth].settle(fact).unwrap();
        self.spread(nth, &decision.changes);
        decision.verdict
    }

    /// What an operator decided about an order.
    pub fn commit(&mut self, nth: usize, changes: &[Change]) {
        self.books[nth].commit(changes);
        self.spread(nth, changes);
    }

    /// What the sellers of an order owe from the others, as the store reads it.
    fn load_debts(&mut self, nth: usize) {
        let now = self.books.iter().map(|book| book.ticks).max().unwrap_or_default();
        self.books.iter_mut().for_each(|book| book.ticks = now);
        let others = self.books.iter().enumerate().filter(|(other, _)| *other != nth).flat_map(|(_, book)| &book.file.reversals);
        let mut debts: Vec<Reversal> = others.filter(|row| row.may_be_netted()).cloned().collect();
        debts.sort_by_key(|row| (row.created_at, row.id));
        self.books[nth].file.debts = debts;
    }

    /// Debts that were paid are rows of other orders.
    fn spread(&mut self, nth: usize, changes: &[Change]) {
        self.books[nth].file.debts.clear();
        for change in changes {
            if let Change::Debt(row) = change {
                let debtor = self.books.iter_mut().find(|book| book.file.order.id == row.order_id).unwrap();
                debtor.file = debtor.file.clone().evolve(&Change::Reversal(row.clone()));
                debtor.check();
            }
        }
        let postings = self.books.iter().flat_map(|book| &book.postings).flat_map(|posting| &posting.entries);
        assert_eq!(postings.map(|entry| entry.amount.0).sum::<i64>(), 0, "the ledger sums to zero");
    }

    /// Rows that a worker could do something about now.
    fn open_rows(&self, nth: usize) -> Vec<Row> {
        let file = &self.books[nth].file;
        let may_go = |row: &&Transfer| is_due(row) && (row.attempt.is_unknown() || file.may_send(row).is_ok());
        let transfers = file.transfers.iter().filter(may_go).map(|row| Row::Transfer(row.id));
        let pending = file.reversals.iter().filter(|row| row.status == ReversalStatus::ReversalPending);
        let to_do = pending.filter(|row| row.needs_call() || row.open_amount() == Minor::ZERO);
        let open = transfers.chain(to_do.map(|row| Row::Reversal(row.id)));
        open.filter(|row| self.under_way.iter().all(|(_, busy, _)| busy != row)).collect()
    }

    /// What a worker does.
    fn call(&mut self, nth: usize, row: Row, how: Answer, late: bool) {
        let now = self.books[nth].now();
        let outcome = match row {
            Row::Transfer(id) => {
                let transfer = self.books[nth].transfer(id);
                let held = self.books[nth].file.may_send(&transfer).is_err();
                if held || transfer.attempt.next_step(now) == Step::LookUp {
                    self.connect.find_transfer(id)
                } else {
                    let open = self.books[nth].file.disputes.iter().any(|row| row.status.is_open());
                    assert!(!open, "a share is sent while a dispute is open");
                    self.books[nth].send_transfer(id);
                    self.connect.send(&self.books[nth].transfer(id), how, self.policy)
                }
            }
            Row::Reversal(id) => {
                let reversal = self.books[nth].reversal(id);
                match reversal.attempt.next_step(now) {
                    _ if !reversal.needs_call() => CallOutcome::NotNeeded,
                    Step::LookUp => self.connect.find_reversal(id),
                    Step::Send => {
                        let sent = reversal.sent(now, LEASE);
                        self.books[nth].file = self.books[nth].file.clone().evolve(&Change::Reversal(sent.clone()));
                        self.connect.take_back(&sent, how, self.policy)
                    }
                }
            }
        };
        if late { self.under_way.push((nth, row, outcome)) } else { self.answered(nth, row, outcome) }
    }

    fn answered(&mut self, nth: usize, row: Row, outcome: CallOutcome) {
        let is_done = matches!(outcome, CallOutcome::Done { .. });
        let fact = match row {
            Row::Transfer(id) => Fact::Transfer(id, outcome),
            Row::Reversal(id) => Fact::Reversal(id, outcome),
        };
        let first = self.tell(nth, &fact);
        assert!(matches!(first, Verdict::Settled | Verdict::AlreadySettled | Verdict::NotFinal), "{first:?}: {fact:?}");
        let open = self.open_rows(nth).contains(&row);
        if is_done && !open {
            assert_eq!(self.tell(nth, &fact), Verdict::AlreadySettled, "an answer counts once");
        }
    }
}

/// A transfer that was given up on its way out and not replaced since: an operator may have to act.
fn is_listed(book: &Book, row: &Transfer) -> bool {
    let taken_back = |id| book.file.reversals.iter().any(|reversal| reversal.transfer_id == Some(id));
    row.status() == TransferStatus::PermanentlyFailed && !taken_back(row.id)
}

fn pick<T>(rows: &[T], which: usize) -> Option<&T> {
    rows.get(which % rows.len().max(1))
}
