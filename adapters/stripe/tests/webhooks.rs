//! Signatures of Stripe's webhooks and what their bodies are about (contracts/stripe.md §9).
//!
//! The signatures here were made by another program: `printf '%s' "$t.$body" | openssl dgst -sha256 -hmac "$secret"`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use secrecy::SecretString;
use std::sync::LazyLock;
use veza_domain::time::Timestamp;
use veza_ports::transfers::{ConnectEvent, ConnectSubject, RejectedMessage, TransferWebhooks};
use veza_stripe::{ConfigError, StripeWebhooks};

const PLATFORM: &str = "whsec_platform_1f2e3d4c5b6a";
const CONNECT: &str = "whsec_connect_6a5b4c3d2e1f";
const TIME: i64 = 1_790_000_510;

/// `transfer.reversed`, as the platform's endpoint gets it.
const REVERSED: &str = r#"{"id":"evt_1SRev","object":"event","api_version":"2026-05-27.dahlia","created":1790000509,"data":{"object":{"id":"tr_1SBack","object":"transfer","amount":8450,"amount_reversed":2500,"currency":"usd"}},"livemode":false,"pending_webhooks":1,"request":{"id":null,"idempotency_key":null},"type":"transfer.reversed"}"#;
const REVERSED_SIGNED: &str = "158e3a3497cb901c4cd0a2e6cc1252ddfe966e45b97121ad3fcd8d99470ddac2";
/// `payout.failed`, as the Connect endpoint gets it.
const PAYOUT: &str = r#"{"id":"evt_1SPay","object":"event","account":"acct_1SvendorA0000001","created":1790000509,"data":{"object":{"id":"po_1SBank","object":"payout","amount":900,"status":"failed","failure_code":"account_closed"}},"livemode":false,"type":"payout.failed"}"#;
const PAYOUT_SIGNED: &str = "df7da5daad1b5eb50a86d3178a8561df18c63896e0817dd1e15436d166ba9f77";

fn secrets(secrets: &[&str]) -> Vec<SecretString> {
    secrets.iter().map(|secret| SecretString::from(*secret)).collect()
}

fn both() -> &'static StripeWebhooks {
    static BOTH: LazyLock<StripeWebhooks> = LazyLock::new(|| StripeWebhooks::new(&secrets(&[PLATFORM, CONNECT])).unwrap());
    &BOTH
}

fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000_000)
}

fn accept(body: &str, signature: &str) -> Result<ConnectEvent, RejectedMessage> {
    both().accept(body.as_bytes(), Some(signature), at(TIME + 5))
}

fn is_signed(body: &str, signature: &str) -> bool {
    accept(body, signature).is_ok()
}

fn subject(body: &str) -> ConnectSubject {
    both().parse(body.as_bytes()).unwrap().subject
}

fn malformed(body: &[u8]) -> String {
    match both().parse(body) {
        Err(RejectedMessage::Malformed(words)) => words,
        other => panic!("{other:?}"),
    }
}

