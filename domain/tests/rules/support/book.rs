//! An order's file with all that its facts have made, and what must hold after each of them.

use super::{LEASE, PATIENT, REFUND_WINDOW, START, buyer, is_due, payment, refund, refund_id, user, uuid};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use veza_domain::access::Actor;
use veza_domain::attention::{Code, Subject};
use veza_domain::backoff::RetryPolicy;
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::ids::{LineId, RefundId, ReversalId, TransferId, UserId};
use veza_domain::ledger::{Account, Posting};
use veza_domain::licence::LicenceStatus;
use veza_domain::look::Look;
use veza_domain::money::Minor;
use veza_domain::order::Order;
use veza_domain::refund::{OpenRefund, Refund, RefundOrigin, RefundRefusal, RefundStatus, open};
use veza_domain::reversal::{Reversal, ReversalCause, ReversalStatus};
use veza_domain::settlement::{
    Change, Context, Decision, Fact, OrderFile, PaymentStatus, PspRefundStatus, SettlementError, Source, Verdict, check, decide,
    decide_refund_opened,
};
use veza_domain::subscription::{BillingPolicy, Dunning};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{CallOutcome, Transfer, TransferStatus};

/// An order's file, every posting, effect and entry of the operators' list that its facts have made.
pub struct Book {
    pub file: OrderFile,
    pub postings: Vec<Posting>,
    pub effects: Vec<Effect>,
    pub attention: BTreeSet<(Subject, Code)>,
    /// How many licences were granted anew.
    pub grants: usize,
    pub policy: RetryPolicy,
    /// `DISPUTE_FEE`.
    pub dispute_fee: i64,
    /// Seconds since the start.
    pub ticks: u64,
    pub tick: u64,
}

impl Book {
    pub fn new(file: OrderFile) -> Self {
        let (postings, effects) = (Vec::new(), Vec::new());
        Self { file, postings, effects, attention: BTreeSet::new(), grants: 0, policy: PATIENT, dispute_fee: 0, ticks: 0, tick: 1 }
    }

    /// A paid order's book.
    pub fn paid(file: OrderFile) -> Self {
        let mut book = Self::new(file);
        assert_eq!(book.pay(), Verdict::Settled);
        book
    }

    /// From here on all happens at one moment.
    pub fn ticks_stand_still(&mut self) {
        self.tick = 0;
    }

    pub fn now(&self) -> Timestamp {
        START.plus(Duration::from_secs(self.ticks))
    }

    pub fn context(&self) -> Context {
        let fresh = uuid(0x10_0000 + (u128::from(self.ticks) << 16) + self.postings.len() as u128);
        Context {
            now: self.now(),
            fresh,
            refund_window: REFUND_WINDOW,
            transfers: self.policy,
            reversals: self.policy,
            dispute_fee: Minor(self.dispute_fee),
            billing: BillingPolicy { renewal_lead: Duration::from_secs(3600), dunning: Dunning::DEFAULT },
        }
    }

    /// Settles a fact and checks what must hold at any time; a second later the next one comes.
    pub fn settle(&mut self, fact: &Fact) -> Result<Decision, SettlementError> {
        let context = self.context();
        let decision = decide(&self.file, fact, &context)?;
        assert_eq!(decide(&self.file, fact, &context).as_ref(), Ok(&decision), "the same question has the same answer");
        self.check_decision(&decision);
        self.commit(&decision.changes);
        Ok(decision)
    }

    /// Takes over what was decided, and checks what must hold at any time.
    pub fn commit(&mut self, changes: &[Change]) {
        let guarded = changes.iter().any(|change| matches!(change, Change::Dispute(_) | Change::Netting(_)));
        let orders = changes.iter().filter(|change| matches!(change, Change::Order(_))).count();
        assert!(orders <= 1 && (!guarded || orders == 1), "the order is written once, and guards what others may do at once");
        for change in changes {
            self.take(change);
        }
        self.check();
        self.ticks += self.tick;
    }

    pub fn tell(&mut self, fact: Fact) -> Verdict {
        self.settle(&fact).unwrap().verdict
    }

    pub fn pay(&mut self) -> Verdict {
        self.tell(Fact::Payment(payment(Source::Webhook, PaymentStatus::Succeeded, self.file.order.total.amount.0)))
    }

    /// Opens a refund as `actor`; the PSP has not been asked yet.
    pub fn open(&mut self, id: RefundId, actor: Actor, amount: Option<i64>, lines: Vec<LineId>) -> Result<Refund, RefundRefusal> {
        let wish = OpenRefund { id, actor, amount, lines, reason: None, now: self.now() };
        let refund = open(&self.file.order, &self.file.lines, self.file.refund_in_flight(), &wish)?;
        self.commit(&decide_refund_opened(&self.file, refund.clone()));
        Ok(refund)
    }

