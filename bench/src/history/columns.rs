//! Which rows a sale leaves in which tables, column by column: what has to follow a change of the schema stands here and nowhere
//! else in this benchmark, but for the bare loop (`settlements::bare`).

use super::value::Value;
use super::{LOG_KEPT, Message, Refunded, STEP, Sale, UNITS_KEPT, first_posting};
use crate::messages::USER_AGENT;
use veza_domain::effect::Effect;
use veza_domain::ids::derive;
use veza_domain::ledger::{Entry, Posting};

/// Takes the rows of a sale, one after the other, values in the order of the columns.
type Put<'p> = dyn FnMut(&[Value]) + 'p;

/// A table, and the rows that a sale leaves in it.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [&'static str],
    /// Puts the rows of a sale.
    pub rows: fn(&Sale<'_>, &mut Put<'_>),
}

/// On Postgres the rows are copied in without triggers, so the balances are summed up at the end.
pub const BALANCES: &str = "INSERT INTO ledger_balances (account, currency, amount, shard) \
                            SELECT account, currency, sum(amount), 0 FROM ledger_entries GROUP BY account, currency";

macro_rules! tables {
    ($($table:ident: $row:pat in $rows:ident { $($column:ident: $value:expr,)+ })+) => {
        /// All tables, each after those that it refers to.
        pub const TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            columns: &[$(stringify!($column)),+],
            rows: |sale, put| {
                for $row in $rows(sale) {
                    put(&[$(Value::from($value)),+]);
                }
            },
        }),+];
    };
}

