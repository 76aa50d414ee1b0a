//! Where webhooks go, and when.

use serde::{Deserialize, Serialize};

use crate::{
    model::{EventStatus, Target, WebhookEvent},
    webhooks::{Running, deliver},
};

use super::{Control, ControlError, not_found};

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

/// Whose webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Side {
    #[default]
    Hyperswitch,
    Stripe,
}

impl Side {
    fn has(self, event: &WebhookEvent) -> bool {
        (event.target == Target::Hyperswitch) == (self == Self::Hyperswitch)
    }
}

impl Control {
    /// Where Hyperswitch's webhooks go from now on.
    pub fn set_webhook_url(&self, url: Option<String>) -> Result<(), ControlError> {
        self.set_target_url(Target::Hyperswitch, url)
    }

    /// Where Stripe's webhooks go from now on: those of the platform, and those of connected accounts.
    pub fn set_stripe_webhook_urls(&self, platform: Option<String>, connect: Option<String>) -> Result<(), ControlError> {
        self.set_target_url(Target::Stripe, platform)?;
        self.set_target_url(Target::StripeConnect, connect)
    }

    pub(super) fn set_target_url(&self, target: Target, url: Option<String>) -> Result<(), ControlError> {
        Ok(self.core.write(|state| {
            state.edit_meta(|meta| match target {
                Target::Hyperswitch => meta.webhook_url = url,
                Target::Stripe => meta.stripe_webhook_url = url,
                Target::StripeConnect => meta.stripe_connect_webhook_url = url,
            });
        })?)
    }

    /// True: new events of Hyperswitch wait for [`Control::release_webhooks`].
    pub fn hold_webhooks(&self, hold: bool) -> Result<(), ControlError> {
        self.hold_side(Side::Hyperswitch, hold)
    }

    /// True: new events of Stripe wait for [`Control::release_stripe_webhooks`].
    pub fn hold_stripe_webhooks(&self, hold: bool) -> Result<(), ControlError> {
        self.hold_side(Side::Stripe, hold)
    }

    pub(super) fn hold_side(&self, side: Side, hold: bool) -> Result<(), ControlError> {
        Ok(self.core.write(|state| {
            state.edit_meta(|meta| match side {
                Side::Hyperswitch => meta.hold = hold,
                Side::Stripe => meta.hold_stripe = hold,
            });
        })?)
    }

    /// Events of Hyperswitch so far, oldest first.
    pub fn webhooks(&self) -> Vec<WebhookEvent> {
        self.events_of(Side::Hyperswitch)
    }

    /// Events of Stripe that had an endpoint so far, oldest first.
    pub fn stripe_webhooks(&self) -> Vec<WebhookEvent> {
        self.events_of(Side::Stripe)
    }

    fn events_of(&self, side: Side) -> Vec<WebhookEvent> {
        self.core.read(|state| state.events.rows().iter().filter(|event| side.has(event)).cloned().collect())
    }

    /// Delivers the held events of Hyperswitch one after the other, each `copies` times; answers their ids in that order.
    pub async fn release_webhooks(&self, order: ReleaseOrder, copies: u32) -> Result<Vec<String>, ControlError> {
        self.release_side(Side::Hyperswitch, order, copies).await
    }

    /// The same for those of Stripe.
    pub async fn release_stripe_webhooks(&self, order: ReleaseOrder, copies: u32) -> Result<Vec<String>, ControlError> {
        self.release_side(Side::Stripe, order, copies).await
    }

    pub(super) async fn release_side(&self, side: Side, order: ReleaseOrder, copies: u32) -> Result<Vec<String>, ControlError> {
        let events = self.events_of(side).into_iter().filter(|event| event.status == EventStatus::Held);
        let mut held: Vec<String> = events.map(|event| event.event_id).collect();
        if order == ReleaseOrder::Lifo {
            held.reverse();
        }
        for event_id in &held {
            self.send_now(event_id, copies.max(1)).await?;
        }
        Ok(held)
    }

    /// Delivers an event again, now, with its first bytes (an operator's manual resend; Stripe's is signed anew).
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
        deliver(&self.core, event_id).await;
        drop(running);
        Ok(())
    }
}