    /// A report on one of our refunds.
    pub fn report(&mut self, source: Source, id: RefundId, status: PspRefundStatus) -> Verdict {
        let amount = self.refund(id).amount.amount.0;
        self.tell(Fact::Refund(refund(source, &id.to_string(), status, amount)))
    }

    /// Opens a refund as the buyer, and the PSP carries it out.
    pub fn refund_now(&mut self, n: u64, amount: Option<i64>, lines: Vec<LineId>) -> RefundId {
        let id = refund_id(n);
        self.open(id, user(buyer()), amount, lines).unwrap();
        assert_eq!(self.report(Source::Webhook, id, PspRefundStatus::Succeeded), Verdict::Settled);
        id
    }

    /// A worker takes the transfer: from here on its outcome is unknown until one comes.
    pub fn send_transfer(&mut self, id: TransferId) {
        let sent = self.transfer(id).sent(self.now(), LEASE);
        self.take(&Change::Transfer(sent));
    }

    /// The same of a reversal.
    pub fn send_reversal(&mut self, id: ReversalId) {
        let sent = self.reversal(id).sent(self.now(), LEASE);
        self.take(&Change::Reversal(sent));
    }

    /// Every open transfer and reversal that can be is carried out.
    pub fn pay_out(&mut self) {
        for _ in 0..100 {
            let transfer = self.file.transfers.iter().find(|row| is_due(row) && self.file.may_send(row).is_ok()).map(|row| row.id);
            let pending = |row: &&Reversal| row.status == ReversalStatus::ReversalPending;
            let takes = |row: &&Reversal| row.needs_call() || row.open_amount() == Minor::ZERO;
            let reversal = self.file.reversals.iter().filter(pending).find(takes).cloned();
            match (transfer, reversal) {
                (Some(id), _) => self.tell(Fact::Transfer(id, done_as("tr", id.0))),
                (None, Some(row)) if row.needs_call() => self.tell(Fact::Reversal(row.id, done_as("trr", row.id.0))),
                (None, Some(row)) => self.tell(Fact::Reversal(row.id, CallOutcome::NotNeeded)),
                (None, None) => return,
            };
        }
        panic!("the workers never come to rest: {:#?}", self.file);
    }

    pub fn refund(&self, id: RefundId) -> Refund {
        self.file.refunds.iter().find(|row| row.id == id).unwrap().clone()
    }

    pub fn transfer(&self, id: TransferId) -> Transfer {
        self.file.transfers.iter().find(|row| row.id == id).unwrap().clone()
    }

    pub fn reversal(&self, id: ReversalId) -> Reversal {
        self.file.reversals.iter().find(|row| row.id == id).unwrap().clone()
    }

    /// The transfers of a seller, oldest first.
    pub fn transfers_of(&self, who: UserId) -> Vec<Transfer> {
        self.file.transfers.iter().filter(|row| row.seller_id == who).cloned().collect()
    }

    /// A seller's debts from this order: what others took back by hand is none.
    pub fn reversals_of(&self, who: UserId) -> Vec<Reversal> {
        let own = |row: &&Reversal| row.seller_id == who && row.cause != ReversalCause::External;
        self.file.reversals.iter().filter(own).cloned().collect()
    }

    /// What others took back from a seller at Connect and nobody has replaced, as far as it leaves the seller short.
    pub fn withheld(&self, who: UserId) -> i64 {
        let external = |row: &&Reversal| row.seller_id == who && row.cause == ReversalCause::External;
        let taken: i64 = self.file.reversals.iter().filter(external).map(|row| row.open_amount().0).sum();
        self.short(who).clamp(0, taken)
    }

    /// What a seller is owed and is not on its way.
    pub fn short(&self, who: UserId) -> i64 {
        -self.balance(Account::SellerPayable(who)) - self.in_transit(who)
    }

    /// What a seller owes from this order.
    pub fn owed(&self, who: UserId) -> i64 {
        let open = self.reversals_of(who).into_iter().filter(|row| row.status != ReversalStatus::Reversed);
        open.map(|row| row.open_amount().0).sum()
    }

    pub fn written_off(&self, who: UserId) -> i64 {
        self.reversals_of(who).iter().map(|row| row.written_off.0).sum()
    }

    /// What is on its way to a seller.
    pub fn in_transit(&self, who: UserId) -> i64 {
        self.transfers_of(who).iter().filter(|row| is_due(row)).map(|row| row.amount.amount.0).sum()
    }

    /// What a seller is to have of this order in the end.
    pub fn earned(&self, who: UserId) -> i64 {
        let granted = |line: LineId| self.file.licences.iter().any(|licence| licence.line_id == line);
        let own = self.file.lines.iter().filter(|line| line.seller_id == who && granted(line.id));
        (own.map(|line| line.share.0).sum::<i64>() - self.taken_back(who) - self.kept(who)).max(0)
    }

