//! Sample rows of disputes, nettings, payouts, the journal and what operators do.

use super::{
    BUYER, LOOK, ODD, SELLER, admin_action_id, at, currency, dispute_id, euros, journal_id, netting_id, order_id, reversal_id, user_id,
};
use veza_domain::attention::Subject;
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::ids::{OrderId, ReversalId};
use veza_domain::journal::{AdminAction, Journal, JournalKind};
use veza_domain::look::Look;
use veza_domain::money::{Minor, Money};
use veza_domain::netting::Netting;
use veza_domain::payout::{Payout, PayoutStatus};

/// Dispute `n` of an order's payment, just opened.
#[must_use]
pub fn dispute(n: u32, order: OrderId) -> Dispute {
    Dispute {
        id: dispute_id(n),
        order_id: order,
        psp_dispute_id: format!("dp_{n}"),
        amount: euros(9000),
        booked_as: None,
        status: DisputeStatus::Opened,
        stage: None,
        reason: None,
        respond_by: None,
        look: Look::default(),
        created_at: at(i64::from(n)),
        closed_at: None,
    }
}

/// Dispute `n`, lost, with every field set.
#[must_use]
pub fn dispute_full(n: u32, order: OrderId) -> Dispute {
    Dispute {
        status: DisputeStatus::Lost,
        stage: Some("pre_arbitration".to_owned()),
        reason: Some(ODD.to_owned()),
        respond_by: Some(at(500)),
        look: LOOK,
        closed_at: Some(at(600)),
        booked_as: Some(Minor(8_000)),
        ..dispute(n, order)
    }
}

/// Netting `n`: a part of the seller's share of an order that paid a debt.
#[must_use]
pub fn netting(n: u32, order: OrderId, debt: ReversalId) -> Netting {
    Netting {
        id: netting_id(n),
        order_id: order,
        reversal_id: debt,
        seller_id: user_id(SELLER),
        amount: euros(40),
        created_at: at(i64::from(n)),
    }
}

/// Payout `n` of the seller, on its way.
#[must_use]
pub fn payout(n: u32) -> Payout {
    Payout {
        id: format!("po_{n}"),
        seller_id: user_id(SELLER),
        amount: euros(700),
        status: PayoutStatus::InTransit,
        failure: None,
        arrives_at: None,
        created_at: at(i64::from(n)),
        updated_at: at(i64::from(n)),
    }
}

/// Payout `n` with every field set: what Connect took back from the bank.
#[must_use]
pub fn payout_full(n: u32) -> Payout {
    Payout {
        amount: Money::new(i64::MIN, currency("JPY")),
        status: PayoutStatus::Failed,
        failure: Some(ODD.to_owned()),
        arrives_at: Some(at(70)),
        updated_at: at(80),
        ..payout(n)
    }
}

/// Line `n` of an order's journal.
#[must_use]
pub fn journal(n: u32, order: OrderId) -> Journal {
    Journal { id: journal_id(n), order_id: order, at: at(i64::from(n)), kind: JournalKind::Call, text: ODD.to_owned() }
}

/// Operator's action `n`, from the command line and about nothing in particular.
#[must_use]
pub fn admin_action(n: u32) -> AdminAction {
    AdminAction {
        id: admin_action_id(n),
        at: at(i64::from(n)),
        admin_id: None,
        action: "reconcile".to_owned(),
        subject: None,
        order_id: None,
        detail: String::new(),
    }
}

/// Operator's action `n` with every field set.
#[must_use]
pub fn admin_action_full(n: u32) -> AdminAction {
    AdminAction {
        admin_id: Some(user_id(BUYER)),
        action: "write_off".to_owned(),
        subject: Some(Subject::Reversal(reversal_id(n))),
        order_id: Some(order_id(1)),
        detail: ODD.to_owned(),
        ..admin_action(n)
    }
}
