//! What providers answer, what goes to them, and what they export.

use crate::number;
use serde_json::Value;
use url::form_urlencoded;
use uuid::Uuid;
use veza::usecases::audit::export;
use veza::usecases::distribution;
use veza_domain::distribution::ReportLine;
use veza_domain::ids::{OrderId, RefundId, ReversalId, TransferId};
use veza_domain::money::Money;
use veza_ports::transfers::{NewReversal, NewTransfer, TransferError};
use veza_stripe::fuzzing::{self, Heard};

/// What Stripe says to a transfer, a reversal, a read. Input: two bytes of status, one of headers, the body.
///
/// No refusal without a 4xx, no success about another amount than asked for, no amount but the body's own.
///
/// # Panics
/// When that is not so.
pub fn stripe_answer(input: &[u8]) {
    let [low, high, flags, body @ ..] = input else { return };
    let status = 100 + u16::from_le_bytes([*low, *high]) % 500;
    let heard = Heard { status, should_retry: [None, Some(true), Some(false)][usize::from(flags % 3)], replayed: flags & 0x80 != 0, body };
    // Fields that we do not read may hold bytes that are no text: with them there is nothing to compare with.
    let json = serde_json::from_slice::<Value>(body).ok();
    let said = |name: &str| json.as_ref().and_then(|json| json.get(name)?.as_i64());
    let amount = said("amount").unwrap_or(8_450);
    let says = |name: &str, amount: i64| json.is_none() || said(name) == Some(amount);

    let wanted = transfer(amount);
    let made = fuzzing::transfer_created(heard, &wanted);
    check(status, says("amount", amount), made.as_ref());
    let other = NewTransfer { amount: Money::new(amount.wrapping_add(1), wanted.amount.currency), ..wanted };
    assert!(made.is_err() || fuzzing::transfer_created(heard, &other).is_err(), "adopts another amount");
    let other = NewTransfer { destination: format!("{}x", other.destination), amount: wanted.amount, ..other };
    assert!(made.is_err() || fuzzing::transfer_created(heard, &other).is_err(), "adopts another account's");
    let wanted = reversal(amount);
    check(status, says("amount", amount), fuzzing::reversal_created(heard, &wanted).as_ref());

    if let Ok(Some(transfer)) = fuzzing::transfer_read(heard) {
        assert!((200..300).contains(&status));
        assert!(says("amount", transfer.amount) && says("amount_reversed", transfer.amount_reversed));
        let embedded = json.as_ref().and_then(|json| json.pointer("/reversals/data")?.as_array());
        let amounts: Vec<Option<i64>> = embedded.into_iter().flatten().rev().map(|reversal| reversal["amount"].as_i64()).collect();
        let read: Vec<Option<i64>> = transfer.reversals.iter().map(|reversal| Some(reversal.amount)).collect();
        assert!(json.is_none() || read == amounts, "{read:?} and {amounts:?}");
    }
    if let Ok(Some(payout)) = fuzzing::payout_read(heard) {
        assert!((200..300).contains(&status));
        assert!(says("amount", payout.amount));
    }
}

fn transfer(amount: i64) -> NewTransfer {
    NewTransfer {
        transfer_id: TransferId(Uuid::from_u128(1)),
        order_id: OrderId(Uuid::from_u128(2)),
        destination: "acct_1SvendorA0000001".into(),
        amount: Money::new(amount, "USD".parse().unwrap()),
    }
}

fn reversal(amount: i64) -> NewReversal {
    NewReversal {
        reversal_id: ReversalId(Uuid::from_u128(3)),
        refund_id: Some(RefundId(Uuid::from_u128(4))),
        stripe_transfer_id: "tr_1SVeza0000000001".into(),
        amount: Money::new(amount, "USD".parse().unwrap()),
    }
}

fn check(status: u16, as_said: bool, made: Result<&String, &TransferError>) {
    match made {
        Ok(_) => assert!((200..300).contains(&status) && as_said, "{status}: booked another amount than the answer has"),
        Err(TransferError::Unknown { .. }) => {}
        Err(error) => assert!((400..500).contains(&status), "{status} proves nothing, and we take it for: {error}"),
    }
}

/// What the adapter writes the sandbox reads; what anybody writes it reads as the URL standard says. Input: an amount, then text.
///
/// # Panics
/// When that is not so.
pub fn stripe_form(input: &[u8]) {
    let (amount, rest) = number(input);
    let text = String::from_utf8_lossy(rest);
    let standard: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    assert_eq!(veza_sandbox::decode_form(&text), standard);

    let mut pairs: Vec<(String, String)> = text.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))).map(owned).collect();
    pairs.push(("amount".into(), amount.to_string()));
    let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    let read = veza_sandbox::decode_form(&written);
    assert_eq!(read, pairs);
    assert_eq!(read.last().map(|(_, value)| value.parse()), Some(Ok(amount)));
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The PSP's export as a CSV file: an error, or each payment as it stands there.
///
/// # Panics
/// When that is not so.
pub fn psp_export(input: &[u8]) {
    let Ok(payments) = export::parse(input) else { return };
    let mut written = String::from("payment_id,status,amount,currency\n");
    for payment in &payments {
        let fields = [&payment.payment_id, &payment.status, &payment.amount, &payment.currency];
        written.push_str(&fields.map(|field| quoted(field)).join(","));
        written.push('\n');
    }
    assert_eq!(export::parse(written.as_bytes()).ok(), Some(payments), "what was read, written and read again");
}

/// A royalty report.
///
/// A refusal names lines that there are; lines come in order; what was read is written and read again.
///
/// # Panics
/// When that is not so.
pub fn royalties(input: &[u8]) {
    let last = String::from_utf8_lossy(input).replace("\r\n", "\n").matches(['\n', '\r']).count() as u64 + 1;
    let lines = match distribution::read(input) {
        Ok(lines) => lines,
        Err(refused) => {
            let named = refused.problem().errors.iter().flatten().map(|error| &error.field);
            let line =
                |field: &String| field.strip_prefix("line ").map_or(field.is_empty(), |line| (1..=last).contains(&line.parse().unwrap()));
            assert!(named.clone().count() > 0 && named.clone().all(line), "{:?}", named.collect::<Vec<_>>());
            return;
        }
    };
    assert!(lines.windows(2).all(|two| two[0].0 < two[1].0), "in order, and none twice");
    assert!(lines.iter().all(|(line, _)| (2..=last).contains(line)), "each is a line after the header");
    let good: Vec<_> = lines.into_iter().filter_map(|(_, line)| line.ok()).collect();
    let mut written = ReportLine::COLUMNS.join(",");
    for line in &good {
        let (platform, period, units) = (line.platform.as_str().to_owned(), line.period.to_string(), line.units.to_string());
        let (amount, currency) = (line.amount.amount.0.to_string(), line.amount.currency.to_string());
        let fields = [&line.reference, &platform, &period, &line.territory, &units, &amount, &currency];
        written.push('\n');
        written.push_str(&fields.map(|field| quoted(field)).join(","));
    }
    let again =
        distribution::read(written.as_bytes()).map(|lines| lines.into_iter().map(|(_, line)| line.ok()).collect::<Option<Vec<_>>>());
    assert!(good.is_empty() || again.is_ok_and(|again| again.as_ref() == Some(&good)), "what was read, written and read again");
}

fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}
