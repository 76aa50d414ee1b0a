//! Some subscribers for some months with every `cargo test`; `veza-sim year` has a thousand for a year.

#![allow(clippy::unwrap_used)]

use veza_sim::year::Year;
use veza_sim::{Base, run_year};

#[test]
fn every_paid_period_of_some_subscribers_is_charged_once() {
    let figures = run_year(&Year { subscribers: 20, days: 100, seed: 1 }, Base::Sqlite).unwrap();
    assert_eq!(figures.broken, [] as [String; 0], "{figures:?}");
    assert!(figures.renewals > 10 && figures.retries > 0, "{figures:?}");
}
