//! What goes over the wire, and what each answer means, against a scripted server (contracts/hyperswitch.md, by section).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;
use support::{Reply, Scripted};
use veza_domain::ids::{OrderId, RefundId};
use veza_domain::money::Money;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};
use veza_hyperswitch::{ConfigError, Hyperswitch, HyperswitchConfig};
use veza_ports::payments::{HyperswitchReadClient, NewPayment, NewRefund, PaymentMethod, PaymentProvider, PspError, ReadError};

const API_KEY: &str = "snd_wire_key";
const ORDER: &str = "0190a000-0000-7000-8000-000000000001";
const REFUND: &str = "0190a000-0000-7000-8000-000000000002";

fn config(base_url: &str) -> HyperswitchConfig {
    HyperswitchConfig {
        base_url: base_url.to_owned(),
        api_key: API_KEY.into(),
        webhook_secret: "hash key".into(),
        profile_id: None,
        timeout: Duration::from_secs(2),
    }
}

fn client(base_url: &str) -> Hyperswitch {
    Hyperswitch::new(config(base_url)).unwrap()
}

fn payment() -> NewPayment {
    let order_id: OrderId = ORDER.parse().unwrap();
    NewPayment {
        payment_id: ORDER.to_owned(),
        order_id,
        amount: Money::new(6540, "USD".parse().unwrap()),
        description: "Drums & \"more\"".to_owned(),
        return_url: Some("https://shop.example/done".to_owned()),
        customer_id: None,
        method: PaymentMethod::AtCheckout,
        open_for: Duration::from_secs(3600),
    }
}

fn refund() -> NewRefund {
    let refund_id: RefundId = REFUND.parse().unwrap();
    NewRefund { refund_id, payment_id: ORDER.to_owned(), amount: Money::new(100, "USD".parse().unwrap()), reason: None }
}

fn payment_json(status: &str, amount: i64) -> String {
    format!(
        r#"{{"payment_id":"{ORDER}","status":"{status}","amount":{amount},"amount_received":null,"currency":"USD","client_secret":"{ORDER}_secret_x",
        "metadata":{{"order_id":"{ORDER}"}},"refunds":null,"disputes":null,"error_code":null,"error_message":null,"tomorrow":[1]}}"#
    )
}

fn refund_json(status: &str, amount: i64) -> String {
    format!(
        r#"{{"refund_id":"{REFUND}","payment_id":"{ORDER}","amount":{amount},"currency":"USD","status":"{status}","reason":null,
        "metadata":null,"error_message":null,"error_code":null,"connector_refund_id":null}}"#
    )
}

