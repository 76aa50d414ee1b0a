//! Effects, the operators' list, webhook deliveries, incoming idempotency keys.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use uuid::Uuid;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::ids::{DeliveryId, EffectId, OrderId, UserId};
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};
use veza_ports::storage::{IdempotencyRecord, IdempotencyState, Revision};

macro_rules! select_effect {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, kind, subject, second_subject, state, due_at, attempts, sent_at, last_error, created_at FROM effects ",
            $rest
        )
    };
}
pub(crate) use select_effect;

impl Stored for Effect {
    const INSERT: &'static str = "INSERT INTO effects (id, revision, kind, subject, second_subject, state, due_at, attempts, sent_at, \
         last_error, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE effects SET revision = ?2 + 1, kind = ?3, second_subject = ?5, state = ?6, due_at = ?7, attempts = ?8, sent_at = ?9, \
             last_error = ?10, created_at = ?11 \
         WHERE id = ?1 AND revision = ?2 AND subject = ?4",
        "UPDATE effects SET revision = ?2 + 1, kind = ?3, subject = ?4, second_subject = ?5, state = ?6, due_at = ?7, attempts = ?8, \
             sent_at = ?9, last_error = ?10, created_at = ?11 \
         WHERE id = ?1 AND revision = ?2",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let (subject, second_subject) = self.kind.subjects();
        let values = params![
            self.id.0,
            revision.0,
            self.kind.name(),
            subject,
            second_subject,
            self.state.as_str(),
            self.due_at.map(|at| at.0),
            self.attempts,
            self.sent_at.map(|at| at.0),
            self.last_error,
            self.created_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn effect(row: &mut Fields<'_, '_>) -> rusqlite::Result<Effect> {
    let id = EffectId(row.id()?);
    let (name, subject, second): (String, Uuid, Option<Uuid>) = (row.get()?, row.id()?, row.get()?);
    let kind = EffectKind::parse(&name, subject, second).ok_or_else(|| row.unreadable(&name))?;
    Ok(Effect {
        id,
        kind,
        state: row.parsed(EffectState::parse)?,
        due_at: row.time_opt()?,
        attempts: row.get()?,
        sent_at: row.time_opt()?,
        last_error: row.get()?,
        created_at: row.time()?,
    })
}

macro_rules! select_attention {
    ($rest:literal) => {
        concat!("SELECT 1, subject_kind, subject_id, code, order_id, detail, since FROM attention ", $rest)
    };
}
pub(crate) use select_attention;

impl Stored for Attention {
    const INSERT: &'static str =
        "INSERT INTO attention (subject_id, code, subject_kind, order_id, detail, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        let subject = (self.subject.id(), self.subject.kind());
        let values = params![subject.0, self.code.as_str(), subject.1, self.order_id.map(|id| id.0), self.detail, self.since.0];
        execute(db, sql, values)
    }
}

pub(crate) fn attention(row: &mut Fields<'_, '_>) -> rusqlite::Result<Attention> {
    let (kind, id): (String, Uuid) = (row.get()?, row.id()?);
    let subject = Subject::parse(&kind, id).ok_or_else(|| row.unreadable(&kind))?;
    Ok(Attention { subject, code: row.parsed(Code::parse)?, order_id: row.id_opt(OrderId)?, detail: row.get()?, since: row.time()? })
}

macro_rules! select_delivery {
    ($rest:literal) => {
        crate::rows::operations::select_delivery!("payload", $rest)
    };
    ($payload:literal, $rest:literal) => {
        concat!(
            "SELECT 1, id, sender, order_id, received_at, event_type, signature_valid, processing_result, source_ip, user_agent, \
             request_id, ",
            $payload,
            " FROM webhook_log ",
            $rest
        )
    };
}
pub(crate) use select_delivery;

/// A delivery without what it carries.
macro_rules! select_heard {
    ($rest:literal) => {
        crate::rows::operations::select_delivery!("''", $rest)
    };
}
pub(crate) use select_heard;

impl Stored for Delivery {
    const INSERT: &'static str = "INSERT INTO webhook_log (id, sender, order_id, received_at, event_type, signature_valid, \
         processing_result, source_ip, user_agent, request_id, payload) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            self.sender.as_str(),
            self.order_id.map(|id| id.0),
            self.received_at.0,
            self.event_type,
            self.signature_valid,
            self.result.to_string(),
            self.source_ip,
            self.user_agent,
            self.request_id,
            self.payload,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn delivery(row: &mut Fields<'_, '_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId(row.id()?),
        sender: row.parsed(Sender::parse)?,
        order_id: row.id_opt(OrderId)?,
        received_at: row.time()?,
        event_type: row.get()?,
        signature_valid: row.get()?,
        result: ProcessingResult::from(row.get::<String>()?.as_str()),
        source_ip: row.get()?,
        user_agent: row.get()?,
        request_id: row.get()?,
        payload: row.get()?,
    })
}

macro_rules! select_idempotency {
    ($rest:literal) => {
        concat!("SELECT revision, user_id, scope, key, fingerprint, resource, status, body, created_at FROM idempotency_keys ", $rest)
    };
}
pub(crate) use select_idempotency;

impl Stored for IdempotencyRecord {
    const INSERT: &'static str = "INSERT INTO idempotency_keys (user_id, scope, key, revision, fingerprint, resource, status, body, \
         created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE idempotency_keys SET revision = ?4 + 1, fingerprint = ?5, resource = ?6, status = ?7, body = ?8 \
         WHERE user_id = ?1 AND scope = ?2 AND key = ?3 AND revision = ?4 AND created_at = ?9",
        "UPDATE idempotency_keys SET revision = ?4 + 1, fingerprint = ?5, resource = ?6, status = ?7, body = ?8, created_at = ?9 \
         WHERE user_id = ?1 AND scope = ?2 AND key = ?3 AND revision = ?4",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let (status, body) = match &self.state {
            IdempotencyState::InFlight => (None, None),
            IdempotencyState::Answered { status, body } => (Some(*status), Some(body)),
        };
        let values =
            params![self.user_id.0, self.scope, self.key, revision.0, self.fingerprint, self.resource, status, body, self.created_at.0,];
        execute(db, sql, values)
    }
}

pub(crate) fn idempotency(row: &mut Fields<'_, '_>) -> rusqlite::Result<IdempotencyRecord> {
    let (user_id, scope, key) = (UserId(row.id()?), row.get()?, row.get()?);
    let (fingerprint, resource) = (row.get()?, row.id()?);
    let state = match (row.get()?, row.get()?) {
        (Some(status), Some(body)) => IdempotencyState::Answered { status, body },
        _ => IdempotencyState::InFlight,
    };
    Ok(IdempotencyRecord { user_id, scope, key, fingerprint, resource, state, created_at: row.time()? })
}
