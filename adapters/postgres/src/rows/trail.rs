//! Disputes, nettings, payouts, the journal, what operators did.

use super::{Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::attention::Subject;
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::ids::{AdminActionId, DisputeId, JournalId, NettingId, OrderId, ReversalId, UserId};
use veza_domain::journal::{AdminAction, Journal, JournalKind};
use veza_domain::money::Minor;
use veza_domain::netting::Netting;
use veza_domain::payout::{Payout, PayoutStatus};
use veza_ports::BoxError;

macro_rules! select_dispute {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(revision, id, order_id, psp_dispute_id, amount, currency, status, stage, reason, respond_by, look_due_at, \
             look_count, look_last_at, created_at, closed_at, booked_as) FROM disputes ",
            $rest
        )
    };
}
pub(crate) use select_dispute;

pub(crate) static DISPUTES: Table = Table {
    name: "disputes",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("order_id", Uuid),
        ("psp_dispute_id", Text),
        ("amount", Int),
        ("currency", Text),
        ("status", Text),
        ("stage", Text),
        ("reason", Text),
        ("respond_by", Int),
        ("look_due_at", Int),
        ("look_count", Int),
        ("look_last_at", Int),
        ("created_at", Int),
        ("closed_at", Int),
        ("booked_as", Int),
    ],
};

impl Stored for Dispute {
    fn table(&self) -> &'static Table {
        &DISPUTES
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.order_id.0.into(),
            self.psp_dispute_id.as_str().into(),
            self.amount.amount.into(),
            self.amount.currency.code().into(),
            self.status.as_str().into(),
            (&self.stage).into(),
            (&self.reason).into(),
            self.respond_by.into(),
            self.look.due_at.into(),
            self.look.count.into(),
            self.look.last_at.into(),
            self.created_at.into(),
            self.closed_at.into(),
            Value::Int(self.booked_as.map(|amount| amount.0)),
        ]
    }
}

impl Read for Dispute {
    const WHAT: &'static str = "disputes";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: DisputeId(row.id()?),
            order_id: OrderId(row.id()?),
            psp_dispute_id: row.get()?,
            amount: row.money()?,
            status: row.parsed(DisputeStatus::parse)?,
            stage: row.get()?,
            reason: row.get()?,
            respond_by: row.time_opt()?,
            look: row.look()?,
            created_at: row.time()?,
            closed_at: row.time_opt()?,
            booked_as: row.number_opt()?.map(Minor),
        })
    }
}

/// The first field is the revision that rows have which are never updated.
macro_rules! select_netting {
    ($rest:literal) => {
        concat!("SELECT ROW(1::bigint, id, order_id, reversal_id, seller_id, amount, currency, created_at) FROM nettings ", $rest)
    };
}
pub(crate) use select_netting;

pub(crate) static NETTINGS: Table = Table {
    name: "nettings",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("order_id", Uuid),
        ("reversal_id", Uuid),
        ("seller_id", Uuid),
        ("amount", Int),
        ("currency", Text),
        ("created_at", Int),
    ],
};

impl Stored for Netting {
    fn table(&self) -> &'static Table {
        &NETTINGS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.order_id.0.into(),
            self.reversal_id.0.into(),
            self.seller_id.0.into(),
            self.amount.amount.into(),
            self.amount.currency.code().into(),
            self.created_at.into(),
        ]
    }
}

impl Read for Netting {
    const WHAT: &'static str = "nettings";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: NettingId(row.id()?),
            order_id: OrderId(row.id()?),
            reversal_id: ReversalId(row.id()?),
            seller_id: UserId(row.id()?),
            amount: row.money()?,
            created_at: row.time()?,
        })
    }
}

macro_rules! select_payout {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(revision, id, seller_id, amount, currency, status, failure, arrives_at, created_at, updated_at) FROM payouts ",
            $rest
        )
    };
}
pub(crate) use select_payout;

pub(crate) static PAYOUTS: Table = Table {
    name: "payouts",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[
        ("id", Text),
        ("seller_id", Uuid),
        ("amount", Int),
        ("currency", Text),
        ("status", Text),
        ("failure", Text),
        ("arrives_at", Int),
        ("created_at", Int),
        ("updated_at", Int),
    ],
};

impl Stored for Payout {
    fn table(&self) -> &'static Table {
        &PAYOUTS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.as_str().into(),
            self.seller_id.0.into(),
            self.amount.amount.into(),
            self.amount.currency.code().into(),
            self.status.as_str().into(),
            (&self.failure).into(),
            self.arrives_at.into(),
            self.created_at.into(),
            self.updated_at.into(),
        ]
    }
}

impl Read for Payout {
    const WHAT: &'static str = "payouts";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: row.get()?,
            seller_id: UserId(row.id()?),
            amount: row.money()?,
            status: row.parsed(PayoutStatus::parse)?,
            failure: row.get()?,
            arrives_at: row.time_opt()?,
            created_at: row.time()?,
            updated_at: row.time()?,
        })
    }
}

macro_rules! select_journal {
    ($rest:literal) => {
        concat!("SELECT ROW(id, order_id, at, kind, text) FROM journal ", $rest)
    };
}
pub(crate) use select_journal;

pub(crate) static JOURNAL: Table = Table {
    name: "journal",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[("id", Uuid), ("order_id", Uuid), ("at", Int), ("kind", Text), ("text", Text)],
};

impl Stored for Journal {
    fn table(&self) -> &'static Table {
        &JOURNAL
    }

    fn values(&self) -> Vec<Value> {
        vec![self.id.0.into(), self.order_id.0.into(), self.at.into(), self.kind.as_str().into(), self.text.as_str().into()]
    }
}

impl Read for Journal {
    const WHAT: &'static str = "journal";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (id, order_id) = (JournalId(row.id()?), OrderId(row.id()?));
        Ok(Self { id, order_id, at: row.time()?, kind: row.parsed(JournalKind::parse)?, text: row.get()? })
    }
}

macro_rules! select_admin_action {
    ($rest:literal) => {
        concat!("SELECT ROW(id, at, admin_id, action, subject_kind, subject_id, order_id, detail) FROM admin_actions ", $rest)
    };
}
pub(crate) use select_admin_action;

pub(crate) static ADMIN_ACTIONS: Table = Table {
    name: "admin_actions",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("at", Int),
        ("admin_id", Uuid),
        ("action", Text),
        ("subject_kind", Text),
        ("subject_id", Uuid),
        ("order_id", Uuid),
        ("detail", Text),
    ],
};

impl Stored for AdminAction {
    fn table(&self) -> &'static Table {
        &ADMIN_ACTIONS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.at.into(),
            self.admin_id.map(|id| id.0).into(),
            self.action.as_str().into(),
            self.subject.map(|subject| subject.kind()).into(),
            self.subject.map(|subject| subject.id()).into(),
            self.order_id.map(|id| id.0).into(),
            self.detail.as_str().into(),
        ]
    }
}

impl Read for AdminAction {
    const WHAT: &'static str = "admin_actions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: AdminActionId(row.id()?),
            at: row.time()?,
            admin_id: row.id_opt(UserId)?,
            action: row.get()?,
            subject: subject(row)?,
            order_id: row.id_opt(OrderId)?,
            detail: row.get()?,
        })
    }
}

fn subject(row: &mut Record<'_>) -> Result<Option<Subject>, BoxError> {
    let (kind, id): (Option<String>, Option<uuid::Uuid>) = (row.get()?, row.get()?);
    let known = |(kind, id): (String, uuid::Uuid)| Subject::parse(&kind, id).ok_or_else(|| row.unreadable(&kind));
    kind.zip(id).map(known).transpose()
}
