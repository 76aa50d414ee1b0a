//! The control functions: what a test, an operator or the world outside does to the providers.
//!
//! One set of functions behind two doors: the methods of [`Control`] for tests in the same process, and the same over
//! HTTP under `/control` ([`http`]).

pub(crate) mod books;
pub(crate) mod http;

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    core::Core,
    hyperswitch::{
        disputes,
        payments::{self, Outcome},
        refunds,
    },
    ids::{Micros, micros},
    model::{EventStatus, PaymentStatus, RefundStatus, WebhookEvent},
    script::{Faults, Script},
    state::{PLATFORM, State},
    store::StoreError,
    stripe,
    webhooks::{self, Running},
};

use books::Books;

/// Why a control function did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such object.
    #[error("no {0}")]
    NotFound(String),
    /// The object is not in a state for this.
    #[error("{0}")]
    Refused(String),
    /// The data file could not be written.
    #[error("data file")]
    Store(#[from] StoreError),
}

/// Order of a release of held webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseOrder {
    /// As they were made.
    #[default]
    Fifo,
    /// Newest first.
    Lifo,
}

/// Handle to a running sandbox; cheap to clone.
#[derive(Clone)]
pub struct Control {
    pub(crate) core: Arc<Core>,
}

impl Control {
    // Looking ---------------------------------------------------------------------------------------------------

    /// Everything that the providers know, with totals and the calls they received.
    pub fn books(&self) -> Books {
        self.core.read(Books::of)
    }

    /// Sandbox time.
    pub fn now(&self) -> Micros {
        self.core.read(|state| state.now)
    }

    // Scripts ---------------------------------------------------------------------------------------------------

    /// Adds a script.
    pub fn script(&self, script: Script) -> Result<(), ControlError> {
        Ok(self.core.write(|state| state.edit_meta(|meta| meta.scripts.push(script)))?)
    }

    /// Scripts that are not used up.
    pub fn scripts(&self) -> Vec<Script> {
        self.core.read(|state| state.meta().scripts.clone())
    }

    /// Drops all scripts.
    pub fn clear_scripts(&self) -> Result<(), ControlError> {
        Ok(self.core.write(|state| state.edit_meta(|meta| meta.scripts.clear()))?)
    }

    // Time ------------------------------------------------------------------------------------------------------

    /// Moves the clock, stopping at each moment at which something is due (money, refunds, webhook attempts) and
    /// waiting for its deliveries. Answers the new time.
    pub async fn advance_clock(&self, by: Duration) -> Result<Micros, ControlError> {
        let target = self.now().saturating_add(micros(by));
        loop {
            let reached = self.core.write(|state| {
                let next = state.next_due().map_or(target, |due| due.min(target));
                state.move_clock(next);
                state.now
            })?;
            for delivery in webhooks::dispatch(&self.core) {
                // A panic in a delivery is logged by tokio; the clock goes on.
                let _ = delivery.await;
            }
            // Deliveries that real time had started before belong to the past as well.
            while self.core.sender.running() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if reached >= target && self.core.read(|state| state.next_due().is_none_or(|due| due > target)) {
                return Ok(reached);
            }
        }
    }

