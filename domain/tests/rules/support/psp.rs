//! A PSP with books of its own for one order: messages come late, twice, in any order or never; a read tells the truth of its
//! moment, but may be settled after a later one; it changes its mind about refunds, disputes and the payment itself.

use super::{dispute, payment, refund};
use veza_domain::dispute::DisputeStatus;
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::refund::{RefundOrigin, RefundStatus};
use veza_domain::settlement::{DisputeFact, Fact, OrderFile, PaymentFact, PaymentStatus, PspRefundStatus, RefundFact, Source};

pub struct PspRefund {
    id: String,
    amount: i64,
    status: PspRefundStatus,
}

pub struct PspDispute {
    id: String,
    amount: i64,
    status: DisputeStatus,
}

pub struct Psp {
    name: usize,
    total: i64,
    payment: PaymentStatus,
    /// The payment had succeeded once.
    captured: bool,
    refunds: Vec<PspRefund>,
    disputes: Vec<PspDispute>,
    /// Every message that it ever sent.
    pub sent: Vec<Fact>,
}

impl Psp {
    pub fn new(name: usize, total: i64) -> Self {
        let (refunds, disputes, sent) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, total, payment: PaymentStatus::Open, captured: false, refunds, disputes, sent }
    }

    /// The buyer tries to pay.
    pub fn pay(&mut self, succeeds: bool) {
        if !self.captured {
            self.payment = if succeeds { PaymentStatus::Succeeded } else { PaymentStatus::Failed };
            self.captured = succeeds;
            self.sent.push(self.payment_now(Source::Webhook));
        }
    }

    /// A payment that succeeded has not, or stands after all.
    pub fn turn_payment(&mut self) {
        if self.captured {
            let stood = self.payment == PaymentStatus::Succeeded;
            self.payment = if stood { PaymentStatus::Failed } else { PaymentStatus::Succeeded };
            self.sent.push(self.payment_now(Source::Webhook));
        }
    }

    pub fn refund_outside(&mut self, per_mille: i64) {
        let id = format!("ext_{}_{}", self.name, self.refunds.len());
        self.create_refund(id, (self.room() * per_mille / 1000).max(1));
    }

    pub fn create_refund(&mut self, id: String, amount: i64) {
        if amount <= self.room() {
            self.refunds.push(PspRefund { id, amount, status: PspRefundStatus::Open });
            self.announce_refund(self.refunds.len() - 1);
        }
    }

    /// It decides a refund, or takes its decision back.
    pub fn decide_refund(&mut self, which: usize, succeeds: bool) {
        let (room, count) = (self.room(), self.refunds.len().max(1));
        let Some(refund) = self.refunds.get_mut(which % count) else { return };
        let to = if succeeds { PspRefundStatus::Succeeded } else { PspRefundStatus::Failed };
        let from = std::mem::replace(&mut refund.status, to);
        if from == PspRefundStatus::Failed && succeeds && refund.amount > room {
            refund.status = from;
        } else if from != to {
            self.announce_refund(which % count);
        }
    }

    /// A buyer goes to the bank; refunds do not stop that.
    pub fn open_dispute(&mut self, per_mille: i64) {
        if self.payment == PaymentStatus::Succeeded && self.disputes.len() < 3 {
            let id = format!("dp_{}_{}", self.name, self.disputes.len());
            let amount = (self.total * per_mille / 1000).max(1);
            self.disputes.push(PspDispute { id, amount, status: DisputeStatus::Opened });
            self.announce_dispute(self.disputes.len() - 1);
        }
    }

    /// The bank decides, or changes its mind, or the amount.
    pub fn move_dispute(&mut self, which: usize, to: DisputeStatus, per_mille: Option<i64>) {
        let (total, count) = (self.total, self.disputes.len().max(1));
        let Some(dispute) = self.disputes.get_mut(which % count) else { return };
        let amount = per_mille.map_or(dispute.amount, |per_mille| (total * per_mille / 1000).max(1));
        if (dispute.status, dispute.amount) != (to, amount) {
            (dispute.status, dispute.amount) = (to, amount);
            self.announce_dispute(which % count);
        }
    }

    /// What reading everything says now, the failed refunds first; `ours` names refunds that it never saw.
    pub fn truths(&self, ours: &OrderFile) -> Vec<Fact> {
        let known = |id: &str| self.refunds.iter().any(|row| row.id == id);
        let asked = ours.refunds.iter().filter(|row| row.origin == RefundOrigin::Requested);
        let never_came = asked.filter(|row| !known(&row.id.to_string())).map(|row| RefundFact {
            amount: None,
            currency: None,
            ..refund(Source::Read, &row.id.to_string(), PspRefundStatus::NotFound, 0)
        });
        let mut refunds: Vec<RefundFact> = never_came.collect();
        refunds.extend(self.refunds.iter().map(|row| refund(Source::Read, &row.id, row.status, row.amount)));
        refunds.sort_by_key(|fact| fact.status == PspRefundStatus::Succeeded);
        let mut truths = vec![self.payment_now(Source::Read)];
        truths.extend(refunds.into_iter().map(Fact::Refund));
        truths.extend(self.disputes.iter().map(|row| Fact::Dispute(dispute(Source::Read, &row.id, row.status, row.amount))));
        truths
    }

    /// What it holds of the order, less what is gone; fees are not its own to tell.
    pub fn money(&self) -> i64 {
        let left = self.total - self.gone();
        match (self.captured, self.payment) {
            (false, _) => 0,
            (true, PaymentStatus::Succeeded) => left,
            (true, _) => left.min(0),
        }
    }

    pub fn lost_disputes(&self) -> usize {
        self.disputes.iter().filter(|row| row.status.is_lost()).count()
    }

    /// Our rows say what it says.
    pub fn assert_agrees(&self, ours: &OrderFile) {
        let order = &ours.order;
        let refunded = match (self.captured, self.payment) {
            (false, _) => 0,
            (true, PaymentStatus::Succeeded) => self.gone().min(self.total),
            (true, _) => self.total,
        };
        assert_eq!(order.refunded.0, refunded);
        assert_eq!(order.status, self.status(ours, refunded));
        for row in ours.refunds.iter().filter(|row| matches!(row.origin, RefundOrigin::Requested | RefundOrigin::External)) {
            let id = row.psp_refund_id.clone().unwrap_or_else(|| row.id.to_string());
            let expected = match self.refunds.iter().find(|refund| refund.id == id).map(|refund| refund.status) {
                Some(PspRefundStatus::Succeeded) => RefundStatus::Succeeded,
                Some(PspRefundStatus::Open) => RefundStatus::Pending,
                Some(PspRefundStatus::Failed | PspRefundStatus::NotFound) | None => RefundStatus::Failed,
            };
            assert_eq!(row.status, expected, "{row:?}");
        }
        for refund in self.refunds.iter().filter(|refund| refund.status == PspRefundStatus::Succeeded) {
            let same = ours.refunds.iter().filter(|row| row.psp_refund_id.as_deref() == Some(refund.id.as_str()));
            assert_eq!(same.count(), 1, "each refund of the PSP is in our books once");
        }
        let theirs: Vec<_> = self.disputes.iter().map(|row| (row.id.as_str(), row.status, row.amount)).collect();
        let mut known: Vec<_> = ours.disputes.iter().map(|row| (row.psp_dispute_id.as_str(), row.status, row.amount.amount.0)).collect();
        known.sort_by_key(|(id, ..)| *id);
        assert_eq!(known, theirs);
    }

    fn status(&self, ours: &OrderFile, refunded: i64) -> OrderStatus {
        let open = self.disputes.iter().any(|row| row.status.is_open());
        match (self.captured, self.payment) {
            (false, PaymentStatus::Failed) => OrderStatus::Failed,
            (false, _) => OrderStatus::Pending,
            (true, _) if ours.refund_in_flight() => OrderStatus::RefundPending,
            (true, _) if self.lost_disputes() > 0 => OrderStatus::ChargedBack,
            (true, _) if open => OrderStatus::Disputed,
            (true, _) => OrderStatus::settled(Minor(self.total), Minor(refunded)),
        }
    }

    fn gone(&self) -> i64 {
        let refunded = self.refunds.iter().filter(|row| row.status == PspRefundStatus::Succeeded).map(|row| row.amount);
        let lost = self.disputes.iter().filter(|row| row.status.is_lost()).map(|row| row.amount);
        refunded.sum::<i64>() + lost.sum::<i64>()
    }

    /// What may still be refunded: it counts what is open, too, and forgets about disputes.
    fn room(&self) -> i64 {
        let taken = self.refunds.iter().filter(|row| row.status != PspRefundStatus::Failed).map(|row| row.amount).sum::<i64>();
        if self.payment == PaymentStatus::Succeeded { self.total - taken } else { 0 }
    }

    fn payment_now(&self, source: Source) -> Fact {
        Fact::Payment(payment(source, self.payment, self.total))
    }

    fn announce_refund(&mut self, index: usize) {
        let row = &self.refunds[index];
        self.sent.push(Fact::Refund(refund(Source::Webhook, &row.id, row.status, row.amount)));
    }

    fn announce_dispute(&mut self, index: usize) {
        let row = &self.disputes[index];
        self.sent.push(Fact::Dispute(dispute(Source::Webhook, &row.id, row.status, row.amount)));
    }
}

pub fn without_amount(fact: Fact) -> Fact {
    match fact {
        Fact::Payment(fact) => Fact::Payment(PaymentFact { amount: None, amount_received: None, currency: None, ..fact }),
        Fact::Refund(fact) => Fact::Refund(RefundFact { amount: None, currency: None, ..fact }),
        Fact::Dispute(fact) => Fact::Dispute(DisputeFact { amount: None, currency: None, ..fact }),
        other => other,
    }
}

pub fn as_read(fact: Fact) -> Fact {
    match fact {
        Fact::Payment(fact) => Fact::Payment(PaymentFact { source: Source::Read, ..fact }),
        Fact::Refund(fact) => Fact::Refund(RefundFact { source: Source::Read, ..fact }),
        Fact::Dispute(fact) => Fact::Dispute(DisputeFact { source: Source::Read, ..fact }),
        other => other,
    }
}
