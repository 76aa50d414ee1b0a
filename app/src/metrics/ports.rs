//! The providers' ports, each call counted and timed. A decorator says nothing of its own: the answer is the inner one's.

use super::Metrics;
use super::outcome::{ABANDONED, OK, Outcome};
use crate::services::{App, Psp};
use async_trait::async_trait;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;
use veza_domain::ids::{PlacementId, UserId};
use veza_ports::distribution::{self, DistributorError, DistributorProvider, NewPlacement, PartnerPlacement};
use veza_ports::payments::{
    HyperswitchReadClient, NewPayment, NewRefund, Payment, PaymentProvider, PspDispute, PspError, PspRefund, ReadError,
};
use veza_ports::transfers::{
    ConnectAccount, Found, ListedPayout, ListedTransfer, LookupError, NewReversal, NewTransfer, OnboardingLink, TransferError,
    TransferFilter, TransferPage, TransferService,
};

const PSP: &str = "hyperswitch";
const PSP_OPERATIONS: &[&str] = &["create_payment", "create_refund", "read_payment", "read_refund", "read_dispute"];
const CONNECT: &str = "stripe";
const CONNECT_OPERATIONS: &[&str] = &[
    "create_account",
    "create_onboarding_link",
    "read_account",
    "create_transfer",
    "create_reversal",
    "find_transfer",
    "find_reversal",
    "read_transfer",
    "list_transfers",
    "read_payout",
];

const DISTRIBUTOR: &str = "distributor";
const DISTRIBUTOR_OPERATIONS: &[&str] = &["submit", "find", "read", "take_down"];

/// `app` with all its calls of providers measured.
#[must_use]
pub fn metered(mut app: App) -> App {
    let metrics = Arc::clone(&app.metrics);
    app.psp = app.psp.take().map(|psp| {
        metrics.calls_begin_at_zero(PSP, PSP_OPERATIONS);
        Psp {
            provider: Arc::new(Metered { inner: psp.provider, provider: PSP, metrics: Arc::clone(&metrics) }),
            reads: Arc::new(Metered { inner: psp.reads, provider: PSP, metrics: Arc::clone(&metrics) }),
            webhooks: psp.webhooks,
        }
    });
    app.connect = app.connect.take().map(|connect| -> Arc<dyn TransferService> {
        metrics.calls_begin_at_zero(CONNECT, CONNECT_OPERATIONS);
        Arc::new(Metered { inner: connect, provider: CONNECT, metrics: Arc::clone(&metrics) })
    });
    app.distributor = app.distributor.take().map(|inner| -> Arc<dyn DistributorProvider> {
        metrics.calls_begin_at_zero(DISTRIBUTOR, DISTRIBUTOR_OPERATIONS);
        Arc::new(Metered { inner, provider: DISTRIBUTOR, metrics: Arc::clone(&metrics) })
    });
    app
}

/// A port, measured.
struct Metered<P: ?Sized> {
    inner: Arc<P>,
    provider: &'static str,
    metrics: Arc<Metrics>,
}

impl<P: ?Sized> Metered<P> {
    async fn call<T, E: Outcome>(&self, operation: &'static str, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let mut measured =
            Measured { metrics: &self.metrics, provider: self.provider, operation, began: Instant::now(), outcome: ABANDONED };
        let answer = call.await;
        measured.outcome = answer.as_ref().err().map_or(OK, Outcome::outcome);
        answer
    }
}

/// A call under way; counted when it goes, also when nobody waits for its end.
struct Measured<'a> {
    metrics: &'a Metrics,
    provider: &'static str,
    operation: &'static str,
    began: Instant,
    outcome: &'static str,
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.metrics.call(self.provider, self.operation, self.outcome, self.began.elapsed());
    }
}

#[async_trait]
impl PaymentProvider for Metered<dyn PaymentProvider> {
    async fn create_payment(&self, key: &str, payment: &NewPayment) -> Result<Payment, PspError> {
        self.call("create_payment", self.inner.create_payment(key, payment)).await
    }

    async fn create_refund(&self, key: &str, refund: &NewRefund) -> Result<PspRefund, PspError> {
        self.call("create_refund", self.inner.create_refund(key, refund)).await
    }
}

#[async_trait]
impl HyperswitchReadClient for Metered<dyn HyperswitchReadClient> {
    async fn payment(&self, payment_id: &str) -> Result<Option<Payment>, ReadError> {
        self.call("read_payment", self.inner.payment(payment_id)).await
    }

    async fn refund(&self, refund_id: &str) -> Result<Option<PspRefund>, ReadError> {
        self.call("read_refund", self.inner.refund(refund_id)).await
    }

    async fn dispute(&self, dispute_id: &str) -> Result<Option<PspDispute>, ReadError> {
        self.call("read_dispute", self.inner.dispute(dispute_id)).await
    }
}

