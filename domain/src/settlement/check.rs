//! Do an order's rows and its postings tell the same story (spec/01-money §10)?
//!
//! The sums here are taken from the rows by themselves, account by account, and not by the rules that made the postings.

use super::OrderFile;
use crate::ids::UserId;
use crate::ledger::{Account, Posting};
use crate::licence::LicenceStatus;
use crate::refund::{Refund, RefundOrigin};
use crate::reversal::{Reversal, ReversalCause, ReversalStatus};
use crate::transfer::{Transfer, TransferStatus};
use std::collections::{BTreeMap, BTreeSet};

/// Something that must hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which rule, in few words; the same for every order.
    pub what: &'static str,
    /// The figures.
    pub detail: String,
}

/// What is broken about an order, given all its postings. Empty in good books.
///
/// Says nothing about other orders: a debt that another order's share paid is checked on both, each with its own postings.
#[must_use]
pub fn check(file: &OrderFile, postings: &[Posting]) -> Vec<Broken> {
    let mut checked = Checked { file, balances: balances(postings), broken: Vec::new() };
    checked.postings(postings);
    checked.rows();
    checked.disputes();
    checked.platform(postings);
    for transfer in &file.transfers {
        checked.transfer(transfer);
    }
    let sellers: BTreeSet<UserId> = file
        .sellers()
        .into_iter()
        .chain(file.transfers.iter().map(|row| row.seller_id))
        .chain(file.reversals.iter().map(|row| row.seller_id))
        .collect();
    for seller in sellers {
        checked.seller_accounts(seller);
        checked.seller_share(seller);
    }
    checked.broken
}

fn balances(postings: &[Posting]) -> BTreeMap<Account, i128> {
    let mut balances = BTreeMap::new();
    for entry in postings.iter().flat_map(|posting| &posting.entries) {
        *balances.entry(entry.account).or_default() += i128::from(entry.amount.0);
    }
    balances
}

struct Checked<'a> {
    file: &'a OrderFile,
    balances: BTreeMap<Account, i128>,
    broken: Vec<Broken>,
}