tables! {
    orders: sale in itself {
        id: sale.order.id.0,
        revision: sale.revision(),
        buyer_id: sale.order.buyer_id.0,
        status: sale.order.status.as_str(),
        total: sale.order.total.amount,
        currency: sale.order.total.currency.code(),
        refunded: sale.order.refunded,
        payment_id: sale.order.payment_id.as_deref(),
        client_secret: sale.order.client_secret.as_ref().map(|secret| &secret.0),
        failure: sale.order.failure.as_deref(),
        created_at: sale.order.created_at,
        completed_at: sale.order.completed_at,
        refund_deadline: sale.order.refund_deadline,
        look_due_at: None::<i64>,
        look_count: 0_i64,
        look_last_at: None::<i64>,
    }
    order_lines: sale in itself {
        id: sale.line.id.0,
        revision: if sale.refund.is_some() { 2_i64 } else { 1 },
        order_id: sale.order.id.0,
        position: sale.line.position,
        product_id: sale.line.product_id.0,
        offer_id: sale.line.offer_id.map(|id| id.0),
        licence_kind: sale.line.licence_kind.as_str(),
        terms: &sale.line.terms,
        title: &sale.line.title,
        seller_id: sale.line.seller_id.0,
        price: sale.line.price,
        fee: sale.line.fee,
        share: sale.line.share,
        refunded: sale.line.refunded,
    }
    refunds: (sale, refund) in refunds {
        id: refund.id.0,
        revision: 2_i64,
        order_id: sale.order.id.0,
        amount: sale.order.total.amount,
        currency: sale.order.total.currency.code(),
        status: "succeeded",
        psp_refund_id: format!("ref_{}", refund.id.0.simple()),
        reason: "not what I expected",
        requested_by: sale.order.buyer_id.0,
        origin: "requested",
        dispute_id: None::<uuid::Uuid>,
        error_message: None::<&str>,
        created_at: refund.at,
        succeeded_at: refund.at.plus(STEP),
        look_due_at: None::<i64>,
        look_count: 0_i64,
        look_last_at: None::<i64>,
    }
    refund_line_parts: (sale, refund) in refunds {
        refund_id: refund.id.0,
        position: 0_i64,
        line_id: sale.line.id.0,
        amount: sale.line.price,
    }
    refund_seller_parts: (sale, refund) in refunds {
        refund_id: refund.id.0,
        position: 0_i64,
        seller_id: sale.line.seller_id.0,
        amount: sale.line.share,
    }
    licences: sale in itself {
        id: derive(sale.line.id.0, "licence", &[]),
        revision: if sale.refund.is_some() { 2_i64 } else { 1 },
        line_id: sale.line.id.0,
        order_id: sale.order.id.0,
        product_id: sale.line.product_id.0,
        buyer_id: sale.order.buyer_id.0,
        kind: sale.line.licence_kind.as_str(),
        status: if sale.refund.is_some() { "revoked" } else { "active" },
        granted_at: sale.paid_at,
    }
    transfers: sale in itself {
        id: sale.transfer.0,
        revision: if sale.refund.is_some() { 5_i64 } else { 3 },
        order_id: sale.order.id.0,
        seller_id: sale.line.seller_id.0,
        amount: sale.line.share,
        currency: sale.order.total.currency.code(),
        amount_reversed: sale.given_back(sale.line.share.0),
        status: if sale.refund.is_some() { "reversed" } else { "completed" },
        generation: 0_i64,
        first_sent_at: sale.transferred_at,
        last_sent_at: sale.transferred_at,
        look_up: false,
        retry_count: 0_i64,
        next_retry_at: None::<i64>,
        hold: None::<&str>,
        last_error: None::<&str>,
        stripe_transfer_id: format!("tr_{}", sale.transfer.0.simple()),
        created_at: sale.paid_at,
    }
    reversals: (sale, refund) in refunds {
        id: refund.reversal.0,
        revision: 3_i64,
        order_id: sale.order.id.0,
        seller_id: sale.line.seller_id.0,
        transfer_id: sale.transfer.0,
        refund_id: refund.id.0,
        amount: sale.line.share,
        netted: 0_i64,
        written_off: 0_i64,
        currency: sale.order.total.currency.code(),
        status: "reversed",
        generation: 0_i64,
        first_sent_at: refund.at.plus(STEP),
        last_sent_at: refund.at.plus(STEP),
        look_up: false,
        retry_count: 0_i64,
        next_retry_at: None::<i64>,
        hold: None::<&str>,
        last_error: None::<&str>,
        stripe_reversal_id: format!("trr_{}", refund.reversal.0.simple()),
        created_at: refund.at,
    }
    postings: (seq, posting) in postings {
        seq: seq,
        event: &posting.event,
        order_id: posting.order_id.0,
        posted_at: posting.posted_at,
    }
    ledger_entries: (seq, posting, entry) in entries {
        posting: seq,
        account: entry.account.to_string(),
        currency: posting.currency.code(),
        amount: entry.amount,
    }
    effects: effect in effects {
        id: effect.id.0,
        revision: 2_i64,
        kind: effect.kind.name(),
        subject: effect.kind.subjects().0,
        second_subject: effect.kind.subjects().1,
        state: effect.state.as_str(),
        due_at: effect.due_at,
        attempts: effect.attempts,
        sent_at: effect.sent_at,
        last_error: effect.last_error.as_deref(),
        created_at: effect.created_at,
    }
    webhook_log: (sale, message) in logged {
        id: message.id,
        sender: "hyperswitch",
        order_id: sale.order.id.0,
        received_at: message.at,
        event_type: message.event_type,
        signature_valid: true,
        processing_result: "ok",
        source_ip: "127.0.0.1",
        user_agent: USER_AGENT,
        request_id: message.request_id,
        payload: sale.history.messages.body_about(sale.order.id.0),
    }
    units: message in noted {
        id: format!("webhook:{}", message.event_id),
        fingerprint: [7; 32],
        decided_at: message.at,
    }
}

fn itself<'s, 'h>(sale: &'s Sale<'h>) -> [&'s Sale<'h>; 1] {
    [sale]
}

fn refunds<'s, 'h>(sale: &'s Sale<'h>) -> impl Iterator<Item = (&'s Sale<'h>, &'s Refunded)> {
    sale.refund.iter().map(move |refund| (sale, refund))
}

fn postings<'s>(sale: &'s Sale<'_>) -> impl Iterator<Item = (usize, &'s Posting)> {
    (first_posting(sale.number)..).zip(&sale.postings)
}

fn entries<'s>(sale: &'s Sale<'_>) -> impl Iterator<Item = (usize, &'s Posting, &'s Entry)> {
    postings(sale).flat_map(|(seq, posting)| posting.entries.iter().map(move |entry| (seq, posting, entry)))
}

fn effects(sale: &Sale<'_>) -> Vec<Effect> {
    sale.effects()
}

fn logged<'s, 'h>(sale: &'s Sale<'h>) -> impl Iterator<Item = (&'s Sale<'h>, Message)> {
    sale.messages_within(LOG_KEPT).into_iter().map(move |message| (sale, message))
}

fn noted(sale: &Sale<'_>) -> Vec<Message> {
    sale.messages_within(UNITS_KEPT)
}