#[async_trait]
impl TransferService for Metered<dyn TransferService> {
    async fn create_account(&self, key: &str, seller: UserId, email: &str) -> Result<ConnectAccount, TransferError> {
        self.call("create_account", self.inner.create_account(key, seller, email)).await
    }

    async fn onboarding_link(
        &self,
        key: &str,
        account_id: &str,
        return_url: &str,
        refresh_url: &str,
    ) -> Result<OnboardingLink, TransferError> {
        self.call("create_onboarding_link", self.inner.onboarding_link(key, account_id, return_url, refresh_url)).await
    }

    async fn account(&self, account_id: &str) -> Result<Option<ConnectAccount>, LookupError> {
        self.call("read_account", self.inner.account(account_id)).await
    }

    async fn create_transfer(&self, key: &str, transfer: &NewTransfer) -> Result<String, TransferError> {
        self.call("create_transfer", self.inner.create_transfer(key, transfer)).await
    }

    async fn create_reversal(&self, key: &str, reversal: &NewReversal) -> Result<String, TransferError> {
        self.call("create_reversal", self.inner.create_reversal(key, reversal)).await
    }

    async fn find_transfer(&self, transfer: &NewTransfer) -> Result<Found, LookupError> {
        self.call("find_transfer", self.inner.find_transfer(transfer)).await
    }

    async fn find_reversal(&self, reversal: &NewReversal) -> Result<Found, LookupError> {
        self.call("find_reversal", self.inner.find_reversal(reversal)).await
    }

    async fn transfer(&self, stripe_transfer_id: &str) -> Result<Option<ListedTransfer>, LookupError> {
        self.call("read_transfer", self.inner.transfer(stripe_transfer_id)).await
    }

    async fn transfers(&self, which: &TransferFilter, after: Option<&str>) -> Result<TransferPage, LookupError> {
        self.call("list_transfers", self.inner.transfers(which, after)).await
    }

    async fn payout(&self, account_id: &str, payout_id: &str) -> Result<Option<ListedPayout>, LookupError> {
        self.call("read_payout", self.inner.payout(account_id, payout_id)).await
    }
}

#[async_trait]
impl DistributorProvider for Metered<dyn DistributorProvider> {
    async fn submit(&self, placement: &NewPlacement) -> Result<PartnerPlacement, DistributorError> {
        self.call("submit", self.inner.submit(placement)).await
    }

    async fn find(&self, id: PlacementId) -> Result<Option<PartnerPlacement>, distribution::LookupError> {
        self.call("find", self.inner.find(id)).await
    }

    async fn read(&self, partner_id: &str) -> Result<Option<PartnerPlacement>, distribution::LookupError> {
        self.call("read", self.inner.read(partner_id)).await
    }

    async fn take_down(&self, id: PlacementId, partner_id: &str) -> Result<PartnerPlacement, DistributorError> {
        self.call("take_down", self.inner.take_down(id, partner_id)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use veza_domain::time::Timestamp;

    struct Reader;

    /// Answers at once for `good`, never for `slow`, and not at all else.
    #[async_trait]
    impl HyperswitchReadClient for Reader {
        async fn payment(&self, payment_id: &str) -> Result<Option<Payment>, ReadError> {
            match payment_id {
                "good" => Ok(None),
                "slow" => std::future::pending().await,
                _ => Err(ReadError::Credentials("401".into())),
            }
        }

        async fn dispute(&self, _: &str) -> Result<Option<PspDispute>, ReadError> {
            Ok(None)
        }

        async fn refund(&self, _: &str) -> Result<Option<PspRefund>, ReadError> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn each_call_is_counted_once_whatever_comes_of_it() {
        let metrics = Arc::new(Metrics::new(Timestamp(0)));
        let inner: Arc<dyn HyperswitchReadClient> = Arc::new(Reader);
        let port: &dyn HyperswitchReadClient = &Metered { inner, provider: "hyperswitch", metrics: Arc::clone(&metrics) };
        assert!(port.payment("good").await.unwrap().is_none());
        assert!(matches!(port.payment("bad").await, Err(ReadError::Credentials(_))));
        assert!(tokio::time::timeout(Duration::from_millis(20), port.payment("slow")).await.is_err());
        for outcome in [OK, "credentials", ABANDONED] {
            assert_eq!(metrics.calls.with_label_values(&["hyperswitch", "read_payment", outcome]).get(), 1, "{outcome}");
        }
        let seconds = metrics.call_seconds.with_label_values(&["hyperswitch", "read_payment"]);
        assert_eq!(seconds.get_sample_count(), 3);
        assert!(seconds.get_sample_sum() >= 0.02, "{}", seconds.get_sample_sum());
    }
}
