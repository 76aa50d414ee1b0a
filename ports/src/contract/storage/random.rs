//! Random units over a small space of ids, so that conflicts, clashes and repeats are frequent.
//!
//! The generator keeps a rough model of what the units before have left (`Aim`), only to aim at revisions that hold about
//! as often as not. Rows refer to rows of [`opening`], the first unit, which are never missing.

use super::sample::{self, at};
use crate::storage::{Revision, Row, RowKey, UnitId, UnitOfWork, Write};
use std::collections::{BTreeMap, BTreeSet};
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::catalog::{Product, ProductStatus};
use veza_domain::effect::{Effect, EffectState};
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, User, Username};
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, ExclusiveState, Licence, LicenceStatus};
use veza_domain::money::Minor;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::payout::SellerAccount;
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Hold, TransferStatus};
use veza_domain::webhook::{Delivery, ProcessingResult};

/// A linear congruential generator (Knuth's MMIX constants): the same seed, the same numbers, everywhere.
#[derive(Clone, Debug)]
pub struct Lcg(u64);

impl Lcg {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut lcg = Self(seed ^ 0x9e37_79b9_7f4a_7c15);
        lcg.bits();
        lcg
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.0 >> 32).unwrap_or(0)
    }

    /// A number from 0 to `n` - 1.
    pub fn below(&mut self, n: u32) -> u32 {
        u32::try_from((u64::from(self.bits()) * u64::from(n)) >> 32).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(u32::try_from(all.len()).unwrap_or(1)) as usize]
    }

    fn time(&mut self) -> Timestamp {
        at(i64::from(self.below(100)))
    }

    fn sometimes<T>(&mut self, value: T) -> Option<T> {
        self.chance(50).then_some(value)
    }
}

/// The unit that a random sequence begins with: [`sample::world`], a second line per order, and what other rows refer to.
#[must_use]
pub fn opening() -> UnitOfWork {
    let mut writes = sample::world();
    let more = (1..=3).flat_map(|n| {
        [
            Row::Line(sample::line(n, 1)),
            Row::Session(sample::session(n)),
            Row::Refund(sample::refund(n, sample::order_id(n))),
            Row::Transfer(sample::transfer(n, sample::order_id(n))),
        ]
    });
    writes.extend(more.map(Write::Insert));
    sample::unit("opening", writes)
}

/// `n` units, the first of which is [`opening`]. The same seed gives the same units.
#[must_use]
pub fn random_units(seed: u64, n: usize) -> Vec<UnitOfWork> {
    let mut random = Lcg::new(seed);
    let mut aim = Aim::default();
    let mut units: Vec<UnitOfWork> = Vec::with_capacity(n);
    for number in 0..n {
        let unit = if number == 0 { opening() } else { random_unit(&mut random, &aim, number, &units) };
        aim.bring(&unit);
        units.push(unit);
    }
    units
}

fn random_unit(random: &mut Lcg, aim: &Aim, number: usize, before: &[UnitOfWork]) -> UnitOfWork {
    let earlier = before[random.below(u32::try_from(before.len()).unwrap_or(1)) as usize].clone();
    if random.chance(5) {
        return earlier;
    }
    let fresh = UnitId(format!("unit {number}"));
    let (id, fingerprint) = match random.below(100) {
        0..4 => (earlier.id().clone(), *earlier.fingerprint()),
        4..7 => (earlier.id().clone(), [9; 32]),
        _ => (fresh, [7; 32]),
    };
    let mut draft = aim.rows.clone();
    let writes = (0..=random.below(4)).flat_map(|_| random_writes(random, &mut draft)).collect();
    UnitOfWork::new(id, fingerprint, random.time(), writes)
}

/// One write of a random row, sometimes two.
fn random_writes(random: &mut Lcg, rows: &mut Aimed) -> Vec<Write> {
    let row = random_row(random, rows);
    let key = row.key();
    let Some(revision) = rows.get(&key).map(|(revision, _)| *revision) else {
        rows.insert(key.clone(), (1, row.clone()));
        return match random.below(20) {
            0..13 => vec![Write::Insert(row)],
            13..18 => vec![Write::Ensure(row)],
            18 => vec![Write::Update { row, expected: Revision(1) }],
            _ => vec![Write::Unchanged { key, expected: Revision(1) }],
        };
    };
    let wrong = Revision(revision + i64::from(random.pick(&[-1, 1, 5])));
    let expected = Revision(revision);
    let appended = matches!(row, Row::Posting(_) | Row::Attention(_) | Row::Delivery(_));
    match random.below(40) {
        0..26 if !appended || random.chance(10) => {
            rows.insert(key, (revision + 1, row.clone()));
            let mut writes = vec![Write::Update { row: row.clone(), expected }];
            if random.chance(10) {
                rows.insert(row.key(), (revision + 2, row.clone()));
                writes.push(Write::Update { row, expected: expected.next() });
            }
            writes
        }
        0..28 => vec![Write::Ensure(row)],
        28..30 => vec![Write::Update { row, expected: wrong }],
        30..36 => vec![Write::Unchanged { key, expected }],
        36..38 => vec![Write::Unchanged { key, expected: wrong }],
        38 => vec![Write::Insert(row)],
        _ => vec![Write::Ensure(row)],
    }
}

