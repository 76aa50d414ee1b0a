//! Plans, subscriptions and invoices.

mod body;
mod paper;

pub use body::{
    ChangeBody, CycleView, InvoicePage, InvoiceView, MySubscriptionView, PlanIdView, PlanList, PlanView, QuoteView, SubscribeBody,
    SubscriptionAnswer, SubscriptionView,
};

use crate::http::auth::Caller;
use crate::http::keyed::{IdempotencyKey, answer, answer_again, begin};
use crate::http::page;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::idempotency::{self, Begun};
use crate::usecases::subscriptions::{self, manage, subscribe};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::{Binary, Html, Json};
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::ids::{InvoiceId, SubscriptionId};
use veza_domain::subscription::Invoice;
use veza_ports::storage::{IdempotencyRecord, StoredSubscription, Versioned};

/// Routes of subscriptions.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubscriptionsApi;

/// What subscribing came to.
#[derive(ApiResponse)]
enum Subscribed {
    /// What was begun goes on: the same subscription, the same payment.
    #[oai(status = 200)]
    Resumed(Json<SubscriptionAnswer>),
    /// A new subscription, and what the browser needs to pay it.
    #[oai(status = 201)]
    New(Json<SubscriptionAnswer>),
}

/// An invoice as a PDF file.
#[derive(ApiResponse)]
enum Paper {
    /// The file.
    #[oai(status = 200, content_type = "application/pdf")]
    Pdf(Binary<Vec<u8>>),
}

#[OpenApi(prefix_path = "/api/v1", tag = "Area::Subscriptions")]
impl SubscriptionsApi {
    /// List the plans, with what they cost and allow.
    #[oai(path = "/subscriptions/plans", method = "get", operation_id = "listPlans")]
    async fn plans(&self, app: Data<&Arc<App>>) -> Result<Json<PlanList>, ApiError> {
        let items = app.store.plans().await?.iter().map(PlanView::from).collect();
        Ok(Json(PlanList { items, next_cursor: None }))
    }

    /// Choose a plan.
    ///
    /// A paid plan is `pending_payment` until the payment provider confirms its payment; until then it allows nothing. A plan with a trial
    /// is `trialing` the first time. Choosing again what was begun goes on with it (200). 409 `already_subscribed` while a plan runs: change
    /// it. 503 `payment_provider_required` without a payment provider: nothing was written.
    #[oai(path = "/subscriptions/subscribe", method = "post", operation_id = "subscribe")]
    async fn subscribe(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        body: Json<SubscribeBody>,
        /// Makes the request safe to repeat for 24 h: same key and body, same answer.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<Subscribed, ApiError> {
        let wish = (body.0.plan.into(), body.0.cycle.unwrap_or(CycleView::Monthly).into());
        let mut incoming = match begin(&app, &caller, idempotency::SUBSCRIPTIONS, key.0.as_deref(), &body.0).await? {
            None => None,
            Some(Begun::New(incoming)) => Some(incoming),
            Some(Begun::Answered { status: 201, resource, .. }) => return repeated(&app, &caller, SubscriptionId(resource)).await,
            Some(Begun::Answered { status, body, .. }) => return Err(idempotency::stored_error(status, &body)),
            Some(Begun::Interrupted { resource, stored }) => return gone_on(&app, &caller, SubscriptionId(resource), stored).await,
        };
        let done = subscribe::subscribe(&app, caller.id(), wish, &mut incoming).await;
        // A repetition is shown the subscription as it stands then: no body is kept.
        let done = answer(&app, incoming, 201, done, |_| String::new()).await?;
        let shown = Json(SubscriptionAnswer::new(&app, &done.stored));
        Ok(if done.is_new { Subscribed::New(shown) } else { Subscribed::Resumed(shown) })
    }

    /// Go on with a payment that was begun, or pay a renewal that was not paid.
    ///
    /// 409 `subscription_not_pending` when nothing is to be paid any more.
    #[oai(path = "/subscriptions/complete/:id", method = "post", operation_id = "completeSubscription")]
    async fn complete(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /** The subscription. */
        id: Path<Uuid>,
    ) -> Result<Json<SubscriptionAnswer>, ApiError> {
        let done = subscribe::complete(&app, caller.id(), SubscriptionId(id.0)).await?;
        Ok(Json(SubscriptionAnswer::new(&app, &done.stored)))
    }

