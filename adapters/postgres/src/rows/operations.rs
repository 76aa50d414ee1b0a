//! Effects, the operators' list, webhook deliveries, incoming idempotency keys.

use super::{Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Bool, Bytes, Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::ids::{DeliveryId, EffectId, OrderId, UserId};
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};
use veza_ports::BoxError;
use veza_ports::storage::{IdempotencyRecord, IdempotencyState};

/// An effect's fields, of `effects` or of what was taken from it.
macro_rules! effect_fields {
    () => {
        "revision, id, kind, subject, second_subject, state, due_at, attempts, sent_at, last_error, created_at"
    };
}
pub(crate) use effect_fields;

pub(crate) static EFFECTS: Table = Table {
    name: "effects",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("kind", Text),
        ("subject", Uuid),
        ("second_subject", Uuid),
        ("state", Text),
        ("due_at", Int),
        ("attempts", Int),
        ("sent_at", Int),
        ("last_error", Text),
        ("created_at", Int),
    ],
};

impl Stored for Effect {
    fn table(&self) -> &'static Table {
        &EFFECTS
    }

    fn values(&self) -> Vec<Value> {
        let (subject, second_subject) = self.kind.subjects();
        vec![
            self.id.0.into(),
            self.kind.name().into(),
            subject.into(),
            second_subject.into(),
            self.state.as_str().into(),
            self.due_at.into(),
            self.attempts.into(),
            self.sent_at.into(),
            (&self.last_error).into(),
            self.created_at.into(),
        ]
    }
}

impl Read for Effect {
    const WHAT: &'static str = "effects";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let id = EffectId(row.id()?);
        let (name, subject, second): (String, uuid::Uuid, Option<uuid::Uuid>) = (row.get()?, row.id()?, row.get()?);
        let kind = EffectKind::parse(&name, subject, second).ok_or_else(|| row.unreadable(&name))?;
        Ok(Self {
            id,
            kind,
            state: row.parsed(EffectState::parse)?,
            due_at: row.time_opt()?,
            attempts: row.number()?,
            sent_at: row.time_opt()?,
            last_error: row.get()?,
            created_at: row.time()?,
        })
    }
}

macro_rules! select_attention {
    ($rest:literal) => {
        concat!("SELECT ROW(subject_kind, subject_id, code, order_id, detail, since) FROM attention ", $rest)
    };
}
pub(crate) use select_attention;

pub(crate) static ATTENTION: Table = Table {
    name: "attention",
    key: 2,
    revision: false,
    unique_values: false,
    columns: &[("subject_id", Uuid), ("code", Text), ("subject_kind", Text), ("order_id", Uuid), ("detail", Text), ("since", Int)],
};

impl Stored for Attention {
    fn table(&self) -> &'static Table {
        &ATTENTION
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.subject.id().into(),
            self.code.as_str().into(),
            self.subject.kind().into(),
            self.order_id.map(|id| id.0).into(),
            self.detail.as_str().into(),
            self.since.into(),
        ]
    }
}

impl Read for Attention {
    const WHAT: &'static str = "attention";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (kind, id): (String, uuid::Uuid) = (row.get()?, row.id()?);
        let subject = Subject::parse(&kind, id).ok_or_else(|| row.unreadable(&kind))?;
        Ok(Self { subject, code: row.parsed(Code::parse)?, order_id: row.id_opt(OrderId)?, detail: row.get()?, since: row.time()? })
    }
}

macro_rules! select_delivery {
    ($rest:literal) => {
        crate::rows::operations::select_delivery!("payload", $rest)
    };
    ($payload:literal, $rest:literal) => {
        concat!(
            "SELECT ROW(id, sender, order_id, received_at, event_type, signature_valid, processing_result, source_ip, user_agent, \
             request_id, ",
            $payload,
            ") FROM webhook_log ",
            $rest
        )
    };
}
pub(crate) use select_delivery;

/// A delivery without what it carries.
macro_rules! select_heard {
    ($rest:literal) => {
        crate::rows::operations::select_delivery!("''::text", $rest)
    };
}
pub(crate) use select_heard;

pub(crate) static WEBHOOK_LOG: Table = Table {
    name: "webhook_log",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("sender", Text),
        ("order_id", Uuid),
        ("received_at", Int),
        ("event_type", Text),
        ("signature_valid", Bool),
        ("processing_result", Text),
        ("source_ip", Text),
        ("user_agent", Text),
        ("request_id", Text),
        ("payload", Text),
    ],
};

impl Stored for Delivery {
    fn table(&self) -> &'static Table {
        &WEBHOOK_LOG
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.sender.as_str().into(),
            self.order_id.map(|id| id.0).into(),
            self.received_at.into(),
            (&self.event_type).into(),
            self.signature_valid.into(),
            self.result.to_string().as_str().into(),
            self.source_ip.as_str().into(),
            self.user_agent.as_str().into(),
            self.request_id.as_str().into(),
            self.payload.as_str().into(),
        ]
    }
}

impl Read for Delivery {
    const WHAT: &'static str = "webhook_log";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
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
}

macro_rules! select_idempotency {
    ($rest:literal) => {
        concat!("SELECT ROW(revision, user_id, scope, key, fingerprint, resource, status, body, created_at) FROM idempotency_keys ", $rest)
    };
}
pub(crate) use select_idempotency;

pub(crate) static IDEMPOTENCY_KEYS: Table = Table {
    name: "idempotency_keys",
    key: 3,
    revision: true,
    unique_values: false,
    columns: &[
        ("user_id", Uuid),
        ("scope", Text),
        ("key", Text),
        ("fingerprint", Bytes),
        ("resource", Uuid),
        ("status", Int),
        ("body", Text),
        ("created_at", Int),
    ],
};

impl Stored for IdempotencyRecord {
    fn table(&self) -> &'static Table {
        &IDEMPOTENCY_KEYS
    }

    fn values(&self) -> Vec<Value> {
        let (status, body) = match &self.state {
            IdempotencyState::InFlight => (None, None),
            IdempotencyState::Answered { status, body } => (Some(*status), Some(body.as_str())),
        };
        vec![
            self.user_id.0.into(),
            self.scope.as_str().into(),
            self.key.as_str().into(),
            self.fingerprint.into(),
            self.resource.into(),
            status.into(),
            body.into(),
            self.created_at.into(),
        ]
    }
}

impl Read for IdempotencyRecord {
    const WHAT: &'static str = "idempotency_keys";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (user_id, scope, key) = (UserId(row.id()?), row.get()?, row.get()?);
        let (fingerprint, resource) = (row.hash()?, row.id()?);
        let state = match (row.number_opt()?, row.get()?) {
            (Some(status), Some(body)) => IdempotencyState::Answered { status, body },
            _ => IdempotencyState::InFlight,
        };
        Ok(Self { user_id, scope, key, fingerprint, resource, state, created_at: row.time()? })
    }
}
