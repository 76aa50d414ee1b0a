//! The memory store keeps the storage contract, and the contract notices a store that does not.

mod broken;

use broken::{Broken, Fault};
use std::sync::Arc;
use veza_memory::MemoryStore;
use veza_ports::contract::storage;
use veza_ports::storage::Storage;

fn memory() -> Arc<dyn Storage> {
    Arc::new(MemoryStore::new())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_keeps_the_contract() {
    storage::run(|| async { memory() }).await;
}

#[tokio::test]
async fn on_one_thread_too() {
    storage::run(|| async { memory() }).await;
}

/// Each fault and cases that are there to find it. Other cases may find it too.
const FAULTS: &[(Fault, &[&str])] = &[
    (Fault::None, &[]),
    (Fault::IgnoresUnchanged, &["guards::an_unchanged_row_is_guarded_and_not_written", "guards::a_refused_unit_leaves_nothing"]),
    (
        Fault::IgnoresRevisions,
        &["guards::an_update_wants_the_row_at_its_revision", "races::one_of_many_updates_wins", "races::no_update_is_lost"],
    ),
    (Fault::ForgetsUnits, &["guards::a_unit_that_comes_again_changes_nothing", "races::one_of_many_copies_is_applied"]),
    (Fault::IgnoresFingerprints, &["guards::a_unit_id_is_one_requests"]),
    (Fault::KeepsRefusedIds, &["guards::a_refused_unit_uses_up_no_id"]),
    (
        Fault::HalfUnits,
        &["guards::a_refused_unit_leaves_nothing", "guards::a_refused_unit_leaves_its_neighbours", "races::readers_see_whole_units"],
    ),
    (Fault::EnsureIsInsert, &["guards::an_ensure_keeps_what_is_there"]),
    (
        Fault::SwallowsTaken,
        &[
            "unique::every_value_stands_once",
            "races::unique_values_stand_once_under_races",
            "billing::one_open_subscription",
            "billing::one_open_subscription_under_races",
            "distribution::one_placement_of_a_product_is_open",
        ],
    ),
    (
        Fault::SwallowsInvalid,
        &[
            "money::the_whole_matrix",
            "distribution::every_move_of_the_table",
            "money::postings_balance",
            "guards::what_is_appended_is_never_updated",
        ],
    ),
    (
        Fault::NoLease,
        &[
            "looks::nobody_looks_at_what_another_does",
            "claims::a_claim_is_a_lease",
            "claims::nobody_claims_what_another_has",
            "claims::due_transfers",
            "billing::due_subscriptions",
            "distribution::due_placements",
            "distribution::nobody_claims_a_placement_of_another",
        ],
    ),
    (Fault::ClaimsBackwards, &["claims::due_effects_oldest_first", "claims::due_transfers", "billing::due_subscriptions"]),
    (Fault::PagesOverlap, &["lists::a_walk_gives_every_row_once", "admin::money_by_status", "trail::payouts_of_a_seller"]),
    (Fault::TornReads, &["races::readers_see_whole_units"]),
    (Fault::SweepsTheYoung, &["sweep::what_is_young_stays", "sweep::old_deliveries_go_and_young_ones_stay"]),
    (Fault::SeesTheDead, &["shared::instances_see_each_other"]),
    (Fault::BooksUpsideDown, &["money::books_of_a_seller"]),
    (Fault::RemovesWhatIsNotThere, &["removal::a_removal_wants_the_entry"]),
    (Fault::ClearIsRemove, &["removal::a_clearing_takes_what_is_there"]),
    (Fault::ClearsNothing, &["removal::a_clearing_takes_what_is_there", "removal::an_entry_may_come_again"]),
    (
        Fault::LooksAgain,
        &["looks::each_class_finds_its_own", "looks::a_look_moves_the_schedule", "looks::nobody_looks_at_what_another_does"],
    ),
    (Fault::PassesTwice, &["looks::a_pass_sees_every_row_once"]),
    (Fault::PassesThroughLeases, &["looks::a_pass_leaves_what_another_has", "looks::a_pass_sees_every_row_once"]),
    (Fault::LooksAtTheYoung, &["looks::what_is_young_is_left_alone"]),
    (Fault::ForgetsDebts, &["claims::due_reversals"]),
    (Fault::DebtsInFlight, &["debts::what_is_under_way_or_over_is_no_debt"]),
    (Fault::OwnDebts, &["debts::what_its_sellers_owe_comes_with_an_order", "round_trip::orders_with_all_that_hangs_on_them"]),
    (Fault::HistoryOfAnother, &["trail::the_history_of_one_order"]),
    (Fault::PayloadsInHistory, &["trail::the_history_of_one_order"]),
    (Fault::IgnoresStatus, &["admin::money_by_status", "admin::orders_by_status_and_buyer"]),
    (Fault::PeriodsOverlap, &["admin::orders_of_a_period"]),
    (Fault::HearsTheDead, &["audits::a_run_belongs_to_its_attempt"]),
    (Fault::ForgetsTrials, &["billing::a_persons_standing", "billing::a_trial_is_had_once"]),
    (Fault::ShowsTheNewest, &["billing::a_persons_standing"]),
    (Fault::MissesRenewalsAtOnce, &["billing::renewals_that_were_missed"]),
    (Fault::SweepsTrials, &["billing::what_grants_nothing_is_swept"]),
    (Fault::ForgetsTheOther, &["billing::an_order_brings_what_it_collects"]),
    (Fault::ForgetsBillingRevisions, &["billing::an_order_brings_what_it_collects", "billing::what_is_paid_is_booked_once"]),
    (Fault::BuysInvoices, &["billing::invoices_are_no_purchases"]),
    (Fault::LooksAtInvoicesToo, &["billing::invoices_are_looked_at_by_themselves", "looks::each_class_finds_its_own"]),
    (Fault::ForgetsTracks, &["distribution::what_a_reference_stands_for"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_finds_what_is_broken() {
    for (fault, finders) in FAULTS {
        let failed = storage::failures(|| async { Arc::new(Broken::new(*fault)) as Arc<dyn Storage> }).await;
        let missed: Vec<_> = finders.iter().filter(|case| !failed.contains(case)).collect();
        assert!(missed.is_empty(), "{fault:?} is not found by {missed:?}, but by {failed:?}");
        assert_eq!(failed.is_empty(), *fault == Fault::None, "{fault:?}: {failed:?}");
    }
}
