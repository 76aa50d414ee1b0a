//! Royalty reports: what platforms paid for what was heard, told by files of lines (spec/02-subscriptions §4).
//!
//! A file counts whole or not at all, and once: as a file by its bytes, and line by line by [`RoyaltyKey`], so that a figure that comes
//! again in another file is not counted again, and one that has changed is refused.

use super::Platform;
use crate::ids::{ProductId, UserId};
use crate::money::{Currency, Minor, Money, MoneyError};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt;

/// SHA-256 of a file's bytes.
pub type FileHash = [u8; 32];

/// A month of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportPeriod {
    year: u16,
    month: u8,
}

impl ReportPeriod {
    /// Reads `2026-01`; years from 1900 to 2999.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|(year, month)| year.len() == 4 && month.len() == 2)?;
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let (year, month) = (year.parse().ok().filter(|_| digits(year))?, month.parse().ok().filter(|_| digits(month))?);
        ((1900..3000).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }
}

impl fmt::Display for ReportPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// What makes two lines the same line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoyaltyKey {
    /// The track: the product that was distributed.
    pub product_id: ProductId,
    /// Where it was heard.
    pub platform: Platform,
    /// When.
    pub period: ReportPeriod,
    /// The currency.
    pub currency: Currency,
    /// In which country, as two capital letters; empty = not told apart.
    pub territory: String,
}

/// A line that counts; only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoyaltyLine {
    /// What it is about.
    pub key: RoyaltyKey,
    /// Whose track it is.
    pub user_id: UserId,
    /// How often it was heard.
    pub units: i64,
    /// What was paid, in minor units of the key's currency; below zero: a correction.
    pub amount: Minor,
    /// The file that brought it.
    pub file: FileHash,
}

/// A file that was imported; only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoyaltyFile {
    /// Its bytes' hash.
    pub hash: FileHash,
    /// Its lines.
    pub lines: u32,
    /// Those that were not known from an earlier file.
    pub fresh: u32,
    /// Who imported it.
    pub imported_by: UserId,
    /// When.
    pub imported_at: Timestamp,
}

/// A line of a file, read on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// The partner's reference of a placement, or an ISRC.
    pub reference: String,
    /// Where.
    pub platform: Platform,
    /// When.
    pub period: ReportPeriod,
    /// In which country; empty = not told apart.
    pub territory: String,
    /// How often.
    pub units: i64,
    /// How much.
    pub amount: Money,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// It has not the columns of the header.
    #[error("has not the columns that the header names")]
    Columns,
    /// No reference.
    #[error("reference is missing or longer than 100 characters")]
    Reference,
    /// Not one of our platforms.
    #[error("platform is not spotify, apple_music or deezer")]
    Platform,
    /// Not a month.
    #[error("period is not a month such as 2026-01")]
    Period,
    /// Not a country.
    #[error("territory is not two capital letters")]
    Territory,
    /// Not a count.
    #[error("units is not a whole number from 0 to 1000000000000")]
    Units,
    /// Not an amount.
    #[error("amount is not a whole number of minor units within 1000000000000")]
    Amount,
    /// Not a currency.
    #[error("currency is not an ISO 4217 code")]
    Currency,
    /// Nothing that we have sent is known by it.
    #[error("nothing that was distributed there has this reference")]
    UnknownTrack,
    /// More than one product is known by it.
    #[error("several products have this reference there")]
    AmbiguousTrack,
    /// The same line stands twice in the file.
    #[error("tells again what line {0} tells")]
    Twice(u64),
    /// An earlier file has told other figures.
    #[error("an earlier file has told other figures of this")]
    Contradicts,
}

impl LineFault {
    /// As a stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Columns => "bad_columns",
            Self::Reference => "bad_reference",
            Self::Platform => "unknown_platform",
            Self::Period => "bad_period",
            Self::Territory => "bad_territory",
            Self::Units => "bad_units",
            Self::Amount => "bad_amount",
            Self::Currency => "unknown_currency",
            Self::UnknownTrack => "unknown_track",
            Self::AmbiguousTrack => "ambiguous_track",
            Self::Twice(_) => "duplicate_line",
            Self::Contradicts => "contradicts_earlier_file",
        }
    }
}

/// Most units of a line, and most minor units either way: ten million such lines still fit a sum.
const FIGURE_MAX: i64 = 1_000_000_000_000;
/// Longest reference.
const REFERENCE_CHARS_MAX: usize = 100;

impl ReportLine {
    /// The columns of a file, in the order of [`Self::read`]; a file may have them in any order, and may lack `territory`.
    pub const COLUMNS: [&'static str; 7] = ["reference", "platform", "period", "territory", "units", "amount", "currency"];

    /// Reads a line's values, in the order of [`Self::COLUMNS`].
    ///
    /// # Errors
    /// The first [`LineFault`].
    pub fn read([reference, platform, period, territory, units, amount, currency]: [&str; 7]) -> Result<Self, LineFault> {
        let number = |text: &str, least: i64| text.parse().ok().filter(|number| (least..=FIGURE_MAX).contains(number));
        if reference.is_empty() || reference.chars().count() > REFERENCE_CHARS_MAX || reference.chars().any(char::is_control) {
            return Err(LineFault::Reference);
        }
        if !(territory.is_empty() || territory.len() == 2 && territory.bytes().all(|byte| byte.is_ascii_uppercase())) {
            return Err(LineFault::Territory);
        }
        Ok(Self {
            reference: reference.to_owned(),
            platform: Platform::parse(platform).ok_or(LineFault::Platform)?,
            period: ReportPeriod::parse(period).ok_or(LineFault::Period)?,
            territory: territory.to_owned(),
            units: number(units, 0).ok_or(LineFault::Units)?,
            amount: Money::new(number(amount, -FIGURE_MAX).ok_or(LineFault::Amount)?, currency.parse().map_err(|_| LineFault::Currency)?),
        })
    }
}

/// What a reference stands for on a platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoyaltyTrack {
    /// The partner's reference, or an ISRC.
    pub reference: String,
    /// Where.
    pub platform: Platform,
    /// The product.
    pub product_id: ProductId,
    /// Whose it is.
    pub user_id: UserId,
}

