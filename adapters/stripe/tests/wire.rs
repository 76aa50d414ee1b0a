//! What goes over the wire, and what each answer means, against a scripted server (contracts/stripe.md, by section).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../hyperswitch/tests/support/mod.rs"]
mod support;

use secrecy::ExposeSecret;
use std::time::Duration;
use support::{Reply, Scripted};
use veza_domain::ids::UserId;
use veza_domain::money::Money;
use veza_ports::transfers::{Found, LookupError, NewReversal, NewTransfer, TransferError, TransferService};
use veza_stripe::{ConfigError, Stripe, StripeConfig};

const KEY: &str = "sk_test_the_wire_key";
const TRANSFER: &str = "0190a000-0000-7000-8000-000000000001";
const ORDER: &str = "0190a000-0000-7000-8000-000000000002";
const REVERSAL: &str = "0190a000-0000-7000-8000-000000000003";
const REFUND: &str = "0190a000-0000-7000-8000-000000000004";
const SELLER: &str = "0190a000-0000-7000-8000-000000000005";
const ACCOUNT: &str = "acct_1SvendorA0000001";

const ALREADY_REVERSED: &str = include_str!("samples/error_400_already_fully_reversed.json");
const BALANCE: &str = include_str!("samples/error_400_balance_insufficient.json");
const KEY_MISMATCH: &str = include_str!("samples/error_400_idempotency_mismatch.json");
const NO_TRANSFER: &str = include_str!("samples/error_404_no_such_transfer.json");
const LIST: &str = include_str!("samples/list_page_1.json");
const REVERSED_IN_PART: &str = include_str!("samples/reversal_partial.json");
const PARTLY_REVERSED: &str = include_str!("samples/transfer_partially_reversed.json");
const CREATED: &str = include_str!("samples/transfer_created.json");

fn config(base_url: &str) -> StripeConfig {
    StripeConfig { base_url: base_url.to_owned(), secret_key: KEY.into(), timeout: Duration::from_secs(2) }
}

fn client(base_url: &str) -> Stripe {
    Stripe::new(config(base_url)).unwrap()
}

fn usd(amount: i64) -> Money {
    Money::new(amount, "USD".parse().unwrap())
}

/// What `transfer_created.json` answers to.
fn transfer() -> NewTransfer {
    NewTransfer {
        transfer_id: TRANSFER.parse().unwrap(),
        order_id: ORDER.parse().unwrap(),
        destination: ACCOUNT.to_owned(),
        amount: usd(8450),
    }
}

/// What `reversal_partial.json` answers to.
fn reversal() -> NewReversal {
    NewReversal {
        reversal_id: REVERSAL.parse().unwrap(),
        refund_id: Some(REFUND.parse().unwrap()),
        stripe_transfer_id: "tr_1SSampleBody00000000003".to_owned(),
        amount: usd(2500),
    }
}

fn seller() -> UserId {
    SELLER.parse().unwrap()
}

fn json(status: u16, body: &str) -> Reply {
    Reply::Json(status, body.to_owned())
}

