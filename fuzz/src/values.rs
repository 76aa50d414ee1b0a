//! Amounts and durations.

use crate::number;
use poem_openapi::types::{ParseFromJSON, ToJSON};
use serde_json::Value;
use std::time::Duration;
use veza::config::Config;
use veza::http::views::MoneyView;
use veza_domain::money::{BasisPoints, Currency, Minor, Money, split, spread};
use veza_domain::time::Timestamp;

/// Amounts in JSON, in words, split and spread. Input: an amount, a rate, then JSON or a currency; places to spread over.
///
/// # Panics
/// When an amount changes.
pub fn money(input: &[u8]) {
    let (amount, rest) = number(input);
    let (rate, rest) = number(rest);
    json(rest);
    if let Ok(currency) = std::str::from_utf8(rest.get(..3).unwrap_or_default()).unwrap_or_default().parse::<Currency>() {
        assert_eq!(currency.code().parse(), Ok(currency));
        words(Money::new(amount, currency));
    }
    let price = Minor(amount.checked_abs().unwrap_or(0));
    let rate = BasisPoints::new(u16::try_from(rate.rem_euclid(10_001)).unwrap_or(0)).unwrap();
    let parts = split(price, rate);
    assert_eq!(parts.fee.plus(parts.share), Ok(price));
    assert!(parts.fee.0 >= 0 && parts.share.0 >= 0 && (rate.get() < 10_000 || parts.share.0 == 0));
    spreads(amount, rest);
}

/// A price in a request: read as it stands, or refused; never a float, never another number.
fn json(text: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(text) else { return };
    let Ok(view) = MoneyView::parse_from_json(Some(json.clone())) else { return };
    assert!(json["amount"].is_i64() && json["amount"].as_i64() == Some(view.amount), "{json} was read as {}", view.amount);
    assert_eq!(MoneyView::parse_from_json(view.to_json()).ok().as_ref(), Some(&view));
    if let Ok(money) = view.read("price") {
        assert_eq!(money.amount.0, view.amount);
        assert!(MoneyView::from(money).currency.eq_ignore_ascii_case(&view.currency));
        words(money);
    }
}

/// `-12.34 EUR` says the amount to the last digit.
fn words(money: Money) {
    let text = money.to_string();
    let (figure, currency) = text.split_once(' ').unwrap();
    assert_eq!(currency.parse(), Ok(money.currency));
    let decimals = figure.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    assert_eq!(u32::try_from(decimals), Ok(money.currency.decimals()), "{text}");
    assert_eq!(figure.replace('.', "").parse(), Ok(money.amount.0), "{text}");
}

fn spreads(amount: i64, rest: &[u8]) {
    let left: Vec<Minor> = rest.chunks(8).take(16).map(|chunk| Minor(number(chunk).0 & i64::MAX >> 5)).collect();
    let room = Minor::sum(left.iter().copied()).unwrap();
    for amount in [Minor(amount), Minor(amount & i64::MAX >> 5), room] {
        let Some(parts) = spread(amount, &left) else {
            assert!(amount.0 < 0 || amount > room);
            continue;
        };
        assert_eq!(Minor::sum(parts.iter().copied()), Ok(amount));
        assert!(parts.iter().zip(&left).all(|(part, room)| part.0 >= 0 && part <= room));
    }
}

/// Durations of settings: read as written, or refused by name, and whatever is read can be waited for and added to a moment.
///
/// # Panics
/// When that is not so.
pub fn duration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(config) = Config::from_pairs([("REFUND_WINDOW", text)])
        && !text.trim().is_empty()
    {
        let window = config.refund_window;
        assert_eq!(humantime::parse_duration(text.trim()).ok(), Some(window));
        let written = humantime::format_duration(window).to_string();
        let again = Config::from_pairs([("REFUND_WINDOW", written.as_str())]).expect("what we write we read");
        assert_eq!(again.refund_window, window, "{text:?}, written as {written:?}");
        moments(window);
    }
    let names = ["RECONCILE_INTERVAL", "TRANSFER_RETRY_BACKOFF_MAX", "PROVIDER_TIMEOUT"];
    match Config::from_pairs(names.map(|name| (name, text))) {
        Ok(config) => {
            let policy = config.transfers.policy;
            for retry in [0, 1, 5, 31, 32, u32::MAX] {
                assert!(policy.delay(retry) <= policy.max);
                moments(policy.delay(retry));
            }
            assert!(!config.reconcile.interval.is_zero() && !config.provider_timeout.is_zero());
        }
        Err(error) => assert!(error.0.iter().all(|problem| names.contains(&problem.variable.as_str())), "{error}"),
    }
}

fn moments(by: Duration) {
    for at in [Timestamp(0), Timestamp(1_790_000_000_000_000), Timestamp(i64::MAX), Timestamp(i64::MIN)] {
        assert!(at.plus(by) >= at && at.minus(by) <= at);
    }
}
