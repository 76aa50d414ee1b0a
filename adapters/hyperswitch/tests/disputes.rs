//! Disputes: read alone, read with their payment, and brought by webhooks (contracts/hyperswitch.md §9, spec/01-money §9).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use proptest::prelude::*;
use std::sync::LazyLock;
use std::time::Duration;
use support::{Reply, Scripted};
use veza_domain::dispute::DisputeStatus;
use veza_domain::time::Timestamp;
use veza_hyperswitch::{Hyperswitch, HyperswitchConfig};
use veza_ports::payments::{HyperswitchReadClient, PaymentWebhooks, PspDispute, ReadError, WebhookSubject};

const SAMPLE: &str = include_str!("samples/dispute_opened.json");
const DISPUTE: &str = "dp_cLBYk9gFyy39qR1T4tgl";
const PAYMENT: &str = "pay_Ueqj90xPe7kp04D1yA60";

fn client(base_url: &str) -> Hyperswitch {
    let config = HyperswitchConfig {
        base_url: base_url.to_owned(),
        api_key: "snd_key".into(),
        webhook_secret: "hash key".into(),
        profile_id: None,
        timeout: Duration::from_secs(2),
    };
    Hyperswitch::new(config).unwrap()
}

/// Reads bodies, calls nobody.
fn offline() -> &'static Hyperswitch {
    static ONE: LazyLock<Hyperswitch> = LazyLock::new(|| client("http://127.0.0.1:9"));
    &ONE
}

