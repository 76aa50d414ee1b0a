//! The three books side by side, order by order: ours, the PSP's and Connect's.

use crate::cast;
use crate::store::captured;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use veza_domain::attention::{Attention, Code};
use veza_domain::dispute::DisputeStatus;
use veza_domain::ids::{InvoiceId, OrderId, UserId};
use veza_domain::ledger::{Account, Posting};
use veza_domain::licence::LicenceStatus;
use veza_domain::order::OrderStatus;
use veza_domain::refund::{Refund, RefundOrigin, RefundStatus};
use veza_domain::reversal::{ReversalCause, ReversalStatus};
use veza_domain::settlement::{OrderFile, check};
use veza_domain::subscription::PlanId;
use veza_domain::subscription::gate::{Access, access};
use veza_domain::transfer::{Transfer, TransferStatus};
use veza_ports::storage::LedgerCheck;
use veza_sandbox::{Books, PaymentStatus, RefundStatus as PspStatus};

/// Everything at one moment.
pub struct Picture {
    books: Books,
    orders: Vec<(OrderFile, Vec<Posting>, usize)>,
    attention: Vec<Attention>,
    ledger: LedgerCheck,
    balances: BTreeMap<(Account, String), i64>,
}

impl Picture {
    /// Takes it. What can't be read is broken.
    pub fn of(world: &mut World) -> Self {
        let mut orders = Vec::new();
        let ids = world.shared.seen().orders.clone();
        for id in ids {
            match (world.look(world.store.order_file(id)), world.look(world.store.history(id))) {
                (Ok(Some(stored)), Ok(history)) => {
                    let open = history.effects.iter().filter(|effect| !effect.is_over()).count();
                    orders.push((stored.file, history.postings, open));
                }
                _ => world.broken.push(format!("order {id} can't be read any more")),
            }
        }
        let attention = world.look(world.store.attention(10_000, None)).unwrap_or_default();
        let ledger = world.look(world.store.ledger_check()).unwrap_or_default();
        let balances = world.look(world.store.ledger_balances()).unwrap_or_default();
        let balances = balances.into_iter().map(|(account, currency, sum)| ((account, currency.to_string()), sum.0)).collect();
        Self { books: world.sandbox.books(), orders, attention, ledger, balances }
    }