fn error_json(code: &str) -> String {
    format!(r#"{{"error":{{"type":"invalid_request","message":"words","code":"{code}","reason":"more"}}}}"#)
}

fn ok(body: String) -> Reply {
    Reply::Json(200, body)
}

fn err(status: u16, code: &str) -> Reply {
    Reply::Json(status, error_json(code))
}

async fn create(replies: impl IntoIterator<Item = Reply>) -> Result<veza_ports::payments::Payment, PspError> {
    let server = Scripted::start(replies).await;
    client(&server.url).create_payment(ORDER, &payment()).await
}

async fn give_back(replies: impl IntoIterator<Item = Reply>) -> Result<veza_ports::payments::PspRefund, PspError> {
    let server = Scripted::start(replies).await;
    client(&server.url).create_refund(REFUND, &refund()).await
}

#[tokio::test]
async fn s3_create_payment_sends_what_the_contract_names_and_nothing_else() {
    let server = Scripted::start([ok(payment_json("requires_payment_method", 6540))]).await;
    let created = client(&server.url).create_payment(ORDER, &payment()).await.unwrap();
    assert_eq!((created.status, created.psp_status.as_str()), (PaymentStatus::Open, "requires_payment_method"));
    assert_eq!(created.client_secret.unwrap().0, format!("{ORDER}_secret_x"));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /payments");
    assert_eq!(seen[0].header("api-key"), Some(API_KEY));
    assert_eq!(seen[0].header("idempotency-key"), Some(ORDER));
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    let expected = format!(
        r#"{{"payment_id":"{ORDER}","amount":6540,"currency":"USD","confirm":false,"capture_method":"automatic","session_expiry":3600,"description":"Drums & \"more\"","metadata":{{"order_id":"{ORDER}"}},"return_url":"https://shop.example/done"}}"#
    );
    assert_eq!(seen[0].body, expected);
}

#[tokio::test]
async fn s3_a_method_that_is_kept_is_asked_for_by_name() {
    let answer = payment_json("requires_payment_method", 6540).replace(r#""refunds":null"#, r#""customer_id":"user","refunds":null"#);
    let server = Scripted::start([ok(answer)]).await;
    let kept = NewPayment { customer_id: Some("user".to_owned()), method: PaymentMethod::AtCheckoutKept, ..payment() };
    let created = client(&server.url).create_payment(ORDER, &kept).await.unwrap();
    assert_eq!((created.saved_method, created.needs_customer), (None, false), "nothing is kept before the customer has paid");
    let expected = format!(
        r#"{{"payment_id":"{ORDER}","amount":6540,"currency":"USD","confirm":false,"capture_method":"automatic","session_expiry":3600,"description":"Drums & \"more\"","metadata":{{"order_id":"{ORDER}"}},"return_url":"https://shop.example/done","customer_id":"user","setup_future_usage":"off_session"}}"#
    );
    assert_eq!(server.seen()[0].body, expected);
}

fn charge() -> NewPayment {
    let method = PaymentMethod::Saved(SavedMethod("pm_1".to_owned()));
    NewPayment { customer_id: Some("user".to_owned()), method, return_url: None, ..payment() }
}

fn charge_json(status: &str) -> String {
    let names = r#""customer_id":"user","payment_method_id":"pm_1","mandate_id":"man_1","refunds":null"#;
    payment_json(status, 6540).replace(r#""refunds":null"#, names)
}

#[tokio::test]
async fn s3_a_charge_without_the_customer_confirms_at_once() {
    let server = Scripted::start([ok(charge_json("succeeded"))]).await;
    let charged = client(&server.url).create_payment(ORDER, &charge()).await.unwrap();
    assert_eq!((charged.status, charged.saved_method), (PaymentStatus::Succeeded, Some(SavedMethod("pm_1".to_owned()))));
    let expected = format!(
        r#"{{"payment_id":"{ORDER}","amount":6540,"currency":"USD","confirm":true,"capture_method":"automatic","session_expiry":3600,"description":"Drums & \"more\"","metadata":{{"order_id":"{ORDER}"}},"customer_id":"user","off_session":true,"recurring_details":{{"type":"payment_method_id","data":"pm_1"}}}}"#
    );
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].line.as_str(), seen[0].body.as_str()), ("POST /payments", expected.as_str()));
    assert_eq!(seen[0].header("idempotency-key"), Some(ORDER));
}

#[tokio::test]
async fn s3_a_charge_that_wants_the_customer_is_open_and_says_so() {
    let server = Scripted::start([ok(charge_json("requires_customer_action"))]).await;
    let charged = client(&server.url).create_payment(ORDER, &charge()).await.unwrap();
    assert_eq!((charged.status, charged.needs_customer), (PaymentStatus::Open, true));
}

/// The method is looked at before the id: only a read proves that an earlier call did not charge it.
#[tokio::test]
async fn s3_a_refused_charge_is_read_back() {
    for (refusal, status) in [("HE_02", 404), ("HE_03", 400), ("IR_16", 400)] {
        let server = Scripted::start([err(status, refusal), ok(charge_json("succeeded"))]).await;
        let adopted = client(&server.url).create_payment(ORDER, &charge()).await.unwrap();
        assert_eq!(adopted.status, PaymentStatus::Succeeded, "{refusal}: an earlier call charged");
        assert_eq!(server.seen()[1].line, format!("GET /payments/{ORDER}?force_sync=true"));

        for untried in [err(404, "HE_02"), ok(charge_json("requires_confirmation"))] {
            let server = Scripted::start([err(status, refusal), untried.clone(), untried]).await;
            let Err(PspError::Refused { code, .. }) = client(&server.url).create_payment(ORDER, &charge()).await else { panic!() };
            assert_eq!(code, refusal, "nothing was charged");
        }
        let server = Scripted::start([err(status, refusal), Reply::Cut]).await;
        let answer = client(&server.url).create_payment(ORDER, &charge()).await;
        assert!(matches!(answer, Err(PspError::Unknown(_))), "{refusal}, unread: {answer:?}");
    }
    let server = Scripted::start([err(400, "IR_16")]).await;
    assert!(matches!(client(&server.url).create_payment(ORDER, &payment()).await, Err(PspError::Refused { .. })));
    assert_eq!(server.seen().len(), 1, "an unconfirmed payment moves no money: its refusal stands");
}

