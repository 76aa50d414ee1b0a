//! Amounts: integers of minor units with an ISO 4217 currency, and exact splits (spec/01-money §1).
//!
//! Invariants: no floats; overflow is an error; the parts of a split sum to the whole.

use std::fmt;
use std::str::FromStr;

/// A signed amount in minor units (cents) of a currency known from the context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(pub i64);

impl Minor {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Sum.
    /// # Errors
    /// [`MoneyError::Overflow`] past the range of `i64`.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// Difference.
    /// # Errors
    /// [`MoneyError::Overflow`] past the range of `i64`.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The opposite amount.
    /// # Errors
    /// [`MoneyError::Overflow`] for `i64::MIN`.
    pub fn negate(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::Overflow)
    }

    /// Sum of many.
    /// # Errors
    /// [`MoneyError::Overflow`] past the range of `i64`.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// True above zero.
    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// An amount with its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Minor units.
    pub amount: Minor,
    /// The currency they are minor units of.
    pub currency: Currency,
}

impl Money {
    /// An amount of `amount` minor units.
    #[must_use]
    pub fn new(amount: i64, currency: Currency) -> Self {
        Self { amount: Minor(amount), currency }
    }
}

impl fmt::Display for Money {
    /// `12.34 EUR`, with as many decimals as the currency has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals();
        let (sign, absolute) = (if self.amount.0 < 0 { "-" } else { "" }, self.amount.0.unsigned_abs());
        if decimals == 0 {
            return write!(f, "{sign}{absolute} {}", self.currency);
        }
        let unit = 10_u64.pow(decimals);
        let width = decimals as usize;
        write!(f, "{sign}{}.{:0width$} {}", absolute / unit, absolute % unit, self.currency)
    }
}

/// What arithmetic on money refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit into `i64` minor units.
    #[error("amount out of range")]
    Overflow,
    /// Not an ISO 4217 code.
    #[error("unknown currency")]
    UnknownCurrency,
    /// More than 10,000 basis points.
    #[error("rate out of range")]
    RateOutOfRange,
}

/// An ISO 4217 alphabetic code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Active ISO 4217 codes of currencies that people are paid in. Left out are those whose minor unit is not the same for everybody: ISK, MGA
/// and UGX (the providers count some of them in hundredths, ISO and others in whole ones), IQD and LYD (ISO has thousandths, the providers
/// have not).
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP \
CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD JOD \
JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD \
OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY \
TTD TWD TZS UAH USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL";

/// Codes without minor units.
const NO_DECIMALS: &str = "BIF CLP DJF GNF JPY KMF KRW PYG RWF VND VUV XAF XOF XPF";

/// Codes whose minor unit is a thousandth.
const THREE_DECIMALS: &str = "BHD JOD KWD OMR TND";

impl Currency {
    /// The code, e.g. `EUR`.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the point in ISO 4217's notation.
    #[must_use]
    pub fn decimals(&self) -> u32 {
        if listed(NO_DECIMALS, self.code()) {
            0
        } else if listed(THREE_DECIMALS, self.code()) {
            3
        } else {
            2
        }
    }
}

fn listed(list: &str, code: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == code)
}

impl FromStr for Currency {
    type Err = MoneyError;

