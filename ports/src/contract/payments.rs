//! The contract of [`crate::payments`]: what creates, what reads and what checks messages, for any adapter against any
//! provider that can be told what goes wrong (spec/01-money §3, §11; contracts/hyperswitch.md).
//!
//! Not covered, because no call of ours brings it about at a faithful simulator: a verdict in an error body with HTTP 200, on
//! a payment that is not confirmed (§7). Adapters test that against scripted bytes.

mod disputes;
mod messages;
mod saved_methods;
mod world;

use super::race::both;
use crate::payments::{NewPayment, NewRefund, Payment, PaymentMethod, PspError, PspRefund, ReadError};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::ids::{OrderId, RefundId};
use veza_domain::money::{Currency, Money};
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};

use world::UNREADABLE;
pub use world::{Access, Behaviour, Call, Client, Message, Trouble, World};

/// Runs the whole suite.
///
/// # Panics
/// At the first case that does not hold.
pub async fn run(world: &dyn World) {
    let suite = Suite { world, us: world.client(Access::Ours) };
    suite.keys().await;
    suite.a_payment_is_opened_once().await;
    suite.another_payment_under_our_id_is_not_ours().await;
    suite.declines().await;
    suite.unknown_outcomes_of_a_payment().await;
    suite.not_done_at_all().await;
    suite.missing_objects().await;
    suite.refunds().await;
    suite.a_refund_is_made_once().await;
    suite.another_refund_under_our_id_is_not_ours().await;
    suite.refund_recovery_when_nothing_is_left().await;
    suite.refund_refusals().await;
    suite.unknown_outcomes_of_a_refund().await;
    suite.disputes().await;
    suite.late_changes_of_mind().await;
    suite.races().await;
    suite.saved_methods().await;
    suite.messages().await;
}

struct Suite<'a> {
    world: &'a dyn World,
    us: Client,
}

