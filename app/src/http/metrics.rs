//! `GET /metrics`: what the monitoring reads (spec/07-operations, "Health").

use super::client::ClientAddr;
use super::tags::Area;
use crate::metrics::scrape;
use crate::problem::ApiError;
use crate::services::App;
use poem::web::Data;
use poem_openapi::auth::Bearer;
use poem_openapi::payload::PlainText;
use poem_openapi::{ApiResponse, OpenApi, SecurityScheme};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Routes of the monitoring.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetricsApi;

/// Who asks.
#[derive(SecurityScheme)]
enum Reader {
    Monitoring(Monitoring),
    #[oai(fallback)]
    Anybody,
}

/// The monitoring, by `METRICS_TOKEN`.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", key_name = "Authorization")]
struct Monitoring(Bearer);

#[derive(ApiResponse)]
enum MetricsResponse {
    /// Everything that is measured.
    #[oai(status = 200, content_type = "text/plain; version=0.0.4; charset=utf-8")]
    Text(PlainText<String>),
}

#[OpenApi(tag = "Area::Operations")]
impl MetricsApi {
    /// What is counted and measured.
    ///
    /// In the text format of Prometheus. With `METRICS_TOKEN` set, for who brings it as bearer token; without it, for clients on the
    /// machine that Veza runs on.
    #[oai(path = "/metrics", method = "get", operation_id = "getMetrics")]
    async fn metrics(&self, app: Data<&Arc<App>>, client: Data<&ClientAddr>, reader: Reader) -> Result<MetricsResponse, ApiError> {
        let token = match &reader {
            Reader::Monitoring(Monitoring(bearer)) => Some(bearer.token.as_str()),
            Reader::Anybody => None,
        };
        may_read(app.metrics_token.as_ref(), token, client.0)?;
        let text = scrape::text(&app).await.map_err(|error| {
            tracing::error!(%error, "the metrics can't be written: this is a bug");
            ApiError::internal("internal", "a fault of ours; it is in the log")
        })?;
        Ok(MetricsResponse::Text(PlainText(text)))
    }
}

fn may_read(wanted: Option<&SecretString>, token: Option<&str>, client: &ClientAddr) -> Result<(), ApiError> {
    match (wanted, token) {
        (Some(wanted), Some(token)) if bool::from(wanted.expose_secret().as_bytes().ct_eq(token.as_bytes())) => Ok(()),
        (Some(_), _) => Err(ApiError::unauthorized("unauthorized", "the metrics are for who brings METRICS_TOKEN as bearer token")),
        (None, _) if client.0.is_loopback() => Ok(()),
        (None, _) => {
            Err(ApiError::forbidden("local_only", "without METRICS_TOKEN the metrics are for clients on the server's own machine"))
        }
    }
}
