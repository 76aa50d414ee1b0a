//! What the tests of the rules share: an order at checkout, the facts about it, and a book that keeps every change it makes
//! and checks after each one what must hold at any time.

#![allow(dead_code, clippy::unwrap_used, clippy::panic, reason = "each test crate uses its part; a test may fail loudly")]

use proptest::prelude::ProptestConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::access::Actor;
use veza_domain::attention::{Code, Subject};
use veza_domain::backoff::RetryPolicy;
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::identity::{Role, Roles};
use veza_domain::ids::{LineId, OrderId, ProductId, RefundId, TransferId, UserId};
use veza_domain::ledger::{Account, Posting};
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceKind, LicenceStatus};
use veza_domain::money::{BasisPoints, Currency, Minor, Money, split};
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::refund::{OpenRefund, Refund, RefundRefusal, RefundStatus, open};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{
    Change, Context, Decision, Fact, OrderFile, PaymentFact, PaymentStatus, PspRefundStatus, RefundFact, SettlementError, Source, Verdict,
    decide, decide_refund_opened,
};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{CallOutcome, CallRefusal, Step, Transfer, TransferStatus};

pub mod world;

pub const START: Timestamp = Timestamp(1_700_000_000_000_000);
pub const REFUND_WINDOW: Duration = Duration::from_secs(336 * 3600);
pub const LEASE: Duration = Duration::from_secs(60);
/// A budget that no test uses up.
pub const PATIENT: RetryPolicy = RetryPolicy { retries_max: 10_000, base: Duration::from_secs(60), max: Duration::from_secs(3600) };
/// A budget that is gone at once.
pub const HASTY: RetryPolicy = RetryPolicy { retries_max: 1, base: Duration::from_secs(60), max: Duration::from_secs(3600) };

/// That many cases; a failure is told by its smallest case, which then becomes a test of its own.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

pub fn eur() -> Currency {
    "EUR".parse().unwrap()
}

/// A UUIDv7; the same number always gives the same one.
pub fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)
}

pub fn buyer() -> UserId {
    UserId(uuid(1))
}

pub fn stranger() -> UserId {
    UserId(uuid(2))
}

pub fn seller(n: u8) -> UserId {
    UserId(uuid(0x100 + u128::from(n)))
}

pub fn user(id: UserId) -> Actor {
    Actor::User { id, roles: Roles::user() }
}

pub fn admin() -> Actor {
    Actor::User { id: UserId(uuid(3)), roles: Roles::user().with(Role::Admin) }
}

pub fn order_id() -> OrderId {
    OrderId(uuid(0x200))
}

pub fn line_id(position: usize) -> LineId {
    LineId(uuid(0x300 + position as u128))
}

pub fn product_id(position: usize) -> ProductId {
    ProductId(uuid(0x400 + position as u128))
}

pub fn refund_id(n: u64) -> RefundId {
    RefundId(uuid(0x1000 + u128::from(n)))
}

/// An order at checkout: one line per (seller, price), the fee at `points`.
pub fn checkout(lines: &[(u8, i64)], points: u16) -> OrderFile {
    let rate = BasisPoints::new(points).unwrap();
    let lines: Vec<OrderLine> = lines
        .iter()
        .enumerate()
        .map(|(position, (by, price))| {
            let parts = split(Minor(*price), rate);
            OrderLine {
                id: line_id(position),
                order_id: order_id(),
                position: u32::try_from(position).unwrap(),
                product_id: product_id(position),
                offer_id: None,
                licence_kind: LicenceKind::standard(),
                terms: String::new(),
                title: format!("product {position}"),
                seller_id: seller(*by),
                price: Minor(*price),
                fee: parts.fee,
                share: parts.share,
                refunded: Minor::ZERO,
            }
        })
        .collect();
    let total = Minor::sum(lines.iter().map(|line| line.price)).unwrap();
    let order = Order {
        id: order_id(),
        buyer_id: buyer(),
        status: OrderStatus::Pending,
        total: Money { amount: total, currency: eur() },
        refunded: Minor::ZERO,
        payment_id: Some(Order::payment_id_of(order_id())),
        client_secret: None,
        failure: None,
        created_at: START,
        completed_at: None,
        refund_deadline: None,
    };
    OrderFile::new(order, lines, Vec::new())
}

/// The same order, its line `position` under an exclusive licence that it holds.
pub fn with_exclusive(mut file: OrderFile, position: usize) -> OrderFile {
    file.lines[position].licence_kind = LicenceKind::new("exclusive").unwrap();
    file.exclusives.push(ExclusiveHold { product_id: product_id(position), order_id: order_id(), state: ExclusiveState::Held });
    file
}

