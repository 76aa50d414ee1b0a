//! Customers, what they let the provider keep, and every try to charge (hyperswitch.md §3).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::Micros;

/// A customer of the merchant's; made by the first payment that names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Customer {
    /// Chosen by the merchant.
    pub customer_id: String,
    /// When it was first named.
    pub created: Micros,
}

/// May a saved method still be charged?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodStatus {
    /// Yes.
    Active,
    /// The customer, or the bank, took the consent back.
    Revoked,
}

/// How a saved method takes the charges that come from now on. A script of the call goes before it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// It pays.
    #[default]
    Succeeds,
    /// The bank declines.
    Declines {
        /// The connector's code.
        code: String,
        /// The connector's words.
        message: String,
        /// How many charges, before it pays again; 0 = all.
        times: u32,
    },
    /// The bank wants to see the customer: `requires_customer_action`.
    RequiresCustomerAction,
}

impl Behaviour {
    /// Declines `times` charges (0 = all) in the words of a card that is declined for no reason given.
    #[must_use]
    pub fn declines(times: u32) -> Self {
        let (code, message) = crate::hyperswitch::payments::declined();
        Self::Declines { code, message, times }
    }
}

/// A method that the customer let the provider keep.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedMethod {
    /// `pm_` + 20.
    pub payment_method_id: String,
    /// `man_` + 20: the consent by its older name.
    pub mandate_id: String,
    /// Whose it is.
    pub customer_id: String,
    /// The payment that kept it.
    pub payment_id: String,
    /// `card` ...
    pub payment_method: Option<String>,
    /// `credit` ...
    pub payment_method_type: Option<String>,
    /// As in [`Payment`](super::Payment).
    pub card: Option<[String; 4]>,
    /// As the checkout sent it.
    pub customer_acceptance: Option<Value>,
    /// When it was kept.
    pub created: Micros,
    /// May it be charged?
    pub status: MethodStatus,
    /// What comes of it.
    pub behaviour: Behaviour,
}

/// How a try to charge ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeOutcome {
    /// Paid, or authorized where capture is manual.
    Approved,
    /// The bank said no.
    Declined,
    /// Not known yet; what it turns out to be is a charge of its own in the books.
    Processing,
    /// The customer has to do something.
    ActionRequired,
}

/// A try to charge, as the connector saw it. It never changes: refunds and disputes have rows of their own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Charge {
    /// `ch_` + 24.
    pub charge_id: String,
    /// The payment that was tried.
    pub payment_id: String,
    /// Whose; none for a guest's.
    pub customer_id: Option<String>,
    /// The saved method that was charged, or that this charge kept.
    pub payment_method_id: Option<String>,
    /// Made without the customer.
    pub off_session: bool,
    /// The payment's at that time.
    pub metadata: Option<Value>,
    /// Minor units.
    pub amount: i64,
    /// ISO 4217, upper case.
    pub currency: String,
    /// When.
    pub at: Micros,
    /// How it ended.
    pub outcome: ChargeOutcome,
    /// Code and words of a decline.
    pub error: Option<(String, String)>,
}
