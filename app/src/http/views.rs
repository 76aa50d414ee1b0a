//! Bodies that several areas share (spec/08-api, "Bodies that others rely on").

use crate::problem::{ApiError, FieldError};
use poem_openapi::Object;
use veza_domain::money::{Currency, Minor, Money};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Money")]
pub struct MoneyView {
    /// Minor units (cents) of the currency.
    pub amount: i64,
    /// ISO 4217 code, e.g. `EUR`.
    pub currency: String,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount: money.amount.0, currency: money.currency.to_string() }
    }
}

impl MoneyView {
    /// An amount of a currency.
    #[must_use]
    pub fn of(amount: Minor, currency: Currency) -> Self {
        Money { amount, currency }.into()
    }

    /// Reads it; `field` names it in the error.
    ///
    /// # Errors
    /// 422 with a field error for a currency that ISO 4217 does not have.
    pub fn read(&self, field: &str) -> Result<Money, FieldError> {
        let currency = self.currency.parse::<Currency>().map_err(|_| FieldError {
            field: format!("{field}.currency"),
            code: "unknown_currency".to_owned(),
            message: "not an ISO 4217 currency code".to_owned(),
        })?;
        Ok(Money::new(self.amount, currency))
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::fields(vec![error])
    }
}