#[tokio::test]
async fn s3_a_charge_of_another_customer_is_not_ours() {
    let server = Scripted::start([err(400, "HE_01"), ok(charge_json("succeeded").replace(r#""user""#, r#""else""#))]).await;
    let answer = client(&server.url).create_payment(ORDER, &charge()).await;
    assert!(matches!(answer, Err(PspError::NotOurs(_))), "{answer:?}");
}

#[tokio::test]
async fn s3_the_profile_goes_out_when_there_is_one() {
    let server = Scripted::start([ok(payment_json("processing", 6540))]).await;
    let with_profile = HyperswitchConfig { profile_id: Some("pro_1".to_owned()), ..config(&format!("{}/", server.url)) };
    let plain = NewPayment { return_url: None, ..payment() };
    Hyperswitch::new(with_profile).unwrap().create_payment(ORDER, &plain).await.unwrap();
    assert!(server.seen()[0].body.ends_with(r#""profile_id":"pro_1"}"#), "{}", server.seen()[0].body);
    assert!(!server.seen()[0].body.contains("return_url"));
}

#[tokio::test]
async fn s5_create_refund_always_sends_its_id_and_amount() {
    let server = Scripted::start([ok(refund_json("pending", 100))]).await;
    let long = NewRefund { reason: Some("ü".repeat(300)), ..refund() };
    let created = client(&server.url).create_refund(REFUND, &long).await.unwrap();
    assert_eq!(created.status, PspRefundStatus::Open);
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /refunds");
    assert_eq!(seen[0].header("idempotency-key"), Some(REFUND));
    let reason = "ü".repeat(255);
    assert_eq!(seen[0].body, format!(r#"{{"payment_id":"{ORDER}","refund_id":"{REFUND}","amount":100,"reason":"{reason}"}}"#));
}

#[tokio::test]
async fn an_empty_key_fails_before_anything_is_sent() {
    let server = Scripted::start([]).await;
    let psp = client(&server.url);
    for empty in ["", "  "] {
        assert!(matches!(psp.create_payment(empty, &payment()).await, Err(PspError::EmptyKey(_))));
        assert!(matches!(psp.create_refund(empty, &refund()).await, Err(PspError::EmptyKey(_))));
    }
    assert!(matches!(psp.create_refund("a\nb", &refund()).await, Err(PspError::Unavailable(_))), "no header can carry it");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn s3_a_decline_is_a_payment_that_failed() {
    let body = payment_json("failed", 6540)
        .replace(r#""error_code":null,"error_message":null"#, r#""error_code":"51","error_message":"no funds""#);
    let declined = create([ok(body)]).await.unwrap();
    assert_eq!(declined.status, PaymentStatus::Failed);
    assert_eq!(declined.error.as_deref(), Some("51: no funds"));
}

#[tokio::test]
async fn s7_a_200_with_an_error_is_a_refusal() {
    let body = r#"{"error":{"type":"blocked","message":"blocked","code":"HE_03","payment_id":"x"}}"#.to_owned();
    let Err(PspError::Refused { code, message }) = create([ok(body)]).await else { panic!() };
    assert_eq!((code.as_str(), message.as_str()), ("HE_03", "blocked"));
}

#[tokio::test]
async fn s7_both_error_shapes_are_refusals() {
    let parse_error = r#"{"error":{"error_type":"invalid_request","message":"unknown field","code":"IR_06"}}"#.to_owned();
    let Err(PspError::Refused { code, .. }) = create([Reply::Json(400, parse_error)]).await else { panic!() };
    assert_eq!(code, "IR_06");
    let only_message = r#"{"error":{"message":"nope"}}"#.to_owned();
    let Err(PspError::Refused { code, message }) = create([Reply::Json(400, only_message)]).await else { panic!() };
    assert_eq!((code.as_str(), message.as_str()), ("HTTP_400", "nope"));
    for (status, code) in [(400, "IR_20"), (404, "HE_02"), (402, "CE_00"), (422, "IR_05")] {
        assert!(matches!(create([err(status, code)]).await, Err(PspError::Refused { .. })), "{status} {code}");
    }
}

#[tokio::test]
async fn s7_no_verdict_is_unknown() {
    let html = Reply::With(502, "content-type: text/html\r\n", "<h1>bad gateway</h1>".to_owned());
    let unknown = [
        err(500, "HE_00"),
        err(422, "HE_00"),
        err(200, "HE_00"),
        err(503, "CE_00"),
        err(500, "IE_00"),
        html,
        Reply::With(302, "location: http://127.0.0.1:9/\r\n", String::new()),
        Reply::With(404, "", "no route".to_owned()),
        ok("{}".to_owned()),
        ok("not json".to_owned()),
        Reply::Cut,
        Reply::CutInBody,
        Reply::Silence,
        ok(" ".repeat(1024 * 1024 + 1)),
    ];
    for (number, reply) in unknown.into_iter().enumerate() {
        let answer = create([reply.clone()]).await;
        assert!(matches!(answer, Err(PspError::Unknown(_))), "{number}: {answer:?}");
        let answer = give_back([reply]).await;
        assert!(matches!(answer, Err(PspError::Unknown(_))), "{number}: {answer:?}");
    }
}

/// spec/01-money §3: nothing happened, alert or wait.
#[tokio::test]
async fn s7_credentials_and_limits_are_no_verdicts() {
    for reply in [err(401, "IR_01"), err(403, "IR_22"), Reply::With(403, "", "<html>".to_owned())] {
        let error = create([reply.clone()]).await.unwrap_err();
        assert!(matches!(error, PspError::Credentials(_)), "{error:?}");
        assert!(matches!(give_back([reply]).await, Err(PspError::Credentials(_))));
        assert!(!format!("{error:?}").contains(API_KEY));
    }
    for reply in [err(429, "HE_00"), Reply::With(429, "", "slow down".to_owned())] {
        assert!(matches!(create([reply.clone()]).await, Err(PspError::Unavailable(_))));
        assert!(matches!(give_back([reply]).await, Err(PspError::Unavailable(_))));
    }
}

#[tokio::test]
async fn no_connection_means_that_nothing_was_done() {
    let psp = client("http://127.0.0.1:1");
    assert!(matches!(psp.create_payment(ORDER, &payment()).await, Err(PspError::Unavailable(_))));
    assert!(matches!(psp.create_refund(REFUND, &refund()).await, Err(PspError::Unavailable(_))));
    assert!(matches!(psp.payment(ORDER).await, Err(ReadError::Unavailable(_))));
}

/// §1: with `proxy_status_mapping` the connector's status comes with the payment.
#[tokio::test]
async fn s1_a_payment_counts_under_any_status() {
    let declined = create([Reply::Json(402, payment_json("failed", 6540))]).await.unwrap();
    assert_eq!(declined.status, PaymentStatus::Failed);
    let open = create([Reply::Json(504, payment_json("processing", 6540))]).await.unwrap();
    assert_eq!(open.status, PaymentStatus::Open);
}

#[tokio::test]
async fn s6_a_duplicate_payment_is_read_back_and_adopted() {
    let server = Scripted::start([err(400, "HE_01"), ok(payment_json("succeeded", 6540))]).await;
    let adopted = client(&server.url).create_payment(ORDER, &payment()).await.unwrap();
    assert_eq!(adopted.status, PaymentStatus::Succeeded);
    assert_eq!(server.seen()[1].line, format!("GET /payments/{ORDER}?force_sync=true"));
    assert_eq!(server.seen()[1].header("idempotency-key"), None);
}

#[tokio::test]
async fn s6_another_payment_under_our_id_is_not_ours() {
    let other_order = payment_json("processing", 6540).replace(&format!(r#""order_id":"{ORDER}""#), r#""order_id":"else""#);
    let other_currency = payment_json("processing", 6540).replace("USD", "EUR");
    for found in [payment_json("processing", 6541), other_order, other_currency] {
        let answer = create([err(400, "HE_01"), ok(found.clone())]).await;
        assert!(matches!(answer, Err(PspError::NotOurs(_))), "{answer:?}");
        assert!(matches!(create([ok(found)]).await, Err(PspError::NotOurs(_))), "in a first answer too");
    }
    let without_metadata = payment_json("processing", 6540).replace(&format!(r#"{{"order_id":"{ORDER}"}}"#), "null");
    assert!(create([err(400, "HE_01"), ok(without_metadata)]).await.is_ok());
}

#[tokio::test]
async fn s6_a_duplicate_that_cannot_be_read_is_unknown() {
    for read in [err(404, "HE_02"), err(500, "HE_00"), err(401, "IR_01"), Reply::Cut] {
        assert!(matches!(create([err(400, "HE_01"), read.clone()]).await, Err(PspError::Unknown(_))));
        assert!(matches!(give_back([err(400, "HE_01"), read]).await, Err(PspError::Unknown(_))));
    }
}

/// §5: checks 3, 9 and others come before the one for a duplicate id.
#[tokio::test]
async fn s5_a_refused_repeat_is_read_back_and_adopted() {
    for (status, code) in [(400, "HE_01"), (400, "IR_13"), (400, "IR_12"), (400, "IR_14"), (400, "IR_16"), (422, "IR_05")] {
        let server = Scripted::start([err(status, code), ok(refund_json("succeeded", 100))]).await;
        let adopted = client(&server.url).create_refund(REFUND, &refund()).await.unwrap();
        assert_eq!(adopted.status, PspRefundStatus::Succeeded, "{code}");
        assert_eq!(server.seen()[1].line, format!("GET /refunds/{REFUND}?force_sync=true"));
    }
}

#[tokio::test]
async fn s5_a_refusal_stands_once_there_is_no_such_refund() {
    for code in ["IR_13", "IR_14", "HE_02"] {
        let Err(PspError::Refused { code: kept, message }) = give_back([err(400, code), err(404, "HE_02"), err(404, "HE_02")]).await else {
            panic!()
        };
        assert_eq!((kept.as_str(), message.as_str()), (code, "words"));
    }
    assert!(matches!(give_back([err(400, "IR_13"), Reply::Cut]).await, Err(PspError::Unknown(_))));
    let by_proxy = Reply::With(404, "", "no route".to_owned());
    assert!(matches!(give_back([err(400, "IR_13"), by_proxy]).await, Err(PspError::Unknown(_))));
}

#[tokio::test]
async fn s5_another_refund_under_our_id_is_not_ours() {
    let other_payment = refund_json("succeeded", 100).replace(ORDER, "pay_else");
    for found in [refund_json("succeeded", 99), other_payment, refund_json("succeeded", 100).replace("USD", "EUR")] {
        let answer = give_back([err(400, "HE_01"), ok(found)]).await;
        assert!(matches!(answer, Err(PspError::NotOurs(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn s5_a_refund_that_failed_at_once_comes_back_as_failed() {
    let body =
        refund_json("failed", 100).replace(r#""error_message":null,"error_code":null"#, r#""error_message":"closed","error_code":"R1""#);
    let failed = give_back([ok(body)]).await.unwrap();
    assert_eq!((failed.status, failed.error.as_deref()), (PspRefundStatus::Failed, Some("R1: closed")));
    for status in ["pending", "review", "tomorrow"] {
        assert_eq!(give_back([ok(refund_json(status, 100))]).await.unwrap().status, PspRefundStatus::Open);
    }
}

#[tokio::test]
async fn s3_one_read_brings_the_refunds_too() {
    let body = payment_json("succeeded", 6540).replace(r#""refunds":null"#, &format!(r#""refunds":[{}]"#, refund_json("succeeded", 100)));
    let server = Scripted::start([ok(body)]).await;
    let found = client(&server.url).payment(ORDER).await.unwrap().unwrap();
    assert_eq!(found.refunds.len(), 1);
    assert_eq!((found.refunds[0].refund_id.as_str(), found.refunds[0].amount), (REFUND, 100));
}

#[tokio::test]
async fn s7_only_the_providers_own_404_means_that_there_is_none() {
    for (reply, found) in [(err(404, "HE_02"), true), (err(404, "IR_02"), false), (Reply::With(404, "", "<html>".to_owned()), false)] {
        let server = Scripted::start(vec![reply; 4]).await;
        let psp = client(&server.url);
        let (payment, refund) = (psp.payment("pay_x").await, psp.refund("ref_x").await);
        assert_eq!(matches!(payment, Ok(None)), found, "{payment:?}");
        assert_eq!(matches!(refund, Ok(None)), found, "{refund:?}");
        assert_eq!(matches!(payment, Err(ReadError::Unavailable(_))), !found);
    }
}

/// A connector account that was deleted is the same 404 as an object that never was: what is stored tells them apart.
#[tokio::test]
async fn s7_a_synced_404_is_believed_only_when_a_plain_read_says_the_same() {
    let server =
        Scripted::start([err(404, "HE_02"), ok(payment_json("processing", 6540)), err(404, "HE_02"), ok(refund_json("pending", 100))])
            .await;
    let psp = client(&server.url);
    assert_eq!(psp.payment(ORDER).await.unwrap().unwrap().status, PaymentStatus::Open);
    assert_eq!(psp.refund(REFUND).await.unwrap().unwrap().status, PspRefundStatus::Open);
    let lines: Vec<String> = server.seen().into_iter().map(|request| request.line).collect();
    assert_eq!(lines[1], format!("GET /payments/{ORDER}"));
    assert_eq!(lines[3], format!("GET /refunds/{REFUND}"));
    for unread in [err(500, "HE_00"), Reply::Cut, err(404, "IR_02")] {
        let server = Scripted::start([err(404, "HE_02"), unread]).await;
        assert!(matches!(client(&server.url).payment(ORDER).await, Err(ReadError::Unavailable(_))), "nobody knows");
    }
}

/// §4: its rest is lost, and it must never pass for the whole.
#[tokio::test]
async fn s4_a_partial_capture_is_a_success_of_what_was_received() {
    let body = payment_json("partially_captured", 6540);
    for (received, expected) in [("600", Some(600)), ("null", Some(0))] {
        let body = body.replace(r#""amount_received":null"#, &format!(r#""amount_received":{received}"#));
        let found = client(&Scripted::start([ok(body)]).await.url).payment(ORDER).await.unwrap().unwrap();
        assert_eq!((found.status, found.amount_received), (PaymentStatus::Succeeded, expected));
    }
}

#[tokio::test]
async fn reads_that_say_nothing() {
    for reply in [err(500, "HE_00"), err(200, "HE_02"), ok("{}".to_owned()), Reply::Cut, Reply::CutInBody, Reply::Silence, err(429, "x")] {
        let server = Scripted::start([reply]).await;
        assert!(matches!(client(&server.url).payment(ORDER).await, Err(ReadError::Unavailable(_))));
    }
    let server = Scripted::start([err(401, "IR_01"), ok(payment_json("succeeded", 1)), ok(refund_json("succeeded", 1))]).await;
    let psp = client(&server.url);
    assert!(matches!(psp.payment(ORDER).await, Err(ReadError::Credentials(_))));
    assert!(matches!(psp.payment("another").await, Err(ReadError::Unavailable(_))), "about another payment");
    assert!(matches!(psp.refund("another").await, Err(ReadError::Unavailable(_))), "about another refund");
}

#[tokio::test]
async fn ids_cannot_leave_their_path_segment() {
    let server = Scripted::start([err(404, "HE_02"), err(404, "HE_02")]).await;
    let psp = client(&server.url);
    assert!(psp.payment("../refunds/x?y#z").await.unwrap().is_none());
    assert_eq!(server.seen()[0].line, "GET /payments/..%2Frefunds%2Fx%3Fy%23z?force_sync=true");
    for no_id in ["", ".", ".."] {
        assert!(matches!(psp.payment(no_id).await, Err(ReadError::Unavailable(_))));
    }
    assert_eq!(server.seen().len(), 2, "a synced read and a plain one");
}

#[test]
fn bad_configurations_are_refused() {
    assert!(matches!(Hyperswitch::new(config("not a url")), Err(ConfigError::BaseUrl)));
    for key in ["", "with\nnewline"] {
        let bad = HyperswitchConfig { api_key: key.into(), ..config("https://psp.example") };
        assert!(matches!(Hyperswitch::new(bad), Err(ConfigError::ApiKey)));
    }
}
