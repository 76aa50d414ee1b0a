//! A second process on the books of a [`World`]: it has no workers of its own, a clock that stands where a test wants it, and what it
//! hears of the PSP can be held back or changed.

use crate::World;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use veza::services::App;
use veza::usecases::reconcile::{self, Counts, Extent, Report};
use veza::wiring::Parts;
use veza_domain::time::Timestamp;
use veza_ports::clock::Clock;
use veza_ports::payments::{HyperswitchReadClient, Payment, PspDispute, PspRefund, ReadError};

/// A clock that stands.
struct Stands(Timestamp);

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn pause<'a: 'f, 'f>(&'a self, _: Duration) -> BoxFuture<'f, ()>
    where
        Self: 'f,
    {
        Box::pin(std::future::ready(()))
    }
}

/// What becomes of reads of payments and refunds at the PSP: each is answered as things were when it was asked, but the answer comes when
/// the gate is open, and says something else.
#[derive(Clone)]
pub struct Reads {
    inner: Option<Arc<dyn HyperswitchReadClient>>,
    asked: Arc<Notify>,
    gate: Arc<Semaphore>,
    payment: fn(Payment) -> Payment,
    refund: fn(PspRefund) -> PspRefund,
}

impl Reads {
    /// The truth, at once.
    pub fn plain() -> Self {
        let (asked, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(1)));
        Self { inner: None, asked, gate, payment: |payment| payment, refund: |refund| refund }
    }

    /// The truth, once the gate is opened.
    pub fn held() -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), ..Self::plain() }
    }

    /// From now on between this process and the PSP.
    pub fn put_before(self, app: &mut App) {
        let psp = app.psp.as_mut().unwrap();
        psp.reads = Arc::new(Self { inner: Some(psp.reads.clone()), ..self });
    }

    /// Payments are another from now on.
    pub fn with_payment(self, payment: fn(Payment) -> Payment) -> Self {
        Self { payment, ..self }
    }

    /// Refunds are another from now on.
    pub fn with_refund(self, refund: fn(PspRefund) -> PspRefund) -> Self {
        Self { refund, ..self }
    }

    /// Until something was asked.
    pub async fn asked(&self) {
        self.asked.notified().await;
    }

    /// The answer arrives.
    pub fn open(&self) {
        self.gate.add_permits(1);
    }

    fn psp(&self) -> &dyn HyperswitchReadClient {
        self.inner.as_deref().unwrap()
    }

    async fn on_its_way<T>(&self, answer: T) -> T {
        self.asked.notify_one();
        drop(self.gate.acquire().await.unwrap());
        answer
    }
}

impl HyperswitchReadClient for Reads {
    fn payment<'a: 'f, 'b: 'f, 'f>(&'a self, id: &'b str) -> BoxFuture<'f, Result<Option<Payment>, ReadError>>
    where
        Self: 'f,
    {
        Box::pin(async move { self.on_its_way(self.psp().payment(id).await).await.map(|payment| payment.map(self.payment)) })
    }

    fn refund<'a: 'f, 'b: 'f, 'f>(&'a self, id: &'b str) -> BoxFuture<'f, Result<Option<PspRefund>, ReadError>>
    where
        Self: 'f,
    {
        Box::pin(async move { self.on_its_way(self.psp().refund(id).await).await.map(|refund| refund.map(self.refund)) })
    }

    fn dispute<'a: 'f, 'b: 'f, 'f>(&'a self, id: &'b str) -> BoxFuture<'f, Result<Option<PspDispute>, ReadError>>
    where
        Self: 'f,
    {
        self.psp().dispute(id)
    }
}

impl World {
    /// A second process at this time, changed.
    pub async fn process_at(&self, at: Timestamp, change: impl FnOnce(&mut App)) -> Parts {
        let mut parts = Parts::build_beside(&self.beside()).await.unwrap();
        let app = Arc::get_mut(&mut parts.app).unwrap();
        app.clock = Arc::new(Stands(at));
        change(app);
        parts
    }

    /// What its reconciler does.
    pub async fn reconcile_at(&self, at: Timestamp, extent: Extent, change: impl FnOnce(&mut App)) -> Report {
        let parts = self.process_at(at, change).await;
        let report = reconcile::run(&parts.app, extent, &|_| {}).await.unwrap();
        parts.shutdown().await;
        report
    }

    /// What its reconciler does about everything that is stuck in so many hours. After one, whatever waits is.
    pub async fn reconcile_in_hours(&self, hours: u32) -> Report {
        self.reconcile_at(self.in_hours(hours), Extent::Everything, |_| {}).await
    }

    /// So many hours from now.
    pub fn in_hours(&self, hours: u32) -> Timestamp {
        self.running.app().now().plus(Duration::from_secs(3600) * hours)
    }
}

/// Rows that the reconciler saw, and of them settled, failed, skipped.
pub fn counted(counts: Counts) -> [u64; 4] {
    assert_eq!(counts.errors, 0, "{counts:?}");
    [counts.seen, counts.settled, counts.failed, counts.skipped]
}