/// A row of a random kind and number; what it refers to follows from its number, the rest is random.
#[allow(clippy::too_many_lines, reason = "one arm per kind of row")]
fn random_row(random: &mut Lcg, rows: &Aimed) -> Row {
    let n = 1 + random.below(6);
    let parent = (n - 1) % 3 + 1;
    // Whose unique values it takes: mostly its own.
    let value = if random.chance(85) { n } else { 1 + random.below(6) };
    let full = random.chance(50);
    match random.below(18) {
        0 => Row::User(User {
            email: Email::new(&format!("{}{value}@example.org", if full { "user" } else { "other" })).unwrap(),
            username: Username::new(&format!("{}.{n}", random.pick(&["user", "User", "Name"]))).unwrap(),
            failed_logins: random.bits(),
            ..if full { sample::user_full(n) } else { sample::user(n) }
        }),
        1 => Row::MailToken(MailToken {
            hash: sample::hash(value),
            used_at: full.then(|| random.time()),
            expires_at: random.time(),
            ..sample::mail_token(n)
        }),
        2 => Row::Session(Session { revoked_at: full.then(|| random.time()), expires_at: random.time(), ..sample::session(n) }),
        3 => {
            let used_at = full.then(|| random.time());
            Row::RefreshToken(RefreshToken { used_at, ..sample::refresh_token(n, sample::session_id(parent)) })
        }
        4 => {
            let status = random.pick(&ProductStatus::ALL);
            Row::Product(Product { status, ..if full { sample::product_full(n) } else { sample::product(n) } })
        }
        5 => {
            let (product, order) = ((n - 1) % 5 + 1, 1 + random.below(3));
            let state = random.pick(&[ExclusiveState::Held, ExclusiveState::Sold, ExclusiveState::Released]);
            Row::Exclusive(ExclusiveHold { state, ..sample::exclusive(product, sample::order_id(order)) })
        }
        6 => {
            let user = (n - 1) % 5 + 1;
            let stripe_account_id = full.then(|| format!("acct_{value}"));
            Row::SellerAccount(SellerAccount { stripe_account_id, ..sample::seller_account_full(user) })
        }
        7 => {
            let key = format!("key {n}");
            let record = if full { sample::idempotency_full(&key) } else { sample::idempotency(&key) };
            Row::Idempotency(crate::storage::IdempotencyRecord { created_at: random.time(), ..record })
        }
        8 => Row::Order(Order {
            status: random.pick(&OrderStatus::ALL),
            payment_id: random.sometimes(format!("pay_{value}")),
            refunded: Minor(i64::from(random.below(9000))),
            ..if full { sample::order_full(n) } else { sample::order(n) }
        }),
        9 => {
            let position = random.below(3);
            Row::Line(if full { sample::line_full(parent, position) } else { sample::line(parent, position) })
        }
        10 => Row::Refund(Refund {
            status: random.pick(&RefundStatus::ALL),
            psp_refund_id: random.sometimes(format!("ref_{value}")),
            ..if full { sample::refund_full(n, parent) } else { sample::refund(n, sample::order_id(parent)) }
        }),
        11 => {
            let line = sample::line(parent, random.below(2));
            let status = random.pick(&[LicenceStatus::Active, LicenceStatus::Revoked]);
            Row::Licence(Licence { status, ..sample::licence(&line) })
        }
        12 => random_transfer(random, rows, n, value),
        13 => {
            let transfer = sample::transfer_id(parent);
            let refund = sample::refund_id(n.div_ceil(2));
            let row = if full { sample::reversal_full(n, transfer, refund) } else { sample::reversal(n, transfer, refund) };
            Row::Reversal(Reversal {
                status: random.pick(&ReversalStatus::ALL),
                stripe_reversal_id: random.sometimes(format!("trr_{value}")),
                next_retry_at: if random.chance(80) { Some(random.time()) } else { None },
                ..row
            })
        }
        14 => random_posting(random, parent),
        15 => Row::Effect(Effect {
            state: random.pick(&EffectState::ALL),
            due_at: random.sometimes(at(30)).map(|_| random.time()),
            ..if full { sample::effect_full(n) } else { sample::effect(n, 0) }
        }),
        16 => {
            let code = random.pick(&[Code::RefundExceedsOrder, Code::ExternalRefund, Code::AmountMismatch, Code::ProviderRefused]);
            let entry = sample::attention(sample::order_id(parent), code, i64::from(random.below(3)));
            let subject = if n > 3 { Subject::Refund(sample::refund_id(n)) } else { entry.subject };
            Row::Attention(Attention { subject, order_id: random.sometimes(sample::order_id(parent)), ..entry })
        }
        _ => {
            let results = [ProcessingResult::Ok, ProcessingResult::Skipped, ProcessingResult::Error("amount mismatch".to_owned())];
            let result = results[random.below(3) as usize].clone();
            Row::Delivery(Delivery { result, ..if full { sample::delivery_full(n) } else { sample::delivery(n) } })
        }
    }
}

