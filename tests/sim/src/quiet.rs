//! Until nothing is due any more: faults off, clocks right, messages delivered or lost for good, workers at work, time going by.
//!
//! Then the books are compared, in two steps. First as they stand: whatever a message told, or a reconciler's look can find, is booked.
//! Then after an audit that imports: also what happened at a provider behind everybody's back.

use crate::act::differences;
use crate::cast::SELLERS;
use crate::check::Picture;
use crate::ops::TO_THE_END;
use crate::world::{Outcome, What, World};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use veza::usecases::audit::Difference;
use veza_sandbox::{PaymentStatus, RefundStatus};

/// Rounds of work after which what waits waits for ever: two months.
const ROUNDS_MAX: u32 = 300;
/// Batches of one worker in one round.
const BATCHES_MAX: u32 = 200;
/// So much money that nobody lacks any.
const PLENTY: i64 = 1_000_000_000;
/// First numbers of the workers of [`World::work`]: outbox, transfers, reversals, reconciler, subscriptions.
const WORKERS: [u8; 5] = [0, 4, 7, 10, 16];

impl World {
    /// Goes on until nothing is due, and compares the books.
    pub fn conclude(&mut self) {
        self.points.note(format_args!("-- quiet"));
        self.calm();
        self.settle_down();
        if !self.broken.is_empty() {
            return;
        }
        Picture::of(self).check(self, false);
        let untold = self.audit(false);
        if !self.broken.is_empty() {
            return;
        }
        if untold {
            self.points.note(format_args!("-- audit"));
            self.begin_audit(true);
            self.settle_down();
            // What an import books can give the workers something to do at Connect, which the next audit sees.
            if self.broken.is_empty() && self.audit(false) {
                self.begin_audit(true);
                self.settle_down();
            }
            self.facts.untold.clear();
            self.audit(false);
            if self.broken.is_empty() {
                Picture::of(self).check(self, true);
            }
        } else {
            self.facts.untold.clear();
            Picture::of(self).check(self, true);
        }
    }

    /// No more faults; everything that is open at the providers ends, or may stay open for good.
    fn calm(&mut self) {
        self.facts.provider_faults |= !self.sandbox.scripts().is_empty();
        if let Err(error) = self.sandbox.clear_scripts() {
            self.broken.push(error.to_string());
        }
        self.shared.failures().clear();
        for (line, until) in &mut self.lines {
            line.down.store(false, Ordering::Relaxed);
            *until = 0;
        }
        for instance in &self.instances {
            instance.skew.store(0, Ordering::Relaxed);
        }
        self.finish();
        self.collect();
        let mut owners = vec!["platform".to_owned()];
        for seller in 0..SELLERS {
            if self.setting.close_all {
                self.onboard(seller as u8, 0, TO_THE_END);
            }
            if let Some(account) = self.account(seller) {
                let _ = self.sandbox.set_account(&account, Some("active"), Some(true));
                owners.push(account);
            }
        }
        for owner in owners {
            for currency in ["eur", "usd"] {
                let _ = self.sandbox.deposit(&owner, currency, PLENTY);
            }
        }
        self.close();
        self.collect();
        if self.setting.lose_the_rest {
            for posted in std::mem::take(&mut self.letters) {
                self.lose(posted);
            }
        }
    }

    fn close(&mut self) {
        let books = self.sandbox.books();
        for refund in books.refunds.iter().filter(|refund| refund.status == RefundStatus::Pending && refund.due.is_none()) {
            let _ = self.sandbox.succeed_refund(&refund.refund_id);
            self.collect();
        }
        if !self.setting.close_all {
            return;
        }
        let open = |status| {
            !matches!(status, PaymentStatus::Succeeded | PaymentStatus::Failed | PaymentStatus::Expired | PaymentStatus::Cancelled)
        };
        for payment in books.payments.iter().filter(|payment| open(payment.status)) {
            let _ = self.sandbox.expire(&payment.payment_id);
        }
        let undecided = ["dispute_opened", "dispute_challenged", "dispute_expired"];
        for (nth, dispute) in books.disputes.iter().filter(|dispute| undecided.contains(&dispute.status.as_str())).enumerate() {
            self.collect();
            let decided = self.sandbox.set_dispute(&dispute.dispute_id, if nth % 2 == 0 { "lost" } else { "won" });
            if decided.is_ok() && self.collect() == 0 {
                self.facts.untold.insert(dispute.payment_id.clone());
            }
        }
    }

    /// Workers work, messages arrive and time goes by until nothing waits that somebody could do something about.
    pub fn settle_down(&mut self) {
        let mut waits = Vec::new();
        for round in 0..ROUNDS_MAX {
            let mut worked = self.deliver_all();
            for worker in WORKERS {
                for batch in 0..=BATCHES_MAX {
                    self.worked = false;
                    self.work(worker, (round + batch) as usize % 2, TO_THE_END);
                    worked |= self.worked;
                    // A reconciler's tick sees what it leaves waiting again and again: one is enough.
                    if !self.worked || worker == WORKERS[3] {
                        break;
                    }
                    if batch == BATCHES_MAX {
                        self.broken.push(format!("worker {worker} never runs out of work"));
                    }
                }
            }
            worked |= self.collect() > 0;
            if !self.broken.is_empty() {
                return;
            }
            // What may wait for good (a share without an account) is looked at for good as well.
            if (!worked || round > 8) && self.letters.is_empty() && self.sandbox.next_due().is_none() {
                waits = Picture::of(self).waits(self);
                if waits.is_empty() {
                    return;
                }
            }
            let minutes = match round {
                0..6 => 11,
                6..60 => 61,
                _ => 361,
            };
            self.advance(Duration::from_secs(60 * minutes));
        }
        if waits.is_empty() {
            waits = Picture::of(self).waits(self);
        }
        if waits.is_empty() {
            waits.push("something is always due".to_owned());
        }
        self.broken.extend(waits.into_iter().map(|what| format!("waits for ever: {what}")));
    }

    fn deliver_all(&mut self) -> bool {
        let any = !self.letters.is_empty();
        let mut left = 4 * self.letters.len() + 16;
        while !self.letters.is_empty() && left > 0 {
            left -= 1;
            self.deliver(0, left % 2, TO_THE_END, false);
        }
        any
    }

    fn begin_audit(&mut self, import: bool) -> Vec<Difference> {
        let found = Arc::new(Mutex::new(None));
        let (app, kept) = (Arc::clone(&self.instances[0].app), Arc::clone(&found));
        let audit = async move {
            let differences = differences(&app, import).await;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = differences;
            Outcome::Worked(true)
        };
        self.begin(0, What::Work, TO_THE_END, audit);
        match found.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some((differences, 0)) => differences,
            Some((_, unread)) => {
                self.broken.push(format!("an audit could not read {unread} objects while all is well"));
                Vec::new()
            }
            None => {
                self.broken.push("an audit could not be made while all is well".to_owned());
                Vec::new()
            }
        }
    }

    /// Every difference is one that nobody told us of. True: there are some.
    fn audit(&mut self, import: bool) -> bool {
        let differences = self.begin_audit(import);
        for difference in &differences {
            let ids = [difference.order_id.map(|id| id.to_string()), Some(difference.subject.clone())];
            if !ids.into_iter().flatten().any(|id| self.facts.untold.contains(&id)) {
                let Difference { code, subject, ours, theirs, .. } = difference;
                self.broken.push(format!("the audit finds {code} of {subject}: ours {ours}, theirs {theirs}"));
            }
        }
        !differences.is_empty()
    }
}
