//! The file as it becomes while one fact is being decided, and the changes so far.

use super::shares::list_what_others_took;
use super::{Change, Context, OrderFile, SettlementError, Verdict};
use crate::attention::{Attention, Code, Subject};
use crate::effect::{Effect, EffectKind};
use crate::ids::{EffectId, ReversalId, TransferId, derive};
use crate::order::Order;
use crate::reversal::Reversal;
use crate::transfer::Transfer;

pub(super) struct Draft<'a> {
    before: &'a OrderFile,
    pub(super) file: OrderFile,
    pub(super) context: &'a Context,
    changes: Vec<Change>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(file: &'a OrderFile, context: &'a Context) -> Self {
        Self { before: file, file: file.clone(), context, changes: Vec::new() }
    }

    /// The changes. Whoever inserts a dispute or a netting writes the order too: two decisions at once then conflict on its
    /// revision, although neither changes a row of the other's.
    pub(super) fn changes(mut self) -> Vec<Change> {
        let before = self.before;
        list_what_others_took(&mut self, before);
        let guarded = self.changes.iter().any(|change| matches!(change, Change::Dispute(_) | Change::Netting(_)));
        if guarded && !self.changes.iter().any(|change| matches!(change, Change::Order(_))) {
            self.changes.push(Change::Order(self.file.order.clone()));
        }
        self.changes
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds a change. The order, its invoice and its subscription are written once, as they are in the end; transfers go through
    /// each of their moves.
    pub(super) fn put(&mut self, change: Change) {
        self.file.apply(&change);
        let once = matches!(change, Change::Order(_) | Change::Invoice(_) | Change::Subscription(_));
        let same = |earlier: &&mut Change| once && std::mem::discriminant(&**earlier) == std::mem::discriminant(&change);
        if let Some(earlier) = self.changes.iter_mut().find(same) {
            *earlier = change;
        } else {
            self.changes.push(change);
        }
    }

    /// Puts the order if it is not as it was.
    pub(super) fn put_order(&mut self, order: Order) {
        if order != self.file.order {
            self.put(Change::Order(order));
        }
    }

    /// Writes the order as it is: whoever asked the PSP before this and has not settled the answer yet has to ask again (ADR 0013).
    pub(super) fn void_answers(&mut self) {
        self.put(Change::Order(self.file.order.clone()));
    }

    /// Puts the status that follows from the rows.
    pub(super) fn put_status(&mut self) {
        let status = self.file.status();
        self.put_order(Order { status, ..self.file.order.clone() });
    }

    pub(super) fn flag(&mut self, subject: Subject, code: Code, detail: String) {
        let attention = Attention { subject, code, order_id: Some(self.file.order.id), detail, since: self.context.now };
        self.put(Change::Attention(attention));
    }

    /// Has the provider read promptly; what it says comes back as a fact.
    pub(super) fn ask(&mut self, kind: EffectKind) -> Verdict {
        let (first, second) = kind.subjects();
        let id = EffectId(derive(self.context.fresh, kind.name(), second.unwrap_or(first).as_bytes()));
        self.put(Change::Effect(Effect::with_id(id, kind, self.context.now)));
        Verdict::AskProvider
    }

    pub(super) fn transfer(&self, id: TransferId) -> Result<Transfer, SettlementError> {
        self.file.transfers.iter().find(|transfer| transfer.id == id).cloned().ok_or(SettlementError::UnknownRow)
    }

    pub(super) fn reversal(&self, id: ReversalId) -> Result<Reversal, SettlementError> {
        self.file.reversals.iter().find(|reversal| reversal.id == id).cloned().ok_or(SettlementError::UnknownRow)
    }
}