impl Checked<'_> {
    fn rule(&mut self, holds: bool, what: &'static str, detail: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(Broken { what, detail: detail() });
        }
    }

    fn balance(&mut self, account: Account, expected: i128, what: &'static str) {
        let found = self.balances.get(&account).copied().unwrap_or_default();
        self.rule(found == expected, what, || format!("{account} is {found}, the rows say {expected}"));
    }

    fn postings(&mut self, postings: &[Posting]) {
        let currency = self.file.order.total.currency;
        let mut events = BTreeSet::new();
        for posting in postings {
            self.rule(posting.balances(), "a posting does not balance", || posting.event.clone());
            self.rule(posting.currency == currency, "a posting is in another currency", || posting.event.clone());
            self.rule(events.insert(&posting.event), "an event was posted twice", || posting.event.clone());
        }
    }

    fn rows(&mut self) {
        let (file, order) = (self.file, &self.file.order);
        let expected = file.status();
        let found = order.status;
        self.rule(found == expected, "the status does not follow from the rows", || {
            format!("the order is {}, its rows say {}", found.as_str(), expected.as_str())
        });
        let standing: i64 = file.standing_refunds().map(within).sum();
        self.rule(order.refunded.0 == standing, "refunded is not what the refunds that stand gave back", || {
            format!("refunded {}, the refunds gave back {standing}", order.refunded.0)
        });
        self.rule((0..=order.total.amount.0).contains(&order.refunded.0), "more was refunded than captured", || {
            format!("{} of {}", order.refunded.0, order.total)
        });
        let exceeding = file.standing_refunds().any(|refund| refund.amount.amount.0 > within(refund))
            || losses(file).any(|loss| surplus(file, loss) > 0);
        self.rule(order.refunded >= order.total.amount || !exceeding, "the platform bears what the order has left", || {
            format!("{} of {}", order.refunded.0, order.total)
        });
        for line in &file.lines {
            let parts = file.standing_refunds().flat_map(|refund| &refund.line_parts).filter(|part| part.line_id == line.id);
            let given: i64 = parts.map(|part| part.amount.0).sum();
            let fine = line.refunded.0 == given && (0..=line.price.0).contains(&given);
            self.rule(fine, "a line gave back something else than its refunds say", || {
                format!("line {} of {}: {} and {given}", line.id, line.price.0, line.refunded.0)
            });
        }
        let active = file.licences.iter().filter(|licence| licence.status == LicenceStatus::Active).count();
        let nothing = file.licences.is_empty() && file.transfers.is_empty() && file.refunds.is_empty() && file.nettings.is_empty();
        self.rule(order.is_paid() || nothing, "something hangs on an order that was not paid", || format!("{active} licences are active"));
        self.rule(!file.is_refunded_in_full() || active == 0, "licences are active although all was refunded", || active.to_string());
    }

    /// A lost dispute is booked once, as a refund; nothing else is.
    fn disputes(&mut self) {
        let file = self.file;
        for dispute in &file.disputes {
            let loss = file.loss_amount(dispute);
            let wanted = file.order.is_paid() && dispute.status.is_lost() && loss.is_some();
            let standing: Vec<&Refund> = losses(file).filter(|loss| loss.origin == RefundOrigin::Dispute(dispute.id)).collect();
            self.rule(standing.len() == usize::from(wanted), "a lost dispute is not booked once", || {
                format!("dispute {} is {}, booked {} times", dispute.psp_dispute_id, dispute.status.as_str(), standing.len())
            });
            let fits = standing.iter().all(|booked| loss.is_some_and(|loss| booked.amount.amount <= loss.amount));
            self.rule(fits, "more was booked than a dispute is about", || dispute.psp_dispute_id.clone());
        }
        for loss in losses(file) {
            let known = file.disputes.iter().any(|dispute| Some(dispute.id) == loss.origin.dispute() && dispute.status.is_lost());
            self.rule(known, "a loss is booked that no dispute accounts for", || format!("refund {} of {}", loss.id, loss.amount));
        }
        let undone = file.standing_refunds().filter(|refund| refund.origin == RefundOrigin::PaymentUndone).count();
        self.rule(undone <= 1, "a payment was undone more than once", || undone.to_string());
    }

    fn platform(&mut self, postings: &[Posting]) {
        let file = self.file;
        let paid = file.order.is_paid();
        let captured = if paid { wide(file.order.total.amount.0) } else { 0 };
        let fees_taken: i128 = if paid { file.lines.iter().map(|line| wide(line.fee.0)).sum() } else { 0 };
        let back: i128 = file.standing_refunds().map(|refund| wide(refund.amount.amount.0)).sum();
        let inside: i128 = file.standing_refunds().map(|refund| wide(within(refund))).sum();
        let by_sellers: i128 = file.standing_refunds().flat_map(|refund| &refund.seller_parts).map(|part| wide(part.amount.0)).sum();
        let surplus: i128 = losses(file).map(|loss| wide(surplus(file, loss))).sum();
        let of_fee = postings.iter().filter(|posting| posting.event.starts_with("dispute_fee:")).flat_map(|posting| &posting.entries);
        let dispute_fees: i128 = of_fee.filter(|entry| entry.account == Account::DisputeLoss).map(|entry| wide(entry.amount.0)).sum();
        // What the platform took upon itself, less what it kept of shares that others had taken back.
        let borne = |row: &Reversal| if row.cause == ReversalCause::External { -row.written_off.0 } else { row.written_off.0 };
        let written_off: i128 = file.reversals.iter().map(|row| wide(borne(row))).sum();
        self.balance(Account::PspClearing, captured - back - surplus - dispute_fees, "psp_clearing is not captured less what went back");
        let credit = file.billing.as_ref().filter(|_| paid).map_or(0, |billing| wide(billing.invoice.credit.0));
        let kept = inside - by_sellers - fees_taken;
        let (fee, revenue) = if file.order.invoice_id.is_some() { (0, kept - credit) } else { (kept, 0) };
        self.balance(Account::PlatformFee, fee, "platform_fee is not what the lines and refunds say");
        self.balance(Account::SubscriptionRevenue, revenue, "subscription_revenue is not what the invoice and refunds say");
        self.balance(Account::ProrationCredit, credit, "proration_credit is not what the invoice says");
        let lost = back - inside + surplus + dispute_fees + written_off;
        self.balance(Account::DisputeLoss, lost, "dispute_loss is not what was lost and written off");
    }

    fn transfer(&mut self, transfer: &Transfer) {
        let back: i64 = self.file.reversals_of(transfer.id).map(taken_at_connect).sum();
        let fine = transfer.amount_reversed.0 == back && (0..=transfer.amount.amount.0).contains(&back);
        self.rule(fine, "a transfer was not taken back as its reversals say", || {
            format!("transfer {} of {}: {} and {back}", transfer.id, transfer.amount, transfer.amount_reversed.0)
        });
    }

    fn seller_accounts(&mut self, seller: UserId) {
        use TransferStatus::{Completed, PermanentlyFailed, ReversalPending, Reversed};
        let file = self.file;
        let reached = |row: &&Transfer| match row.status() {
            Completed | ReversalPending | Reversed => true,
            PermanentlyFailed => file.carries(row),
            TransferStatus::Pending | TransferStatus::Failed => false,
        };
        let sent: i128 = file.transfers_of(seller).filter(reached).map(|row| wide(row.amount.amount.0)).sum();
        let of_seller = || file.reversals.iter().filter(|row| row.seller_id == seller);
        let external: i128 = of_seller().filter(|row| row.cause == ReversalCause::External).map(|row| wide(row.amount.amount.0)).sum();
        let debts: i128 = file.debts_of(seller).map(|row| wide(row.amount.amount.0)).sum();
        let taken: i128 = file.debts_of(seller).map(|row| wide(taken_at_connect(row))).sum();
        let written_off: i128 = file.debts_of(seller).map(|row| wide(row.written_off.0)).sum();
        let kept: i128 = file.nettings.iter().filter(|row| row.seller_id == seller).map(|row| wide(row.amount.amount.0)).sum();
        let share: i128 = file.lines.iter().filter(|line| line.seller_id == seller).map(|line| wide(line.share.0)).sum();
        let share = if file.order.is_paid() { share } else { 0 };
        let parts = file.standing_refunds().flat_map(|refund| &refund.seller_parts).filter(|part| part.seller_id == seller);
        let given: i128 = parts.map(|part| wide(part.amount.0)).sum();
        self.balance(Account::Connect(seller), taken + external - sent, "connect is not what transfers carry");
        let owing = debts - taken - written_off - kept;
        self.balance(Account::SellerReceivable(seller), owing, "seller_receivable is not what reversals and nettings leave open");
        let owed = given - share + sent - debts - external + kept + wide(file.kept(seller));
        self.balance(Account::SellerPayable(seller), owed, "seller_payable is not what was earned and not sent");
    }

    /// What a seller has beyond what was earned is being taken back, and what a seller lacks is being sent or on a list.
    fn seller_share(&mut self, seller: UserId) {
        let file = self.file;
        let open = |row: &&Transfer| matches!(row.status(), TransferStatus::Pending | TransferStatus::Failed);
        let on_its_way: i64 = file.transfers_of(seller).filter(open).map(|row| row.amount.amount.0).sum();
        let over = file.over(seller);
        self.rule(file.kept(seller) <= file.share_left(seller).max(0), "more was kept from a seller than was earned", || {
            format!("seller {seller}: {} of {}", file.kept(seller), file.share_left(seller))
        });
        self.rule(-over <= on_its_way, "a seller has more than was earned, and nothing takes it back", || {
            format!("seller {seller}: {}", -over)
        });
        let given_up: i64 = file.transfers_of(seller).filter(|row| !file.carries(row)).map(|row| row.amount.amount.0).sum();
        let short = file.missing(seller) - given_up;
        let settled = on_its_way == 0 && !file.has_open_reversal(seller);
        self.rule(!settled || short <= 0, "a seller lacks a share, and nothing sends it", || format!("seller {seller}: {short}"));
        for debt in file.debts_of(seller) {
            let caused = file.standing_refunds().any(|refund| Some(refund.id) == debt.cause.refund());
            self.rule(debt.written_off.0 == 0 || caused || over <= 0, "a debt is written off that nobody owes any more", || {
                format!("reversal {}: {}", debt.id, debt.written_off.0)
            });
            let kept: i64 = file.nettings.iter().filter(|row| row.reversal_id == debt.id).map(|row| row.amount.amount.0).sum();
            let whole = debt.open_amount().0 >= 0 && debt.written_off.0 >= 0 && kept <= debt.netted.0;
            self.rule(whole, "a debt is paid by more than it is", || {
                format!(
                    "reversal {} of {}: netted {}, here {kept}, written off {}",
                    debt.id, debt.amount, debt.netted.0, debt.written_off.0
                )
            });
            let due = (debt.status == ReversalStatus::ReversalPending) == debt.next_retry_at.is_some();
            self.rule(due, "an open debt is never looked at again", || format!("reversal {}", debt.id));
        }
    }
}

fn wide(minor: i64) -> i128 {
    i128::from(minor)
}

/// What of a refund the order bears.
fn within(refund: &Refund) -> i64 {
    refund.line_parts.iter().map(|part| part.amount.0).sum()
}

fn losses(file: &OrderFile) -> impl Iterator<Item = &Refund> {
    file.standing_refunds().filter(|refund| refund.origin.dispute().is_some())
}

/// What the bank took beyond the refund by which the loss is booked.
fn surplus(file: &OrderFile, loss: &Refund) -> i64 {
    let dispute = file.disputes.iter().find(|dispute| Some(dispute.id) == loss.origin.dispute());
    let lost = dispute.and_then(|dispute| file.loss_amount(dispute));
    lost.map_or(0, |lost| lost.amount.0 - loss.amount.amount.0)
}

fn taken_at_connect(reversal: &Reversal) -> i64 {
    match (reversal.cause, reversal.status) {
        (ReversalCause::External, _) => reversal.amount.amount.0,
        (ReversalCause::Refund(_), ReversalStatus::Reversed) => reversal.open_amount().0,
        (ReversalCause::Refund(_), ReversalStatus::ReversalPending | ReversalStatus::PermanentlyFailed) => 0,
    }
}