    /// Waits until no webhook is due or under way, at most `patience` of real time. False: still busy.
    pub async fn settle(&self, patience: Duration) -> bool {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let due = self.core.read(|state| state.next_due().is_some_and(|due| due <= state.now));
            if !due && self.core.sender.running() == 0 {
                return true;
            }
            if tokio::time::Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    // Payments --------------------------------------------------------------------------------------------------

    fn try_payment(&self, payment_id: &str, outcome: Outcome) -> Result<(), ControlError> {
        self.core.write(|state| match payment_status(state, payment_id)? {
            PaymentStatus::Succeeded
            | PaymentStatus::Cancelled
            | PaymentStatus::Expired
            | PaymentStatus::PartiallyCaptured
            | PaymentStatus::PartiallyCapturedAndCapturable
            | PaymentStatus::RequiresCapture => Err(ControlError::Refused("the payment is over, or authorized".to_owned())),
            _ => {
                payments::attempt(state, payment_id, outcome);
                Ok(())
            }
        })?
    }

    /// The customer pays; also resolves a payment in `processing`, and a failed one (a late success).
    pub fn pay(&self, payment_id: &str) -> Result<(), ControlError> {
        self.try_payment(payment_id, Outcome::Approved)
    }

    /// The bank declines.
    pub fn decline(&self, payment_id: &str) -> Result<(), ControlError> {
        self.try_payment(payment_id, Outcome::Declined)
    }

    /// The session ends unpaid.
    pub fn expire(&self, payment_id: &str) -> Result<(), ControlError> {
        self.core.write(|state| match payment_status(state, payment_id)? {
            PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresConfirmation | PaymentStatus::RequiresCustomerAction => {
                payments::set_status(state, payment_id, PaymentStatus::Expired);
                Ok(())
            }
            _ => Err(ControlError::Refused("the payment is past its session".to_owned())),
        })?
    }

    /// A refund from the PSP's dashboard; answers its id.
    pub fn refund_from_dashboard(&self, payment_id: &str, amount: Option<i64>) -> Result<String, ControlError> {
        let request = refunds::Request { payment_id: payment_id.to_owned(), refund_id: None, amount, reason: None, metadata: None };
        self.core
            .write(|state| refunds::open(state, request, &Faults::default(), true).map_err(|answer| ControlError::Refused(answer.body)))?
    }

    /// The cardholder disputes; answers the dispute's id.
    pub fn dispute(&self, payment_id: &str, amount: Option<i64>) -> Result<String, ControlError> {
        self.core.write(|state| disputes::open(state, payment_id, amount).map_err(ControlError::Refused))?
    }

    /// Moves a dispute to `won`, `lost`, `challenged`, `accepted`, `cancelled` or `expired`.
    pub fn set_dispute(&self, dispute_id: &str, status: &str) -> Result<(), ControlError> {
        self.core.write(|state| disputes::set_status(state, dispute_id, status).map_err(ControlError::Refused))?
    }

    fn settle_refund(&self, refund_id: &str, succeeds: bool) -> Result<(), ControlError> {
        self.core.write(|state| {
            let refund = state.refunds.get(refund_id).ok_or_else(|| not_found("refund", refund_id))?;
            let over = refund.status == RefundStatus::Failed || (succeeds && refund.status == RefundStatus::Succeeded);
            if over {
                return Err(ControlError::Refused(format!("the refund is {:?} already", refund.status)));
            }
            refunds::settle(state, refund_id, succeeds, None);
            Ok(())
        })?
    }

    /// A pending refund succeeds.
    pub fn succeed_refund(&self, refund_id: &str) -> Result<(), ControlError> {
        self.settle_refund(refund_id, true)
    }

    /// A pending refund fails, or one that had succeeded fails after all.
    pub fn fail_refund(&self, refund_id: &str) -> Result<(), ControlError> {
        self.settle_refund(refund_id, false)
    }

    // Accounts and transfers ------------------------------------------------------------------------------------

    /// Changes what an account may do: capability `transfers` (`active`, `inactive`, `pending`) and payouts.
    pub fn set_account(&self, account: &str, transfers: Option<&str>, payouts_enabled: Option<bool>) -> Result<(), ControlError> {
        if transfers.is_some_and(|status| !["active", "inactive", "pending"].contains(&status)) {
            return Err(ControlError::Refused("transfers is active, inactive or pending".to_owned()));
        }
        self.core.write(|state| {
            let known = stripe::accounts::set(state, account, transfers, payouts_enabled);
            if known { Ok(()) } else { Err(not_found("account", account)) }
        })?
    }

    /// All positive balances of an account leave for its bank.
    pub fn payout(&self, account: &str) -> Result<(), ControlError> {
        self.core.write(|state| {
            if !state.accounts.contains(account) {
                return Err(not_found("account", account));
            }
            let of_account = state.balances.rows().iter().filter(|balance| balance.owner == account && balance.available > 0);
            let due: Vec<(String, i64)> = of_account.map(|balance| (balance.currency.clone(), balance.available)).collect();
            for (currency, amount) in due {
                state.adjust(account, &currency, -amount, 0);
                if let Some(account) = state.accounts.edit(account) {
                    *account.paid_out.entry(currency).or_default() += amount;
                }
            }
            Ok(())
        })?
    }

    /// Money arrives from outside, for an account or for `"platform"`.
    pub fn deposit(&self, owner: &str, currency: &str, amount: i64) -> Result<(), ControlError> {
        self.core.write(|state| {
            if owner != PLATFORM && !state.accounts.contains(owner) {
                return Err(not_found("account", owner));
            }
            state.adjust(owner, currency, amount, 0);
            Ok(())
        })?
    }

    /// Somebody reverses a transfer in Stripe's dashboard; answers the reversal's id.
    pub fn reverse_transfer(&self, transfer_id: &str, amount: Option<i64>) -> Result<String, ControlError> {
        self.core.write(|state| {
            stripe::reversals::reverse(state, transfer_id, amount, Default::default(), None)
                .map_err(|answer| ControlError::Refused(answer.body))
        })?
    }

    // Webhooks --------------------------------------------------------------------------------------------------

    /// Where webhooks go from now on.
    pub fn set_webhook_url(&self, url: Option<String>) -> Result<(), ControlError> {
        Ok(self.core.write(|state| state.edit_meta(|meta| meta.webhook_url = url))?)
    }

    /// True: new events wait for [`Control::release_webhooks`].
    pub fn hold_webhooks(&self, hold: bool) -> Result<(), ControlError> {
        Ok(self.core.write(|state| state.edit_meta(|meta| meta.hold = hold))?)
    }

    /// Events so far, oldest first.
    pub fn webhooks(&self) -> Vec<WebhookEvent> {
        self.core.read(|state| state.events.rows().to_vec())
    }

    /// Delivers the held events one after the other, each `copies` times; answers their ids in that order.
    pub async fn release_webhooks(&self, order: ReleaseOrder, copies: u32) -> Result<Vec<String>, ControlError> {
        let mut held: Vec<String> = self.core.read(|state| {
            let held = state.events.rows().iter().filter(|event| event.status == EventStatus::Held);
            held.map(|event| event.event_id.clone()).collect()
        });
        if order == ReleaseOrder::Lifo {
            held.reverse();
        }
        for event_id in &held {
            self.send_now(event_id, copies.max(1)).await?;
        }
        Ok(held)
    }

    /// Delivers an event again, now, with its first bytes (an operator's manual resend, §8).
    pub async fn resend(&self, event_id: &str) -> Result<(), ControlError> {
        if !self.core.read(|state| state.events.contains(event_id)) {
            return Err(not_found("event", event_id));
        }
        self.send_now(event_id, 1).await
    }

    async fn send_now(&self, event_id: &str, copies: u32) -> Result<(), ControlError> {
        let running = Running::new(&self.core);
        self.core.write(|state| {
            if let Some(event) = state.events.edit(event_id) {
                event.status = EventStatus::Waiting;
                event.next_at = None;
                event.copies = copies;
            }
        })?;
        webhooks::deliver(&self.core, event_id).await;
        drop(running);
        Ok(())
    }
}

fn not_found(kind: &str, id: &str) -> ControlError {
    ControlError::NotFound(format!("{kind} {id}"))
}

fn payment_status(state: &State, payment_id: &str) -> Result<PaymentStatus, ControlError> {
    state.payments.get(payment_id).map(|payment| payment.status).ok_or_else(|| not_found("payment", payment_id))
}
