//! Signatures and shapes of webhooks, over the real bodies in `tests/samples` (contracts/hyperswitch.md §8).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::LazyLock;
use std::time::Duration;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};
use veza_hyperswitch::{ConfigError, Hyperswitch, HyperswitchConfig};
use veza_ports::payments::{PaymentWebhooks, WebhookSubject};

const SECRET: &str = "hs_sample_response_hash_key_0123456789abcdefghijklmnopqrstuvwxyzAB";

const PAYMENT: (&[u8], &str) = (
    include_bytes!("samples/payment_succeeded.json"),
    "7cf6a57ccc432b21ab5d6ead2c07b9f88e7afb3903e7ea40114b99c86a265e414a7dc7e9ed9efbfe49e6862a8d08f173fa8c4d74faa3bcce6352e3824d5c5791",
);
const REFUND: (&[u8], &str) = (
    include_bytes!("samples/refund_succeeded.json"),
    "19a9fc4cf2bf542c292bd99c0beca32f084852fe04094d2d08ec105744da4578a46327053999f43b65f78eb393794b5310fd0c78a0699a6a964b7b9b1ea4042e",
);
const DISPUTE: (&[u8], &str) = (
    include_bytes!("samples/dispute_opened.json"),
    "e3c92613d3fe5350b00147ab64defd7fd175d992642ab925bf87813fb93201c429b2362d85eb7014c39279963757e63ab7e51bc31718d74a53a5650c7e73ab4c",
);

fn config(webhook_secret: &str) -> HyperswitchConfig {
    HyperswitchConfig {
        base_url: "http://127.0.0.1:9".to_owned(),
        api_key: "snd_the_api_key".into(),
        webhook_secret: webhook_secret.into(),
        profile_id: None,
        timeout: Duration::from_secs(1),
    }
}

fn hyperswitch() -> &'static Hyperswitch {
    static ONE: LazyLock<Hyperswitch> = LazyLock::new(|| Hyperswitch::new(config(SECRET)).unwrap());
    &ONE
}

fn subject(body: &str) -> WebhookSubject {
    hyperswitch().parse(body.as_bytes()).unwrap().subject
}

fn is_refund(body: &str) -> bool {
    matches!(subject(body), WebhookSubject::Refund { .. })
}

fn payment_status(body: &str) -> PaymentStatus {
    match subject(body) {
        WebhookSubject::Payment { status, .. } => status,
        other => panic!("{other:?}"),
    }
}

