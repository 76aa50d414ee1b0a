//! The three books, read through the API and the sandbox's own address.

use super::cast::Person;
use super::{DemoError, cents};
use serde_json::Value;
use veza_sandbox::Control;

/// What each side says, in cents of the story's one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    ours: Side,
    theirs: Side,
    ledger_sum: i64,
    doubled: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Side {
    /// Captured from buyers less refunded to them.
    at_psp: i64,
    /// Transferred to sellers less reversed.
    at_connect: i64,
}

impl Books {
    /// Reads all three.
    pub async fn read(admin: &Person, sandbox: &Control) -> Result<Self, DemoError> {
        let ledger = admin.get("/api/v1/admin/ledger").await?;
        let mut ours = Side::default();
        let mut ledger_sum = 0;
        for entry in ledger["items"].as_array().into_iter().flatten() {
            let balance = entry["balance"]["amount"].as_i64().unwrap_or(0);
            ledger_sum += balance;
            match entry["account"].as_str().unwrap_or_default() {
                "psp_clearing" => ours.at_psp += balance,
                account if account.starts_with("connect:") => ours.at_connect -= balance,
                _ => {}
            }
        }
        let books: Value = serde_json::to_value(sandbox.books()).unwrap_or_default();
        let totals = &books["totals"]["eur"];
        let figure = |name: &str| totals[name].as_i64().unwrap_or(0);
        let theirs = Side { at_psp: figure("captured") - figure("refunded"), at_connect: figure("transferred") - figure("reversed") };
        let doubled = books["created"].as_object().into_iter().flatten().filter(|(_, count)| count.as_i64() > Some(1)).count();
        Ok(Self { ours, theirs, ledger_sum, doubled })
    }

    /// Do they agree to the cent, and was nothing done twice?
    pub fn agree(&self) -> bool {
        self.ours == self.theirs && self.ledger_sum == 0 && self.doubled == 0
    }

    /// The three of them side by side.
    pub fn table(&self) -> Vec<String> {
        let row = |what: &str, ours: i64, theirs: i64, whose: &str| {
            let mark = if ours == theirs { "=" } else { "≠" };
            format!("{what:<36} ours {:>12}  {mark}  {whose} {:>12}", cents(ours), cents(theirs))
        };
        vec![
            row("captured from buyers − refunded", self.ours.at_psp, self.theirs.at_psp, "PSP    "),
            row("transferred to sellers − reversed", self.ours.at_connect, self.theirs.at_connect, "Connect"),
            format!("{:<36}      {:>12}", "sum of all accounts of the ledger", cents(self.ledger_sum)),
            format!("{:<36}      {:>12}", "things done twice at a provider", self.doubled),
        ]
    }
}
