//! Claims of rows that the reconciler looks at.

use super::count;
use crate::state::{Kind, State};
use veza_domain::dispute::Dispute;
use veza_domain::look::Look;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Transfer, TransferStatus};
use veza_ports::storage::{LookClaim, LookClass, Looked, Row, RowKey};

/// A row that may be looked at.
struct Candidate {
    looked: Looked,
    due_at: Option<Timestamp>,
    claimed_at: Option<Timestamp>,
    /// When it was made; of a transfer or reversal: last sent.
    since: Option<Timestamp>,
    /// The row as a claim leaves it.
    next: Row,
}

impl State {
    pub(super) fn claim_looks(&mut self, claim: &LookClaim) -> Vec<Looked> {
        let mut found = self.candidates(claim);
        found.retain(|row| row.since.is_some_and(|since| since < claim.older_than));
        match claim.pass {
            None => {
                found.retain(|row| row.due_at.is_some_and(|due| due <= claim.now));
                found.sort_by_key(|row| (row.due_at, row.looked.subject));
            }
            Some(after) => {
                let free = |claimed: Option<Timestamp>| claimed.is_none_or(|at| at <= claim.claimed_until());
                found.retain(|row| row.due_at.is_some() && row.looked.subject > after && free(row.claimed_at));
                found.sort_by_key(|row| row.looked.subject);
            }
        }
        found.truncate(count(claim.limit));
        let take = |row: Candidate| {
            self.claim(row.next, claim.now);
            row.looked
        };
        found.into_iter().map(take).collect()
    }

    fn candidates(&self, claim: &LookClaim) -> Vec<Candidate> {
        match claim.class {
            LookClass::PendingOrders => self.orders_to_look_at(claim, |row| row.status == OrderStatus::Pending && row.invoice_id.is_none()),
            LookClass::PendingInvoices => {
                self.orders_to_look_at(claim, |row| row.status == OrderStatus::Pending && row.invoice_id.is_some())
            }
            LookClass::FailedOrders => self.orders_to_look_at(claim, |row| row.status == OrderStatus::Failed),
            LookClass::Refunds => self.refunds_to_look_at(claim, true),
            LookClass::OrphanRefunds => self.refunds_to_look_at(claim, false),
            LookClass::Disputes => self.each(|row: &Dispute| {
                let looked = Looked { subject: row.id.0, order_id: row.order_id, created_at: row.created_at };
                let next = Row::Dispute(Dispute { look: claim.taken(row.look), ..row.clone() });
                row.status.is_open().then(|| Candidate::scheduled(looked, row.look, next))
            }),
            LookClass::Transfers => self.each(|row: &Transfer| {
                let looked = Looked { subject: row.id.0, order_id: row.order_id, created_at: row.created_at };
                let open = matches!(row.status(), TransferStatus::Pending | TransferStatus::Failed) && row.attempt.is_unknown();
                let mut next = row.clone();
                next.next_retry_at = Some(claim.until());
                open.then(|| self.sent(looked, row.next_retry_at, row.attempt.last_sent_at, Row::Transfer(next)))
            }),
            LookClass::Reversals => self.each(|row: &Reversal| {
                let looked = Looked { subject: row.id.0, order_id: row.order_id, created_at: row.created_at };
                let open = row.status == ReversalStatus::ReversalPending && row.attempt.is_unknown();
                let next = Row::Reversal(Reversal { next_retry_at: Some(claim.until()), ..row.clone() });
                open.then(|| self.sent(looked, row.next_retry_at, row.attempt.last_sent_at, next))
            }),
        }
    }

    fn each<T: Kind>(&self, candidate: impl Fn(&T) -> Option<Candidate>) -> Vec<Candidate> {
        self.all::<T>().filter_map(|row| candidate(row.value)).collect()
    }

    fn orders_to_look_at(&self, claim: &LookClaim, open: impl Fn(&Order) -> bool) -> Vec<Candidate> {
        self.each(|row: &Order| {
            let looked = Looked { subject: row.id.0, order_id: row.id, created_at: row.created_at };
            let next = Row::Order(Order { look: claim.taken(row.look), ..row.clone() });
            open(row).then(|| Candidate::scheduled(looked, row.look, next))
        })
    }

    fn refunds_to_look_at(&self, claim: &LookClaim, known: bool) -> Vec<Candidate> {
        self.each(|row: &Refund| {
            let looked = Looked { subject: row.id.0, order_id: row.order_id, created_at: row.created_at };
            let open = row.status == RefundStatus::Pending && row.psp_refund_id.is_some() == known;
            let next = Row::Refund(Refund { look: claim.taken(row.look), ..row.clone() });
            open.then(|| Candidate::scheduled(looked, row.look, next))
        })
    }

    fn sent(&self, looked: Looked, due_at: Option<Timestamp>, since: Option<Timestamp>, next: Row) -> Candidate {
        let key: RowKey = next.key();
        Candidate { looked, due_at, claimed_at: self.claims.get(&key).copied(), since, next }
    }
}

impl Candidate {
    fn scheduled(looked: Looked, look: Look, next: Row) -> Self {
        Self { looked, due_at: look.due_at, claimed_at: look.last_at, since: Some(looked.created_at), next }
    }
}
