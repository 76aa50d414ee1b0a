//! Messages of the provider's two endpoints: signed, timed, and naming what to read (contracts/stripe.md §9).

use super::{Message, Secrets, Suite, key, must, new_reversal, unexpected};
use crate::transfers::{ConnectEvent, ConnectSubject, RejectedMessage, TransferWebhooks};
use std::collections::BTreeSet;
use std::time::Duration;
use veza_domain::time::Timestamp;

/// How far a signature's time may be from ours.
const TOLERANCE: Duration = Duration::from_secs(300);

fn accept(webhooks: &dyn TransferWebhooks, message: &Message, now: Timestamp) -> Result<ConnectEvent, RejectedMessage> {
    webhooks.accept(&message.body, message.signature.as_deref(), now)
}

impl Suite<'_> {
    pub(super) async fn messages(&self) {
        let account = self.ready_account().await;
        let transfer = super::new_transfer(&account, 500);
        let id = must(&self.us.create_transfer(&key(), &transfer).await);
        must(&self.us.create_reversal(&key(), &new_reversal(&id, 100)).await);
        self.world.reverse_elsewhere(&id, Some(50)).await;
        let Some(payout) = self.world.empty(&account).await else { unexpected(&account) };
        self.world.fail_payout(&payout).await;
        self.world.deactivate(&account).await;

        let (webhooks, now) = (self.world.webhooks(Secrets::Both), self.world.now());
        let messages = self.world.messages().await;
        let mut events = Vec::new();
        for message in &messages {
            match accept(&*webhooks, message, now) {
                Ok(event) => events.push(event),
                Err(error) => unexpected(&(error, &message.signature)),
            }
        }
        let told = |kind: &str, subject: ConnectSubject| {
            let same = |event: &&ConnectEvent| event.event_type == kind && event.subject == subject;
            events.iter().filter(same).map(|event| event.account_id.clone()).collect::<Vec<_>>()
        };
        let of_transfer = || ConnectSubject::Transfer { stripe_transfer_id: id.clone() };
        assert_eq!(told("transfer.created", of_transfer()).len(), 1);
        assert_eq!(told("transfer.reversed", of_transfer()).len(), 2, "for a part, too, whoever reverses");
        let of_payout = || ConnectSubject::Payout { payout_id: payout.clone() };
        for kind in ["payout.paid", "payout.failed"] {
            assert_eq!(told(kind, of_payout()), [Some(account.clone())], "{kind}: as which account to read it");
        }
        let of_account = ConnectSubject::Account { account_id: account.clone() };
        assert_eq!(told("account.updated", of_account), [Some(account.clone()), Some(account.clone())], "ready, and not any more");
        let ids: BTreeSet<&String> = events.iter().map(|event| &event.event_id).collect();
        assert_eq!(ids.len(), events.len(), "each has an id of its own");
        self.forgeries(&messages, now);
    }

    /// Whoever changes a byte, has another secret or comes too late is found out.
    fn forgeries(&self, messages: &[Message], now: Timestamp) {
        let webhooks = self.world.webhooks(Secrets::Both);
        let is_refused = |message: &Message, now| matches!(accept(&*webhooks, message, now), Err(RejectedMessage::Signature));
        let [first, .., last] = messages else { unexpected(&messages) };
        let changed = Message { body: [first.body.as_slice(), b" "].concat(), ..first.clone() };
        assert!(is_refused(&changed, now), "another body");
        assert!(is_refused(&Message { signature: last.signature.clone(), ..first.clone() }, now), "another message's signature");
        for forged in [None, Some(""), Some("t=1"), Some("nonsense")] {
            assert!(is_refused(&Message { signature: forged.map(str::to_owned), ..first.clone() }, now), "{forged:?}");
        }
        let minute = Duration::from_secs(60);
        for far in [now.plus(TOLERANCE + minute), now.minus(TOLERANCE + minute)] {
            assert!(is_refused(first, far), "too old, or from the future");
        }

        let others = self.world.webhooks(Secrets::Others);
        assert!(messages.iter().all(|message| accept(&*others, message, now).is_err()), "signed with secrets that we do not have");
        let platform = self.world.webhooks(Secrets::Platform);
        let (mut known, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        for message in messages {
            let kind = webhooks.event_type(&message.body).unwrap_or_default();
            let kind = kind.split('.').next().unwrap_or_default().to_owned();
            if accept(&*platform, message, now).is_ok() {
                known.insert(kind)
            } else {
                unknown.insert(kind)
            };
        }
        assert!(known.iter().eq(["transfer"]) && unknown.iter().eq(["account", "payout"]), "each endpoint has a secret of its own");
        for message in messages {
            let replayed = webhooks.parse(&message.body);
            let accepted = accept(&*webhooks, message, now);
            assert_eq!(replayed.ok(), accepted.ok(), "a replay reads the same");
        }
    }
}
