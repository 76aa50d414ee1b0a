//! Disputes, and payments and refunds that change their mind (contracts/hyperswitch.md §4, §5, §9).

use super::{Access, Call, Suite, UNREADABLE, new_refund, refunded, unexpected};
use crate::payments::{Payment, PspDispute, ReadError};
use uuid::Uuid;
use veza_domain::dispute::DisputeStatus;
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};

impl Suite<'_> {
    pub(super) async fn read(&self, payment_id: &str) -> Payment {
        match self.us.reader.payment(payment_id).await {
            Ok(Some(payment)) => payment,
            other => unexpected(&other),
        }
    }

    async fn read_dispute(&self, dispute_id: &str) -> PspDispute {
        match self.us.reader.dispute(dispute_id).await {
            Ok(Some(dispute)) => dispute,
            other => unexpected(&other),
        }
    }

    pub(super) async fn disputes(&self) {
        let payment = self.paid(1000).await;
        assert!(self.read(&payment.payment_id).await.disputes.is_empty());
        let id = self.world.dispute(&payment.payment_id, 400).await;
        let opened = self.read_dispute(&id).await;
        assert_eq!((opened.dispute_id.as_str(), opened.payment_id.as_str()), (id.as_str(), payment.payment_id.as_str()));
        assert_eq!((opened.status, opened.psp_status.as_str()), (Some(DisputeStatus::Opened), "dispute_opened"));
        assert_eq!((opened.amount, opened.currency.as_str()), (400, "USD"), "a string on the wire (§2)");
        assert!(opened.stage.is_some() && opened.respond_by.is_some(), "{opened:?}");
        assert!(opened.reason.as_ref().is_some_and(|reason| reason.contains("fraud")), "{opened:?}");

        for status in DisputeStatus::ALL {
            self.world.move_dispute(&id, status).await;
            assert_eq!(self.read_dispute(&id).await.status, Some(status));
        }
        let second = self.world.dispute(&payment.payment_id, 100).await;
        let whole = self.read(&payment.payment_id).await;
        assert_eq!(whole.status, PaymentStatus::Succeeded, "a payment stays succeeded (§3)");
        let listed: Vec<&str> = whole.disputes.iter().map(|dispute| dispute.dispute_id.as_str()).collect();
        assert_eq!(listed, [id.as_str(), second.as_str()], "one read of the payment brings its disputes");
        assert_eq!(whole.disputes[1], self.read_dispute(&second).await, "and they are the same");

        let unknown = self.us.reader.dispute(&Uuid::now_v7().to_string()).await;
        assert!(matches!(unknown, Ok(None)), "{unknown:?}");
        for trouble in UNREADABLE {
            self.world.next(Call::ReadDispute, trouble).await;
            let answer = self.us.reader.dispute(&id).await;
            // Who asks once more may have been told.
            let told = matches!(&answer, Ok(Some(dispute)) if dispute.status == Some(DisputeStatus::Lost));
            assert!(told || matches!(answer, Err(ReadError::Unavailable(_))), "{trouble:?} says nothing: {answer:?}");
        }
        let stranger = self.world.client(Access::WrongKey).reader.dispute(&id).await;
        assert!(matches!(stranger, Err(ReadError::Credentials(_))), "{stranger:?}");
        let nobody = self.world.client(Access::Unreachable).reader.dispute(&id).await;
        assert!(matches!(nobody, Err(ReadError::Unavailable(_))), "{nobody:?}");
    }

    /// §4, §5: what had ended ends otherwise. Only a read tells for sure.
    pub(super) async fn late_changes_of_mind(&self) {
        let payment = self.paid(1000).await;
        let refund = new_refund(&payment, 300);
        refunded(&self.give_back(&refund).await);
        let id = refund.refund_id.to_string();
        for (succeeds, status) in [(false, PspRefundStatus::Failed), (true, PspRefundStatus::Succeeded), (false, PspRefundStatus::Failed)] {
            self.world.turn_refund(&id, succeeds).await;
            let read = self.us.reader.refund(&id).await;
            assert!(matches!(&read, Ok(Some(read)) if read.status == status), "{read:?}");
        }
        let stranger = self.world.refund_elsewhere(&payment.payment_id, 200).await;
        let whole = self.read(&payment.payment_id).await;
        let found = whole.refunds.iter().find(|refund| refund.refund_id == stranger);
        assert!(found.is_some_and(|refund| refund.amount == 200 && refund.status == PspRefundStatus::Succeeded), "{whole:?}");

        let payment = self.paid(700).await;
        self.world.fail(&payment.payment_id).await;
        let read = self.read(&payment.payment_id).await;
        assert_eq!(read.status, PaymentStatus::Failed, "failed after success");
        assert!(read.error.is_some(), "the provider's words are kept");
        self.world.pay(&payment.payment_id).await;
        assert_eq!(self.read(&payment.payment_id).await.status, PaymentStatus::Succeeded, "and succeeded again");
    }
}
