//! Transfers, their reversals and payouts read whole, against a scripted server (contracts/stripe.md §2, §3, §4).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../hyperswitch/tests/support/mod.rs"]
mod support;

use std::time::Duration;
use support::{Reply, Scripted};
use veza_domain::payout::PayoutStatus;
use veza_domain::settlement::ConnectReversal;
use veza_domain::time::Timestamp;
use veza_ports::transfers::{ListedPayout, ListedTransfer, LookupError, TransferFilter, TransferPage, TransferService};
use veza_stripe::{Stripe, StripeConfig};

const ORDER: &str = "0190a000-0000-7000-8000-000000000002";
const TRANSFER: &str = "0190a000-0000-7000-8000-000000000001";
const REVERSAL: &str = "0190a000-0000-7000-8000-000000000003";
const ACCOUNT: &str = "acct_1SvendorA0000001";
const PARTLY_REVERSED: &str = include_str!("samples/transfer_partially_reversed.json");
const LIST: &str = include_str!("samples/list_page_1.json");
const NO_TRANSFER: &str = include_str!("samples/error_404_no_such_transfer.json");

fn client(base_url: &str) -> Stripe {
    let config = StripeConfig { base_url: base_url.to_owned(), secret_key: "sk_test_lists".into(), timeout: Duration::from_secs(2) };
    Stripe::new(config).unwrap()
}

fn json(status: u16, body: &str) -> Reply {
    Reply::Json(status, body.to_owned())
}