fn event(kind: &str, rest: &str) -> String {
    format!(r#"{{"id":"evt_1","type":"{kind}"{rest}}}"#)
}

#[test]
fn s9_deliveries_of_both_endpoints_are_accepted() {
    assert_eq!(both().signature_header(), "stripe-signature");
    let reversed = accept(REVERSED, &format!("t={TIME},v1={REVERSED_SIGNED}")).unwrap();
    let expected = ConnectEvent {
        event_id: "evt_1SRev".to_owned(),
        event_type: "transfer.reversed".to_owned(),
        account_id: None,
        subject: ConnectSubject::Transfer { stripe_transfer_id: "tr_1SBack".to_owned() },
    };
    assert_eq!(reversed, expected);
    let payout = accept(PAYOUT, &format!("t={TIME},v1={PAYOUT_SIGNED}")).unwrap();
    assert_eq!(payout.account_id.as_deref(), Some("acct_1SvendorA0000001"));
    assert_eq!(payout.subject, ConnectSubject::Payout { payout_id: "po_1SBank".to_owned() });
}

#[test]
fn s9_any_v1_counts_and_no_other_scheme() {
    let wrong = "0".repeat(64);
    let right = REVERSED_SIGNED;
    for good in [
        format!("t={TIME},v1={wrong},v1={right}"),
        format!("t={TIME},v1={right},v1={wrong},v0={wrong}"),
        format!("v1={right},t={TIME}"),
        format!("t={TIME}, v1={right}"),
        format!("t={TIME},v1=nonsense,odd,v1={right}"),
    ] {
        assert!(is_signed(REVERSED, &good), "{good}");
    }
    for bad in [
        format!("t={TIME},v0={right}"),
        format!("t={TIME},v2={right}"),
        format!("t={TIME},v1={wrong}"),
        format!("t={TIME},v1={wrong},v1={wrong}"),
        format!("t={TIME},v1={PAYOUT_SIGNED}"),
        format!("t={TIME},v1={}", &right[..62]),
        format!("t={TIME},v1={right}00"),
        format!("t={TIME}"),
        format!("v1={right}"),
        format!("t=,v1={right}"),
        format!("t=x,v1={right}"),
        format!("t=+{TIME},v1={right}"),
        format!("t=-{TIME},v1={right}"),
        format!("t={TIME}.0,v1={right}"),
        format!("t={},v1={right}", TIME + 1),
        format!("t={TIME},t={TIME},v1={right}"),
        format!("t=99999999999999999999999,v1={right}"),
        String::new(),
        ",,,===".to_owned(),
        right.to_owned(),
    ] {
        let answer = accept(REVERSED, &bad);
        assert!(matches!(answer, Err(RejectedMessage::Signature)), "{bad}: {answer:?}");
    }
    assert!(matches!(both().accept(REVERSED.as_bytes(), None, at(TIME)), Err(RejectedMessage::Signature)), "no header");
}

#[test]
fn s9_the_raw_bytes_and_every_secret_count() {
    let signature = format!("t={TIME},v1={REVERSED_SIGNED}");
    for changed in [format!("{REVERSED}\n"), REVERSED.replace("2500", "2501"), String::new()] {
        assert!(!is_signed(&changed, &signature));
    }
    let only = |known: &[&str]| StripeWebhooks::new(&secrets(known)).unwrap().accept(REVERSED.as_bytes(), Some(&signature), at(TIME));
    assert!(only(&[PLATFORM]).is_ok());
    assert!(only(&["whsec_rolled", CONNECT, PLATFORM]).is_ok());
    assert!(matches!(only(&[CONNECT]), Err(RejectedMessage::Signature)));
    assert!(matches!(only(&["platform_1f2e3d4c5b6a"]), Err(RejectedMessage::Signature)), "the prefix is part of the key");
}

#[test]
fn s9_a_signature_is_good_for_300_seconds() {
    let signature = format!("t={TIME},v1={REVERSED_SIGNED}");
    let now = |at: Timestamp| both().accept(REVERSED.as_bytes(), Some(&signature), at).is_ok();
    for good in [-300, -1, 0, 1, 300] {
        assert!(now(at(TIME + good)), "{good}");
    }
    for bad in [-86_400, -301, 301, 86_400] {
        assert!(!now(at(TIME + bad)), "{bad}");
    }
    assert!(!now(Timestamp(i64::MIN)) && !now(Timestamp(i64::MAX)));
}

/// Signed, and still broken: told apart from a signature that does not hold.
#[test]
fn signed_garbage_is_malformed() {
    let garbage: &[u8] = b"{\"id\":\"\xff\"}";
    let signed = |body: &[u8], digest: &str| both().accept(body, Some(&format!("t={TIME},v1={digest}")), at(TIME));
    assert!(
        matches!(signed(garbage, "bb80e13b283c82487642de26c44ffe828b60be38c4307ec1fc8cc7edf890fcc0"), Err(RejectedMessage::Malformed(_))),
        "not UTF-8"
    );
    assert!(matches!(signed(garbage, REVERSED_SIGNED), Err(RejectedMessage::Signature)), "checked first");
}

#[test]
fn what_an_event_is_about() {
    let object = |id: &str| format!(r#","data":{{"object":{{"id":"{id}"}}}}"#);
    let with_account = |rest: String| format!(r#","account":"acct_9"{rest}"#);
    let account = |id: &str| ConnectSubject::Account { account_id: id.to_owned() };
    assert_eq!(subject(&event("account.updated", &object("acct_7"))), account("acct_7"), "the object");
    assert_eq!(subject(&event("account.updated", &with_account(object("acct_9")))), account("acct_9"));
    assert_eq!(subject(&event("account.external_account.created", &with_account(object("ba_1")))), account("acct_9"), "a part of it");
    assert_eq!(subject(&event("account.application.deauthorized", &with_account(object("ca_1")))), account("acct_9"));
    assert_eq!(both().parse(event("account.updated", &object("acct_7")).as_bytes()).unwrap().account_id.as_deref(), Some("acct_7"));
    for kind in ["transfer.created", "transfer.reversed", "transfer.updated"] {
        assert_eq!(subject(&event(kind, &object("tr_1"))), ConnectSubject::Transfer { stripe_transfer_id: "tr_1".to_owned() });
    }
    for kind in ["payout.paid", "payout.failed", "payout.created", "payout.canceled"] {
        assert_eq!(subject(&event(kind, &with_account(object("po_1")))), ConnectSubject::Payout { payout_id: "po_1".to_owned() });
    }
    for kind in ["charge.refunded", "balance.available", "accounts.updated", "Account.updated", "v2.core.account.updated", "x", "."] {
        assert_eq!(subject(&event(kind, &object("x_1"))), ConnectSubject::Other, "{kind}");
    }
    for odd in ["", r#","data":null"#, r#","data":{"object":[1]}"#, r#","account":7,"data":{"object":{"id":7}}"#] {
        assert_eq!(subject(&event("charge.refunded", odd)), ConnectSubject::Other, "{odd}");
    }
}

#[test]
fn bodies_that_name_nothing_are_malformed_and_quote_nothing() {
    for kind in ["account.updated", "transfer.created", "payout.paid"] {
        for odd in ["", r#","data":{"object":{"id":""}}"#, r#","data":{"object":{"id":7}}"#, r#","data":{"object":"tr_1"}"#] {
            assert!(malformed(event(kind, odd).as_bytes()).contains("names none"), "{kind} {odd}");
        }
    }
    assert!(malformed(event("account.updated", r#","data":{"object":{"id":"ba_1"}}"#).as_bytes()).contains("names none"));
    for body in ["", " ", "null", "7", "[]", r#"["evt_1","x"]"#, "{", "{}", r#"{"id":"evt_1"}"#, r#"{"type":"x"}"#, "<html>", "{} x"] {
        malformed(body.as_bytes());
    }
    malformed(event("", "").as_bytes());
    malformed(br#"{"id":"","type":"x"}"#);
    let deep = format!("{}1{}", r#"{"data":"#.repeat(5000), "}".repeat(5000));
    malformed(deep.as_bytes());
    let words = malformed(br#"{"id":{"secret":"hush"},"type":"x"}"#) + &malformed(br#"{"email":"hush@example.org", oops}"#);
    assert!(!words.contains("hush"), "{words}");
}

#[test]
fn the_type_is_read_where_it_can_be() {
    let of = |body: &str| both().event_type(body.as_bytes());
    assert_eq!(of(PAYOUT).as_deref(), Some("payout.failed"));
    assert_eq!(of(r#"{"type":"x"}"#).as_deref(), Some("x"), "it need not be whole");
    assert_eq!(of(&format!(r#"{{"type":"{}"}}"#, "x".repeat(5000))).map(|kind| kind.len()), Some(100));
    for none in ["", "{}", r#"{"type":7}"#, r#"{"type":""}"#, r#"["x"]"#, "<html>"] {
        assert_eq!(of(none), None, "{none}");
    }
}

#[test]
fn secrets_are_needed_and_not_shown() {
    for none in [&[][..], &[""], &["  "], &[PLATFORM, ""]] {
        assert!(matches!(StripeWebhooks::new(&secrets(none)), Err(ConfigError::WebhookSecret)), "{none:?}");
    }
    assert_eq!(format!("{:?}", both()), "StripeWebhooks(2 secrets)");
}

proptest! {
    #[test]
    fn no_bytes_and_no_header_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..300), header in "\\PC{0,200}", now in any::<i64>()) {
        let _ = (both().parse(&body), both().event_type(&body));
        prop_assert!(both().accept(&body, Some(&header), Timestamp(now)).is_err());
    }

    #[test]
    fn no_event_makes_it_panic(kind in "(account|transfer|payout|[a-z]{0,3})[.a-z]{0,9}", id in "\\PC{0,8}", cut in 0_usize..200) {
        let body = event(&kind, &format!(r#","account":{id:?},"data":{{"object":{{"id":{id:?}}}}}"#));
        let _ = both().parse(body.as_bytes());
        let _ = both().parse(&body.as_bytes()[..cut.min(body.len())]);
    }

    #[test]
    fn headers_of_many_parts_are_read_or_refused(parts in prop::collection::vec("(t|v1|v0|x)=[0-9a-f]{0,70}", 0..40)) {
        let answer = both().accept(b"{}", Some(&parts.join(",")), at(0));
        prop_assert!(answer.is_err());
    }
}