impl Suite<'_> {
    async fn create(&self, payment: &NewPayment) -> Result<Payment, PspError> {
        self.us.provider.create_payment(&payment.order_id.to_string(), payment).await
    }

    async fn give_back(&self, refund: &NewRefund) -> Result<PspRefund, PspError> {
        self.us.provider.create_refund(&refund.refund_id.to_string(), refund).await
    }

    async fn paid(&self, amount: i64) -> NewPayment {
        let payment = new_payment(amount);
        created(&self.create(&payment).await);
        self.world.pay(&payment.payment_id).await;
        payment
    }

    /// spec/01-money §11: the key's value on a payment (order id) and on a refund (refund id), seen at the server.
    async fn keys(&self) {
        let payment = self.paid(1000).await;
        let refund = new_refund(&payment, 400);
        assert!(self.give_back(&refund).await.is_ok());
        let seen = self.world.keys_seen(Call::CreatePayment).await;
        assert_eq!(seen.last(), Some(&Some(payment.order_id.to_string())), "key of a payment = its order's id");
        let seen = self.world.keys_seen(Call::CreateRefund).await;
        assert_eq!(seen.last(), Some(&Some(refund.refund_id.to_string())), "key of a refund = its id");

        let before = (self.world.keys_seen(Call::CreatePayment).await.len(), self.world.keys_seen(Call::CreateRefund).await.len());
        for empty in ["", "   "] {
            let answer = self.us.provider.create_payment(empty, &payment).await;
            assert!(matches!(answer, Err(PspError::EmptyKey(_))), "empty key: {answer:?}");
            let answer = self.us.provider.create_refund(empty, &refund).await;
            assert!(matches!(answer, Err(PspError::EmptyKey(_))), "empty key: {answer:?}");
        }
        let after = (self.world.keys_seen(Call::CreatePayment).await.len(), self.world.keys_seen(Call::CreateRefund).await.len());
        assert_eq!(before, after, "an empty key fails before anything is sent");
    }

    async fn a_payment_is_opened_once(&self) {
        let payment = new_payment(6540);
        let first = created(&self.create(&payment).await);
        assert_eq!(first.status, PaymentStatus::Open);
        assert_eq!((first.amount, first.currency.as_str()), (6540, "USD"));
        assert!(first.client_secret.is_some(), "the buyer needs it");
        assert!(first.untried_until.is_some(), "nobody has tried to pay, and the time for it ends");
        let again = created(&self.create(&payment).await);
        assert_eq!(again.client_secret, first.client_secret, "a repeat adopts (HE_01, §6)");
        self.world.pay(&payment.payment_id).await;
        let paid = created(&self.create(&payment).await);
        assert_eq!((paid.status, paid.untried_until), (PaymentStatus::Succeeded, None), "whatever has happened since");
        let read = self.us.reader.payment(&payment.payment_id).await;
        let Ok(Some(read)) = read else { unexpected(&read) };
        assert_eq!((read.status, read.amount_received), (PaymentStatus::Succeeded, Some(6540)));
    }

    async fn another_payment_under_our_id_is_not_ours(&self) {
        let payment = new_payment(500);
        created(&self.create(&payment).await);
        let other_amount = NewPayment { amount: usd(501), ..payment.clone() };
        let other_currency = NewPayment { amount: Money::new(500, currency("EUR")), ..payment.clone() };
        let other_order = NewPayment { order_id: OrderId(Uuid::now_v7()), ..payment.clone() };
        for other in [other_amount, other_currency, other_order] {
            let answer = self.create(&other).await;
            assert!(matches!(answer, Err(PspError::NotOurs(_))), "{answer:?}");
        }
    }

    async fn declines(&self) {
        let payment = new_payment(700);
        created(&self.create(&payment).await);
        self.world.decline(&payment.payment_id).await;
        let declined = created(&self.create(&payment).await);
        assert_eq!(declined.status, PaymentStatus::Failed, "a decline is a payment that failed, no error");
        assert!(declined.error.is_some(), "the provider's words are kept");
        self.world.pay(&payment.payment_id).await;
        let read = self.us.reader.payment(&payment.payment_id).await;
        assert!(matches!(&read, Ok(Some(read)) if read.status == PaymentStatus::Succeeded), "a late success: {read:?}");
    }

    /// spec/01-money §3: not failed, and a repeat of the same call finds out.
    async fn unknown_outcomes_of_a_payment(&self) {
        for (trouble, effect) in [
            (Trouble::AnswerLost, true),
            (Trouble::ErrorAfterEffect, true),
            (Trouble::RequestLost, false),
            (Trouble::BadGateway, false),
            (Trouble::Busy, false),
            (Trouble::Html, false),
            (Trouble::WrongJson, false),
            (Trouble::ErrorIn200, false),
            (Trouble::Garbled, true),
        ] {
            let payment = new_payment(900);
            self.world.next(Call::CreatePayment, trouble).await;
            let answer = self.create(&payment).await;
            assert!(matches!(answer, Err(PspError::Unknown(_))), "{trouble:?}: {answer:?}");
            assert_eq!(self.world.has_payment(&payment.payment_id).await, effect, "{trouble:?}");
            created(&self.create(&payment).await);
        }
        let payment = new_payment(901);
        created(&self.create(&payment).await);
        self.world.next(Call::ReadPayment, Trouble::AnswerLost).await;
        let answer = self.create(&payment).await;
        assert!(matches!(answer, Err(PspError::Unknown(_))), "a duplicate that can't be read back: {answer:?}");
    }

    /// Nothing happened: wait, or mend the credentials.
    async fn not_done_at_all(&self) {
        let paid = self.paid(800).await;
        let (payment, refund) = (new_payment(800), new_refund(&paid, 800));
        self.world.next(Call::CreatePayment, Trouble::RateLimited).await;
        let answer = self.create(&payment).await;
        assert!(matches!(answer, Err(PspError::Unavailable(_))), "429: {answer:?}");
        self.world.next(Call::CreateRefund, Trouble::RateLimited).await;
        let answer = self.give_back(&refund).await;
        assert!(matches!(answer, Err(PspError::Unavailable(_))), "429: {answer:?}");

        let stranger = self.world.client(Access::WrongKey);
        let answer = stranger.provider.create_payment("key", &payment).await;
        assert!(matches!(answer, Err(PspError::Credentials(_))), "{answer:?}");
        let answer = stranger.provider.create_refund("key", &refund).await;
        assert!(matches!(answer, Err(PspError::Credentials(_))), "{answer:?}");
        let answer = stranger.reader.payment(&paid.payment_id).await;
        assert!(matches!(answer, Err(ReadError::Credentials(_))), "{answer:?}");

        let nobody = self.world.client(Access::Unreachable);
        let answer = nobody.provider.create_payment("key", &payment).await;
        assert!(matches!(answer, Err(PspError::Unavailable(_))), "{answer:?}");
        let answer = nobody.provider.create_refund("key", &refund).await;
        assert!(matches!(answer, Err(PspError::Unavailable(_))), "{answer:?}");
        let answer = nobody.reader.refund("ref").await;
        assert!(matches!(answer, Err(ReadError::Unavailable(_))), "{answer:?}");

        assert!(!self.world.has_payment(&payment.payment_id).await);
        assert_eq!(self.world.refunds_of(&paid.payment_id).await, 0);
    }

    /// "None" is said by the provider only; trouble on the way says nothing.
    async fn missing_objects(&self) {
        let unknown = Uuid::now_v7().to_string();
        let payment = self.us.reader.payment(&unknown).await;
        assert!(matches!(payment, Ok(None)), "{payment:?}");
        let refund = self.us.reader.refund(&unknown).await;
        assert!(matches!(refund, Ok(None)), "{refund:?}");
        for trouble in UNREADABLE {
            self.world.next(Call::ReadPayment, trouble).await;
            let payment = self.us.reader.payment(&unknown).await;
            assert!(matches!(payment, Err(ReadError::Unavailable(_))), "{trouble:?}: {payment:?}");
            self.world.next(Call::ReadRefund, trouble).await;
            let refund = self.us.reader.refund(&unknown).await;
            assert!(matches!(refund, Err(ReadError::Unavailable(_))), "{trouble:?}: {refund:?}");
        }
    }

    async fn refunds(&self) {
        let payment = self.paid(1000).await;
        let refund = new_refund(&payment, 300);
        let made = refunded(&self.give_back(&refund).await);
        assert_eq!((made.refund_id, made.payment_id), (refund.refund_id.to_string(), payment.payment_id.clone()));
        assert_eq!((made.status, made.amount, made.currency.as_str()), (PspRefundStatus::Succeeded, 300, "USD"));

        let failing = new_refund(&payment, 200);
        self.world.next(Call::CreateRefund, Trouble::RefundFailed).await;
        let failed = refunded(&self.give_back(&failing).await);
        assert_eq!(failed.status, PspRefundStatus::Failed, "a refund that failed is no error of the call");
        assert!(failed.error.is_some(), "the provider's words are kept");

        let pending = new_refund(&payment, 100);
        self.world.next(Call::CreateRefund, Trouble::RefundPending).await;
        assert_eq!(refunded(&self.give_back(&pending).await).status, PspRefundStatus::Open);
        let read = self.us.reader.refund(&pending.refund_id.to_string()).await;
        assert!(matches!(&read, Ok(Some(read)) if read.status == PspRefundStatus::Open && read.amount == 100), "{read:?}");

        let whole = self.us.reader.payment(&payment.payment_id).await;
        let Ok(Some(whole)) = whole else { unexpected(&whole) };
        let mut amounts: Vec<i64> = whole.refunds.iter().map(|refund| refund.amount).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, [100, 200, 300], "one read of the payment brings its refunds");
        assert_eq!(whole.status, PaymentStatus::Succeeded, "a payment stays succeeded (§3)");
    }

    async fn a_refund_is_made_once(&self) {
        let payment = self.paid(1000).await;
        let refund = new_refund(&payment, 250);
        refunded(&self.give_back(&refund).await);
        assert_eq!(refunded(&self.give_back(&refund).await).amount, 250, "a repeat adopts (HE_01)");
        assert_eq!(self.world.refunds_of(&payment.payment_id).await, 1);
    }

    async fn another_refund_under_our_id_is_not_ours(&self) {
        let (payment, other_payment) = (self.paid(1000).await, self.paid(1000).await);
        let refund = new_refund(&payment, 250);
        refunded(&self.give_back(&refund).await);
        let other_amount = NewRefund { amount: usd(251), ..refund.clone() };
        let elsewhere = NewRefund { payment_id: other_payment.payment_id.clone(), ..refund.clone() };
        for other in [other_amount, elsewhere] {
            let answer = self.give_back(&other).await;
            assert!(matches!(answer, Err(PspError::NotOurs(_))), "{answer:?}");
        }
        assert_eq!(self.world.refunds_of(&other_payment.payment_id).await, 0);
    }

    /// §5: a repeat of a full refund is answered `IR_13`, not `HE_01`.
    async fn refund_recovery_when_nothing_is_left(&self) {
        let payment = self.paid(1000).await;
        let full = new_refund(&payment, 1000);
        self.world.next(Call::CreateRefund, Trouble::AnswerLost).await;
        let answer = self.give_back(&full).await;
        assert!(matches!(answer, Err(PspError::Unknown(_))), "{answer:?}");
        self.world.next(Call::ReadRefund, Trouble::BadGateway).await;
        let answer = self.give_back(&full).await;
        assert!(matches!(answer, Err(PspError::Unknown(_))), "IR_13 that can't be looked into: {answer:?}");
        assert_eq!(refunded(&self.give_back(&full).await).status, PspRefundStatus::Succeeded, "IR_13, read back, adopted");
        assert_eq!(self.world.refunds_of(&payment.payment_id).await, 1);

        let answer = self.give_back(&new_refund(&payment, 1)).await;
        assert!(matches!(&answer, Err(PspError::Refused { code, .. }) if code == "IR_13"), "a new one is refused: {answer:?}");
    }

    async fn refund_refusals(&self) {
        let unpaid = new_payment(100);
        created(&self.create(&unpaid).await);
        let answer = self.give_back(&new_refund(&unpaid, 100)).await;
        assert!(matches!(&answer, Err(PspError::Refused { code, .. }) if code == "IR_14"), "{answer:?}");

        let answer = self.give_back(&new_refund(&new_payment(100), 100)).await;
        assert!(matches!(&answer, Err(PspError::Refused { code, .. }) if code == "HE_02"), "no such payment: {answer:?}");

        let payment = self.paid(100).await;
        self.world.next(Call::CreateRefund, Trouble::RefundNotSupported).await;
        let answer = self.give_back(&new_refund(&payment, 100)).await;
        let Err(PspError::Refused { code, message }) = &answer else { unexpected(&answer) };
        assert!(!code.is_empty() && !message.is_empty(), "code and words are kept");
        assert_eq!(self.world.refunds_of(&payment.payment_id).await, 0);
    }

    async fn unknown_outcomes_of_a_refund(&self) {
        for (trouble, effect) in [
            (Trouble::AnswerLost, 1),
            (Trouble::ErrorAfterEffect, 1),
            (Trouble::RequestLost, 0),
            (Trouble::BadGateway, 0),
            (Trouble::Busy, 0),
            (Trouble::Html, 0),
            (Trouble::WrongJson, 0),
            (Trouble::ErrorIn200, 0),
            (Trouble::Garbled, 1),
        ] {
            let payment = self.paid(1000).await;
            let refund = new_refund(&payment, 600);
            self.world.next(Call::CreateRefund, trouble).await;
            let answer = self.give_back(&refund).await;
            assert!(matches!(answer, Err(PspError::Unknown(_))), "{trouble:?}: {answer:?}");
            assert_eq!(self.world.refunds_of(&payment.payment_id).await, effect, "{trouble:?}");
            assert_eq!(refunded(&self.give_back(&refund).await).amount, 600);
            assert_eq!(self.world.refunds_of(&payment.payment_id).await, 1, "{trouble:?}");
        }
    }

    /// Two instances do the same thing at once.
    async fn races(&self) {
        for _ in 0..5 {
            let payment = new_payment(300);
            let (one, two) = both(self.create(&payment), self.create(&payment)).await;
            assert_eq!(created(&one).client_secret, created(&two).client_secret);
            self.world.pay(&payment.payment_id).await;
            let refund = new_refund(&payment, 300);
            let (one, two) = both(self.give_back(&refund), self.give_back(&refund)).await;
            assert_eq!(refunded(&one).refund_id, refunded(&two).refund_id);
            assert_eq!(self.world.refunds_of(&payment.payment_id).await, 1);
        }
    }
}

