//! The way from Veza's adapters to the providers: their own requests and answers, byte for byte, and no network.

use crate::ground::run_to_end;
use crate::points::Points;
use async_trait::async_trait;
use reqwest::{Request, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;
use veza_domain::time::Timestamp;
use veza_sandbox::InProcess;

/// `PROVIDER_TIMEOUT`.
pub const PROVIDER_TIMEOUT: Duration = Duration::from_secs(30);

/// The line to one of the providers.
pub struct Line {
    /// What is at its end.
    pub sandbox: Arc<InProcess>,
    /// Before the provider hears, and before we hear the answer, anything may happen.
    pub points: Arc<Points>,
    /// Nothing gets through: no connection can be opened.
    pub down: AtomicBool,
    /// World time: a call that takes too long is given up.
    pub time: Arc<AtomicI64>,
}

enum NoAnswer {
    NotSent,
    Lost,
}

impl Line {
    async fn send(&self, request: Request) -> Result<Response, NoAnswer> {
        let began = self.time.load(Ordering::Relaxed);
        self.points.reach("call").await;
        self.points.note(format_args!("    {} {}", request.method(), request.url().path()));
        if self.is_over(began) {
            return Err(NoAnswer::Lost);
        }
        if self.down.load(Ordering::Relaxed) {
            return Err(NoAnswer::NotSent);
        }
        let answer = run_to_end(self.exchange(&request));
        match &answer {
            Ok(answer) => self.points.note(format_args!("    answered {}", answer.status().as_u16())),
            Err(_) => self.points.note(format_args!("    no answer")),
        }
        self.points.reach("answer").await;
        if self.is_over(began) { Err(NoAnswer::Lost) } else { answer }
    }

    fn is_over(&self, began: i64) -> bool {
        Timestamp(self.time.load(Ordering::Relaxed)).since(Timestamp(began)) >= PROVIDER_TIMEOUT
    }

    async fn exchange(&self, request: &Request) -> Result<Response, NoAnswer> {
        let url = request.url();
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let Ok(uri) = path.parse() else { return Err(NoAnswer::NotSent) };
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
        let answer = self.sandbox.call(request.method().clone(), uri, request.headers().clone(), body).await;
        let (parts, body) = answer.ok_or(NoAnswer::Lost)?.into_parts();
        let body = body.into_vec().await.map_err(|_| NoAnswer::Lost)?;
        let mut response = poem::http::Response::new(body);
        *response.status_mut() = parts.status;
        *response.headers_mut() = parts.headers;
        Ok(Response::from(response))
    }
}

#[async_trait]
impl veza_hyperswitch::Wire for Line {
    async fn carry(&self, request: Request) -> Result<Response, veza_hyperswitch::Cut> {
        self.send(request).await.map_err(|why| match why {
            NoAnswer::NotSent => veza_hyperswitch::Cut::NotSent,
            NoAnswer::Lost => veza_hyperswitch::Cut::Lost,
        })
    }
}

#[async_trait]
impl veza_stripe::Wire for Line {
    async fn carry(&self, request: Request) -> Result<Response, veza_stripe::Cut> {
        self.send(request).await.map_err(|why| match why {
            NoAnswer::NotSent => veza_stripe::Cut::NotSent,
            NoAnswer::Lost => veza_stripe::Cut::Lost,
        })
    }
}