fn error(status: u16, kind: &str, code: &str, message: &str) -> Reply {
    let code = if code.is_empty() { String::new() } else { format!(r#""code":"{code}","#) };
    Reply::Json(status, format!(r#"{{"error":{{{code}"message":"{message}","type":"{kind}"}}}}"#))
}

fn invalid(status: u16, code: &str, message: &str) -> Reply {
    error(status, "invalid_request_error", code, message)
}

async fn send(reply: Reply) -> Result<String, TransferError> {
    let server = Scripted::start([reply]).await;
    client(&server.url).create_transfer("k:1", &transfer()).await
}

async fn take_back(reply: Reply) -> Result<String, TransferError> {
    let server = Scripted::start([reply]).await;
    client(&server.url).create_reversal("k:1", &reversal()).await
}

#[tokio::test]
async fn s1_create_transfer_is_a_flat_form_with_everything_that_finds_it_again() {
    let server = Scripted::start([json(200, CREATED)]).await;
    let id = client(&server.url).create_transfer("payout:7:1", &transfer()).await.unwrap();
    assert_eq!(id, "tr_1SSampleBody00000000001");
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /v1/transfers");
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(seen[0].header("stripe-version"), Some("2026-05-27.dahlia"));
    assert_eq!(seen[0].header("idempotency-key"), Some("payout:7:1"));
    assert_eq!(seen[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(seen[0].header("stripe-account"), None);
    let expected = format!(
        "amount=8450&currency=usd&destination={ACCOUNT}&transfer_group={ORDER}&metadata%5Border_id%5D={ORDER}&metadata%5Btransfer_id%5D={TRANSFER}"
    );
    assert_eq!(seen[0].body, expected);
}

#[tokio::test]
async fn s3_create_reversal_always_sends_its_amount() {
    let server = Scripted::start([json(200, REVERSED_IN_PART)]).await;
    let id = client(&server.url).create_reversal("rev:7:1", &reversal()).await.unwrap();
    assert_eq!(id, "trr_1SRev7");
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /v1/transfers/tr_1SSampleBody00000000003/reversals");
    assert_eq!(seen[0].header("idempotency-key"), Some("rev:7:1"));
    assert_eq!(seen[0].body, format!("amount=2500&metadata%5Brefund_id%5D={REFUND}&metadata%5Breversal_id%5D={REVERSAL}"));
}

/// Of a lost dispute there is no refund to name, and nothing in the form says "none".
#[tokio::test]
async fn s3_a_reversal_without_a_refund_names_none() {
    let server = Scripted::start([json(200, REVERSED_IN_PART), page(&[], false)]).await;
    let stripe = client(&server.url);
    let of_nothing = NewReversal { refund_id: None, ..reversal() };
    stripe.create_reversal("rev:7:1", &of_nothing).await.unwrap();
    assert_eq!(server.seen()[0].body, format!("amount=2500&metadata%5Breversal_id%5D={REVERSAL}"));
    assert_eq!(stripe.find_reversal(&of_nothing).await.unwrap(), Found::None);
    let strangers = [listed_reversal("trr_x", "null", 2500), listed_reversal("trr_y", "{}", 2500)];
    let server = Scripted::start([page(&strangers, false)]).await;
    assert_eq!(client(&server.url).find_reversal(&of_nothing).await.unwrap(), Found::None, "nothing names it");
}

#[tokio::test]
async fn s8_accounts_and_links() {
    let account =
        r#"{"id":"acct_1","object":"account","capabilities":{"transfers":"inactive"},"payouts_enabled":false,"charges_enabled":true}"#;
    let link = r#"{"object":"account_link","created":1,"expires_at":301,"url":"https://connect.example/once"}"#;
    let server = Scripted::start([json(200, account), json(200, link)]).await;
    let stripe = client(&server.url);
    let created = stripe.create_account("acc:1", seller(), "me+shop@example.org").await.unwrap();
    assert_eq!((created.account_id.as_str(), created.transfers_enabled, created.payouts_enabled), ("acct_1", false, false));
    let link = stripe.onboarding_link("link:1", "acct_1", "https://veza.example/back", "https://veza.example/again").await.unwrap();
    assert_eq!(link.0.expose_secret(), "https://connect.example/once");
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /v1/accounts");
    let decoded: Vec<(String, String)> = url::form_urlencoded::parse(seen[0].body.as_bytes()).into_owned().collect();
    let sent = |name: &str| decoded.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(sent("email"), Some("me+shop@example.org"));
    assert_eq!(sent("capabilities[transfers][requested]"), Some("true"));
    assert_eq!(sent("metadata[seller_id]"), Some(SELLER));
    assert_eq!(sent("controller[requirement_collection]"), Some("stripe"));
    assert_eq!(sent("type"), None, "deprecated");
    assert_eq!(seen[1].line, "POST /v1/account_links");
    assert_eq!(
        seen[1].body,
        "account=acct_1&type=account_onboarding&refresh_url=https%3A%2F%2Fveza.example%2Fagain&return_url=https%3A%2F%2Fveza.example%2Fback"
    );
    assert_eq!(seen[1].header("idempotency-key"), Some("link:1"));
}

#[tokio::test]
async fn s8_an_account_is_ready_when_its_transfers_capability_is_active() {
    for (body, ready, pays_out) in [
        (r#"{"id":"a","capabilities":{"transfers":"active","card_payments":"inactive"},"payouts_enabled":false}"#, true, false),
        (r#"{"id":"a","capabilities":{"transfers":"pending"},"charges_enabled":true,"payouts_enabled":true}"#, false, true),
        (r#"{"id":"a","capabilities":null}"#, false, false),
        (r#"{"id":"a"}"#, false, false),
    ] {
        let server = Scripted::start([json(200, body)]).await;
        let account = client(&server.url).account("a").await.unwrap().unwrap();
        assert_eq!((account.transfers_enabled, account.payouts_enabled), (ready, pays_out), "{body}");
        assert_eq!(server.seen()[0].line, "GET /v1/accounts/a");
    }
    for reply in [invalid(404, "resource_missing", "No such account"), invalid(403, "account_invalid", "no access to it")] {
        let server = Scripted::start([reply]).await;
        assert!(client(&server.url).account("acct_x").await.unwrap().is_none());
    }
    for reply in
        [json(500, "{}"), invalid(401, "", "key"), invalid(403, "", "key"), Reply::Cut, json(200, "{}"), Reply::With(404, "", "x".into())]
    {
        let server = Scripted::start([reply]).await;
        assert!(client(&server.url).account("acct_x").await.is_err());
    }
}

#[tokio::test]
async fn an_empty_key_fails_before_anything_is_sent() {
    let server = Scripted::start([]).await;
    let stripe = client(&server.url);
    for empty in ["", " \t"] {
        assert!(matches!(stripe.create_transfer(empty, &transfer()).await, Err(TransferError::EmptyKey(_))));
        assert!(matches!(stripe.create_reversal(empty, &reversal()).await, Err(TransferError::EmptyKey(_))));
        assert!(matches!(stripe.create_account(empty, seller(), "e").await, Err(TransferError::EmptyKey(_))));
        assert!(matches!(stripe.onboarding_link(empty, "a", "r", "r").await, Err(TransferError::EmptyKey(_))));
    }
    assert!(matches!(stripe.create_transfer("a\nb", &transfer()).await, Err(TransferError::NotNow(_))), "no header can carry it");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn s6_samples_of_refusals() {
    assert!(matches!(send(json(400, BALANCE)).await, Err(TransferError::BalanceInsufficient(_))));
    assert!(matches!(take_back(json(400, BALANCE)).await, Err(TransferError::BalanceInsufficient(_))));
    assert!(matches!(take_back(json(400, ALREADY_REVERSED)).await, Err(TransferError::AlreadyReversed(_))));
    assert!(matches!(take_back(json(404, NO_TRANSFER)).await, Err(TransferError::NotFound(_))));
    let Err(TransferError::Unknown { message, replayed: true }) = send(json(400, KEY_MISMATCH)).await else { panic!() };
    assert!(
        message.starts_with("400 idempotency_error: Keys for idempotent requests"),
        "the key was used, so it may have been paid: {message}"
    );
}

/// spec/01-money §11: seven wordings; Stripe has no code for it.
#[tokio::test]
async fn s6_seven_wordings_of_already_reversed() {
    for words in [
        "The transfer tr_x is already fully reversed.",
        "Transfer tr_x has already been reversed.",
        "This transfer is already reversed.",
        "TRANSFER ALREADY REVERSED",
        "The transfer tr_x has already been fully reversed",
        "Cannot reverse transfer tr_x: it was already returned in full.",
        "A reversal of this transfer already exists; nothing is left to take back.",
    ] {
        let answer = take_back(invalid(400, "", words)).await;
        assert!(matches!(answer, Err(TransferError::AlreadyReversed(_))), "{words}: {answer:?}");
    }
    for (status, code, words) in [
        (400, "", "Transfer reversal amount ($5.00) is greater than unreversed amount on transfer ($4.00)"),
        (400, "", "The transfer already exists"),
        (400, "parameter_invalid_integer", "Invalid integer: ten"),
        (402, "", "The transfer tr_x is already fully reversed."),
    ] {
        let answer = take_back(invalid(status, code, words)).await;
        assert!(matches!(answer, Err(TransferError::Refused(_))), "{words}: {answer:?}");
    }
    let of_a_transfer = send(invalid(400, "", "The charge is already fully reversed.")).await;
    assert!(matches!(of_a_transfer, Err(TransferError::Refused(_))), "{of_a_transfer:?}");
}

#[tokio::test]
async fn s6_definite_refusals() {
    let capability = invalid(400, "insufficient_capabilities_for_transfer", "Your destination account needs ...");
    assert!(matches!(send(capability).await, Err(TransferError::CapabilityMissing(_))));
    for reply in [
        invalid(400, "resource_missing", "No such destination: 'acct_x'"),
        invalid(400, "parameter_missing", "Missing required param: amount."),
        invalid(403, "account_invalid", "The provided key does not have access to account"),
        invalid(404, "", "Unrecognized request URL"),
        error(402, "card_error", "", "no"),
    ] {
        let answer = send(reply).await;
        assert!(matches!(answer, Err(TransferError::Refused(_))), "{answer:?}");
    }
    let used = send(error(404, "idempotency_error", "", "another endpoint")).await;
    assert!(matches!(used, Err(TransferError::Unknown { replayed: true, .. })), "{used:?}");
}

#[tokio::test]
async fn s6_not_now_with_the_same_key() {
    for reply in [
        invalid(409, "idempotency_key_in_use", "There is currently another in-progress request"),
        error(409, "idempotency_error", "", "as public fakes say it"),
        invalid(429, "lock_timeout", "This object cannot be accessed right now"),
        invalid(429, "rate_limit", "Too many requests"),
        Reply::With(429, "content-type: text/html\r\n", "slow down".into()),
        Reply::With(400, "stripe-should-retry: true\r\n", r#"{"error":{"message":"odd","type":"invalid_request_error"}}"#.into()),
    ] {
        let answer = send(reply).await;
        assert!(matches!(answer, Err(TransferError::NotNow(_))), "{answer:?}");
    }
    let nobody = client("http://127.0.0.1:1").create_transfer("k:1", &transfer()).await;
    assert!(matches!(nobody, Err(TransferError::NotNow(_))), "{nobody:?}");
}

#[tokio::test]
async fn s6_credentials_quote_nothing() {
    for reply in [
        invalid(401, "", &format!("Invalid API Key provided: {KEY}")),
        invalid(401, "api_key_expired", &format!("Expired API Key provided: {KEY}")),
        invalid(403, "", &format!("{KEY} may not")),
        Reply::With(403, "", "<html>".into()),
    ] {
        let error = send(reply).await.unwrap_err();
        assert!(matches!(error, TransferError::Credentials(_)), "{error:?}");
        assert!(!format!("{error:?} {error}").contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn s7_an_answer_that_proves_nothing_is_unknown() {
    let api_error = r#"{"error":{"message":"An unknown error occurred","type":"api_error"}}"#;
    for (reply, expected) in [
        (json(500, api_error), false),
        (json(424, api_error), false),
        (Reply::With(500, "stripe-should-retry: false\r\n", api_error.into()), true),
        (Reply::With(424, "stripe-should-retry: false\r\n", api_error.into()), true),
        (Reply::With(503, "idempotent-replayed: true\r\n", api_error.into()), true),
        (Reply::With(500, "stripe-should-retry: true\r\n", api_error.into()), false),
        (Reply::With(502, "content-type: text/html\r\n", "<h1>bad gateway</h1>".into()), false),
        (Reply::With(302, "location: http://127.0.0.1:9/\r\n", String::new()), false),
        (Reply::With(404, "", "no route".into()), false),
        (Reply::With(200, "stripe-should-retry: false\r\n", "not json".into()), false),
        (json(200, "{}"), false),
        (json(200, &" ".repeat(1024 * 1024 + 1)), false),
        (Reply::Cut, false),
        (Reply::CutInBody, false),
        (Reply::Silence, false),
    ] {
        for answer in [send(reply.clone()).await, take_back(reply).await] {
            let Err(TransferError::Unknown { replayed, .. }) = answer else { panic!("{answer:?}") };
            assert_eq!(replayed, expected);
        }
    }
}

#[tokio::test]
async fn an_answer_about_something_else_is_not_booked() {
    for changed in [CREATED.replace("8450", "8451"), CREATED.replace("\"usd\"", "\"eur\""), CREATED.replace(ACCOUNT, "acct_else")] {
        let answer = send(json(200, &changed)).await;
        assert!(matches!(answer, Err(TransferError::Unknown { replayed: true, .. })), "{answer:?}");
    }
    for changed in [REVERSED_IN_PART.replace("2500", "2501"), REVERSED_IN_PART.replace("tr_1SSample", "tr_else")] {
        let answer = take_back(json(200, &changed)).await;
        assert!(matches!(answer, Err(TransferError::Unknown { replayed: true, .. })), "{answer:?}");
    }
}

/// A list of one page; `has_more` decides whether there is another.
fn page(objects: &[String], has_more: bool) -> Reply {
    Reply::Json(200, format!(r#"{{"object":"list","data":[{}],"has_more":{has_more},"url":"/v1/x"}}"#, objects.join(",")))
}

fn listed_transfer(id: &str, transfer_id: &str, amount: i64) -> String {
    format!(
        r#"{{"id":"{id}","amount":{amount},"currency":"usd","destination":"{ACCOUNT}","metadata":{{"transfer_id":"{transfer_id}","order_id":"{ORDER}"}},"transfer_group":"{ORDER}"}}"#
    )
}

fn listed_reversal(id: &str, metadata: &str, amount: i64) -> String {
    format!(r#"{{"id":"{id}","amount":{amount},"currency":"usd","transfer":"tr_1SSampleBody00000000003","metadata":{metadata}}}"#)
}

async fn find_transfer(replies: Vec<Reply>) -> Result<Found, LookupError> {
    let server = Scripted::start(replies).await;
    client(&server.url).find_transfer(&transfer()).await
}

async fn find_reversal(replies: Vec<Reply>) -> Result<Found, LookupError> {
    let server = Scripted::start(replies).await;
    client(&server.url).find_reversal(&reversal()).await
}

#[tokio::test]
async fn s3_find_transfer_walks_all_pages_by_cursor() {
    let last = page(&[listed_transfer("tr_ours", TRANSFER, 8450)], false);
    let server = Scripted::start([json(200, LIST), last]).await;
    let found = client(&server.url).find_transfer(&transfer()).await.unwrap();
    assert_eq!(found, Found::One("tr_ours".to_owned()));
    let seen = server.seen();
    assert_eq!(seen[0].line, format!("GET /v1/transfers?transfer_group={ORDER}&limit=100"));
    assert_eq!(seen[1].line, format!("GET /v1/transfers?transfer_group={ORDER}&limit=100&starting_after=tr_1SPage03"));
    assert_eq!(seen[0].header("idempotency-key"), None, "no effect on GET");
}

#[tokio::test]
async fn s3_find_transfer_none_one_or_several() {
    let stranger = listed_transfer("tr_other", SELLER, 8450);
    assert_eq!(find_transfer(vec![page(&[], false)]).await.unwrap(), Found::None);
    assert_eq!(find_transfer(vec![page(&[PARTLY_REVERSED.to_owned()], false)]).await.unwrap(), Found::None);
    assert_eq!(find_transfer(vec![page(std::slice::from_ref(&stranger), false)]).await.unwrap(), Found::None);
    let twice = [listed_transfer("tr_b", TRANSFER, 8450), stranger, listed_transfer("tr_a", TRANSFER, 8450)];
    let several = Found::Several(vec!["tr_b".to_owned(), "tr_a".to_owned()]);
    assert_eq!(find_transfer(vec![page(&twice, false)]).await.unwrap(), several);
}

/// "None" would have it paid again.
#[tokio::test]
async fn a_look_up_that_is_not_sure_is_an_error() {
    let other_amount = page(&[listed_transfer("tr_a", TRANSFER, 1)], false);
    let first = || json(200, LIST);
    for replies in [
        vec![other_amount],
        vec![first(), Reply::Cut],
        vec![first(), json(500, "{}")],
        vec![first(), json(404, NO_TRANSFER)],
        vec![json(404, NO_TRANSFER)],
        vec![page(&[], true)],
        vec![json(200, "[]")],
        vec![invalid(401, "", "key")],
        vec![invalid(403, "account_invalid", "no access")],
    ] {
        assert!(find_transfer(replies).await.is_err());
    }
    let endless = vec![first(); 120];
    assert!(find_transfer(endless).await.is_err(), "a list without end");
}

#[tokio::test]
async fn s2_find_reversal_matches_on_metadata_that_may_be_null() {
    let by_both = format!(r#"{{"refund_id":"{REFUND}","reversal_id":"{REVERSAL}"}}"#);
    let by_refund = format!(r#"{{"refund_id":"{REFUND}"}}"#);
    let another = format!(r#"{{"refund_id":"{REFUND}","reversal_id":"{SELLER}"}}"#);
    let one = |metadata: &str| vec![page(&[listed_reversal("trr_x", "null", 2500), listed_reversal("trr_a", metadata, 2500)], false)];
    assert_eq!(find_reversal(one(&by_both)).await.unwrap(), Found::One("trr_a".to_owned()));
    assert_eq!(find_reversal(one(&by_refund)).await.unwrap(), Found::One("trr_a".to_owned()));
    assert_eq!(find_reversal(one(&another)).await.unwrap(), Found::None);
    assert_eq!(find_reversal(vec![page(&[], false)]).await.unwrap(), Found::None);
    let two = page(&[listed_reversal("trr_b", &by_both, 2500), listed_reversal("trr_a", &by_both, 2500)], false);
    assert_eq!(find_reversal(vec![two]).await.unwrap(), Found::Several(vec!["trr_b".to_owned(), "trr_a".to_owned()]));
    assert_eq!(find_reversal(vec![json(404, NO_TRANSFER)]).await.unwrap(), Found::None, "no transfer, no reversals");
    assert!(find_reversal(vec![page(&[listed_reversal("trr_a", &by_both, 1)], false)]).await.is_err());
    let server = Scripted::start([page(&[listed_reversal("trr_1", "null", 1)], true), page(&[], false)]).await;
    client(&server.url).find_reversal(&reversal()).await.unwrap();
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    let path = "GET /v1/transfers/tr_1SSampleBody00000000003/reversals?limit=100";
    assert_eq!(lines, [path.to_owned(), format!("{path}&starting_after=trr_1")]);
}

#[tokio::test]
async fn ids_cannot_leave_their_path_segment() {
    let server = Scripted::start([json(404, NO_TRANSFER)]).await;
    let stripe = client(&server.url);
    let odd = NewReversal { stripe_transfer_id: "../accounts?x".to_owned(), ..reversal() };
    assert!(matches!(stripe.create_reversal("k", &odd).await, Err(TransferError::NotFound(_))));
    assert_eq!(server.seen()[0].line, "POST /v1/transfers/..%2Faccounts%3Fx/reversals");
    let empty = NewReversal { stripe_transfer_id: String::new(), ..reversal() };
    assert!(matches!(stripe.create_reversal("k", &empty).await, Err(TransferError::NotNow(_))));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn configurations_are_checked_and_show_no_secret() {
    assert!(matches!(Stripe::new(config("api.stripe.com")), Err(ConfigError::BaseUrl)));
    for key in ["", " ", "with\nnewline"] {
        let bad = StripeConfig { secret_key: key.into(), ..config("https://api.stripe.com") };
        assert!(matches!(Stripe::new(bad), Err(ConfigError::SecretKey)));
    }
    let good = config("https://api.stripe.com");
    assert!(!format!("{good:?} {:?}", Stripe::new(good.clone()).unwrap()).contains(KEY));
}
