//! A sandbox without sockets, tasks or a time of its own: for a simulation that decides by itself what happens when.
//!
//! The same model, routes, books and faults as a [`Sandbox`](crate::Sandbox): a call is an HTTP request, answered by the same code.
//! Its clock stands still until [`InProcess::advance_to`]. It sends no messages: they are taken out, and whoever took them delivers
//! them, as often, as late and in whatever order that one likes. So scripts about messages (`webhook_lost`, …) are the taker's own
//! to play, and answers that come late (`slow`) wait in real time and are of no use here.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use poem::{
    Endpoint, EndpointExt, Request, Response,
    endpoint::BoxEndpoint,
    http::{HeaderMap, Method, Uri},
};

use crate::{
    config::{SandboxConfig, SandboxError},
    control::Control,
    core::Core,
    ids::Micros,
    inbound::{NO_PEER, WholeUri},
    model::{Forgery, Target},
    server,
    webhooks::{Parcel, Sender},
    wire::Connections,
};

/// The routes of both APIs. They take long to build and belong to no sandbox: any number can have them in common.
pub struct Routes(BoxEndpoint<'static>);

impl Default for Routes {
    fn default() -> Self {
        Self(server::routes().map_to_response().boxed())
    }
}

/// A sandbox in this process. Dereferences to [`Control`].
pub struct InProcess {
    control: Control,
    connections: Connections,
    routes: Arc<Routes>,
    taken: AtomicUsize,
}

impl Deref for InProcess {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

/// A message that a provider wants delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Names it.
    pub event_id: String,
    /// Where it goes.
    pub target: Target,
    /// `payment_succeeded`, `transfer.created` ...
    pub event_type: String,
    /// Payment, refund or dispute; transfer, account or payout.
    pub object_id: String,
    /// Payment that it belongs to; of Stripe's, where one is known, else empty.
    pub payment_id: String,
    /// Its bytes.
    pub body: String,
}

impl InProcess {
    /// With nothing in it yet; `clock_stands_at` should be set.
    /// # Errors
    /// [`SandboxError::Store`]: the data file cannot be used.
    pub fn new(config: SandboxConfig, routes: Arc<Routes>) -> Result<Self, SandboxError> {
        let connections = Connections::default();
        let core = Arc::new(Core::new(config, connections.clone(), Sender::idle())?);
        Ok(Self { control: Control { core }, connections, routes, taken: AtomicUsize::new(0) })
    }

    /// One call, to a path with its query. None: the connection was cut without an answer. Within a runtime only: the work goes on
    /// when the caller hangs up.
    pub async fn call(&self, method: Method, uri: Uri, headers: HeaderMap, body: Vec<u8>) -> Option<Response> {
        let cut = self.connections.open(NO_PEER);
        let mut request = Request::builder().method(method).uri(uri.clone()).body(body);
        *request.headers_mut() = headers;
        request.set_data(Arc::clone(&self.core));
        request.set_data(WholeUri(uri));
        let response = self.routes.0.get_response(request).await;
        (!cut.load(Ordering::Acquire)).then_some(response)
    }

    /// Moves the clock to `at`, through all that is due on the way.
    /// # Errors
    /// [`SandboxError::Store`]: the data file cannot be written.
    pub fn advance_to(&self, at: Micros) -> Result<(), SandboxError> {
        while self.core.read(|state| state.now) < at || self.next_due().is_some_and(|due| due <= at) {
            self.core.write(|state| {
                state.move_clock(state.next_due().map_or(at, |due| due.clamp(state.now, at)));
                // Messages that become due wait all the same: see `take_letters`.
                state.fire_due();
            })?;
        }
        Ok(())
    }

    /// When something happens by itself the next time.
    pub fn next_due(&self) -> Option<Micros> {
        self.core.read(|state| state.next_due())
    }

    /// The messages made since the last time, oldest first.
    pub fn take_letters(&self) -> Vec<Letter> {
        self.core.read(|state| {
            let rows = state.events.rows();
            let from = self.taken.swap(rows.len(), Ordering::AcqRel);
            let letter = |event: &crate::WebhookEvent| Letter {
                event_id: event.event_id.clone(),
                target: event.target,
                event_type: event.event_type.clone(),
                object_id: event.object_id.clone(),
                payment_id: event.payment_id.clone(),
                body: event.body.clone(),
            };
            rows.iter().skip(from).map(letter).collect()
        })
    }

    /// The header of the signature of a message that is sent now, and its value; a bad one where a forgery is asked for, and no
    /// value where that has none.
    pub fn signature(&self, event_id: &str, forgery: Option<Forgery>) -> Option<(&'static str, Option<String>)> {
        let parcel = self.core.read(|state| Parcel::of(state, event_id))?;
        let signature = match forgery {
            None => Some(parcel.sign(&self.core)),
            Some(forgery) => parcel.forged(&self.core, forgery),
        };
        Some((parcel.signature_header(), signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::StatusCode;

    #[tokio::test]
    async fn calls_are_answered_cut_and_timed_by_hand() {
        let start = 1_795_132_800_000_000;
        let config = SandboxConfig { clock_stands_at: Some(start), webhook_url: Some("by hand".to_owned()), ..SandboxConfig::default() };
        let key = config.api_key.parse().unwrap();
        let sandbox = InProcess::new(config, Arc::default()).unwrap();
        let headers = HeaderMap::from_iter([
            ("api-key".parse().unwrap(), key),
            ("content-type".parse().unwrap(), "application/json".parse().unwrap()),
        ]);
        let pay = |id: &str| format!(r#"{{"payment_id":"{id}","amount":500,"currency":"USD","confirm":true}}"#).into_bytes();
        let post = |body| sandbox.call(Method::POST, "/payments".parse().unwrap(), headers.clone(), body);

        let answer = post(pay("first")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        sandbox.script(crate::Script::new(crate::Op::CreatePayment, crate::Fault::AnswerLost)).unwrap();
        assert!(post(pay("second")).await.is_none());
        assert_eq!(sandbox.books().totals["usd"].captured, 1000, "the answer alone was lost");

        let letters = sandbox.take_letters();
        let told: Vec<&str> = letters.iter().map(|letter| letter.event_type.as_str()).collect();
        assert_eq!(told, ["payment_succeeded", "payment_succeeded"]);
        assert!(sandbox.take_letters().is_empty());
        let (name, value) = sandbox.signature(&letters[0].event_id, None).unwrap();
        assert_eq!((name, value), ("x-webhook-signature-512", Some(crate::sign("sandbox_response_hash_key", letters[0].body.as_bytes()))));

        let first = r#"{"payment_id":"kept","amount":500,"currency":"USD","customer_id":"c","setup_future_usage":"off_session"}"#;
        post(first.into()).await.unwrap();
        sandbox.pay("kept").unwrap();
        let method = sandbox.books().saved_methods[0].payment_method_id.clone();
        let charge = |id: &str| {
            let details = format!(r#"{{"type":"payment_method_id","data":"{method}"}}"#);
            let body = r#""amount":900,"currency":"USD","customer_id":"c","confirm":true,"off_session":true,"recurring_details":"#;
            post(format!(r#"{{"payment_id":"{id}",{body}{details}}}"#).into_bytes())
        };
        assert_eq!(charge("renewal").await.unwrap().status(), StatusCode::OK);
        sandbox.set_saved_method(&method, crate::Behaviour::declines(1)).unwrap();
        charge("declined").await.unwrap();
        sandbox.script(crate::Script::new(crate::Op::CreatePayment, crate::Fault::AnswerLost)).unwrap();
        assert!(charge("unheard").await.is_none());
        assert_eq!(sandbox.books().charged("c").count(), 3, "the first payment and two charges");
        sandbox.revoke_saved_method(&method).unwrap();
        let letters = sandbox.take_letters();
        let told: Vec<&str> = letters.iter().map(|letter| letter.event_type.as_str()).collect();
        assert_eq!(told, ["payment_succeeded", "payment_succeeded", "payment_failed", "payment_succeeded", "mandate_revoked"]);

        assert_eq!(sandbox.now(), start);
        sandbox.advance_to(start + 5).unwrap();
        assert_eq!(sandbox.now(), start + 5);
    }
}