fn refund_status(body: &str) -> PspRefundStatus {
    match subject(body) {
        WebhookSubject::Refund { status, .. } => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn s8_real_deliveries_verify_as_they_are() {
    for (body, signature) in [PAYMENT, REFUND, DISPUTE] {
        assert!(hyperswitch().verify(body, Some(signature)));
    }
    assert_eq!(hyperswitch().signature_header(), "x-webhook-signature-512");
}

#[test]
fn s8_nothing_else_verifies() {
    let (body, signature) = PAYMENT;
    let psp = hyperswitch();
    assert!(!psp.verify(body, None), "a profile without a key sends no header");
    for wrong in ["", "00", "zz", &signature[..126], &format!("{signature}00"), &format!(" {signature}"), REFUND.1] {
        assert!(!psp.verify(body, Some(wrong)), "{wrong:?}");
    }
    let with_newline = [body, b"\n"].concat();
    assert!(!psp.verify(&with_newline, Some(signature)), "the raw bytes count");
    let mut changed = body.to_vec();
    changed[100] ^= 1;
    assert!(!psp.verify(&changed, Some(signature)));
    assert!(!Hyperswitch::new(config("another key")).unwrap().verify(body, Some(signature)));
}

#[test]
fn an_empty_secret_is_no_secret() {
    for empty in ["", "  "] {
        assert!(matches!(Hyperswitch::new(config(empty)), Err(ConfigError::WebhookSecret)));
    }
}

#[test]
fn secrets_are_not_shown() {
    let shown = format!("{:?} {:?}", config(SECRET), hyperswitch());
    assert!(!shown.contains(SECRET) && !shown.contains("snd_the_api_key"), "{shown}");
}

#[test]
fn s8_sample_payment() {
    let event = hyperswitch().parse(PAYMENT.0).unwrap();
    assert_eq!(event.event_id.as_deref(), Some("evt_019ff509deba77b28523514febe14265"));
    assert_eq!(event.event_type.as_deref(), Some("payment_succeeded"));
    let expected = WebhookSubject::Payment {
        payment_id: "pay_ooHZcoR2DsBzNKs8cq1V".to_owned(),
        status: PaymentStatus::Succeeded,
        amount: Some(1000),
        amount_received: Some(1000),
        currency: Some("USD".to_owned()),
        error: None,
        saved_method: None,
    };
    assert_eq!(event.subject, expected);
}

#[test]
fn s8_sample_refund() {
    let event = hyperswitch().parse(REFUND.0).unwrap();
    assert_eq!(event.event_id.as_deref(), Some("evt_019ff50a03d373c09795e22b542bef6e"));
    let expected = WebhookSubject::Refund {
        refund_id: Some("ref_xajIH1oeqxRF3eEJqkYW".to_owned()),
        payment_id: Some("pay_ooHZcoR2DsBzNKs8cq1V".to_owned()),
        status: PspRefundStatus::Succeeded,
        amount: Some(100),
        currency: Some("USD".to_owned()),
        error: None,
    };
    assert_eq!(event.subject, expected);
}

/// spec/01-money §11: "Is it a refund event".
#[test]
fn a_refund_event_is_known_by_type_or_id() {
    assert!(is_refund(r#"{"type":"refund.succeeded","refund_id":"r"}"#), "flat type");
    assert!(is_refund(r#"{"event_type":"Payment_REFUND_done","payment_id":"p"}"#), "mixed case");
    assert!(!is_refund(r#"{"event_type":"payment_succeeded","payment_id":"p","refunds":[{"refund_id":"r"}]}"#), "payment event");
    assert!(is_refund(r#"{"refund_id":"r"}"#), "refund id alone");
    assert!(!is_refund("{}"), "empty");
    assert!(!is_refund(r#"{"refund_id":""}"#), "empty id");
    assert!(is_refund(r#"{"object":{"refund_id":"r"}}"#), "nested object.refund_id");
    assert!(is_refund(r#"{"content":{"type":"refund_details","object":{}}}"#), "by content type");
}

#[test]
fn a_refund_event_without_an_id_says_so() {
    let WebhookSubject::Refund { refund_id, .. } = subject(r#"{"event_type":"refund_succeeded","payment_id":"p"}"#) else { panic!() };
    assert_eq!(refund_id, None);
}

#[test]
fn flat_and_nested_shapes_bring_the_same() {
    let fields =
        r#""payment_id":"p","status":"succeeded","amount":"700","amount_received":700,"currency":"eur","payment_method_id":"pm_1""#;
    let flat = subject(&format!(r#"{{"event_type":"payment_succeeded",{fields}}}"#));
    let nested = subject(&format!(r#"{{"type":"payment.succeeded","object":{{{fields}}}}}"#));
    let real = subject(&format!(r#"{{"event_type":"payment_succeeded","content":{{"type":"payment_details","object":{{{fields}}}}}}}"#));
    assert_eq!(flat, nested);
    assert_eq!(flat, real);
    let expected = WebhookSubject::Payment {
        payment_id: "p".to_owned(),
        status: PaymentStatus::Succeeded,
        amount: Some(700),
        amount_received: Some(700),
        currency: Some("EUR".to_owned()),
        error: None,
        saved_method: Some(SavedMethod("pm_1".to_owned())),
    };
    assert_eq!(flat, expected);
}

/// §3, §8: `MandateResponse` names the method and the mandate; who else tells it may name the customer.
#[test]
fn s3_a_revoked_method_is_a_message_of_its_own() {
    let real = r#"{"merchant_id":"m","event_id":"evt_1","event_type":"mandate_revoked","content":{"type":"mandate_details","object":
        {"mandate_id":"man_1","status":"revoked","payment_method_id":"pm_1","payment_method":"card","card":{"last4_digits":"4242"},
        "customer_acceptance":null}},"timestamp":"2026-08-21T00:00:00.000Z"}"#;
    let method = Some(SavedMethod("pm_1".to_owned()));
    let revoked = |customer_id: Option<&str>, method| {
        let customer_id = customer_id.map(str::to_owned);
        WebhookSubject::MethodRevoked { customer_id, method, mandate_id: Some("man_1".to_owned()) }
    };
    assert_eq!(subject(real), revoked(None, method.clone()));
    let flat = r#"{"type":"mandate.revoked","mandate_id":"man_1","payment_method_id":"pm_1","customer_id":"u","payment_id":"p"}"#;
    assert_eq!(subject(flat), revoked(Some("u"), method));
    assert_eq!(subject(r#"{"event_type":"mandate_revoked","object":{"mandate_id":"man_1","payment_method_id":""}}"#), revoked(None, None));
    assert_eq!(subject(r#"{"event_type":"mandate_active","object":{"mandate_id":"man_1"}}"#), WebhookSubject::Other);
}

/// §4: the object's status counts, the type only where a flat body has no status.
#[test]
fn s4_status_comes_from_the_object_then_from_the_type() {
    let real = |event_type: &str, status: &str| {
        payment_status(&format!(
            r#"{{"event_type":"{event_type}","content":{{"type":"payment_details","object":{{"payment_id":"p","status":"{status}"}}}}}}"#
        ))
    };
    assert_eq!(real("payment_succeeded", "processing"), PaymentStatus::Open);
    assert_eq!(real("a_type_of_tomorrow", "succeeded"), PaymentStatus::Succeeded);
    assert_eq!(real("payment_captured", "partially_captured"), PaymentStatus::Succeeded, "of another amount: a person looks");
    for status in ["failed", "cancelled", "cancelled_post_capture", "expired"] {
        assert_eq!(real("payment_failed", status), PaymentStatus::Failed, "{status}");
    }
    for status in ["processing", "requires_capture", "requires_customer_action", "review", "conflicted", "tomorrow"] {
        assert_eq!(real("action_required", status), PaymentStatus::Open, "{status}");
    }
    let flat = |event_type: &str| payment_status(&format!(r#"{{"type":"{event_type}","payment_id":"p"}}"#));
    assert_eq!(flat("payment_succeeded"), PaymentStatus::Succeeded);
    assert_eq!(flat("payment.succeeded"), PaymentStatus::Succeeded);
    assert_eq!(flat("payment_failed"), PaymentStatus::Failed);
    assert_eq!(flat("payment.cancelled"), PaymentStatus::Failed);
    assert_eq!(flat("payment_expired"), PaymentStatus::Failed);
    assert_eq!(flat("payment_processing"), PaymentStatus::Open);
    assert_eq!(flat("unheard_of"), PaymentStatus::Open);
    assert_eq!(payment_status(r#"{"payment_id":"p"}"#), PaymentStatus::Open, "untyped");
    assert_eq!(refund_status(r#"{"type":"refund.succeeded","refund_id":"r"}"#), PspRefundStatus::Succeeded);
    assert_eq!(refund_status(r#"{"type":"refund_failed","refund_id":"r"}"#), PspRefundStatus::Failed);
    assert_eq!(refund_status(r#"{"type":"refund_failed","refund_id":"r","status":"pending"}"#), PspRefundStatus::Open);
    assert_eq!(refund_status(r#"{"refund_id":"r","status":"review"}"#), PspRefundStatus::Open);
}

/// §8: acknowledged, not acted on.
#[test]
fn s8_other_kinds_are_other_even_with_a_payment_id() {
    for body in [
        r#"{"event_type":"mandate_active","content":{"type":"mandate_details","object":{"payment_id":"p"}}}"#,
        r#"{"event_type":"payout_success","content":{"type":"payout_details","object":{"payment_id":"p","amount":1.5}}}"#,
        r#"{"event_type":"invoice_paid","content":{"type":"subscription_details","object":{"payment_id":"p"}}}"#,
        r#"{"event_type":"new","content":{"type":"tomorrow_details","object":{"payment_id":"p"}}}"#,
        r#"{"event_type":"payout_failed","payment_id":"p"}"#,
        r#"{"event_type":"payment_succeeded"}"#,
        r#"{"payment_id":7}"#,
        "{}",
    ] {
        assert_eq!(subject(body), WebhookSubject::Other, "{body}");
    }
}

#[test]
fn failure_words_are_kept() {
    let body = r#"{"event_type":"refund_failed","content":{"type":"refund_details","object":
        {"refund_id":"r","status":"failed","error_code":"R1","error_message":"account closed"}}}"#;
    let WebhookSubject::Refund { error, .. } = subject(body) else { panic!() };
    assert_eq!(error.as_deref(), Some("R1: account closed"));
}

/// §2: integers of minor units; a guess would settle the wrong amount.
#[test]
fn s2_amounts_are_whole_or_the_body_is_malformed() {
    let with = |amount: &str| hyperswitch().parse(format!(r#"{{"payment_id":"p","status":"succeeded","amount":{amount}}}"#).as_bytes());
    for bad in ["1.5", "1e3", "-1", "9223372036854775808", "1e400", "\"1.5\"", "\"\"", "\"-1\"", "\"+1\"", "\"x\"", "true", "[]", "{}"] {
        assert!(with(bad).is_err(), "{bad}");
    }
    for (good, expected) in [("0", Some(0)), ("9223372036854775807", Some(i64::MAX)), ("\"1000\"", Some(1000)), ("null", None)] {
        let WebhookSubject::Payment { amount, .. } = with(good).unwrap().subject else { panic!() };
        assert_eq!(amount, expected, "{good}");
    }
}

#[test]
fn bodies_that_are_no_object_are_malformed_and_typeless() {
    for bad in ["", " ", "null", "7", "\"x\"", "[]", "[1,2]", "{", r#"{"event_type":"payment_succeeded""#, "{} x", "\u{feff}{}", "<html>"] {
        assert!(hyperswitch().parse(bad.as_bytes()).is_err(), "{bad}");
        assert_eq!(hyperswitch().event_type(bad.as_bytes()), None, "{bad}");
    }
    assert!(hyperswitch().parse(b"{\"event_type\":\"\xff\"}").is_err(), "not UTF-8");
    let deep = format!("{}1{}", r#"{"object":"#.repeat(5000), "}".repeat(5000));
    assert!(hyperswitch().parse(deep.as_bytes()).is_err(), "nested without end");
}

#[test]
fn the_error_quotes_nothing_of_the_body() {
    let error = hyperswitch().parse(br#"{"client_secret":"pay_secret_1", oops}"#).unwrap_err().to_string();
    assert!(!error.contains("pay_secret_1"), "{error}");
}

/// spec/01-money §11: "type read from each shape".
#[test]
fn the_type_is_read_from_each_shape() {
    let of = |body: &str| hyperswitch().event_type(body.as_bytes());
    assert_eq!(hyperswitch().event_type(PAYMENT.0).as_deref(), Some("payment_succeeded"));
    assert_eq!(of(r#"{"type":"payment.succeeded","payment_id":"p"}"#).as_deref(), Some("payment.succeeded"));
    assert_eq!(of(r#"{"type":"refund.failed","object":{"refund_id":"r"}}"#).as_deref(), Some("refund.failed"));
    assert_eq!(of(r#"{"payment_id":"p"}"#), None);
    assert_eq!(of(r#"{"event_type":null,"type":5}"#), None);
    assert_eq!(of(&format!(r#"{{"type":"{}"}}"#, "x".repeat(5000))).map(|kind| kind.len()), Some(100));
}

#[test]
fn escapes_in_texts_are_read() {
    assert_eq!(payment_status(r#"{"payment_id":"\u0070ay","status":"succe\u0065ded"}"#), PaymentStatus::Succeeded);
}
