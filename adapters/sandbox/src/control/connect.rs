//! What Stripe's review, its dashboard, the sellers' banks and the world outside do.

use crate::{
    model::PayoutStatus,
    script::Faults,
    state::PLATFORM,
    stripe::{
        accounts,
        payouts::{self, NewPayout},
        reversals, transfers,
    },
};

use super::{Control, ControlError, not_found};

impl Control {
    /// Changes what an account may do: capability `transfers` (`active`, `inactive`, `pending`) and payouts.
    pub fn set_account(&self, account: &str, transfers: Option<&str>, payouts_enabled: Option<bool>) -> Result<(), ControlError> {
        if transfers.is_some_and(|status| !["active", "inactive", "pending"].contains(&status)) {
            return Err(ControlError::Refused("transfers is active, inactive or pending".to_owned()));
        }
        self.core.write(|state| {
            let known = accounts::set(state, account, transfers, payouts_enabled);
            if known { Ok(()) } else { Err(not_found("account", account)) }
        })?
    }

    /// All positive balances of an account leave for its bank, and arrive at once unless a script knows better; the ids of the
    /// payouts.
    pub fn payout(&self, account: &str) -> Result<Vec<String>, ControlError> {
        self.new_payout(account, NewPayout::default())
    }

    /// The same for a part, or only as far as a status.
    pub fn new_payout(&self, account: &str, new: NewPayout) -> Result<Vec<String>, ControlError> {
        self.core.write(|state| {
            if !state.accounts.contains(account) {
                return Err(not_found("account", account));
            }
            let made = payouts::create(state, account, &new, false).map_err(ControlError::Refused)?;
            for id in &made {
                match new.status {
                    None => payouts::send(state, id, true),
                    Some(PayoutStatus::Pending) => {}
                    Some(status) => payouts::set_status(state, id, status, None).map_err(ControlError::Refused)?,
                }
            }
            Ok(made)
        })?
    }

    /// Moves a payout: to `in_transit`, `paid`, `canceled`, or `failed` (also after it was paid) with the bank's code and words.
    pub fn set_payout(&self, payout_id: &str, status: PayoutStatus, failure: Option<(String, String)>) -> Result<(), ControlError> {
        self.core.write(|state| {
            if !state.payouts.contains(payout_id) {
                return Err(not_found("payout", payout_id));
            }
            payouts::set_status(state, payout_id, status, failure).map_err(ControlError::Refused)
        })?
    }

    /// Accounts that may pay out do so every midnight (UTC) of the sandbox's clock, or only when told.
    pub fn daily_payouts(&self, daily: bool) -> Result<(), ControlError> {
        Ok(self.core.write(|state| {
            state.edit_meta(|meta| meta.daily_payouts = daily);
            state.schedule_daily_payouts();
        })?)
    }

    /// Money arrives from outside, for an account or for `"platform"`.
    pub fn deposit(&self, owner: &str, currency: &str, amount: i64) -> Result<(), ControlError> {
        self.core.write(|state| {
            if owner != PLATFORM && !state.accounts.contains(owner) {
                return Err(not_found("account", owner));
            }
            state.deposit(owner, currency, amount);
            Ok(())
        })?
    }

    /// Somebody makes a transfer in Stripe's dashboard, as it is none of ours; answers its id.
    pub fn transfer_from_dashboard(&self, destination: &str, currency: &str, amount: i64) -> Result<String, ControlError> {
        positive(Some(amount))?;
        let request = transfers::Request::of_dashboard(destination, currency, amount);
        self.core.write(|state| {
            if !state.accounts.contains(destination) {
                return Err(not_found("account", destination));
            }
            transfers::make(state, request, None, &Faults::default()).map_err(|answer| ControlError::Refused(answer.body))
        })?
    }

    /// Somebody reverses a transfer in Stripe's dashboard; answers the reversal's id.
    pub fn reverse_transfer(&self, transfer_id: &str, amount: Option<i64>) -> Result<String, ControlError> {
        positive(amount)?;
        self.core.write(|state| {
            if !state.transfers.contains(transfer_id) {
                return Err(not_found("transfer", transfer_id));
            }
            reversals::reverse(state, transfer_id, amount, Default::default(), None).map_err(|answer| ControlError::Refused(answer.body))
        })?
    }
}

fn positive(amount: Option<i64>) -> Result<(), ControlError> {
    if amount.is_some_and(|amount| amount < 1) { Err(ControlError::Refused("the amount is below 1".to_owned())) } else { Ok(()) }
}
