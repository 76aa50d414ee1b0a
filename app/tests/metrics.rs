//! What other parts report to the metrics, as a scrape shows it.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;
use support::{NOW, World};
use veza::metrics::scrape;

async fn lines(world: &World) -> Vec<String> {
    scrape::text(&world.app).await.unwrap().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[tokio::test]
async fn what_the_reconciler_finds_is_counted() {
    let world = World::new();
    for outcome in ["settled", "settled", "error"] {
        world.app.metrics.reconciled("orders", outcome);
    }
    let lines = lines(&world).await;
    for line in [
        "veza_reconciled_rows_total{class=\"orders\",outcome=\"settled\"} 2",
        "veza_reconciled_rows_total{class=\"orders\",outcome=\"error\"} 1",
    ] {
        assert!(lines.iter().any(|there| there == line), "{line} in {lines:?}");
    }
}

#[tokio::test]
async fn the_newest_check_of_the_books_stands_alone() {
    let world = World::new();
    let about = |lines: Vec<String>| lines.into_iter().filter(|line| line.contains("invariant")).collect::<Vec<_>>();
    assert_eq!(about(lines(&world).await), [] as [&str; 0], "no check yet");
    let found = BTreeMap::from([("ledger_drift", 3), ("ledger_not_zero", 1)]);
    world.app.metrics.invariants(&found, NOW.minus(Duration::from_secs(90)));
    let expected = [
        "veza_broken_invariants{invariant=\"ledger_drift\"} 3",
        "veza_broken_invariants{invariant=\"ledger_not_zero\"} 1",
        "veza_invariants_check_age_seconds 90",
    ];
    assert_eq!(about(lines(&world).await), expected);
    world.app.metrics.invariants(&BTreeMap::new(), NOW);
    assert_eq!(about(lines(&world).await), ["veza_invariants_check_age_seconds 0"], "what is mended is gone");
}