fn new_payment(amount: i64) -> NewPayment {
    let order_id = OrderId(Uuid::now_v7());
    NewPayment {
        payment_id: order_id.to_string(),
        order_id,
        amount: usd(amount),
        description: "Contract".to_owned(),
        return_url: Some("https://shop.example/done".to_owned()),
        customer_id: None,
        method: PaymentMethod::AtCheckout,
        open_for: Duration::from_secs(3600),
    }
}

fn new_refund(payment: &NewPayment, amount: i64) -> NewRefund {
    let refund_id = RefundId(Uuid::now_v7());
    NewRefund { refund_id, payment_id: payment.payment_id.clone(), amount: usd(amount), reason: Some("requested_by_customer".to_owned()) }
}

fn usd(amount: i64) -> Money {
    Money::new(amount, currency("USD"))
}

fn currency(code: &str) -> Currency {
    match code.parse() {
        Ok(currency) => currency,
        Err(_) => unexpected(&code),
    }
}

#[track_caller]
fn created(answer: &Result<Payment, PspError>) -> Payment {
    match answer {
        Ok(payment) => payment.clone(),
        Err(error) => unexpected(error),
    }
}

#[track_caller]
fn refunded(answer: &Result<PspRefund, PspError>) -> PspRefund {
    match answer {
        Ok(refund) => refund.clone(),
        Err(error) => unexpected(error),
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "a case that does not hold")]
fn unexpected(what: &impl std::fmt::Debug) -> ! {
    panic!("unexpected: {what:?}")
}
