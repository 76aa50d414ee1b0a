//! What every store has to be: the contract of [`Storage`], as cases over `Arc<dyn Storage>`.
//!
//! An adapter runs all of it from one line, on a multi-threaded runtime so that the races are real:
//! ```ignore
//! #[tokio::test(flavor = "multi_thread")]
//! async fn keeps_the_contract() { contract::storage::run(|| async { my_empty_store().await }).await }
//! ```
//! or case by case ([`CASES`]). A race, a duplicate and a refusal are part of the contract; durability across a crash is
//! not, as only the adapter knows how to kill its process. [`differential`] brings random units to two stores at once.
//!
//! What the port leaves open and the contract settles:
//! - A refused unit is refused by its first write that does not hold, in the unit's order. Within one write: what can't be,
//!   whatever is stored ([`Write::fault`]: `Invalid`), its guard (`Conflict`), a transfer's move (`Invalid`), unique values in the
//!   order of [`UniqueValue`] (`Taken`, with the key of the row that was to be written).
//! - Only entries of the operators' list are removed or cleared. The writes of one row happen in the order given: an entry that is
//!   cleared may be put there again by the same unit.
//! - Unique values are judged write by write: a value that an earlier write of the unit has given up is free.
//! - The rows of a unit may refer to each other in any order (an exclusive's guard row is written before its order).
//! - `order_file`: lines by position; refunds, reversals, disputes and nettings by `created_at`, then id; licences, transfers,
//!   exclusives and debts by id. Reversals are the order's own, whether a transfer stands for them or not. `ListedOrder::flags`: each code once, in the order of `Code`.
//! - The operators' list breaks ties by the code's text (`Code::as_str`).
//! - `held_transfers`: open ones on hold for the account, by ascending id. `seller_books.held` has those that wait for the account,
//!   for the balance and for a dispute.
//! - `seller_books`: one entry per currency with a posting to the seller's payable or receivable, by currency.
//! - `ledger_balances`: every account that was ever posted to, even ones too, in the order of `Account`, then currency.
//! - `backlog`: always all nine classes, in the order `effects`, `orders`, `refunds`, `transfers`, `reversals`, `disputes`,
//!   `subscriptions`, `placements`, `attention`. Subscriptions are open while they are past due; `oldest` is since when.
//! - `history`: what names the order; of the outbox, what names it first. An order that is not there has none.
//! - `payouts_of_seller`: by descending time, then descending id. `orders_between`: by the order's id, to the millisecond.
//! - `claim_looks`: a row that is due at no time is over, for a pass too. "Within the lease" and "before" leave out the moment itself.
//! - `ledger_check`: sums by currency, drift by account and currency.
//! - `deliveries`: `result` is compared letter by letter, case and `%` included, with the result as displayed.
//! - `order_of_refund`: the PSP's id, else ours in its usual form.
//! - Signs of life and failed logins are no units: said twice they count twice, and the later time stands.
//! - Runs of the audit are no units either; what an attempt has found is kept by its place.
//! - `overdue_renewals` and `claim_subscriptions` break ties by id; `sweep_unpaid` goes by ascending id. A trial that ends at the moment
//!   does not run any more.
//! - `sweep`: what ended *before* the moment; refresh tokens with their session, whatever their own age.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test code: a case fails by panicking")]

mod admin;
mod audits;
mod billing;
mod check;
mod claims;
mod debts;
mod distribution;
mod guards;
mod lists;
mod looks;
mod money;
pub mod observe;
mod races;
pub mod random;
mod removal;
mod round_trip;
pub mod sample;
mod shared;
mod sweep;
mod trail;
mod unique;

pub use observe::{differential, observe};

use crate::storage::Storage;
#[cfg(doc)]
use crate::storage::{UniqueValue, Write};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A case under way.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One thing that a store has to do.
pub struct Case {
    /// What, as `module::sentence`.
    pub name: &'static str,
    /// Does it with an empty store; panics if the store does otherwise.
    pub run: fn(Arc<dyn Storage>) -> Running,
}

macro_rules! cases {
    ($($module:ident { $($case:ident),+ $(,)? })+) => {
        /// The whole contract.
        pub const CASES: &[Case] = &[$($(
            Case {
                name: concat!(stringify!($module), "::", stringify!($case)),
                run: |store| Box::pin($module::$case(store)),
            },
        )+)+];
    };
}