fn refusal(status: u16, code: &str) -> Reply {
    Reply::Json(status, format!(r#"{{"error":{{"code":"{code}","message":"No such object","type":"invalid_request_error"}}}}"#))
}

fn reversal(id: &str, amount: i64, metadata: &str) -> String {
    format!(r#"{{"id":"{id}","object":"transfer_reversal","amount":{amount},"currency":"usd","metadata":{metadata},"transfer":"tr_1"}}"#)
}

/// A transfer of 1000 with these reversals embedded, newest first.
fn transfer(reversed: i64, embedded: &[String], has_more: bool) -> String {
    let embedded = embedded.join(",");
    format!(
        r#"{{"id":"tr_1","object":"transfer","amount":1000,"amount_reversed":{reversed},"created":1790000000,"currency":"usd",
        "destination":"{ACCOUNT}","metadata":{{"order_id":"{ORDER}","transfer_id":"{TRANSFER}"}},"reversed":false,
        "reversals":{{"object":"list","data":[{embedded}],"has_more":{has_more},"total_count":3,"url":"/x"}}}}"#
    )
}

fn page(objects: &[String], has_more: bool) -> Reply {
    Reply::Json(200, format!(r#"{{"object":"list","data":[{}],"has_more":{has_more},"url":"/v1/x"}}"#, objects.join(",")))
}

async fn read(replies: Vec<Reply>) -> Result<Option<ListedTransfer>, LookupError> {
    let server = Scripted::start(replies).await;
    client(&server.url).transfer("tr_1").await
}

async fn list(reply: Reply) -> Result<TransferPage, LookupError> {
    let server = Scripted::start([reply]).await;
    client(&server.url).transfers(&TransferFilter::default(), None).await
}

async fn payout(reply: Reply) -> Result<Option<ListedPayout>, LookupError> {
    let server = Scripted::start([reply]).await;
    client(&server.url).payout(ACCOUNT, "po_1").await
}

#[tokio::test]
async fn s2_a_transfer_comes_whole_and_its_reversals_oldest_first() {
    let by_us = format!(r#"{{"reversal_id":"{REVERSAL}","refund_id":"{ORDER}"}}"#);
    let embedded = [reversal("trr_b", 300, &by_us), reversal("trr_a", 100, "null")];
    let server = Scripted::start([json(200, &transfer(400, &embedded, false))]).await;
    let found = client(&server.url).transfer("tr_1").await.unwrap().unwrap();
    assert_eq!(server.seen().iter().map(|seen| seen.line.as_str()).collect::<Vec<_>>(), ["GET /v1/transfers/tr_1"]);
    let expected = ListedTransfer {
        stripe_transfer_id: "tr_1".to_owned(),
        destination: Some(ACCOUNT.to_owned()),
        amount: 1000,
        currency: "USD".to_owned(),
        amount_reversed: 400,
        order_id: Some(ORDER.parse().unwrap()),
        transfer_id: Some(TRANSFER.parse().unwrap()),
        created_at: Timestamp(1_790_000_000_000_000),
        reversals: vec![
            ConnectReversal { id: "trr_a".to_owned(), amount: 100, reversal_id: None },
            ConnectReversal { id: "trr_b".to_owned(), amount: 300, reversal_id: Some(REVERSAL.parse().unwrap()) },
        ],
    };
    assert_eq!(found, expected);
}

#[tokio::test]
async fn s2_samples_of_others_are_read_too() {
    let sample: serde_json::Value = serde_json::from_str(PARTLY_REVERSED).unwrap();
    let server = Scripted::start([json(200, PARTLY_REVERSED)]).await;
    let found = client(&server.url).transfer(sample["id"].as_str().unwrap()).await.unwrap().unwrap();
    assert_eq!(found.amount_reversed, found.reversals.iter().map(|reversal| reversal.amount).sum::<i64>());
    assert_eq!((found.order_id, found.transfer_id), (None, None), "metadata that is none of ours");
    let sample: serde_json::Value = serde_json::from_str(LIST).unwrap();
    let page = list(json(200, LIST)).await.unwrap();
    assert_eq!((page.transfers.len(), page.has_more), (sample["data"].as_array().unwrap().len(), true));
}

#[tokio::test]
async fn s2_reversals_beyond_the_embedded_ones_are_paged() {
    let newest = [reversal("trr_3", 3, "null"), reversal("trr_2", 2, "null")];
    let oldest = [reversal("trr_1", 1, "null")];
    let server = Scripted::start([json(200, &transfer(6, &newest, true)), page(&newest, true), page(&oldest, false)]).await;
    let found = client(&server.url).transfer("tr_1").await.unwrap().unwrap();
    assert_eq!(found.reversals.iter().map(|reversal| reversal.id.as_str()).collect::<Vec<_>>(), ["trr_1", "trr_2", "trr_3"]);
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    let path = "GET /v1/transfers/tr_1/reversals?limit=100";
    assert_eq!(lines, ["GET /v1/transfers/tr_1".to_owned(), path.to_owned(), format!("{path}&starting_after=trr_2")]);
    let without = r#"{"id":"tr_1","amount":10,"amount_reversed":1,"created":1,"currency":"usd"}"#;
    assert_eq!(read(vec![json(200, without), page(&oldest, false)]).await.unwrap().unwrap().reversals.len(), 1, "none embedded");
}

#[tokio::test]
async fn a_transfer_that_is_not_sure_is_an_error() {
    assert!(read(vec![json(404, NO_TRANSFER)]).await.unwrap().is_none());
    let (one, more) = (|| reversal("trr_1", 1, "null"), |reversed| json(200, &transfer(reversed, &[reversal("trr_1", 1, "null")], true)));
    for replies in [
        vec![json(200, &transfer(2, &[one()], false))], // one was made in between
        vec![more(1), Reply::Cut],
        vec![more(1), json(404, NO_TRANSFER)],
        vec![more(1), page(&[], true)],
        vec![more(2), page(&[one()], false)],
        vec![json(200, &transfer(1001, &[reversal("trr_1", 1001, "null")], false))],
        vec![json(200, &transfer(-1, &[reversal("trr_1", -1, "null")], false))],
        vec![json(200, &transfer(0, &[], false).replace("tr_1", "tr_2"))],
        vec![json(200, &transfer(0, &[], false).replace("1790000000", "9223372036854775807"))],
        vec![json(200, "{}")],
        vec![Reply::With(200, "content-type: text/html\r\n", "<html>".to_owned())],
        vec![json(500, "{}")],
        vec![refusal(404, "")],
        vec![refusal(403, "account_invalid")],
        vec![refusal(429, "rate_limit")],
        vec![Reply::Cut],
        vec![Reply::Silence],
    ] {
        let answer = read(replies).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    assert!(client("http://127.0.0.1:1").transfer("tr_1").await.is_err());
    assert!(client("http://127.0.0.1:1").transfer("").await.is_err());
}

#[tokio::test]
async fn s3_transfers_are_filtered_and_paged_by_the_caller() {
    let nothing = || page(&[], false);
    let server = Scripted::start([nothing(), nothing()]).await;
    let stripe = client(&server.url);
    let which = TransferFilter {
        destination: Some(ACCOUNT.to_owned()),
        order_id: Some(ORDER.parse().unwrap()),
        since: Some(Timestamp(1_790_000_000_900_000)),
        until: Some(Timestamp(1_790_000_100_000_000)),
    };
    let found = stripe.transfers(&which, Some("tr_9")).await.unwrap();
    assert_eq!(found, TransferPage { transfers: Vec::new(), has_more: false });
    stripe.transfers(&TransferFilter::default(), None).await.unwrap();
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    let filtered = format!(
        "GET /v1/transfers?destination={ACCOUNT}&transfer_group={ORDER}&created%5Bgte%5D=1790000000&created%5Blt%5D=1790000100&limit=100&starting_after=tr_9"
    );
    assert_eq!(lines, [filtered, "GET /v1/transfers?limit=100".to_owned()]);
}

#[tokio::test]
async fn s3_a_listed_transfer_brings_what_it_embeds() {
    let newest = [reversal("trr_3", 3, "null"), reversal("trr_2", 2, "null")];
    let found = list(page(&[transfer(6, &newest, true)], true)).await.unwrap();
    assert!(found.has_more);
    assert_eq!((found.transfers[0].amount_reversed, found.transfers[0].reversals.len()), (6, 2), "the sum is exact, the rest is not here");
    for reply in [
        page(&[], true),
        page(&[transfer(1001, &[], false)], false),
        page(&["{}".to_owned()], false),
        json(404, NO_TRANSFER),
        refusal(400, "resource_missing"),
        refusal(401, ""),
        json(200, "[]"),
        json(200, "<html>"),
        Reply::CutInBody,
    ] {
        let answer = list(reply).await;
        assert!(answer.is_err(), "{answer:?}");
    }
}

fn payout_json(status: &str, failure: &str) -> String {
    format!(
        r#"{{"id":"po_1","object":"payout","amount":900,"arrival_date":1790086400,"automatic":true,"created":1790000000,"currency":"eur",
        "livemode":false,"method":"standard","source_type":"card","status":"{status}","type":"bank_account"{failure}}}"#
    )
}

#[tokio::test]
async fn s4_a_payout_is_read_as_its_account() {
    let server = Scripted::start([json(200, &payout_json("paid", r#","failure_code":null,"failure_message":null"#))]).await;
    let found = client(&server.url).payout(ACCOUNT, "po_1").await.unwrap().unwrap();
    let seen = server.seen();
    assert_eq!((seen[0].line.as_str(), seen[0].header("stripe-account")), ("GET /v1/payouts/po_1", Some(ACCOUNT)));
    let expected = ListedPayout {
        payout_id: "po_1".to_owned(),
        amount: 900,
        currency: "EUR".to_owned(),
        status: Some(PayoutStatus::Paid),
        failure: None,
        arrives_at: Some(Timestamp(1_790_086_400_000_000)),
        created_at: Timestamp(1_790_000_000_000_000),
    };
    assert_eq!(found, expected);
    let failed = payout_json("failed", r#","failure_code":"account_closed","failure_message":"The bank account has been closed""#);
    let failed = payout(json(200, &failed)).await.unwrap().unwrap();
    assert_eq!(failed.failure.as_deref(), Some("account_closed: The bank account has been closed"));
    for (word, status) in [
        ("pending", Some(PayoutStatus::Pending)),
        ("in_transit", Some(PayoutStatus::InTransit)),
        ("failed", Some(PayoutStatus::Failed)),
        ("canceled", Some(PayoutStatus::Canceled)),
        ("tomorrow", None),
    ] {
        assert_eq!(payout(json(200, &payout_json(word, ""))).await.unwrap().unwrap().status, status, "{word}");
    }
}

#[tokio::test]
async fn a_payout_that_is_not_sure_is_an_error() {
    assert!(payout(refusal(404, "resource_missing")).await.unwrap().is_none());
    for reply in [
        json(200, &payout_json("paid", "").replace("po_1", "po_2")),
        json(200, "{}"),
        json(200, "<html>"),
        refusal(403, "account_invalid"),
        refusal(404, ""),
        refusal(401, ""),
        json(503, "{}"),
        Reply::Cut,
    ] {
        let answer = payout(reply).await;
        assert!(answer.is_err(), "{answer:?}");
    }
    let server = Scripted::start([]).await;
    for no_account in ["", "acct\n1"] {
        assert!(client(&server.url).payout(no_account, "po_1").await.is_err(), "never as the platform");
    }
    assert!(server.seen().is_empty());
}