    /// Cancel my plan. What was paid, or the trial, goes on until it is over; nothing more is charged.
    #[oai(path = "/subscriptions/cancel", method = "post", operation_id = "cancelSubscription")]
    async fn cancel(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<SubscriptionAnswer>, ApiError> {
        shown(&app, manage::cancel(&app, caller.id()).await)
    }

    /// Take a cancellation back, while what was paid is not over.
    #[oai(path = "/subscriptions/reactivate", method = "post", operation_id = "reactivateSubscription")]
    async fn reactivate(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<SubscriptionAnswer>, ApiError> {
        shown(&app, manage::reactivate(&app, caller.id()).await)
    }

    /// Change my plan.
    ///
    /// A better plan of the same cycle comes at once: the unused part of what was paid is credited, the difference is to be paid, and the
    /// plan changes when it is. Any other change comes when the period is over.
    #[oai(path = "/subscriptions/change", method = "post", operation_id = "changeSubscription")]
    async fn change(&self, app: Data<&Arc<App>>, caller: Caller, body: Json<ChangeBody>) -> Result<Json<SubscriptionAnswer>, ApiError> {
        shown(&app, manage::change(&app, caller.id(), body.0.wish()).await)
    }

    /// Say what a change would cost, to the minor unit, and when it would take effect. Changes nothing.
    #[oai(path = "/subscriptions/change/preview", method = "post", operation_id = "previewSubscriptionChange")]
    async fn preview(&self, app: Data<&Arc<App>>, caller: Caller, body: Json<ChangeBody>) -> Result<Json<QuoteView>, ApiError> {
        let (quote, to) = manage::preview(&app, caller.id(), body.0.wish()).await?;
        Ok(Json(QuoteView::new(&quote, to)))
    }

    /// Show my plan: the one in effect, or what stands in its way.
    #[oai(path = "/me/subscription", method = "get", operation_id = "getMySubscription")]
    async fn mine(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<MySubscriptionView>, ApiError> {
        let standing = app.store.standing(caller.id()).await?;
        Ok(Json(MySubscriptionView::new(&app, &standing)))
    }

    /// List my invoices, newest first.
    #[oai(path = "/subscriptions/invoices", method = "get", operation_id = "listInvoices")]
    async fn invoices(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<InvoicePage>, ApiError> {
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut invoices = app.store.invoices_of(caller.id(), page).await?;
        let next_cursor = page::cut(&mut invoices, page, |invoice| invoice.id.0);
        Ok(Json(InvoicePage { items: invoices.iter().map(InvoiceView::from).collect(), next_cursor }))
    }

    /// Show one of my invoices as a page to print.
    #[oai(path = "/subscriptions/invoices/:id/html", method = "get", operation_id = "getInvoicePage")]
    async fn invoice_page(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /** The invoice. */
        id: Path<Uuid>,
    ) -> Result<Html<String>, ApiError> {
        let invoice = own(&app, &caller, id.0).await?;
        Ok(Html(paper::html(&invoice, caller.user())))
    }

    /// Show one of my invoices as a PDF file.
    #[oai(path = "/subscriptions/invoices/:id/pdf", method = "get", operation_id = "getInvoicePdf")]
    async fn invoice_pdf(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /** The invoice. */
        id: Path<Uuid>,
    ) -> Result<Paper, ApiError> {
        let invoice = own(&app, &caller, id.0).await?;
        Ok(Paper::Pdf(Binary(paper::pdf(&invoice, caller.user()))))
    }
}

fn shown(app: &App, stored: Result<StoredSubscription, ApiError>) -> Result<Json<SubscriptionAnswer>, ApiError> {
    stored.map(|stored| Json(SubscriptionAnswer::new(app, &stored)))
}

/// The first request has made the subscription, and could not open its payment or did not live to say so: this one goes on with it.
async fn gone_on(app: &App, caller: &Caller, id: SubscriptionId, stored: Versioned<IdempotencyRecord>) -> Result<Subscribed, ApiError> {
    let went_on = subscribe::go_on(app, caller.id(), id).await;
    let done = answer_again(app, stored, 201, went_on, |_| String::new()).await?;
    Ok(Subscribed::New(Json(SubscriptionAnswer::new(app, &done))))
}

/// The key was answered: the subscription that it made, as it stands.
async fn repeated(app: &App, caller: &Caller, id: SubscriptionId) -> Result<Subscribed, ApiError> {
    let stored = subscriptions::own(app, caller.id(), id).await?;
    Ok(Subscribed::New(Json(SubscriptionAnswer::new(app, &stored))))
}

async fn own(app: &App, caller: &Caller, id: Uuid) -> Result<Invoice, ApiError> {
    let invoice = app.store.invoice(InvoiceId(id)).await?.map(|invoice| invoice.value);
    let visible = invoice.filter(|invoice| invoice.user_id == caller.id() || caller.actor().is_admin());
    visible.ok_or_else(|| ApiError::not_found("invoice_not_found", "no such invoice"))
}
