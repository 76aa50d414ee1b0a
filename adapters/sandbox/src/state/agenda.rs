//! What happens when its time comes.
//!
//! Invariant: an entry only reminds; the record says whether, and when, it is due, so a stale entry does nothing and a
//! restart rebuilds the agenda from the records.

use crate::{distributor, hyperswitch, ids::Micros, model::EventStatus, stripe};

use super::State;

const DAY: Micros = 86_400_000_000;

/// Something that happens when its time comes.
#[derive(Debug, Clone)]
pub(crate) enum Due {
    Fund {
        payment_id: String,
        index: usize,
    },
    Refund {
        refund_id: String,
    },
    /// A payment is disputed.
    Disputed {
        payment_id: String,
    },
    /// A dispute is decided.
    Dispute {
        dispute_id: String,
    },
    Payout {
        payout_id: String,
    },
    /// Midnight: accounts pay out.
    DailyPayouts,
    Webhook {
        event_id: String,
    },
    /// A release moves on its platform.
    Release {
        release_id: String,
    },
}

impl State {
    /// Rebuilds the agenda from the records.
    pub(super) fn restore_agenda(&mut self) {
        let mut due = Vec::new();
        for payment in self.payments.rows() {
            let payment_id = &payment.payment_id;
            for (index, fund) in payment.funds.iter().enumerate().filter(|(_, fund)| !fund.released) {
                due.push((fund.available_at, Due::Fund { payment_id: payment_id.clone(), index }));
            }
            due.extend(payment.dispute_due.map(|at| (at, Due::Disputed { payment_id: payment_id.clone() })));
        }
        for refund in self.refunds.rows() {
            due.extend(refund.due.map(|(at, _)| (at, Due::Refund { refund_id: refund.refund_id.clone() })));
        }
        for dispute in self.disputes.rows() {
            due.extend(dispute.due.as_ref().map(|(at, _)| (*at, Due::Dispute { dispute_id: dispute.dispute_id.clone() })));
        }
        for payout in self.payouts.rows() {
            due.extend(payout.due.map(|(at, _)| (at, Due::Payout { payout_id: payout.id.clone() })));
        }
        for release in self.releases.rows() {
            due.extend(release.due.map(|(at, _)| (at, Due::Release { release_id: release.id.clone() })));
        }
        let mut interrupted = Vec::new();
        for event in self.events.rows().iter().filter(|event| event.status == EventStatus::Waiting) {
            match event.next_at {
                Some(at) => due.push((at, Due::Webhook { event_id: event.event_id.clone() })),
                None => interrupted.push(event.event_id.clone()),
            }
        }
        due.into_iter().for_each(|(at, due)| self.schedule(at, due));
        interrupted.into_iter().for_each(|event_id| self.schedule_webhook(&event_id, self.now));
        self.schedule_daily_payouts();
    }

    /// Plans the next midnight, where accounts pay out daily and it is not planned yet.
    pub(crate) fn schedule_daily_payouts(&mut self) {
        if self.meta().daily_payouts && self.daily_payouts_at.is_none() {
            let midnight = next_midnight(self.now);
            self.daily_payouts_at = Some(midnight);
            self.schedule(midnight, Due::DailyPayouts);
        }
    }

    pub(crate) fn schedule(&mut self, at: Micros, due: Due) {
        self.agenda_count += 1;
        self.agenda.insert((at, self.agenda_count), due);
    }

    pub(crate) fn schedule_webhook(&mut self, event_id: &str, at: Micros) {
        if let Some(event) = self.events.edit(event_id) {
            event.status = EventStatus::Waiting;
            event.next_at = Some(at);
        }
        self.schedule(at, Due::Webhook { event_id: event_id.to_owned() });
    }

    pub(crate) fn next_due(&self) -> Option<Micros> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// Does what has become due and returns the webhooks to send.
    pub(crate) fn fire_due(&mut self) -> Vec<String> {
        let mut webhooks = Vec::new();
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let ((at, _), due) = entry.remove_entry();
            match due {
                Due::Fund { payment_id, index } => self.release_fund(&payment_id, index),
                Due::Refund { refund_id } => {
                    let due = self.refunds.get(&refund_id).and_then(|refund| refund.due);
                    if let Some((_, succeeds)) = due.filter(|(planned, _)| *planned == at) {
                        hyperswitch::refunds::settle(self, &refund_id, succeeds, None);
                    }
                }
                Due::Disputed { payment_id } => hyperswitch::disputes::open_due(self, &payment_id, at),
                Due::Dispute { dispute_id } => hyperswitch::disputes::decide_due(self, &dispute_id, at),
                Due::Payout { payout_id } => stripe::payouts::move_due(self, &payout_id, at),
                Due::Release { release_id } => distributor::move_due(self, &release_id, at),
                Due::DailyPayouts => {
                    self.daily_payouts_at = None;
                    if self.meta().daily_payouts {
                        stripe::payouts::pay_out_all(self);
                    }
                    self.schedule_daily_payouts();
                }
                Due::Webhook { event_id } => {
                    // In flight is remembered in memory only, so that a restart sends it again.
                    let claimed = self.events.edit_volatile(&event_id).is_some_and(|event| {
                        event.status == EventStatus::Waiting && event.next_at == Some(at) && {
                            event.next_at = None;
                            true
                        }
                    });
                    if claimed {
                        webhooks.push(event_id);
                    }
                }
            }
        }
        webhooks
    }
}

/// The first midnight (UTC) after `now`.
fn next_midnight(now: Micros) -> Micros {
    now.div_euclid(DAY).saturating_add(1).saturating_mul(DAY)
}
