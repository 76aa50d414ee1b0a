//! Methods that the provider keeps, and charges without the customer (contracts/hyperswitch.md §3).

use super::{Behaviour, Call, Suite, Trouble, both, created, new_payment, unexpected};
use crate::payments::{NewPayment, PaymentMethod, PspError, WebhookSubject};
use uuid::Uuid;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::PaymentStatus;

/// Whose it is, and what it is called.
struct Kept {
    customer_id: String,
    method: SavedMethod,
}

impl Kept {
    /// A charge of it, without the customer.
    fn charge(&self, amount: i64) -> NewPayment {
        let method = PaymentMethod::Saved(self.method.clone());
        NewPayment { customer_id: Some(self.customer_id.clone()), method, return_url: None, ..new_payment(amount) }
    }
}

impl Suite<'_> {
    pub(super) async fn saved_methods(&self) {
        self.a_method_is_kept_when_asked().await;
        self.charges_without_the_customer().await;
        self.unknown_outcomes_of_a_charge().await;
        self.a_charge_is_made_once().await;
        self.revoked_methods().await;
    }

    /// A customer who has paid 500 and let the provider keep the method.
    async fn kept(&self) -> Kept {
        let customer_id = Uuid::now_v7().to_string();
        let first = NewPayment { customer_id: Some(customer_id.clone()), method: PaymentMethod::AtCheckoutKept, ..new_payment(500) };
        created(&self.create(&first).await);
        self.world.pay(&first.payment_id).await;
        match self.read(&first.payment_id).await.saved_method {
            Some(method) => Kept { customer_id, method },
            None => unexpected(&"no method was kept"),
        }
    }

    async fn a_method_is_kept_when_asked(&self) {
        let customer_id = Some(Uuid::now_v7().to_string());
        let kept = NewPayment { customer_id: customer_id.clone(), method: PaymentMethod::AtCheckoutKept, ..new_payment(500) };
        let plain = NewPayment { customer_id, ..new_payment(500) };
        for payment in [&kept, &plain] {
            let opened = created(&self.create(payment).await);
            assert_eq!((opened.status, opened.saved_method), (PaymentStatus::Open, None), "nothing is kept before the customer has paid");
            self.world.pay(&payment.payment_id).await;
        }
        let read = self.read(&kept.payment_id).await;
        assert_eq!(read.status, PaymentStatus::Succeeded);
        assert!(read.saved_method.is_some(), "the method is kept");
        assert_eq!(created(&self.create(&kept).await).saved_method, read.saved_method, "a repeat brings it too");
        assert_eq!(self.read(&plain.payment_id).await.saved_method, None, "nothing is kept unasked");

        let other_customer = NewPayment { customer_id: Some(Uuid::now_v7().to_string()), ..kept.clone() };
        let answer = self.create(&other_customer).await;
        assert!(matches!(answer, Err(PspError::NotOurs(_))), "{answer:?}");

        let told = self.events().await.into_iter().any(|event| {
            matches!(event.subject, WebhookSubject::Payment { payment_id, saved_method, .. }
                if payment_id == kept.payment_id && saved_method == read.saved_method)
        });
        assert!(told, "the message brings the kept method");
    }

    async fn charges_without_the_customer(&self) {
        let kept = self.kept().await;
        let charge = kept.charge(1999);
        let charged = created(&self.create(&charge).await);
        assert_eq!((charged.status, charged.amount_received), (PaymentStatus::Succeeded, Some(1999)), "at once, nobody confirms");
        assert_eq!((charged.saved_method.as_ref(), charged.needs_customer), (Some(&kept.method), false));
        assert_eq!(self.read(&charge.payment_id).await.status, PaymentStatus::Succeeded);
        assert_eq!(self.world.charges_of(&kept.customer_id).await, 2, "the first payment and the charge");

        self.world.behave(&kept.method, Behaviour::Declines).await;
        let declined = created(&self.create(&kept.charge(700)).await);
        assert_eq!((declined.status, declined.needs_customer), (PaymentStatus::Failed, false), "a decline is a payment that failed");
        assert!(declined.error.is_some(), "the provider's words are kept");

        self.world.behave(&kept.method, Behaviour::WantsCustomer).await;
        let waiting = kept.charge(700);
        for answer in [self.create(&waiting).await, self.create(&waiting).await] {
            let waits = created(&answer);
            assert_eq!((waits.status, waits.needs_customer), (PaymentStatus::Open, true), "the customer is asked back");
        }
        assert!(self.read(&waiting.payment_id).await.needs_customer);
        assert_eq!(self.world.charges_of(&kept.customer_id).await, 2, "neither took anything");
        self.world.pay(&waiting.payment_id).await;
        let came_back = self.read(&waiting.payment_id).await;
        assert_eq!((came_back.status, came_back.needs_customer), (PaymentStatus::Succeeded, false), "the customer came back");

        self.world.behave(&kept.method, Behaviour::Succeeds).await;
        assert_eq!(created(&self.create(&kept.charge(700)).await).status, PaymentStatus::Succeeded, "a decline does not end the method");

        let stranger = Kept { customer_id: Uuid::now_v7().to_string(), method: kept.method.clone() };
        let nothing = Kept { customer_id: kept.customer_id.clone(), method: SavedMethod("pm_of_nobody".to_owned()) };
        for (charge, why) in [(stranger.charge(700), "of another customer"), (nothing.charge(700), "of nobody")] {
            self.is_not_charged(&charge, why).await;
        }
        assert_eq!(self.world.charges_of(&stranger.customer_id).await, 0);
        assert_eq!(self.world.charges_of(&kept.customer_id).await, 4);
    }

    async fn unknown_outcomes_of_a_charge(&self) {
        let kept = self.kept().await;
        let mut charges = 1;
        for (trouble, effect) in [
            (Trouble::AnswerLost, true),
            (Trouble::ErrorAfterEffect, true),
            (Trouble::Garbled, true),
            (Trouble::RequestLost, false),
            (Trouble::BadGateway, false),
            (Trouble::Busy, false),
            (Trouble::ErrorIn200, false),
        ] {
            let charge = kept.charge(900);
            self.world.next(Call::CreatePayment, trouble).await;
            let answer = self.create(&charge).await;
            assert!(matches!(answer, Err(PspError::Unknown(_))), "{trouble:?}: {answer:?}");
            let found = self.us.reader.payment(&charge.payment_id).await;
            let taken = matches!(&found, Ok(Some(found)) if found.status == PaymentStatus::Succeeded);
            assert_eq!(taken, effect, "{trouble:?}, by our id: {found:?}");
            assert_eq!(created(&self.create(&charge).await).status, PaymentStatus::Succeeded, "{trouble:?}");
            charges += 1;
            assert_eq!(self.world.charges_of(&kept.customer_id).await, charges, "{trouble:?}: charged once");
        }
    }

    async fn a_charge_is_made_once(&self) {
        let kept = self.kept().await;
        let charge = kept.charge(300);
        let (one, two) = both(self.create(&charge), self.create(&charge)).await;
        for answer in [one, two, self.create(&charge).await] {
            assert_eq!(created(&answer).status, PaymentStatus::Succeeded);
        }
        assert_eq!(self.world.charges_of(&kept.customer_id).await, 2, "the first payment and one charge");
    }

    async fn revoked_methods(&self) {
        let kept = self.kept().await;
        let lost = kept.charge(400);
        self.world.next(Call::CreatePayment, Trouble::AnswerLost).await;
        let answer = self.create(&lost).await;
        assert!(matches!(answer, Err(PspError::Unknown(_))), "{answer:?}");
        self.world.revoke(&kept.method).await;
        assert_eq!(created(&self.create(&lost).await).status, PaymentStatus::Succeeded, "what was charged before is found");
        self.is_not_charged(&kept.charge(400), "revoked").await;
        assert_eq!(self.world.charges_of(&kept.customer_id).await, 2);

        let told = self.events().await.into_iter().any(|event| {
            event.event_type.as_deref() == Some("mandate_revoked")
                && matches!(event.subject, WebhookSubject::MethodRevoked { method, .. } if method.as_ref() == Some(&kept.method))
        });
        assert!(told, "the revocation is told");
    }

    /// Refused or declined, as the provider likes; asked again too.
    async fn is_not_charged(&self, charge: &NewPayment, why: &str) {
        for answer in [self.create(charge).await, self.create(charge).await] {
            match answer {
                Err(PspError::Refused { .. }) => {}
                Ok(payment) if payment.status == PaymentStatus::Failed => {}
                other => unexpected(&(why, other)),
            }
        }
    }
}