/// The object of the sample: what `GET /disputes/{id}` answers, too.
fn sample() -> String {
    let start = SAMPLE.find(r#"{"dispute_id""#).unwrap();
    let end = SAMPLE.find(r#"},"timestamp""#).unwrap();
    SAMPLE[start..end].to_owned()
}

fn ok(body: String) -> Reply {
    Reply::Json(200, body)
}

fn missing(code: &str) -> Reply {
    Reply::Json(404, format!(r#"{{"error":{{"type":"invalid_request","message":"words","code":"{code}"}}}}"#))
}

fn payment_with(disputes: &str) -> String {
    format!(
        r#"{{"payment_id":"{PAYMENT}","status":"succeeded","amount":1000,"amount_received":1000,"currency":"EUR","disputes":{disputes}}}"#
    )
}

async fn read(reply: Reply) -> Result<Option<PspDispute>, ReadError> {
    let server = Scripted::start([reply]).await;
    client(&server.url).dispute(DISPUTE).await
}

fn subject(body: &str) -> WebhookSubject {
    offline().parse(body.as_bytes()).unwrap().subject
}

fn event(event_type: &str, object: &str) -> String {
    format!(r#"{{"event_type":"{event_type}","content":{{"type":"dispute_details","object":{object}}}}}"#)
}

fn status_in(body: &str) -> Option<DisputeStatus> {
    match subject(body) {
        WebhookSubject::Dispute { status, .. } => status,
        other => panic!("{other:?}"),
    }
}

fn is_dispute(body: &str) -> bool {
    matches!(subject(body), WebhookSubject::Dispute { .. })
}

#[tokio::test]
async fn s9_a_dispute_is_read_synced_and_whole() {
    let full = sample()
        .replace(r#""connector_reason":null,"connector_reason_code":null"#, r#""connector_reason":"fraud","connector_reason_code":"10.4""#)
        .replace(r#""challenge_required_by":null"#, r#""challenge_required_by":"2026-08-26T00:00:00.000Z""#);
    let server = Scripted::start([ok(full)]).await;
    let found = client(&server.url).dispute(DISPUTE).await.unwrap().unwrap();
    assert_eq!(server.seen()[0].line, format!("GET /disputes/{DISPUTE}?force_sync=true"));
    let expected = PspDispute {
        dispute_id: DISPUTE.to_owned(),
        payment_id: PAYMENT.to_owned(),
        status: Some(DisputeStatus::Opened),
        psp_status: "dispute_opened".to_owned(),
        stage: Some("dispute".to_owned()),
        amount: 1000,
        currency: "EUR".to_owned(),
        reason: Some("10.4: fraud".to_owned()),
        respond_by: Some(Timestamp(1_787_702_400_000_000)),
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn s9_nulls_absence_and_words_of_tomorrow_are_read() {
    let bare =
        format!(r#"{{"dispute_id":"{DISPUTE}","payment_id":"p","amount":"7","currency":"eur","dispute_status":"dispute_reopened"}}"#);
    let found = read(ok(bare)).await.unwrap().unwrap();
    assert_eq!((found.status, found.psp_status.as_str(), found.currency.as_str()), (None, "dispute_reopened", "EUR"));
    assert_eq!((found.stage, found.reason, found.respond_by), (None, None, None));
    let odd_time = sample().replace(r#""challenge_required_by":null"#, r#""challenge_required_by":"soon""#);
    assert_eq!(read(ok(odd_time)).await.unwrap().unwrap().respond_by, None, "only shown");
    let number = sample().replace(r#""amount":"1000""#, r#""amount":1000"#);
    assert_eq!(read(ok(number)).await.unwrap().unwrap().amount, 1000);
}

/// §7, §9: only the provider's own 404 with `HE_04` means that there is none.
#[tokio::test]
async fn s9_missing_or_unreadable() {
    let server = Scripted::start([missing("HE_04"), missing("HE_04")]).await;
    assert!(matches!(client(&server.url).dispute(DISPUTE).await, Ok(None)));
    let nonsense = |amount: &str| ok(sample().replace(r#""amount":"1000""#, &format!(r#""amount":{amount}"#)));
    for reply in [
        missing("HE_02"),
        missing("IR_02"),
        Reply::With(404, "content-type: text/html\r\n", "<html>".to_owned()),
        Reply::With(502, "content-type: text/html\r\n", "<html>".to_owned()),
        Reply::With(200, "content-type: text/html\r\n", "<html>".to_owned()),
        Reply::Json(200, r#"{"error":{"type":"api","message":"x","code":"HE_00"}}"#.to_owned()),
        Reply::Json(429, "{}".to_owned()),
        ok("{}".to_owned()),
        ok("[]".to_owned()),
        ok(sample().replace(DISPUTE, "dp_another")),
        nonsense("-1"),
        nonsense("1.5"),
        nonsense(r#""1.5""#),
        nonsense(r#""""#),
        nonsense("null"),
        Reply::Cut,
        Reply::CutInBody,
        Reply::Silence,
    ] {
        let answer = read(reply).await;
        assert!(matches!(answer, Err(ReadError::Unavailable(_))), "{answer:?}");
    }
    let refused = Reply::Json(401, r#"{"error":{"type":"invalid_request","message":"snd_key","code":"IR_01"}}"#.to_owned());
    let error = read(refused).await.unwrap_err();
    assert!(matches!(error, ReadError::Credentials(_)) && !format!("{error:?}").contains("snd_key"), "{error:?}");
    assert!(matches!(client("http://127.0.0.1:1").dispute(DISPUTE).await, Err(ReadError::Unavailable(_))));
    assert!(matches!(client("http://127.0.0.1:1").dispute("..").await, Err(ReadError::Unavailable(_))));
}

/// As the published schema has it (`DisputeResponsePaymentsRetrieve`): without payment and currency, so each is read by itself.
fn of_payment(id: &str) -> String {
    format!(
        r#"{{"dispute_id":"{id}","amount":"1000","dispute_stage":"dispute","dispute_status":"dispute_opened","connector_status":"NEW","connector_dispute_id":"dp_c","connector_reason":null,"connector_reason_code":null,"challenge_required_by":null,"connector_created_at":null,"connector_updated_at":null,"created_at":"2026-08-12T08:14:55.386Z"}}"#
    )
}

#[tokio::test]
async fn s3_one_read_of_the_payment_brings_its_disputes() {
    let second = sample().replace(DISPUTE, "dp_2").replace("dispute_opened", "dispute_lost").replace(r#""1000""#, r#""400""#);
    let both = payment_with(&format!("[{},{}]", of_payment(DISPUTE), of_payment("dp_2")));
    let server = Scripted::start([ok(both), ok(sample()), ok(second), ok(payment_with("null"))]).await;
    let psp = client(&server.url);
    let disputes = psp.payment(PAYMENT).await.unwrap().unwrap().disputes;
    let seen: Vec<_> =
        disputes.iter().map(|dispute| (dispute.dispute_id.as_str(), dispute.status, dispute.amount, dispute.currency.as_str())).collect();
    assert_eq!(seen, [(DISPUTE, Some(DisputeStatus::Opened), 1000, "EUR"), ("dp_2", Some(DisputeStatus::Lost), 400, "EUR")]);
    assert!(psp.payment(PAYMENT).await.unwrap().unwrap().disputes.is_empty(), "null");
    let server = Scripted::start([ok(payment_with(&format!("[{}]", of_payment(DISPUTE)))), Reply::Cut]).await;
    assert!(matches!(client(&server.url).payment(PAYMENT).await, Err(ReadError::Unavailable(_))), "never read without it");
}

/// Most connectors can't be asked about a dispute: then what Hyperswitch has stored counts.
#[tokio::test]
async fn s9_a_connector_that_can_not_be_asked_is_not_asked() {
    for (status, code) in [(500, "CE_00"), (501, "IR_00")] {
        let fault = Reply::Json(status, format!(r#"{{"error":{{"type":"connector","message":"words","code":"{code}"}}}}"#));
        let server = Scripted::start([fault.clone(), ok(sample())]).await;
        assert_eq!(client(&server.url).dispute(DISPUTE).await.unwrap().unwrap().status, Some(DisputeStatus::Opened));
        let lines: Vec<String> = server.seen().into_iter().map(|request| request.line).collect();
        assert_eq!(lines, [format!("GET /disputes/{DISPUTE}?force_sync=true"), format!("GET /disputes/{DISPUTE}")]);
        let server = Scripted::start([fault.clone(), fault]).await;
        assert!(matches!(client(&server.url).dispute(DISPUTE).await, Err(ReadError::Unavailable(_))));
    }
}

#[test]
fn s9_the_sample_event() {
    let event = offline().parse(SAMPLE.as_bytes()).unwrap();
    assert_eq!(event.event_id.as_deref(), Some("evt_019ff509e9a07a73b7eb262d03e06bca"));
    assert_eq!(event.event_type.as_deref(), Some("dispute_opened"));
    let expected = WebhookSubject::Dispute {
        dispute_id: Some(DISPUTE.to_owned()),
        payment_id: Some(PAYMENT.to_owned()),
        status: Some(DisputeStatus::Opened),
        stage: Some("dispute".to_owned()),
        amount: Some(1000),
        currency: Some("EUR".to_owned()),
        reason: None,
        respond_by: None,
    };
    assert_eq!(event.subject, expected);
}

#[test]
fn s9_reason_and_deadline_come_along() {
    let body = event(
        "dispute_challenged",
        r#"{"dispute_id":"d","dispute_stage":"pre_arbitration","connector_reason_code":"4853","challenge_required_by":"2026-08-26T00:00:00.000Z"}"#,
    );
    let WebhookSubject::Dispute { stage, reason, respond_by, status, .. } = subject(&body) else { panic!() };
    assert_eq!((stage.as_deref(), reason.as_deref()), (Some("pre_arbitration"), Some("4853")));
    assert_eq!((status, respond_by), (Some(DisputeStatus::Challenged), Some(Timestamp(1_787_702_400_000_000))));
}

#[test]
fn a_dispute_event_is_known_by_type_or_id() {
    assert!(is_dispute(r#"{"type":"dispute.opened","payment_id":"p"}"#), "flat type");
    assert!(is_dispute(r#"{"event_type":"Some_DISPUTE_thing"}"#), "mixed case");
    assert!(is_dispute(r#"{"dispute_id":"d"}"#), "an id alone");
    assert!(is_dispute(r#"{"object":{"dispute_id":"d","payment_id":"p"}}"#), "nested");
    assert!(is_dispute(r#"{"content":{"type":"dispute_details","object":{}}}"#), "by content type");
    assert!(!is_dispute(r#"{"event_type":"payment_succeeded","payment_id":"p","disputes":[{"dispute_id":"d"}]}"#), "payment event");
    assert!(!is_dispute(r#"{"dispute_id":""}"#), "empty id");
    let refund = subject(r#"{"event_type":"refund_succeeded","refund_id":"r","dispute_id":"d"}"#);
    assert!(matches!(refund, WebhookSubject::Refund { .. }), "a refund event stays one: {refund:?}");
}

/// The caller answers 400.
#[test]
fn a_dispute_event_without_an_id_says_so() {
    for body in [event("dispute_opened", r#"{"payment_id":"p"}"#), event("dispute_lost", r#"{"dispute_id":7,"payment_id":"p"}"#)] {
        let WebhookSubject::Dispute { dispute_id, payment_id, .. } = subject(&body) else { panic!() };
        assert_eq!((dispute_id, payment_id.as_deref()), (None, Some("p")));
    }
}

/// The object's status counts; the type only where there is none.
#[test]
fn s9_status_comes_from_the_object_then_from_the_type() {
    for status in DisputeStatus::ALL {
        let name = status.as_str();
        assert_eq!(
            status_in(&event("dispute_opened", &format!(r#"{{"dispute_id":"d","dispute_status":"dispute_{name}"}}"#))),
            Some(status)
        );
        assert_eq!(status_in(&format!(r#"{{"type":"dispute.{name}","dispute_id":"d"}}"#)), Some(status), "flat, by type");
        assert_eq!(status_in(&format!(r#"{{"dispute_id":"d","status":"{name}"}}"#)), Some(status), "flat, by status");
    }
    assert_eq!(status_in(&event("dispute_won", r#"{"dispute_id":"d","dispute_status":"dispute_reopened"}"#)), None, "unknown");
    assert_eq!(status_in(&event("dispute_tomorrow", r#"{"dispute_id":"d"}"#)), None);
    assert_eq!(status_in(r#"{"dispute_id":"d"}"#), None);
}

/// §2: strings of minor units here; a guess would take the wrong amount from the sellers.
#[test]
fn s2_amounts_are_whole_or_the_body_is_malformed() {
    let with = |amount: &str| {
        let body = event("dispute_opened", &format!(r#"{{"dispute_id":"d","amount":{amount}}}"#));
        offline().parse(body.as_bytes())
    };
    for bad in ["\"10.00\"", "\"-5\"", "\"1e3\"", "\"\"", "\"9223372036854775808\"", "-1", "1.5", "true", "{}"] {
        assert!(with(bad).is_err(), "{bad}");
    }
    for (good, expected) in [("\"1000\"", Some(1000)), ("1000", Some(1000)), ("null", None)] {
        let WebhookSubject::Dispute { amount, .. } = with(good).unwrap().subject else { panic!() };
        assert_eq!(amount, expected, "{good}");
    }
}

/// Bodies that look like events, with any value in any place.
fn nearly_an_event() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("{}".to_owned()),
        Just("[1]".to_owned()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        "\\PC{0,12}".prop_map(|text| format!("{text:?}")),
        "dispute_[a-z]{0,6}|refund|succeeded".prop_map(|text| format!("\"{text}\"")),
    ];
    let names = prop::sample::select(vec![
        "event_id",
        "event_type",
        "type",
        "payment_id",
        "refund_id",
        "dispute_id",
        "status",
        "dispute_status",
        "dispute_stage",
        "amount",
        "amount_received",
        "currency",
        "error_code",
        "connector_reason",
        "challenge_required_by",
        "object",
        "content",
    ]);
    prop::collection::vec((names, value), 0..8).prop_map(|fields| {
        let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!(r#"{{"event_type":"dispute_x","content":{{"type":"dispute_details","object":{{{}}}}}}}"#, fields.join(","))
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let psp = offline();
        let _ = (psp.parse(&body), psp.event_type(&body), psp.verify(&body, Some("00")));
    }

    #[test]
    fn no_event_makes_the_parser_panic(body in nearly_an_event(), cut in 0_usize..400) {
        let psp = offline();
        let _ = psp.parse(body.as_bytes());
        let _ = psp.parse(&body.as_bytes()[..cut.min(body.len())]);
    }

    #[test]
    fn no_header_makes_the_check_panic(header in "\\PC{0,200}") {
        let verified = offline().verify(b"{}", Some(&header));
        prop_assert!(!verified);
    }
}
