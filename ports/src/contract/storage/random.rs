//! Random units over a small space of ids, so that conflicts, clashes and repeats are frequent.
//!
//! The generator keeps a rough model of what the units before have left (`Aim`), only to aim at revisions that hold about
//! as often as not. Rows refer to rows of [`opening`], the first unit, which are never missing.

mod billing;
mod rows;

use super::sample::{self, at};
use crate::storage::{Revision, Row, RowKey, UnitId, UnitOfWork, Write};
use rows::random_row;
use std::collections::{BTreeMap, BTreeSet};
use veza_domain::distribution::Platform;
use veza_domain::time::Timestamp;

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
            Row::Reversal(sample::debt(n, sample::order_id(n))),
            Row::Subscription(sample::subscription(n, sample::user_id(n))),
            Row::Invoice(sample::invoice(n, sample::subscription_id(n))),
            Row::Submission(sample::submission(n)),
            Row::Placement(sample::placement(n, &sample::submission(n), Platform::Spotify)),
            Row::RoyaltyFile(sample::royalty_file(n)),
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
    let removable = matches!(row, Row::Attention(_));
    if random.chance(if removable { 40 } else { 1 }) {
        return random_removal(random, rows, row);
    }
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
    let appended = row.is_appended();
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

/// A removal, alone or beside the entry that goes or comes again. Aimed at what is there, mostly.
fn random_removal(random: &mut Lcg, rows: &mut Aimed, row: Row) -> Vec<Write> {
    let key = row.key();
    let there = rows.remove(&key).is_some();
    let gone = |random: &mut Lcg| match random.chance(if there { 60 } else { 15 }) {
        true => Write::Remove(key.clone()),
        false => Write::Clear(key.clone()),
    };
    match random.below(10) {
        0..7 => vec![gone(random)],
        7 => vec![gone(random), Write::Clear(key.clone())],
        8 => vec![Write::Ensure(row), gone(random)],
        _ => {
            let writes = vec![gone(random), Write::Ensure(row.clone())];
            rows.insert(key.clone(), (1, row));
            writes
        }
    }
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
    if write.fault().is_some() {
        return false;
    }
    match write {
        Write::Insert(row) => stored.is_none() && put(rows, key, 1, row),
        Write::Ensure(row) => stored.is_some() || put(rows, key, 1, row),
        Write::Update { row, expected } => {
            let moves = match (stored, row) {
                (Some((_, Row::Transfer(before))), Row::Transfer(after)) => before.status().may_move_to(after.status()),
                (Some((_, Row::Placement(before))), Row::Placement(after)) => {
                    before.status() == after.status() || before.status().may_move_to(after.status())
                }
                _ => true,
            };
            moves && stored.is_some_and(|(revision, _)| revision == expected.0) && put(rows, key, expected.0 + 1, row)
        }
        Write::Remove(_) => rows.remove(&key).is_some(),
        Write::Clear(_) => {
            rows.remove(&key);
            true
        }
        Write::Unchanged { expected, .. } => stored.is_some_and(|(revision, _)| revision == expected.0),
    }
}

fn put(rows: &mut Aimed, key: RowKey, revision: i64, row: &Row) -> bool {
    let values = row.unique_values();
    let clashes = |stored: &Row| stored.unique_values().iter().any(|value| values.contains(value));
    let clash = rows.iter().any(|(other, (_, stored))| *other != key && clashes(stored));
    if !clash {
        rows.insert(key, (revision, row.clone()));
    }
    !clash
}
