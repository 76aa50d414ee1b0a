//! A Connect with books of its own: a key is executed once, a call may take effect without our hearing of it, and people take
//! transfers back by hand.

use super::{HASTY, done, refused, unknown};
use std::collections::BTreeMap;
use veza_domain::backoff::RetryPolicy;
use veza_domain::ids::{ReversalId, TransferId, UserId};
use veza_domain::reversal::Reversal;
use veza_domain::settlement::{ConnectReversal, ConnectTransferFact, Fact};
use veza_domain::transfer::{CallOutcome, CallRefusal, Transfer};

/// How Connect takes a call.
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Done,
    LostAfterEffect,
    LostBeforeEffect,
    Replayed,
    NoBalance,
    NoCapability,
    /// Ends a reversal at once, where the workers are hasty.
    NotFound,
    Other,
    Wait,
}

struct AtConnect {
    key: String,
    seller: UserId,
    amount: i64,
    reversals: Vec<ConnectReversal>,
}

impl AtConnect {
    fn left(&self) -> i64 {
        self.amount - self.reversals.iter().map(|reversal| reversal.amount).sum::<i64>()
    }
}

#[derive(Default)]
pub struct Connect {
    transfers: BTreeMap<TransferId, AtConnect>,
    /// The key under which a reversal of ours took effect.
    keys: BTreeMap<ReversalId, String>,
    by_hand: usize,
}

impl Connect {
    pub fn has(&self, id: TransferId) -> bool {
        self.transfers.contains_key(&id)
    }

    /// What it has sent to a seller and not taken back.
    pub fn with_seller(&self, seller: UserId) -> i64 {
        self.transfers.values().filter(|row| row.seller == seller).map(AtConnect::left).sum()
    }

    /// A key is executed once; another key for what it has executed already would be a second payment.
    pub fn send(&mut self, row: &Transfer, how: Answer, policy: RetryPolicy) -> CallOutcome {
        if let Some(executed) = self.transfers.get(&row.id) {
            assert_eq!(executed.key, row.key(), "{} would be sent twice", row.id);
            return repeated(how, done(&format!("tr_{}", row.id)));
        }
        let effect = |this: &mut Self| {
            let reversals = Vec::new();
            let sent = AtConnect { key: row.key(), seller: row.seller_id, amount: row.amount.amount.0, reversals };
            this.transfers.insert(row.id, sent);
            done(&format!("tr_{}", row.id))
        };
        self.answer(how, policy, effect)
    }

    /// It takes back what it has sent, and no more.
    pub fn take_back(&mut self, row: &Reversal, how: Answer, policy: RetryPolicy) -> CallOutcome {
        let id = format!("trr_{}", row.id);
        if let Some(executed) = self.keys.get(&row.id) {
            assert_eq!(*executed, row.key(), "{id} would happen twice");
            return repeated(how, done(&id));
        }
        let Some(of) = row.transfer_id else { panic!("a debt that no transfer holds is never sent: {row:?}") };
        let (amount, left) = (row.open_amount().0, self.transfers[&of].left());
        assert!(amount > 0, "a reversal of nothing would take everything");
        if left < amount && matches!(how, Answer::Done | Answer::LostAfterEffect) {
            let gone = CallOutcome::Done { provider_id: None };
            return if left == 0 { gone } else { refused(CallRefusal::Other) };
        }
        let effect = |this: &mut Self| {
            let reversal = ConnectReversal { id: id.clone(), amount, reversal_id: Some(row.id) };
            this.transfers.get_mut(&of).unwrap().reversals.push(reversal);
            this.keys.insert(row.id, row.key());
            done(&id)
        };
        self.answer(how, policy, effect)
    }

    pub fn find_transfer(&self, id: TransferId) -> CallOutcome {
        if self.has(id) { done(&format!("tr_{id}")) } else { CallOutcome::NotThere }
    }

    pub fn find_reversal(&self, id: ReversalId) -> CallOutcome {
        if self.keys.contains_key(&id) { done(&format!("trr_{id}")) } else { CallOutcome::NotThere }
    }

    /// Somebody reverses at the dashboard.
    pub fn reverse_by_hand(&mut self, id: TransferId, per_mille: i64) {
        self.by_hand += 1;
        let name = format!("trr_hand_{}", self.by_hand);
        if let Some(row) = self.transfers.get_mut(&id) {
            let amount = (row.left() * per_mille / 1000).max(1);
            if amount <= row.left() {
                row.reversals.push(ConnectReversal { id: name, amount, reversal_id: None });
            }
        }
    }

    /// What it has of a transfer, read now.
    pub fn truth(&self, id: TransferId) -> Option<Fact> {
        let row = self.transfers.get(&id)?;
        let (amount, reversals) = (row.amount, row.reversals.clone());
        Some(Fact::ConnectTransfer(id, ConnectTransferFact { id: format!("tr_{id}"), amount, currency: "eur".into(), reversals }))
    }

    fn answer(&mut self, how: Answer, policy: RetryPolicy, effect: impl FnOnce(&mut Self) -> CallOutcome) -> CallOutcome {
        match how {
            Answer::Done => effect(self),
            Answer::LostAfterEffect => {
                effect(self);
                unknown()
            }
            Answer::LostBeforeEffect => unknown(),
            Answer::Replayed => CallOutcome::Unknown { message: "500".into(), replayed: true },
            Answer::NoBalance => refused(CallRefusal::BalanceInsufficient),
            Answer::NoCapability => refused(CallRefusal::CapabilityMissing),
            Answer::NotFound if policy == HASTY => refused(CallRefusal::NotFound),
            Answer::NotFound | Answer::Other => refused(CallRefusal::Other),
            Answer::Wait => CallOutcome::NotNow { message: "429".into() },
        }
    }
}

fn repeated(how: Answer, executed: CallOutcome) -> CallOutcome {
    match how {
        Answer::LostAfterEffect | Answer::LostBeforeEffect => unknown(),
        Answer::Wait => CallOutcome::NotNow { message: "429".into() },
        _ => executed,
    }
}