pub fn payment(source: Source, status: PaymentStatus, amount: i64) -> PaymentFact {
    let received = (status == PaymentStatus::Succeeded).then_some(amount);
    PaymentFact { source, status, amount: Some(amount), amount_received: received, currency: Some("EUR".into()), error: None }
}

pub fn refund(source: Source, id: &str, status: PspRefundStatus, amount: i64) -> RefundFact {
    RefundFact { source, psp_refund_id: id.into(), status, amount: Some(amount), currency: Some("EUR".into()), error: None }
}

pub fn done(id: &str) -> CallOutcome {
    CallOutcome::Done { provider_id: Some(id.into()) }
}

pub fn refused(refusal: CallRefusal) -> CallOutcome {
    CallOutcome::Refused { refusal, message: "no".into() }
}

pub fn unknown() -> CallOutcome {
    CallOutcome::Unknown { message: "cut off".into(), replayed: false }
}

/// An order's file, every posting, effect and entry of the operators' list that its facts have made.
pub struct Book {
    pub file: OrderFile,
    pub postings: Vec<Posting>,
    pub effects: Vec<Effect>,
    pub attention: BTreeSet<(Subject, Code)>,
    /// How many licences were granted anew.
    pub grants: usize,
    pub policy: RetryPolicy,
    ticks: u64,
    tick: u64,
}

impl Book {
    pub fn new(file: OrderFile) -> Self {
        let (postings, effects) = (Vec::new(), Vec::new());
        Self { file, postings, effects, attention: BTreeSet::new(), grants: 0, policy: PATIENT, ticks: 0, tick: 1 }
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
        let fresh = uuid(0x10_0000 + u128::from(self.ticks));
        Context { now: self.now(), fresh, refund_window: REFUND_WINDOW, transfers: self.policy, reversals: self.policy }
    }