cases! {
    round_trip {
        people, sessions_and_refresh_tokens, products, orders_with_all_that_hangs_on_them, outbox_and_idempotency,
        sellers, operators_list_and_webhook_log, an_update_replaces_the_whole_row, what_is_not_there_is_none,
    }
    guards {
        an_insert_wants_no_such_row, an_ensure_keeps_what_is_there, an_update_wants_the_row_at_its_revision,
        an_unchanged_row_is_guarded_and_not_written, a_row_that_comes_new_is_seen_by_who_read_before_it,
        a_refused_unit_leaves_nothing, a_refused_unit_leaves_its_neighbours,
        a_unit_that_comes_again_changes_nothing, a_unit_id_is_one_requests, a_refused_unit_uses_up_no_id,
        two_updates_of_one_row_in_one_unit, what_is_appended_is_never_updated, the_first_write_that_fails_is_named,
        a_unit_may_be_empty,
    }
    removal {
        a_removal_wants_the_entry, a_clearing_takes_what_is_there, an_entry_may_come_again, what_a_refused_unit_removes_stays,
        nothing_else_is_ever_removed,
    }
    unique {
        every_value_stands_once, nothing_never_clashes, a_value_given_up_is_free_again, of_two_values_the_first_is_named,
        a_conflict_comes_before_a_clash,
    }
    money {
        the_whole_matrix, a_pending_reversal_is_due, postings_balance, amounts_that_can_not_be, books_of_a_seller, balances_of_the_ledger,
        the_backlog,
    }
    races {
        one_of_many_updates_wins, one_of_many_copies_is_applied, an_exclusive_licence_is_held_once,
        unique_values_stand_once_under_races, readers_see_whole_units, no_update_is_lost, one_fact_is_booked_once,
    }
    claims {
        due_effects_oldest_first, due_transfers, fresh_work_is_seen_and_left, due_reversals, a_claim_is_a_lease, nobody_claims_what_another_has,
        a_claim_moves_the_revision,
    }
    lists {
        a_walk_gives_every_row_once, a_walk_of_the_operators_list, products_are_filtered, deliveries_are_filtered,
        orders_with_lines_and_flags, transfers_with_reversals, held_transfers_of_a_seller, exclusive_holds_of_products,
        who_calls, orders_by_payment_and_refund,
    }
    debts {
        what_its_sellers_owe_comes_with_an_order, what_is_under_way_or_over_is_no_debt, the_oldest_debts_and_no_more_than_fifty,
        a_debt_that_is_paid_is_guarded,
    }
    looks {
        each_class_finds_its_own, what_is_over_is_never_looked_at, what_is_young_is_left_alone, a_look_moves_the_schedule,
        a_pass_sees_every_row_once, a_pass_leaves_what_another_has, nobody_looks_at_what_another_does,
    }
    trail {
        disputes, origins_causes_and_holds, what_providers_call_it, payouts_of_a_seller, the_history_of_one_order, what_operators_did,
    }
    admin {
        money_by_status, orders_by_status_and_buyer, orders_of_a_period, transfers_whose_id_is_missing, one_entry_of_the_operators_list,
        the_books_are_checked, deliveries_of_a_sender,
    }
    billing {
        the_price_list, plans_and_invoices, a_persons_standing, a_trial_is_had_once, one_open_subscription, the_place_is_handed_on,
        one_open_subscription_under_races, an_order_brings_what_it_collects, what_is_paid_is_booked_once, invoices_are_no_purchases,
        invoices_are_looked_at_by_themselves, due_subscriptions, renewals_that_were_missed, what_grants_nothing_is_swept,
    }
    sweep { what_is_young_stays, no_more_than_the_limit, a_swept_unit_id_is_forgotten, old_deliveries_go_and_young_ones_stay }
    shared {
        instances_see_each_other, many_signs_of_life_at_once, failed_logins_are_counted, what_was_not_seen_for_long_is_swept,
    }
    distribution {
        submissions_with_placements_and_moves, every_move_of_the_table, a_placement_is_due_until_it_is_over,
        one_placement_of_a_product_is_open, due_placements, nobody_claims_a_placement_of_another, what_a_reference_stands_for,
        royalties_are_summed_and_paged, what_distribution_appends_is_never_updated,
    }
    audits {
        a_run_is_read_as_it_stands, one_runs_at_a_time, a_run_is_taken_by_one, a_run_belongs_to_its_attempt,
        differences_are_paged_by_kind, the_newest_runs_are_kept,
    }
}

/// A case that takes longer waits for what never comes.
const CASE_TIME_MAX: Duration = Duration::from_secs(120);

/// Runs the whole contract, each case with an empty store from `fresh`.
///
/// # Panics
/// When the store breaks any of it; the message names the cases.
pub async fn run<F, Fut>(fresh: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Storage>>,
{
    let failed = failures(fresh).await;
    assert!(failed.is_empty(), "the store breaks its contract: {failed:#?}");
}

/// The names of the cases that the store fails, each run in a task of its own; one that hangs fails.
pub async fn failures<F, Fut>(fresh: F) -> Vec<&'static str>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Storage>>,
{
    let mut failed = Vec::new();
    for case in CASES {
        let running = tokio::time::timeout(CASE_TIME_MAX, (case.run)(fresh().await));
        if !matches!(tokio::spawn(running).await, Ok(Ok(()))) {
            failed.push(case.name);
        }
    }
    failed
}
