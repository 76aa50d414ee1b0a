//! Disputes, nettings, payouts, the journal, what operators did.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use uuid::Uuid;
use veza_domain::attention::Subject;
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::ids::{AdminActionId, DisputeId, JournalId, NettingId, OrderId, ReversalId, UserId};
use veza_domain::journal::{AdminAction, Journal, JournalKind};
use veza_domain::money::Minor;
use veza_domain::netting::Netting;
use veza_domain::payout::{Payout, PayoutStatus};
use veza_ports::storage::Revision;

macro_rules! select_dispute {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, order_id, psp_dispute_id, amount, currency, status, stage, reason, respond_by, look_due_at, look_count, \
             look_last_at, created_at, closed_at, booked_as FROM disputes ",
            $rest
        )
    };
}
pub(crate) use select_dispute;

impl Stored for Dispute {
    const INSERT: &'static str = "INSERT INTO disputes (id, revision, order_id, psp_dispute_id, amount, currency, status, stage, reason, \
         respond_by, look_due_at, look_count, look_last_at, created_at, closed_at, booked_as) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    const UPDATES: &'static [&'static str] = &["UPDATE disputes SET revision = ?2 + 1, order_id = ?3, psp_dispute_id = ?4, amount = ?5, \
         currency = ?6, status = ?7, stage = ?8, reason = ?9, respond_by = ?10, look_due_at = ?11, look_count = ?12, look_last_at = ?13, \
         created_at = ?14, closed_at = ?15, booked_as = ?16 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.order_id.0,
            self.psp_dispute_id,
            self.amount.amount.0,
            self.amount.currency.code(),
            self.status.as_str(),
            self.stage,
            self.reason,
            self.respond_by.map(|at| at.0),
            self.look.due_at.map(|at| at.0),
            self.look.count,
            self.look.last_at.map(|at| at.0),
            self.created_at.0,
            self.closed_at.map(|at| at.0),
            self.booked_as.map(|amount| amount.0),
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn dispute(row: &mut Fields<'_, '_>) -> rusqlite::Result<Dispute> {
    Ok(Dispute {
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
        booked_as: row.get::<Option<i64>>()?.map(Minor),
    })
}

macro_rules! select_netting {
    ($rest:literal) => {
        concat!("SELECT 1, id, order_id, reversal_id, seller_id, amount, currency, created_at FROM nettings ", $rest)
    };
}
pub(crate) use select_netting;

impl Stored for Netting {
    const INSERT: &'static str =
        "INSERT INTO nettings (id, order_id, reversal_id, seller_id, amount, currency, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        let ids = (self.id.0, self.order_id.0, self.reversal_id.0, self.seller_id.0);
        execute(db, sql, params![ids.0, ids.1, ids.2, ids.3, self.amount.amount.0, self.amount.currency.code(), self.created_at.0])
    }
}

pub(crate) fn netting(row: &mut Fields<'_, '_>) -> rusqlite::Result<Netting> {
    Ok(Netting {
        id: NettingId(row.id()?),
        order_id: OrderId(row.id()?),
        reversal_id: ReversalId(row.id()?),
        seller_id: UserId(row.id()?),
        amount: row.money()?,
        created_at: row.time()?,
    })
}

macro_rules! select_payout {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, seller_id, amount, currency, status, failure, arrives_at, created_at, updated_at FROM payouts ",
            $rest
        )
    };
}
pub(crate) use select_payout;

impl Stored for Payout {
    const INSERT: &'static str = "INSERT INTO payouts (id, revision, seller_id, amount, currency, status, failure, arrives_at, created_at, \
         updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    const UPDATES: &'static [&'static str] = &["UPDATE payouts SET revision = ?2 + 1, seller_id = ?3, amount = ?4, currency = ?5, \
         status = ?6, failure = ?7, arrives_at = ?8, created_at = ?9, updated_at = ?10 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id,
            revision.0,
            self.seller_id.0,
            self.amount.amount.0,
            self.amount.currency.code(),
            self.status.as_str(),
            self.failure,
            self.arrives_at.map(|at| at.0),
            self.created_at.0,
            self.updated_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn payout(row: &mut Fields<'_, '_>) -> rusqlite::Result<Payout> {
    Ok(Payout {
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

macro_rules! select_journal {
    ($rest:literal) => {
        concat!("SELECT 1, id, order_id, at, kind, text FROM journal ", $rest)
    };
}
pub(crate) use select_journal;

impl Stored for Journal {
    const INSERT: &'static str = "INSERT INTO journal (id, order_id, at, kind, text) VALUES (?1, ?2, ?3, ?4, ?5)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        execute(db, sql, params![self.id.0, self.order_id.0, self.at.0, self.kind.as_str(), self.text])
    }
}

pub(crate) fn journal(row: &mut Fields<'_, '_>) -> rusqlite::Result<Journal> {
    let (id, order_id) = (JournalId(row.id()?), OrderId(row.id()?));
    Ok(Journal { id, order_id, at: row.time()?, kind: row.parsed(JournalKind::parse)?, text: row.get()? })
}

macro_rules! select_admin_action {
    ($rest:literal) => {
        concat!("SELECT 1, id, at, admin_id, action, subject_kind, subject_id, order_id, detail FROM admin_actions ", $rest)
    };
}
pub(crate) use select_admin_action;

impl Stored for AdminAction {
    const INSERT: &'static str = "INSERT INTO admin_actions (id, at, admin_id, action, subject_kind, subject_id, order_id, detail) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        let subject = (self.subject.map(|subject| subject.kind()), self.subject.map(|subject| subject.id()));
        let ids = (self.id.0, self.admin_id.map(|id| id.0), self.order_id.map(|id| id.0));
        execute(db, sql, params![ids.0, self.at.0, ids.1, self.action, subject.0, subject.1, ids.2, self.detail])
    }
}

pub(crate) fn admin_action(row: &mut Fields<'_, '_>) -> rusqlite::Result<AdminAction> {
    Ok(AdminAction {
        id: AdminActionId(row.id()?),
        at: row.time()?,
        admin_id: row.id_opt(UserId)?,
        action: row.get()?,
        subject: subject(row)?,
        order_id: row.id_opt(OrderId)?,
        detail: row.get()?,
    })
}

fn subject(row: &mut Fields<'_, '_>) -> rusqlite::Result<Option<Subject>> {
    let (kind, id): (Option<String>, Option<Uuid>) = (row.get()?, row.get()?);
    let known = |(kind, id): (String, Uuid)| Subject::parse(&kind, id).ok_or_else(|| row.unreadable(&kind));
    kind.zip(id).map(known).transpose()
}