    /// What waits although somebody who is no person could do something about it.
    pub fn waits(&self, world: &World) -> Vec<String> {
        let mut waits = Vec::new();
        for (file, _, open_effects) in &self.orders {
            let order = &file.order;
            let id = order.id.to_string();
            if *open_effects > 0 {
                waits.push(format!("{open_effects} effects of order {id}"));
            }
            let payment = self.books.payment(&id);
            let status = payment.map(|payment| payment.status);
            let ended = matches!(
                status,
                None | Some(PaymentStatus::Succeeded | PaymentStatus::Failed | PaymentStatus::Expired | PaymentStatus::Cancelled)
            );
            if order.status == OrderStatus::Pending && ended {
                waits.push(format!("order {id} is pending, its payment {status:?}"));
            }
            if file.refunds.iter().any(|refund| refund.status == RefundStatus::Pending) {
                waits.push(format!("a refund of order {id}"));
            }
            for dispute in file.disputes.iter().filter(|dispute| dispute.status.is_open()) {
                let theirs = self.books.dispute(&dispute.psp_dispute_id).map(|dispute| dispute.status.trim_start_matches("dispute_"));
                if theirs != Some(dispute.status.as_str()) {
                    waits.push(format!("dispute {} is {}, and {theirs:?} at the PSP", dispute.psp_dispute_id, dispute.status.as_str()));
                }
            }
            let disputed = file.disputes.iter().any(|dispute| dispute.status.is_open());
            for transfer in &file.transfers {
                let open = matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed);
                let no_account = world.account(seller_of(transfer)).is_none();
                if open && !disputed && !no_account {
                    waits.push(format!("transfer {} of order {id}: {} {:?}", transfer.id, transfer.status().as_str(), transfer.last_error));
                }
            }
            for reversal in &file.reversals {
                if reversal.status == ReversalStatus::ReversalPending && reversal.transfer_id.is_some() {
                    waits.push(format!("reversal {} of order {id}: {:?}", reversal.id, reversal.last_error));
                }
            }
        }
        waits
    }

    /// Compares. `everything`: also what only an audit could bring to light.
    pub fn check(&self, world: &mut World, everything: bool) {
        let mut broken = std::mem::take(&mut world.shared.seen().broken);
        self.ledger(world, &mut broken);
        for (file, postings, _) in &self.orders {
            let told = everything || !world.facts.untold.contains(&file.order.id.to_string());
            let id = file.order.id;
            broken.extend(check(file, postings).into_iter().map(|found| format!("order {id}: {}: {}", found.what, found.detail)));
            self.goods(file, &mut broken);
            if told {
                self.payment(file, &mut broken);
                self.refunds(world, file, &mut broken);
                self.disputes(file, &mut broken);
            }
            let connect_told = |stripe: &str| everything || !world.facts.untold.contains(stripe);
            self.transfers(file, &connect_told, &mut broken);
        }
        self.plans(world, everything, &mut broken);
        if !everything {
            self.payouts(world, &mut broken);
        }
        self.strangers(&mut broken);
        self.nothing_twice(world, &mut broken);
        self.attention(world, &mut broken);
        if everything {
            self.sums(world, &mut broken);
        }
        world.broken.extend(broken);
    }

    /// What Connect has told of payouts is what we show. (No audit brings what it has not.)
    fn payouts(&self, world: &World, broken: &mut Vec<String>) {
        for theirs in self.books.payouts.iter().filter(|theirs| !world.facts.untold.contains(&theirs.id)) {
            let ours = world.look(world.store.payout(&theirs.id)).ok().flatten().map(|ours| ours.value.status.as_str());
            let theirs_is = serde_json::json!(theirs.status);
            if ours.is_none_or(|ours| theirs_is != ours) {
                broken.push(format!("payout {} is {ours:?}, and {theirs_is} at Connect", theirs.id));
            }
        }
    }

    /// Sums to zero, kept balances right, nothing that was posted has changed or gone, nothing came from nowhere.
    fn ledger(&self, world: &World, broken: &mut Vec<String>) {
        for (currency, sum) in self.ledger.sums.iter().filter(|(_, sum)| sum.0 != 0) {
            broken.push(format!("the ledger sums to {} {currency}", sum.0));
        }
        for drift in &self.ledger.drift {
            broken.push(format!("a kept balance is wrong: {drift:?}"));
        }
        let mut known = world.shared.seen().postings.clone();
        for posting in self.orders.iter().flat_map(|(_, postings, _)| postings) {
            let mut entries = posting.entries.clone();
            match known.remove(&posting.event) {
                Some(made) => {
                    let mut before = made.entries.clone();
                    before.sort_by_key(|entry| entry.account);
                    entries.sort_by_key(|entry| entry.account);
                    if before != entries {
                        broken.push(format!("the posting {} was changed", posting.event));
                    }
                }
                None => broken.push(format!("the posting {} came from nowhere", posting.event)),
            }
        }
        broken.extend(known.into_keys().map(|event| format!("the posting {event} is gone")));
    }

    /// No goods without money, no money without goods.
    fn goods(&self, file: &OrderFile, broken: &mut Vec<String>) {
        let order = &file.order;
        let active: BTreeSet<_> =
            file.licences.iter().filter(|licence| licence.status == LicenceStatus::Active).map(|licence| licence.line_id).collect();
        if !order.is_paid() && !active.is_empty() {
            broken.push(format!("order {} is not paid, and {} licences are active", order.id, active.len()));
        }
        let sold_to_another =
            self.attention.iter().any(|entry| entry.order_id == Some(order.id) && entry.code == Code::ExclusiveAlreadySold);
        let whole = order.is_paid() && order.invoice_id.is_none() && standing(file).next().is_none();
        if whole && !sold_to_another && active.len() != file.lines.len() && file.exclusives.is_empty() {
            broken.push(format!("order {} is paid, and {} of {} licences are active", order.id, active.len(), file.lines.len()));
        }
    }

    /// A period is paid once, and nobody has a plan that nobody paid.
    fn plans(&self, world: &World, everything: bool, broken: &mut Vec<String>) {
        let mut kept: BTreeMap<InvoiceId, Vec<OrderId>> = BTreeMap::new();
        for (file, ..) in self.orders.iter().filter(|(file, ..)| file.order.is_paid() && standing(file).next().is_none()) {
            let in_flight = file.refunds.iter().any(|refund| refund.status == RefundStatus::Pending);
            let given_up = file.refunds.iter().any(|refund| refund.status == RefundStatus::Failed);
            if let Some(invoice) = file.order.invoice_id.filter(|_| !in_flight && !given_up) {
                kept.entry(invoice).or_default().push(file.order.id);
            }
        }
        for (invoice, orders) in &kept {
            if orders.len() > 1 {
                broken.push(format!("invoice {invoice} was paid by {orders:?}"));
            }
        }
        for nth in 0..=cast::ADMIN {
            let Ok(found) = world.look(world.store.standing(cast::person(nth).id)) else { continue };
            let Access::Plan(plan) = access(&found.as_gate(), world.now()) else { continue };
            let paid = found.current.and_then(|current| current.paid).and_then(|invoice| invoice.value.paid_by);
            let Some(order) = paid.filter(|_| plan != PlanId::Free) else { continue };
            let told = everything || !world.facts.untold.contains(&order.to_string());
            let theirs = self.books.payment(&order.to_string()).map(|payment| payment.status);
            if told && theirs != Some(PaymentStatus::Succeeded) {
                broken.push(format!("person {nth} has {} by order {order}, whose payment is {theirs:?}", plan.as_str()));
            }
        }
    }

    fn payment(&self, file: &OrderFile, broken: &mut Vec<String>) {
        let order = &file.order;
        if order.payment_id.is_none() {
            return;
        }
        let payment = self.books.payment(&order.id.to_string());
        let undone = standing(file).any(|refund| refund.origin == RefundOrigin::PaymentUndone);
        let ours = order.is_paid() && !undone;
        let theirs = payment.is_some_and(|payment| payment.status == PaymentStatus::Succeeded);
        if ours != theirs {
            let status = payment.map(|payment| payment.status);
            broken.push(format!("order {} is {}, its payment {status:?}", order.id, order.status.as_str()));
        }
        let captured = payment.map_or(0, captured);
        if order.is_paid() && captured != order.total.amount.0 {
            broken.push(format!("order {} of {} is paid with {captured}", order.id, order.total));
        }
    }

    fn refunds(&self, world: &World, file: &OrderFile, broken: &mut Vec<String>) {
        let id = file.order.id.to_string();
        let mut theirs: BTreeMap<&str, (i64, PspStatus)> = self
            .books
            .refunds
            .iter()
            .filter(|refund| refund.payment_id == id)
            .map(|refund| (refund.refund_id.as_str(), (refund.amount, refund.status)))
            .collect();
        for refund in file.refunds.iter().filter(|refund| matches!(refund.origin, RefundOrigin::Requested | RefundOrigin::External)) {
            let chosen = refund.id.to_string();
            let psp_id = refund.psp_refund_id.as_deref().unwrap_or(&chosen);
            let found = theirs.remove(psp_id);
            let fine = match (refund.status, found) {
                (RefundStatus::Succeeded, Some((amount, PspStatus::Succeeded))) => amount == refund.amount.amount.0,
                (RefundStatus::Failed, None | Some((_, PspStatus::Failed))) => true,
                (RefundStatus::Pending, Some((_, PspStatus::Pending))) => true,
                _ => false,
            };
            if !fine {
                broken.push(format!("refund {} of {} is {}, and {found:?} at the PSP", refund.id, refund.amount, refund.status.as_str()));
            }
        }
        // Paid, refunded in the PSP's dashboard and failed before we heard of any of it: no sale of ours, and nobody has anything of it.
        let nothing_left = self.at_psp(&id) == 0 || world.facts.disputed.contains(&id);
        let was_nothing = !file.order.is_paid() && world.facts.failed.contains(&id) && nothing_left;
        for (refund, (amount, status)) in theirs {
            if status == PspStatus::Succeeded && !was_nothing {
                broken.push(format!("the PSP has refunded {amount} of order {id} by {refund}, which we do not know"));
            }
        }
    }

    fn disputes(&self, file: &OrderFile, broken: &mut Vec<String>) {
        let id = file.order.id.to_string();
        for theirs in self.books.disputes.iter().filter(|dispute| dispute.payment_id == id) {
            let ours = file.disputes.iter().find(|dispute| dispute.psp_dispute_id == theirs.dispute_id).map(|dispute| dispute.status);
            let status = DisputeStatus::parse(theirs.status.trim_start_matches("dispute_"));
            if ours != status {
                broken.push(format!("dispute {} is {ours:?}, and {} at the PSP", theirs.dispute_id, theirs.status));
            }
        }
    }

    /// Each transfer and reversal at Connect is one of ours, of that amount.
    fn transfers(&self, file: &OrderFile, told: &dyn Fn(&str) -> bool, broken: &mut Vec<String>) {
        let id = file.order.id.to_string();
        for transfer in &file.transfers {
            let wanted = transfer.id.to_string();
            let theirs: Vec<_> = self.books.transfers.iter().filter(|theirs| theirs.metadata.get("transfer_id") == Some(&wanted)).collect();
            if theirs.len() > 1 {
                broken.push(format!("transfer {wanted} of order {id} was made {} times", theirs.len()));
            }
            let has_id = transfer.stripe_transfer_id.as_deref();
            match (theirs.first(), has_id) {
                (Some(theirs), Some(ours)) if theirs.id == ours => {
                    let fits = theirs.amount == transfer.amount.amount.0;
                    let reversed = theirs.amount_reversed == transfer.amount_reversed.0 || !told(ours);
                    if !fits || !reversed {
                        let (amount, back) = (theirs.amount, theirs.amount_reversed);
                        broken.push(format!(
                            "transfer {wanted} of {}, {} reversed, is {amount} with {back} reversed at Connect",
                            transfer.amount, transfer.amount_reversed.0
                        ));
                    }
                }
                (None, None) => {}
                (theirs, ours) => {
                    let theirs = theirs.map(|theirs| &theirs.id);
                    broken.push(format!("transfer {wanted}, {}, is {ours:?} here and {theirs:?} at Connect", transfer.status().as_str()));
                }
            }
        }
        for reversal in &file.reversals {
            let wanted = reversal.id.to_string();
            let theirs: Vec<_> = self.books.reversals.iter().filter(|theirs| theirs.metadata.get("reversal_id") == Some(&wanted)).collect();
            let untold = theirs.iter().any(|theirs| !told(&theirs.transfer));
            let known = theirs.iter().all(|theirs| reversal.stripe_reversal_id.as_ref() == Some(&theirs.id));
            if theirs.len() > 1 || !(known || untold) {
                broken.push(format!(
                    "reversal {wanted} of order {id}, {}, is {:?} here and {} times at Connect",
                    reversal.status.as_str(),
                    reversal.stripe_reversal_id,
                    theirs.len()
                ));
            }
        }
    }

    /// Every payment and transfer is for something of ours.
    fn strangers(&self, broken: &mut Vec<String>) {
        let orders: BTreeSet<String> = self.orders.iter().map(|(file, ..)| file.order.id.to_string()).collect();
        for payment in self.books.payments.iter().filter(|payment| !orders.contains(&payment.payment_id)) {
            broken.push(format!("payment {} is for no order", payment.payment_id));
        }
        let transfers: BTreeSet<String> =
            self.orders.iter().flat_map(|(file, ..)| &file.transfers).map(|transfer| transfer.id.to_string()).collect();
        for theirs in &self.books.transfers {
            if !theirs.metadata.get("transfer_id").is_some_and(|id| transfers.contains(id)) {
                broken.push(format!("transfer {} at Connect is for no share", theirs.id));
            }
        }
    }

    /// Nothing was made twice for one key. But for accounts: Connect forgets keys after a day, so a seller who asks again days after a
    /// lost answer has a second one, which stays empty: money only goes to the one that we know.
    fn nothing_twice(&self, world: &World, broken: &mut Vec<String>) {
        let twice = self.books.created.iter().filter(|(key, count)| **count > 1 && !key.starts_with("account:"));
        broken.extend(twice.map(|(key, count)| format!("{key} was made {count} times")));
        let known: Vec<String> = (0..cast::SELLERS).filter_map(|seller| world.account(seller)).collect();
        for transfer in self.books.transfers.iter().filter(|transfer| !known.contains(&transfer.destination)) {
            broken.push(format!("transfer {} went to {}, which is nobody's", transfer.id, transfer.destination));
        }
    }

    /// The ledger's position at each provider, order by order, is the provider's own; and all of it belongs to an order.
    fn sums(&self, world: &World, broken: &mut Vec<String>) {
        let mut at_connect: BTreeMap<&str, i64> = BTreeMap::new();
        for transfer in &self.books.transfers {
            let order = transfer.metadata.get("order_id").map(String::as_str).unwrap_or_default();
            *at_connect.entry(order).or_default() += transfer.amount - transfer.amount_reversed;
        }
        let mut sums: BTreeMap<(bool, String), i64> = BTreeMap::new();
        for (file, postings, _) in &self.orders {
            let (id, currency) = (file.order.id.to_string(), file.order.total.currency.to_string());
            let of = |wanted: &dyn Fn(&Account) -> bool| -> i64 {
                let entries = postings.iter().flat_map(|posting| &posting.entries);
                entries.filter(|entry| wanted(&entry.account)).map(|entry| entry.amount.0).sum()
            };
            let psp = of(&|account| matches!(account, Account::PspClearing));
            let connect = -of(&|account| matches!(account, Account::Connect(_)));
            *sums.entry((true, currency.clone())).or_default() += psp;
            *sums.entry((false, currency)).or_default() -= connect;
            let theirs = at_connect.get(id.as_str()).copied().unwrap_or_default();
            if connect != theirs {
                broken.push(format!("order {id}: connect is {connect}, and Connect has {theirs}"));
            }
            // A payment that failed while its money was with a bank for a dispute, or with the buyer by a refund that came back later:
            // whose it is nobody can say.
            let elsewhere = world.facts.disputed.contains(&id) || world.facts.turned.contains(&id);
            if world.facts.failed.contains(&id) && elsewhere {
                continue;
            }
            let fee = postings.iter().filter(|posting| posting.event.starts_with("dispute_fee:")).flat_map(|posting| &posting.entries);
            let fees: i64 = fee.map(|entry| entry.amount.0.max(0)).sum();
            let theirs = self.at_psp(&id) - fees;
            if psp != theirs {
                broken.push(format!("order {id}: psp_clearing is {psp}, and the PSP has {theirs}"));
            }
        }
        for ((account, currency), sum) in &self.balances {
            let entry = match account {
                Account::PspClearing => (true, currency.clone()),
                Account::Connect(_) => (false, currency.clone()),
                _ => continue,
            };
            *sums.entry(entry).or_default() -= sum;
        }
        if sums.values().any(|sum| *sum != 0) {
            broken.push(format!("the ledger has more or less than its orders: {sums:?}"));
        }
    }

    /// What the PSP has of a payment for good.
    fn at_psp(&self, id: &str) -> i64 {
        let captured = self.books.payment(id).map_or(0, |payment| payment.amount_received);
        let refunds = self.books.refunds.iter().filter(|refund| refund.payment_id == id && refund.status == PspStatus::Succeeded);
        let lost = self.books.disputes.iter().filter(|dispute| dispute.payment_id == id && dispute.withdrawn && dispute.is_lost());
        captured - refunds.map(|refund| refund.amount).sum::<i64>() - lost.map(|dispute| dispute.amount).sum::<i64>()
    }

    /// Whatever waits on a person is something that happened.
    fn attention(&self, world: &World, broken: &mut Vec<String>) {
        for entry in &self.attention {
            let order = entry.order_id.map(|id| id.to_string()).unwrap_or_default();
            let facts = &world.facts;
            let disputed = facts.disputed.contains(&order);
            let turned = facts.turned.contains(&order);
            let failed = facts.failed.contains(&order);
            let bought_exclusively = self
                .orders
                .iter()
                .any(|(file, ..)| file.order.id.to_string() == order && file.lines.iter().any(|line| line.licence_kind.is_exclusive()));
            let legitimate = match entry.code {
                Code::AmountMismatch
                | Code::TransferPaidTwice
                | Code::TransferMismatch
                | Code::ProviderCredentials
                | Code::DisputeInAnotherCurrency
                | Code::DistributionStuck => false,
                Code::PaymentFailedAfterSuccess | Code::PaymentStandsAfterAll => failed,
                Code::RefundFailedAfterSuccess | Code::RefundSucceededAfterFailure => turned || facts.provider_faults,
                Code::ExternalRefund => facts.dashboard_refunds.contains(&order),
                Code::RefundExceedsOrder => facts.dashboard_refunds.contains(&order) || turned || disputed || failed,
                Code::ExclusiveAlreadySold => bought_exclusively,
                Code::SubscriptionPaidInVain => {
                    self.orders.iter().any(|(file, ..)| file.order.id.to_string() == order && file.billing.is_some())
                }
                // Days go by in which no worker looks.
                Code::RenewalMissed => true,
                Code::TransferPermanentlyFailed | Code::OrphanRefundFailed | Code::ProviderRefused => true,
                // A share paid a debt before its own order was refunded.
                Code::NothingAtConnect => {
                    self.orders.iter().any(|(file, ..)| file.order.id.to_string() == order && !file.nettings.is_empty())
                }
                Code::ReversalPermanentlyFailed => facts.provider_faults || facts.reversed_elsewhere,
                Code::DisputeExpired | Code::DisputeOpened | Code::DisputeExceedsOrder | Code::DisputeWonAfterLoss => disputed,
                Code::ExternalReversal => facts.reversed_elsewhere,
                Code::PayoutFailed => facts.payouts_failed,
            };
            if !legitimate {
                broken.push(format!("{} waits on a person for nothing: {}", entry.code.as_str(), entry.detail));
            }
        }
        for (file, ..) in &self.orders {
            for transfer in file.transfers.iter().filter(|transfer| transfer.status() == TransferStatus::PermanentlyFailed) {
                let unpaid = lacks(file, transfer.seller_id) > 0;
                let seen = world.shared.seen().attention.contains(&(transfer.id.0, Code::TransferPermanentlyFailed));
                let replaced = file.transfers.iter().any(|other| other.replaces == Some(transfer.id));
                if unpaid && !seen && !replaced {
                    broken.push(format!("transfer {} was given up, and nobody was told", transfer.id));
                }
            }
        }
    }
}