fn random_transfer(random: &mut Lcg, rows: &Aimed, n: u32, value: u32) -> Row {
    let order = sample::order_id((n - 1) % 3 + 1);
    let known = match rows.get(&RowKey::Transfer(sample::transfer_id(n))) {
        Some((_, Row::Transfer(row))) => row.status(),
        _ => TransferStatus::Pending,
    };
    let moves: Vec<_> = TransferStatus::ALL.into_iter().filter(|status| known.may_move_to(*status)).collect();
    let status = if random.chance(70) { random.pick(&moves) } else { random.pick(&TransferStatus::ALL) };
    let mut row = if random.chance(50) { sample::transfer_full(n, order, status) } else { sample::transfer(n, order).restored(status) };
    row.stripe_transfer_id = random.sometimes(format!("tr_{value}"));
    row.hold = random.pick(&[None, Some(Hold::AccountNotReady), Some(Hold::BalanceInsufficient)]);
    row.next_retry_at = if random.chance(70) { Some(random.time()) } else { None };
    Row::Transfer(row)
}

fn random_posting(random: &mut Lcg, order: u32) -> Row {
    let accounts = [
        Account::PlatformFee,
        Account::SellerPayable(sample::user_id(2)),
        Account::SellerPayable(sample::user_id(3)),
        Account::SellerReceivable(sample::user_id(2)),
        Account::Connect(sample::user_id(2)),
    ];
    let amount = i64::from(random.below(1000)) + 1;
    let off = i64::from(random.chance(10));
    let entries = [(Account::PspClearing, amount), (random.pick(&accounts), off - amount)];
    let currency = sample::currency(random.pick(&["EUR", "JPY"]));
    Row::Posting(sample::posting(&format!("event {}", random.below(200)), sample::order_id(order), currency, &entries))
}

type Aimed = BTreeMap<RowKey, (i64, Row)>;

/// What the generator thinks is stored. Were it wrong, only the aim would suffer.
#[derive(Default)]
struct Aim {
    rows: Aimed,
    units: BTreeSet<UnitId>,
}

impl Aim {
    fn bring(&mut self, unit: &UnitOfWork) {
        if self.units.contains(unit.id()) {
            return;
        }
        let mut rows = self.rows.clone();
        if unit.writes().iter().all(|write| holds(&mut rows, write)) {
            self.rows = rows;
            self.units.insert(unit.id().clone());
        }
    }
}

fn holds(rows: &mut Aimed, write: &Write) -> bool {
    let key = write.key();
    let stored = rows.get(&key).map(|(revision, row)| (*revision, row));
    if let Write::Insert(row) | Write::Ensure(row) | Write::Update { row, .. } = write
        && !can_be(row)
    {
        return false;
    }
    match write {
        Write::Insert(row) => stored.is_none() && put(rows, key, 1, row),
        Write::Ensure(row) => stored.is_some() || put(rows, key, 1, row),
        Write::Update { row, expected } => {
            let moves = match (stored, row) {
                (Some((_, Row::Transfer(before))), Row::Transfer(after)) => before.status().may_move_to(after.status()),
                (_, Row::Posting(_) | Row::Attention(_) | Row::Delivery(_)) => false,
                _ => true,
            };
            moves && stored.is_some_and(|(revision, _)| revision == expected.0) && put(rows, key, expected.0 + 1, row)
        }
        Write::Unchanged { expected, .. } => stored.is_some_and(|(revision, _)| revision == expected.0),
    }
}

fn put(rows: &mut Aimed, key: RowKey, revision: i64, row: &Row) -> bool {
    let clashes = rows.iter().any(|(other, (_, stored))| *other != key && values(stored).iter().any(|value| values(row).contains(value)));
    if !clashes {
        rows.insert(key, (revision, row.clone()));
    }
    !clashes
}

fn can_be(row: &Row) -> bool {
    match row {
        Row::Posting(row) => row.balances(),
        Row::Reversal(row) => row.status != ReversalStatus::ReversalPending || row.next_retry_at.is_some(),
        _ => true,
    }
}

fn values(row: &Row) -> Vec<String> {
    match row {
        Row::User(row) => vec![format!("email {}", row.email), format!("name {}", row.username.folded())],
        Row::MailToken(row) => vec![format!("hash {:?}", row.hash.0)],
        Row::Order(row) => row.payment_id.clone().into_iter().collect(),
        Row::Refund(row) => row.psp_refund_id.clone().into_iter().collect(),
        Row::Transfer(row) => row.stripe_transfer_id.clone().into_iter().collect(),
        Row::Reversal(row) => row.stripe_reversal_id.clone().into_iter().collect(),
        Row::SellerAccount(row) => row.stripe_account_id.clone().into_iter().collect(),
        _ => Vec::new(),
    }
}
