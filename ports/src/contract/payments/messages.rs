//! Messages of the provider: signed, and about what a read then shows (contracts/hyperswitch.md §8).

use super::{Message, Suite, new_refund, refunded, unexpected};
use crate::payments::{WebhookEvent, WebhookSubject};
use std::collections::BTreeSet;
use veza_domain::dispute::DisputeStatus;
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};

impl Suite<'_> {
    pub(super) async fn events(&self) -> Vec<WebhookEvent> {
        let webhooks = self.world.webhooks();
        let read = |message: Message| {
            assert!(webhooks.verify(&message.body, message.signature.as_deref()), "the provider's own messages verify");
            match webhooks.parse(&message.body) {
                Ok(event) => {
                    assert_eq!(webhooks.event_type(&message.body), event.event_type);
                    event
                }
                Err(error) => unexpected(&error),
            }
        };
        self.world.messages().await.into_iter().map(read).collect()
    }

    pub(super) async fn messages(&self) {
        let payment = self.paid(1000).await;
        let refund = new_refund(&payment, 300);
        refunded(&self.give_back(&refund).await);
        let stranger = self.world.refund_elsewhere(&payment.payment_id, 200).await;
        let dispute = self.world.dispute(&payment.payment_id, 400).await;
        self.world.move_dispute(&dispute, DisputeStatus::Lost).await;
        let failing = self.paid(50).await;
        self.world.fail(&failing.payment_id).await;

        let events = self.events().await;
        let said = |kind: &str, wanted: &dyn Fn(&WebhookSubject) -> bool| {
            let found = events.iter().any(|event| event.event_type.as_deref() == Some(kind) && wanted(&event.subject));
            assert!(found, "{kind} was not told as it is");
        };
        let paid = |id: &str, status: PaymentStatus| {
            let id = id.to_owned();
            move |subject: &WebhookSubject| matches!(subject, WebhookSubject::Payment { payment_id, status: said, .. } if *payment_id == id && *said == status)
        };
        said("payment_succeeded", &paid(&payment.payment_id, PaymentStatus::Succeeded));
        said("payment_failed", &paid(&failing.payment_id, PaymentStatus::Failed));
        for (id, amount) in [(refund.refund_id.to_string(), 300), (stranger, 200)] {
            said("refund_succeeded", &|subject| {
                matches!(subject, WebhookSubject::Refund { refund_id, status: PspRefundStatus::Succeeded, amount: said, .. }
                    if refund_id.as_ref() == Some(&id) && *said == Some(amount))
            });
        }
        let Ok(Some(read)) = self.us.reader.dispute(&dispute).await else { unexpected(&dispute) };
        let same = WebhookSubject::Dispute {
            dispute_id: Some(read.dispute_id.clone()),
            payment_id: Some(read.payment_id.clone()),
            status: read.status,
            stage: read.stage.clone(),
            amount: Some(read.amount),
            currency: Some(read.currency.clone()),
            reason: read.reason.clone(),
            respond_by: read.respond_by,
        };
        said("dispute_lost", &|subject| *subject == same);
        said("dispute_opened", &|subject| matches!(subject, WebhookSubject::Dispute { status: Some(DisputeStatus::Opened), .. }));

        let ids: BTreeSet<&String> = events.iter().filter_map(|event| event.event_id.as_ref()).collect();
        assert_eq!(ids.len(), events.len(), "each has an id of its own");
        self.forgeries().await;
    }

    /// Whoever changes a byte, or has another key, is found out.
    async fn forgeries(&self) {
        let webhooks = self.world.webhooks();
        let messages = self.world.messages().await;
        let [first, .., last] = messages.as_slice() else { unexpected(&messages) };
        let mut changed = first.body.clone();
        changed.push(b' ');
        assert!(!webhooks.verify(&changed, first.signature.as_deref()), "another body");
        assert!(!webhooks.verify(&first.body, last.signature.as_deref()), "another message's signature");
        for forged in [None, Some(""), Some("00")] {
            assert!(!webhooks.verify(&first.body, forged), "{forged:?}");
        }
    }
}
