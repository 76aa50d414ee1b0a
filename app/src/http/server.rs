//! The API as one service, and everything that answers over HTTP put together, by the part that a process plays.

use super::accounts::AccountsApi;
use super::admin::{AdminMoneyApi, AdminOrdersApi, AttentionApi, AuditsApi, DeliveriesApi, LedgerApi, ReconcileApi};
use super::distribution::DistributionApi;
use super::health::HealthApi;
use super::licences::LicencesApi;
use super::metrics::MetricsApi;
use super::middleware::edge::{Edge, EdgeSettings};
use super::onboarding::OnboardingApi;
use super::orders::OrdersApi;
use super::products::ProductsApi;
use super::router::Router;
use super::seller::SellerApi;
use super::subscriptions::SubscriptionsApi;
use super::webhooks::WebhooksApi;
use super::{docs, pages};
use crate::metrics::Metrics;
use crate::services::App;
use poem::{Endpoint, EndpointExt, Response};
use poem_openapi::OpenApiService;
use std::sync::Arc;
use veza_mail::OutboxMailer;

/// Every area of the API.
pub type Apis = (
    (AccountsApi, OrdersApi, LicencesApi, ProductsApi, SellerApi, OnboardingApi, SubscriptionsApi, DistributionApi),
    (AttentionApi, AuditsApi, DeliveriesApi, LedgerApi, AdminMoneyApi, AdminOrdersApi, ReconcileApi),
    (WebhooksApi, HealthApi, MetricsApi),
);

fn apis() -> Apis {
    (
        (AccountsApi, OrdersApi, LicencesApi, ProductsApi, SellerApi, OnboardingApi, SubscriptionsApi, DistributionApi),
        (AttentionApi, AuditsApi, DeliveriesApi, LedgerApi, AdminMoneyApi, AdminOrdersApi, ReconcileApi),
        (WebhooksApi, HealthApi::default(), MetricsApi),
    )
}

/// The API with its description.
#[must_use]
pub fn api_service() -> OpenApiService<Apis, ()> {
    OpenApiService::new(apis(), "Veza", env!("CARGO_PKG_VERSION"))
        .description(
            "A self-hosted marketplace: catalogue, orders, refunds, payouts to sellers. Errors are RFC 9457 problem documents with a \
             stable `code`; lists are `{items, next_cursor}`; money is in minor units.",
        )
        .license(poem_openapi::LicenseObject::new("MIT OR Apache-2.0"))
        .server("/")
}

/// All that a process answers which only works: health and metrics.
pub fn health_endpoint(app: Arc<App>, edge: EdgeSettings) -> impl Endpoint<Output = Response> + 'static {
    let apis = || (HealthApi::default(), MetricsApi);
    let service = OpenApiService::new(apis(), "Veza", env!("CARGO_PKG_VERSION"));
    let metrics = Arc::clone(&app.metrics);
    Edge::new(Router::default().api(apis(), &service).build().data(app), edge, metrics)
}

/// Everything that answers over HTTP.
pub fn endpoint(app: Arc<App>, edge: EdgeSettings, outbox: Option<OutboxMailer>) -> impl Endpoint<Output = Response> + 'static {
    let metrics = Arc::clone(&app.metrics);
    Edge::new(routes(outbox).data(app), edge, metrics)
}

/// The same for whoever puts an `Arc<App>` into each request: routes take long to build, and many apps of one process (those of a
/// simulation) can have them in common.
pub fn endpoint_of_any(edge: EdgeSettings, metrics: Arc<Metrics>) -> impl Endpoint<Output = Response> + 'static {
    Edge::new(routes(None), edge, metrics)
}

fn routes(outbox: Option<OutboxMailer>) -> impl Endpoint<Output = Response> + 'static {
    let service = api_service();
    let router = Router::default().api(apis(), &service);
    pages::add_to(docs::add_to(router, &service), outbox).build()
}
