//! What the PSP sends when a payment has succeeded: Hyperswitch's real shape, 4 KB, signed.
//!
//! The text of all messages is one template in which the ids and the signature are patched, so that preparing a million of them
//! takes no memory and sending one takes no time. Signatures are made beforehand.

use crate::client::{Answer, Workload, request};
use crate::fixture::Fixture;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use uuid::Uuid;

/// Key of the signatures.
pub const SECRET: &str = "the_key_that_signs_webhooks_in_benchmarks";
/// Bytes of a body.
pub const BODY_BYTES: usize = 4096;
/// Where messages go.
pub const PATH: &str = "/webhooks/hyperswitch";
/// How Hyperswitch names itself.
pub const USER_AGENT: &str = "Hyperswitch-Backend-Server";

/// A captured delivery; amount and currency are those of the fixture's orders.
const SAMPLE: &str = include_str!("../../adapters/hyperswitch/tests/samples/payment_succeeded.json");
const SAMPLE_PAYMENT: &str = "pay_ooHZcoR2DsBzNKs8cq1V";
const SAMPLE_EVENT: &str = "019ff509deba77b28523514febe14265";
/// The longest field that nobody here reads; without it the sample is a little shorter than wanted.
const LEFT_OUT: &str = "\"sdk_authorization\":";

/// Stands for a payment's id (an order's id, with dashes).
const PAYMENT_MARK: [u8; 36] = [1; 36];
/// Stands for an event's id.
const EVENT_MARK: [u8; 32] = [2; 32];
/// Stands for a signature.
const SIGNATURE_MARK: [u8; 128] = [3; 128];

/// The messages that say that the orders of a fixture are paid: number n is about order n.
pub struct Messages<'a> {
    fixture: &'a Fixture,
    template: Vec<u8>,
    payments: Vec<usize>,
    events: Vec<usize>,
    signatures_at: Vec<usize>,
    body_at: usize,
    signatures: Vec<[u8; 64]>,
}

impl<'a> Messages<'a> {
    /// Signs a message for each order.
    #[must_use]
    pub fn sign(fixture: &'a Fixture) -> Self {
        let mut headers = format!("content-type: application/json\r\nuser-agent: {USER_AGENT}\r\nx-webhook-signature-512: ").into_bytes();
        headers.extend_from_slice(&SIGNATURE_MARK);
        headers.extend_from_slice(b"\r\n");
        let body = body();
        let template = request::bytes("POST", PATH, &String::from_utf8_lossy(&headers), &body);
        let mut messages = Self {
            fixture,
            payments: places(&template, &PAYMENT_MARK),
            events: places(&template, &EVENT_MARK),
            signatures_at: places(&template, &SIGNATURE_MARK),
            body_at: template.len() - body.len(),
            template,
            signatures: Vec::new(),
        };
        let key = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes());
        let mut buffer = Vec::new();
        messages.signatures = (0..fixture.orders())
            .map(|number| {
                messages.patch(fixture.order_id(number), &mut buffer);
                // A key of any length will do, so the error is never met.
                key.as_ref().map_or([0; 64], |key| key.clone().chain_update(&buffer[messages.body_at..]).finalize().into_bytes().into())
            })
            .collect();
        messages
    }

    /// The body of message `number`, as text.
    #[must_use]
    pub fn body(&self, number: usize) -> String {
        self.body_about(self.fixture.order_id(number))
    }

    /// The body of the message about an order, as text.
    #[must_use]
    pub fn body_about(&self, order: Uuid) -> String {
        let mut buffer = Vec::new();
        self.patch(order, &mut buffer);
        String::from_utf8_lossy(&buffer[self.body_at..]).into_owned()
    }

    /// Everything but the signature.
    fn patch(&self, id: Uuid, buffer: &mut Vec<u8>) {
        if buffer.len() != self.template.len() {
            buffer.clear();
            buffer.extend_from_slice(&self.template);
        }
        let mut text = [0; 36];
        let payment = id.hyphenated().encode_lower(&mut text);
        self.payments.iter().for_each(|at| buffer[*at..*at + 36].copy_from_slice(payment.as_bytes()));
        let event = id.simple().encode_lower(&mut text);
        self.events.iter().for_each(|at| buffer[*at..*at + 32].copy_from_slice(event.as_bytes()));
    }
}

impl Workload for Messages<'_> {
    fn write(&self, number: usize, buffer: &mut Vec<u8>) {
        self.patch(self.fixture.order_id(number), buffer);
        for at in &self.signatures_at {
            // The place has exactly the length of the text, so there is nothing that could fail.
            let _ = hex::encode_to_slice(self.signatures[number], &mut buffer[*at..*at + 128]);
        }
    }

    fn accepts(&self, _number: usize, answer: Answer<'_>) -> bool {
        answer.status == 200 && answer.body == br#"{"result":"ok"}"#
    }
}

/// The sample with marks in place of its ids, and of the size wanted.
fn body() -> Vec<u8> {
    let mark = |mark: &[u8]| String::from_utf8_lossy(mark).into_owned();
    let mut text = SAMPLE.trim_end().replace(SAMPLE_PAYMENT, &mark(&PAYMENT_MARK)).replace(SAMPLE_EVENT, &mark(&EVENT_MARK));
    if let Some(begins) = text.find(LEFT_OUT) {
        let ends = text[begins..].find(',').map_or(begins, |comma| begins + comma + 1);
        text.replace_range(begins..ends, "");
    }
    // The rest is filled up in the merchant's own description: two quotes and a text in place of four letters.
    let missing = (BODY_BYTES + "null".len()).saturating_sub(text.len() + 2);
    text.replacen("\"description\":null", &format!("\"description\":\"{}\"", "d".repeat(missing)), 1).into_bytes()
}

fn places(text: &[u8], mark: &[u8]) -> Vec<usize> {
    (0..=text.len().saturating_sub(mark.len())).filter(|at| text[*at..].starts_with(mark)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_json_of_4_kb_about_its_order_under_its_signature() {
        let fixture = Fixture::of_orders(3);
        let messages = Messages::sign(&fixture);
        let mut buffer = Vec::new();
        messages.write(2, &mut buffer);
        messages.write(1, &mut buffer);
        let text = String::from_utf8(buffer).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!((body.len(), body), (BODY_BYTES, messages.body(1).as_str()));
        assert!(text.bytes().all(|byte| byte >= b' ' || matches!(byte, b'\r' | b'\n')), "a mark is left");

        let id = fixture.order_id(1);
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        let object = &value["content"]["object"];
        assert_eq!(value["event_id"], format!("evt_{}", id.simple()));
        assert_eq!((object["payment_id"].as_str(), object["status"].as_str()), (Some(id.to_string().as_str()), Some("succeeded")));
        assert_eq!(
            (object["amount"].as_i64(), object["amount_received"].as_i64()),
            (Some(crate::fixture::PRICE), Some(crate::fixture::PRICE))
        );
        assert_eq!(object["currency"], crate::fixture::CURRENCY);

        let mut mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        assert!(head.contains(&format!("x-webhook-signature-512: {}\r\n", hex::encode(mac.finalize().into_bytes()))));
    }
}