    /// Reads an upper- or lower-case code (Stripe answers in lower case).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::UnknownCurrency)?;
        let code = Self(bytes.map(|byte| byte.to_ascii_uppercase()));
        if listed(CODES, code.code()) { Ok(code) } else { Err(MoneyError::UnknownCurrency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A rate in hundredths of a percent, 0 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BasisPoints(u16);

impl BasisPoints {
    /// A rate of `points` hundredths of a percent.
    /// # Errors
    /// [`MoneyError::RateOutOfRange`] above 10,000.
    pub fn new(points: u16) -> Result<Self, MoneyError> {
        if points <= 10_000 { Ok(Self(points)) } else { Err(MoneyError::RateOutOfRange) }
    }

    /// The rate in hundredths of a percent.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

/// What the platform and the seller get of one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// The platform's fee.
    pub fee: Minor,
    /// The seller's share.
    pub share: Minor,
}

/// Splits a price (zero or more minor units): the fee rounds down, the seller keeps the rest.
///
/// Invariant: `fee + share == price` (`split_is_exact`). Source: spec/01-money §1.
#[must_use]
pub fn split(price: Minor, rate: BasisPoints) -> Split {
    let fee = Minor(proportion(price, Minor(i64::from(rate.get())), Minor(10_000)));
    Split { fee, share: Minor(price.0 - fee.0) }
}

/// `floor(whole · part / of)`, exact for every `i64`; 0 when `of` is 0. Needs `0 <= part <= of`.
pub(crate) fn proportion(whole: Minor, part: Minor, of: Minor) -> i64 {
    if of.0 == 0 {
        return 0;
    }
    let product = i128::from(whole.0) * i128::from(part.0);
    i64::try_from(product.div_euclid(i128::from(of.0))).unwrap_or(whole.0)
}

/// Spreads `amount` over places with room for `left[i]` each, in proportion to that room; the cents that rounding leaves
/// go to the first places that still have room.
///
/// Invariant: the parts sum to `amount` and none exceeds its room (`spread_is_exact`). `None` when `amount` is negative or
/// more than all the room.
#[must_use]
pub fn spread(amount: Minor, left: &[Minor]) -> Option<Vec<Minor>> {
    let room = Minor::sum(left.iter().copied()).ok()?;
    if amount.0 < 0 || amount > room {
        return None;
    }
    let mut parts: Vec<Minor> = left.iter().map(|place| Minor(proportion(*place, amount, room))).collect();
    let mut rest = amount.0 - parts.iter().map(|part| part.0).sum::<i64>();
    for (part, place) in parts.iter_mut().zip(left) {
        let more = rest.min(place.0 - part.0);
        part.0 += more;
        rest -= more;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn currencies_are_read_in_any_case_and_nonsense_is_refused() {
        assert_eq!("eur".parse::<Currency>().map(|c| c.to_string()), Ok("EUR".to_owned()));
        for nonsense in ["", "EU", "EURO", "XXX", "€", "ab1"] {
            assert_eq!(nonsense.parse::<Currency>(), Err(MoneyError::UnknownCurrency), "{nonsense}");
        }
    }

    #[test]
    fn money_is_written_with_the_decimals_of_its_currency() {
        let show = |amount, code: &str| Money::new(amount, code.parse().unwrap()).to_string();
        assert_eq!(show(1234, "EUR"), "12.34 EUR");
        assert_eq!(show(-5, "USD"), "-0.05 USD");
        assert_eq!(show(0, "EUR"), "0.00 EUR");
        assert_eq!(show(500, "JPY"), "500 JPY");
        assert_eq!(show(1234, "KWD"), "1.234 KWD");
    }

    #[test]
    fn the_edges_of_what_can_be_spread() {
        assert_eq!(spread(Minor(0), &[Minor(5), Minor(0)]), Some(vec![Minor(0), Minor(0)]));
        assert_eq!(spread(Minor(0), &[]), Some(Vec::new()));
        // What rounding leaves goes to the first places, and to none beyond its room.
        assert_eq!(spread(Minor(5), &[Minor(2); 3]), Some(vec![Minor(2), Minor(2), Minor(1)]));
        assert_eq!((spread(Minor(-1), &[Minor(5)]), spread(Minor(1), &[])), (None, None));
    }

    proptest! {
        #[test]
        fn split_is_exact(price in 0..=i64::MAX, points in 0u16..=10_000) {
            let Split { fee, share } = split(Minor(price), BasisPoints::new(points).unwrap());
            prop_assert_eq!(fee.plus(share), Ok(Minor(price)));
            prop_assert!(fee.0 >= 0 && share.0 >= 0);
        }

        #[test]
        fn spread_is_exact(left in prop::collection::vec(0i64..1_000_000, 1..8), per_mille in 0i64..=1000) {
            let room: i64 = left.iter().sum();
            let amount = room * per_mille / 1000;
            let left: Vec<Minor> = left.into_iter().map(Minor).collect();
            let parts = spread(Minor(amount), &left).unwrap();
            prop_assert_eq!(parts.iter().map(|p| p.0).sum::<i64>(), amount);
            for (part, place) in parts.iter().zip(&left) {
                prop_assert!(part.0 >= 0 && part <= place);
            }
            prop_assert_eq!(spread(Minor(room + 1), &left), None);
        }
    }
}