    /// Settles a fact and checks what must hold at any time; a second later the next one comes.
    pub fn settle(&mut self, fact: &Fact) -> Result<Decision, SettlementError> {
        let context = self.context();
        let decision = decide(&self.file, fact, &context)?;
        assert_eq!(decide(&self.file, fact, &context).as_ref(), Ok(&decision), "the same question has the same answer");
        self.check_decision(&decision);
        for change in &decision.changes {
            self.take(change);
        }
        self.check();
        self.ticks += self.tick;
        Ok(decision)
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
        for change in decide_refund_opened(&self.file, refund.clone()) {
            self.take(&change);
        }
        self.check();
        self.ticks += self.tick;
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

    /// Every open transfer and reversal is carried out.
    pub fn pay_out(&mut self) {
        for _ in 0..100 {
            let transfer = self.file.transfers.iter().find(|row| is_due(row)).map(|row| row.id);
            let reversal = self.file.reversals.iter().find(|row| row.status == ReversalStatus::ReversalPending).map(|row| row.id);
            match (transfer, reversal) {
                (Some(id), _) => self.tell(Fact::Transfer(id, done(&format!("tr_{id}")))),
                (None, Some(id)) => self.tell(Fact::Reversal(id, done(&format!("trr_{id}")))),
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

    /// The transfers of a seller, oldest first.
    pub fn transfers_of(&self, who: UserId) -> Vec<Transfer> {
        self.file.transfers.iter().filter(|row| row.seller_id == who).cloned().collect()
    }

    pub fn reversals_of(&self, who: UserId) -> Vec<Reversal> {
        let own = |row: &&Reversal| self.transfer(row.transfer_id).seller_id == who;
        self.file.reversals.iter().filter(own).cloned().collect()
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

    fn standing_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.file.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded)
    }

    /// What the refunds that stand took back from a seller.
    pub fn taken_back(&self, who: UserId) -> i64 {
        self.standing_refunds().flat_map(|refund| &refund.seller_parts).filter(|part| part.seller_id == who).map(|part| part.amount.0).sum()
    }

    /// The transfers that reached Connect: only those are ever taken back.
    fn carried_to(&self, who: UserId) -> Vec<Transfer> {
        use TransferStatus::{Completed, ReversalPending, Reversed};
        let taken_back = |row: &Transfer| self.file.reversals.iter().any(|reversal| reversal.transfer_id == row.id);
        let carried = |row: &Transfer| matches!(row.status(), Completed | ReversalPending | Reversed) || taken_back(row);
        self.transfers_of(who).into_iter().filter(carried).collect()
    }

    /// What Connect has sent to a seller and not taken back.
    pub fn with_seller(&self, who: UserId) -> i64 {
        self.carried_to(who).iter().map(|row| row.left().0).sum()
    }

    /// What was to be taken back from a seller and never will be.
    pub fn given_up(&self, who: UserId) -> i64 {
        let given_up = self.reversals_of(who).into_iter().filter(|row| row.status == ReversalStatus::PermanentlyFailed);
        given_up.map(|row| row.amount.amount.0).sum()
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
        match decision.verdict {
            Verdict::Settled => assert!(!changes.is_empty(), "a settled fact changes something"),
            Verdict::AlreadySettled | Verdict::NotFinal => assert!(changes.is_empty(), "{:?} changed {changes:?}", decision.verdict),
            Verdict::AskProvider => {
                let [Change::Effect(effect)] = changes.as_slice() else { panic!("asking the provider changed {changes:?}") };
                assert!(matches!(effect.kind, EffectKind::ReadPayment(_) | EffectKind::ReadRefund(..)), "{effect:?}");
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
            Change::Effect(effect) => self.effects.push(effect.clone()),
            Change::Attention(entry) => {
                self.attention.insert((entry.subject, entry.code));
            }
            Change::Transfer(next) => self.check_transfer(next),
            Change::Reversal(next) => self.check_reversal(next),
            Change::Licence(next) => self.grants += usize::from(self.file.licences.iter().all(|row| row.id != next.id)),
            Change::Order(_) | Change::Line(_) | Change::Refund(_) | Change::Exclusive(_) => {}
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

    fn check_reversal(&self, next: &Reversal) {
        assert_eq!(next.status == ReversalStatus::ReversalPending, next.next_retry_at.is_some(), "{next:?}");
        match self.file.reversals.iter().find(|row| row.id == next.id) {
            None => assert_eq!(next.status, ReversalStatus::ReversalPending, "a reversal begins as pending"),
            Some(row) => {
                assert!(row.status == next.status || row.status == ReversalStatus::ReversalPending, "an end has no way out");
                assert_eq!((row.amount, row.transfer_id, row.refund_id), (next.amount, next.transfer_id, next.refund_id));
            }
        }
    }

    /// What holds after every fact (spec/01-money §2, §4, §5, §10).
    fn check(&self) {
        self.check_order();
        self.check_licences();
        self.check_ledger();
    }

    fn check_order(&self) {
        let order = &self.file.order;
        let standing: i64 = self.standing_refunds().map(|refund| refund.amount.amount.0).sum();
        assert_eq!(order.refunded.0, standing, "refunded is what the refunds that stand gave back");
        assert_eq!(standing, self.file.lines.iter().map(|line| line.refunded.0).sum::<i64>(), "it is spread over the lines");
        assert!(order.refunded <= order.total.amount, "never more than was captured");
        assert!(self.file.lines.iter().all(|line| (0..=line.price.0).contains(&line.refunded.0)), "no line gives back more than it cost");
        for who in self.sellers() {
            assert!((0..=self.share(who)).contains(&self.taken_back(who)), "no seller gives back more than the share");
        }
        assert!(self.file.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending).count() <= 1, "refunds are serialised");
        let expected: &[OrderStatus] = if !order.is_paid() {
            &[OrderStatus::Pending, OrderStatus::Failed]
        } else if self.file.refund_in_flight() {
            &[OrderStatus::RefundPending]
        } else {
            &[OrderStatus::settled(order.total.amount, order.refunded)]
        };
        assert!(expected.contains(&order.status), "{:?} is not one of {expected:?}", order.status);
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

    /// The balances are what the rows say, account by account.
    fn check_ledger(&self) {
        let order = &self.file.order;
        let captured = if order.is_paid() { order.total.amount.0 } else { 0 };
        let earned = |amount: i64| if order.is_paid() { amount } else { 0 };
        assert_eq!(self.balances().values().sum::<i64>(), 0, "the ledger sums to zero");
        assert_eq!(self.balance(Account::PspClearing), captured - order.refunded.0);
        let given_by_sellers: i64 = self.sellers().into_iter().map(|who| self.taken_back(who)).sum();
        assert_eq!(self.balance(Account::PlatformFee), order.refunded.0 - given_by_sellers - earned(self.fee()));
        for who in self.sellers() {
            let sent: i64 = self.carried_to(who).iter().map(|row| row.amount.amount.0).sum();
            let opened: i64 = self.reversals_of(who).iter().map(|row| row.amount.amount.0).sum();
            let reversals = self.reversals_of(who).into_iter();
            let reversed: i64 = reversals.filter(|row| row.status == ReversalStatus::Reversed).map(|row| row.amount.amount.0).sum();
            assert!(reversed <= sent, "never more is taken back than was sent");
            assert_eq!(self.with_seller(who), sent - reversed);
            assert_eq!(self.balance(Account::Connect(who)), reversed - sent);
            assert_eq!(self.balance(Account::SellerReceivable(who)), opened - reversed);
            assert_eq!(self.balance(Account::SellerPayable(who)), self.taken_back(who) - earned(self.share(who)) + sent - opened);
        }
    }
}

/// Does its worker still have something to do?
pub fn is_due(row: &Transfer) -> bool {
    matches!(row.status(), TransferStatus::Pending | TransferStatus::Failed)
}