/// A line and its number in the file (the header is line 1).
pub type Resolved = (u64, RoyaltyLine);

/// The lines as what they count for, or everything that is wrong with them, by number.
///
/// # Errors
/// Every line's fault; then nothing of the file counts.
pub fn resolve(
    lines: Vec<(u64, Result<ReportLine, LineFault>)>,
    tracks: &[RoyaltyTrack],
    file: FileHash,
) -> Result<Vec<Resolved>, Vec<(u64, LineFault)>> {
    let mut by_reference: BTreeMap<(&str, Platform), Vec<&RoyaltyTrack>> = BTreeMap::new();
    for track in tracks {
        by_reference.entry((track.reference.as_str(), track.platform)).or_default().push(track);
    }
    let (mut resolved, mut faults, mut first) = (Vec::with_capacity(lines.len()), Vec::new(), BTreeMap::new());
    for (number, line) in lines {
        let counted = line.and_then(|line| {
            let track = only(by_reference.get(&(line.reference.as_str(), line.platform)))?;
            let ReportLine { platform, period, territory, units, amount, .. } = line;
            let key = RoyaltyKey { product_id: track.product_id, platform, period, currency: amount.currency, territory };
            match first.get(&key) {
                Some(earlier) => Err(LineFault::Twice(*earlier)),
                None => {
                    first.insert(key.clone(), number);
                    Ok(RoyaltyLine { key, user_id: track.user_id, units, amount: amount.amount, file })
                }
            }
        });
        match counted {
            Ok(line) => resolved.push((number, line)),
            Err(fault) => faults.push((number, fault)),
        }
    }
    if faults.is_empty() { Ok(resolved) } else { Err(faults) }
}

/// The one product that a reference stands for; it may have been distributed more than once.
fn only<'a>(tracks: Option<&Vec<&'a RoyaltyTrack>>) -> Result<&'a RoyaltyTrack, LineFault> {
    let (first, others) = tracks.and_then(|tracks| tracks.split_first()).ok_or(LineFault::UnknownTrack)?;
    if others.iter().all(|track| track.product_id == first.product_id) { Ok(first) } else { Err(LineFault::AmbiguousTrack) }
}

/// The lines that no earlier file has told.
///
/// # Errors
/// Every line of which an earlier file has told other figures; then nothing of the file counts.
pub fn fresh_lines(lines: Vec<Resolved>, known: &[RoyaltyLine]) -> Result<Vec<RoyaltyLine>, Vec<(u64, LineFault)>> {
    let known: BTreeMap<&RoyaltyKey, &RoyaltyLine> = known.iter().map(|line| (&line.key, line)).collect();
    let (mut fresh, mut faults) = (Vec::with_capacity(lines.len()), Vec::new());
    for (number, line) in lines {
        match known.get(&line.key) {
            None => fresh.push(line),
            Some(earlier) if (earlier.units, earlier.amount) == (line.units, line.amount) => {}
            Some(_) => faults.push((number, LineFault::Contradicts)),
        }
    }
    if faults.is_empty() { Ok(fresh) } else { Err(faults) }
}

/// What a track has brought on a platform in a period, in one currency, over all territories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoyaltySum {
    /// The track.
    pub product_id: ProductId,
    /// Where.
    pub platform: Platform,
    /// When.
    pub period: ReportPeriod,
    /// How often it was heard.
    pub units: i64,
    /// What was paid.
    pub amount: Money,
}

impl RoyaltySum {
    /// Its place in lists: by track, platform, period, currency.
    #[must_use]
    pub fn place(&self) -> (ProductId, Platform, ReportPeriod, Currency) {
        (self.product_id, self.platform, self.period, self.amount.currency)
    }
}

/// Lines summed by track, platform, period and currency, in that order.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn aggregate<'a>(lines: impl IntoIterator<Item = &'a RoyaltyLine>) -> Result<Vec<RoyaltySum>, MoneyError> {
    let mut sums: BTreeMap<_, (i64, Minor)> = BTreeMap::new();
    for RoyaltyLine { key, units, amount, .. } in lines {
        let sum = sums.entry((key.product_id, key.platform, key.period, key.currency)).or_default();
        *sum = (sum.0.checked_add(*units).ok_or(MoneyError::Overflow)?, sum.1.plus(*amount)?);
    }
    let sum = |((product_id, platform, period, currency), (units, amount))| RoyaltySum {
        product_id,
        platform,
        period,
        units,
        amount: Money { amount, currency },
    };
    Ok(sums.into_iter().map(sum).collect())
}