/// Refunds that the buyer has.
fn standing(file: &OrderFile) -> impl Iterator<Item = &Refund> {
    file.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded)
}

/// What of a seller's share nothing has brought, brings, or has paid a debt with.
fn lacks(file: &OrderFile, seller: UserId) -> i64 {
    let earned: i64 = file.lines.iter().filter(|line| line.seller_id == seller).map(|line| line.share.0).sum();
    let parts = standing(file).flat_map(|refund| &refund.seller_parts).filter(|part| part.seller_id == seller);
    let given: i64 = parts.map(|part| part.amount.0).sum();
    let of_seller = file.transfers.iter().filter(|transfer| transfer.seller_id == seller);
    let alive = of_seller.filter(|transfer| transfer.status() != TransferStatus::PermanentlyFailed);
    let sent: i64 = alive.map(|transfer| transfer.amount.amount.0 - transfer.amount_reversed.0).sum();
    let kept: i64 = file.nettings.iter().filter(|row| row.seller_id == seller).map(|row| row.amount.amount.0).sum();
    // What others took back at Connect stands on a list of its own.
    let of_seller = file.reversals.iter().filter(|reversal| reversal.seller_id == seller);
    let taken: i64 = of_seller.filter(|reversal| reversal.cause == ReversalCause::External).map(|reversal| reversal.amount.amount.0).sum();
    if file.order.is_paid() { earned - given - sent - kept - taken } else { 0 }
}

fn seller_of(transfer: &Transfer) -> usize {
    (0..cast::SELLERS).find(|nth| cast::person(*nth).id == transfer.seller_id).unwrap_or_default()
}