    /// What others took back from a seller, and the seller is not to have.
    pub fn kept(&self, who: UserId) -> i64 {
        let external = |row: &&Reversal| row.seller_id == who && row.cause == ReversalCause::External;
        self.file.reversals.iter().filter(external).map(|row| row.written_off.0).sum()
    }

    pub fn sellers(&self) -> BTreeSet<UserId> {
        self.file.lines.iter().map(|line| line.seller_id).collect()
    }

    pub fn share(&self, who: UserId) -> i64 {
        self.file.lines.iter().filter(|line| line.seller_id == who).map(|line| line.share.0).sum()
    }

    pub fn fee(&self) -> i64 {
        self.file.lines.iter().map(|line| line.fee.0).sum()
    }

    pub fn standing_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.file.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded)
    }

    /// What the refunds that stand took back from a seller.
    pub fn taken_back(&self, who: UserId) -> i64 {
        self.standing_refunds().flat_map(|refund| &refund.seller_parts).filter(|part| part.seller_id == who).map(|part| part.amount.0).sum()
    }

    /// What Connect has sent to a seller and not taken back, by our books.
    pub fn with_seller(&self, who: UserId) -> i64 {
        -self.balance(Account::Connect(who))
    }

    pub fn balances(&self) -> BTreeMap<Account, i64> {
        let mut balances = BTreeMap::new();
        for entry in self.postings.iter().flat_map(|posting| &posting.entries) {
            *balances.entry(entry.account).or_default() += entry.amount.0;
        }
        balances
    }

    pub fn balance(&self, account: Account) -> i64 {
        self.balances().get(&account).copied().unwrap_or_default()
    }

    pub fn is_flagged(&self, code: Code) -> bool {
        self.attention.iter().any(|(_, flagged)| *flagged == code)
    }

    /// Lines whose licence permits.
    pub fn active_lines(&self) -> BTreeSet<LineId> {
        self.file.licences.iter().filter(|row| row.status == LicenceStatus::Active).map(|row| row.line_id).collect()
    }

    /// What a verdict may change.
    fn check_decision(&self, decision: &Decision) {
        let changes = &decision.changes;
        let only_look = |change: &Change| {
            let order = &self.file.order;
            let unlooked = Order { look: Look { due_at: None, ..order.look }, ..order.clone() };
            matches!(change, Change::Order(next) if next == order || *next == unlooked)
        };
        match decision.verdict {
            Verdict::Settled => assert!(!changes.is_empty(), "a settled fact changes something"),
            Verdict::AlreadySettled | Verdict::NotFinal => {
                assert!(changes.iter().all(only_look), "{:?} changed {changes:?}", decision.verdict);
            }
            Verdict::AskProvider => {
                let [Change::Effect(effect)] = changes.as_slice() else { panic!("asking the provider changed {changes:?}") };
                let reads = matches!(effect.kind, EffectKind::ReadPayment(_) | EffectKind::ReadRefund(..) | EffectKind::ReadDispute(..));
                assert!(reads, "{effect:?}");
            }
            Verdict::AmountMismatch => assert!(matches!(changes.as_slice(), [Change::Attention(_)]), "a mismatch changed {changes:?}"),
        }
    }

    fn take(&mut self, change: &Change) {
        match change {
            Change::Posting(posting) => {
                assert!(posting.balances() && posting.entries.len() >= 2, "{posting:?}");
                assert!(posting.entries.iter().all(|entry| entry.amount != Minor::ZERO), "{posting:?}");
                assert!(self.postings.iter().all(|earlier| earlier.event != posting.event), "{} was posted twice", posting.event);
                self.postings.push(posting.clone());
            }
            Change::Effect(effect) => {
                assert!(self.effects.iter().all(|known| known.id != effect.id), "{effect:?} is there already");
                self.effects.push(effect.clone());
            }
            Change::Attention(entry) => {
                self.attention.insert((entry.subject, entry.code));
            }
            Change::Invoice(_) | Change::Subscription(_) => {}
            Change::Transfer(next) => self.check_transfer(next),
            Change::Reversal(next) => self.check_reversal(next),
            Change::Licence(next) => self.grants += usize::from(self.file.licences.iter().all(|row| row.id != next.id)),
            Change::Settled(subject, code) => {
                self.attention.remove(&(*subject, *code));
            }
            Change::Netting(next) => assert!(self.file.nettings.iter().all(|row| row.id != next.id), "{next:?} is there already"),
            Change::Debt(next) => self.check_debt(next),
            Change::Refund(next) => assert!(next.status == RefundStatus::Pending || next.look.due_at.is_none(), "its look is over"),
            Change::Dispute(next) => assert_eq!(next.status.is_open(), next.look.due_at.is_some(), "it is looked at while it is open"),
            Change::Order(_) | Change::Line(_) | Change::Exclusive(_) => {}
        }
        self.file = self.file.clone().evolve(change);
    }

    /// A transfer moves along the matrix, carries one amount, and keeps the id that Connect gave it.
    fn check_transfer(&self, next: &Transfer) {
        match self.file.transfers.iter().find(|row| row.id == next.id) {
            None => assert_eq!(next.status(), TransferStatus::Pending, "a transfer begins as pending"),
            Some(row) => {
                assert!(row.status().may_move_to(next.status()), "{:?} -> {:?}", row.status(), next.status());
                assert_eq!((row.amount, row.seller_id), (next.amount, next.seller_id));
                assert!(row.stripe_transfer_id.is_none() || row.stripe_transfer_id == next.stripe_transfer_id);
                assert!(row.amount_reversed <= next.amount_reversed);
            }
        }
        assert!((0..=next.amount.amount.0).contains(&next.amount_reversed.0), "{next:?}");
    }

    /// A reversal runs from pending to an end; what a share pays of it only grows, and only while no call can be taking it back.
    fn check_reversal(&self, next: &Reversal) {
        assert_eq!(next.status == ReversalStatus::ReversalPending, next.next_retry_at.is_some(), "{next:?}");
        let external = next.cause == ReversalCause::External;
        match self.file.reversals.iter().find(|row| row.id == next.id) {
            None => assert_eq!(next.status == ReversalStatus::Reversed, external, "only one of others begins at its end"),
            Some(row) => {
                let way_on = row.status == ReversalStatus::ReversalPending || row.lacks_an_id();
                assert!(row.status == next.status || way_on, "an end has no way out");
                assert_eq!((row.amount, row.transfer_id, row.cause), (next.amount, next.transfer_id, next.cause));
                assert!(row.netted <= next.netted && next.open_amount().0 >= 0, "{next:?}");
                assert!(row.netted == next.netted || !row.attempt.is_unknown(), "paid while a call may be taking it back: {next:?}");
            }
        }
    }

    /// A share pays what another order of the same seller left open, and nothing else of it changes.
    fn check_debt(&self, next: &Reversal) {
        let row = self.file.debts.iter().find(|row| row.id == next.id).unwrap();
        assert!(row.may_be_netted() && row.order_id != self.file.order.id, "{row:?}");
        assert!(row.netted < next.netted && next.open_amount().0 >= 0, "{next:?}");
        let waits = row.status == ReversalStatus::ReversalPending;
        assert_eq!(next.next_retry_at, waits.then(|| self.now()), "its worker looks at it at once");
        assert_eq!(Reversal { netted: row.netted, next_retry_at: row.next_retry_at, ..next.clone() }, *row);
    }

    /// What holds after every fact (spec/01-money §2, §4, §5, §10).
    pub fn check(&self) {
        let broken = check(&self.file, &self.postings);
        assert!(broken.is_empty(), "{broken:?}");
        self.check_order();
        self.check_licences();
    }

    fn check_order(&self) {
        let order = &self.file.order;
        for who in self.sellers() {
            assert!((0..=self.share(who)).contains(&self.taken_back(who)), "no seller gives back more than the share");
        }
        assert!(self.file.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending).count() <= 1, "refunds are serialised");
        assert!(order.look.due_at.is_some() || order.is_paid() || order.failure.is_some(), "an order that waits is looked at");
        assert!(!order.is_paid() || order.look.due_at.is_none(), "a paid order is not looked at");
        let hidden = |refund: &&Refund| matches!(refund.origin, RefundOrigin::Dispute(_) | RefundOrigin::PaymentUndone);
        assert!(self.file.refunds.iter().filter(hidden).all(|refund| refund.status != RefundStatus::Pending), "a loss has happened");
    }

    /// Active exactly where it was paid for and not taken back; each line grants once.
    fn check_licences(&self) {
        let order = &self.file.order;
        if !order.is_paid() || self.is_flagged(Code::ExclusiveAlreadySold) {
            assert!(order.is_paid() || self.file.licences.is_empty(), "nothing is granted that was not paid for");
            return;
        }
        assert_eq!((self.grants, self.file.licences.len()), (self.file.lines.len(), self.file.lines.len()), "each line grants once");
        let full = order.refunded >= order.total.amount;
        let named: BTreeSet<LineId> = self.standing_refunds().flat_map(|refund| refund.lines.iter().copied()).collect();
        let all = self.file.lines.iter().map(|line| line.id);
        let expected: BTreeSet<LineId> = all.filter(|line| !full && !named.contains(line)).collect();
        assert_eq!(self.active_lines(), expected);
    }
}

fn done_as(prefix: &str, id: uuid::Uuid) -> CallOutcome {
    CallOutcome::Done { provider_id: Some(format!("{prefix}_{id}")) }
}
