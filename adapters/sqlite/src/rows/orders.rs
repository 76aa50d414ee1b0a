//! Orders, their lines, and the licences they grant.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use veza_domain::ids::{InvoiceId, LicenceId, LineId, OfferId, OrderId, ProductId, UserId};
use veza_domain::licence::{Licence, LicenceKind, LicenceStatus};
use veza_domain::order::{ClientSecret, Order, OrderLine, OrderStatus};
use veza_ports::storage::Revision;

macro_rules! select_order {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, buyer_id, invoice_id, status, total, currency, refunded, payment_id, client_secret, failure, created_at, \
             completed_at, refund_deadline, look_due_at, look_count, look_last_at FROM orders ",
            $rest
        )
    };
}
pub(crate) use select_order;

impl Stored for Order {
    const INSERT: &'static str = "INSERT INTO orders (id, revision, buyer_id, payment_id, status, total, currency, refunded, \
         client_secret, failure, created_at, completed_at, refund_deadline, look_due_at, look_count, look_last_at, invoice_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE orders SET revision = ?2 + 1, status = ?5, total = ?6, currency = ?7, refunded = ?8, client_secret = ?9, failure = ?10, \
             created_at = ?11, completed_at = ?12, refund_deadline = ?13, look_due_at = ?14, look_count = ?15, look_last_at = ?16 \
         WHERE id = ?1 AND revision = ?2 AND buyer_id = ?3 AND payment_id IS ?4 AND invoice_id IS ?17",
        "UPDATE orders SET revision = ?2 + 1, buyer_id = ?3, payment_id = ?4, status = ?5, total = ?6, currency = ?7, refunded = ?8, \
             client_secret = ?9, failure = ?10, created_at = ?11, completed_at = ?12, refund_deadline = ?13, look_due_at = ?14, \
             look_count = ?15, look_last_at = ?16, invoice_id = ?17 \
         WHERE id = ?1 AND revision = ?2",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.buyer_id.0,
            self.payment_id,
            self.status.as_str(),
            self.total.amount.0,
            self.total.currency.code(),
            self.refunded.0,
            self.client_secret.as_ref().map(|secret| &secret.0),
            self.failure,
            self.created_at.0,
            self.completed_at.map(|at| at.0),
            self.refund_deadline.map(|at| at.0),
            self.look.due_at.map(|at| at.0),
            self.look.count,
            self.look.last_at.map(|at| at.0),
            self.invoice_id.map(|id| id.0),
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn order(row: &mut Fields<'_, '_>) -> rusqlite::Result<Order> {
    Ok(Order {
        id: OrderId(row.id()?),
        buyer_id: UserId(row.id()?),
        invoice_id: row.id_opt(InvoiceId)?,
        status: row.parsed(OrderStatus::parse)?,
        total: row.money()?,
        refunded: row.minor()?,
        payment_id: row.get()?,
        client_secret: row.get::<Option<String>>()?.map(ClientSecret),
        failure: row.get()?,
        created_at: row.time()?,
        completed_at: row.time_opt()?,
        refund_deadline: row.time_opt()?,
        look: row.look()?,
    })
}

macro_rules! select_line {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, order_id, position, product_id, offer_id, licence_kind, terms, title, seller_id, price, fee, share, \
             refunded FROM order_lines ",
            $rest
        )
    };
}
pub(crate) use select_line;

impl Stored for OrderLine {
    const INSERT: &'static str = "INSERT INTO order_lines (id, revision, order_id, position, product_id, offer_id, licence_kind, terms, \
         title, seller_id, price, fee, share, refunded) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE order_lines SET revision = ?2 + 1, product_id = ?5, offer_id = ?6, licence_kind = ?7, terms = ?8, title = ?9, \
             seller_id = ?10, price = ?11, fee = ?12, share = ?13, refunded = ?14 \
         WHERE id = ?1 AND revision = ?2 AND order_id = ?3 AND position = ?4",
        "UPDATE order_lines SET revision = ?2 + 1, order_id = ?3, position = ?4, product_id = ?5, offer_id = ?6, licence_kind = ?7, \
             terms = ?8, title = ?9, seller_id = ?10, price = ?11, fee = ?12, share = ?13, refunded = ?14 WHERE id = ?1 AND revision = ?2",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.order_id.0,
            self.position,
            self.product_id.0,
            self.offer_id.map(|id| id.0),
            self.licence_kind.as_str(),
            self.terms,
            self.title,
            self.seller_id.0,
            self.price.0,
            self.fee.0,
            self.share.0,
            self.refunded.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn line(row: &mut Fields<'_, '_>) -> rusqlite::Result<OrderLine> {
    Ok(OrderLine {
        id: LineId(row.id()?),
        order_id: OrderId(row.id()?),
        position: row.get()?,
        product_id: ProductId(row.id()?),
        offer_id: row.id_opt(OfferId)?,
        licence_kind: row.parsed(|text| LicenceKind::new(text).ok())?,
        terms: row.get()?,
        title: row.get()?,
        seller_id: UserId(row.id()?),
        price: row.minor()?,
        fee: row.minor()?,
        share: row.minor()?,
        refunded: row.minor()?,
    })
}

macro_rules! select_licence {
    ($rest:literal) => {
        concat!("SELECT revision, id, line_id, order_id, product_id, buyer_id, kind, status, granted_at FROM licences ", $rest)
    };
}
pub(crate) use select_licence;

impl Stored for Licence {
    const INSERT: &'static str = "INSERT INTO licences (id, revision, line_id, order_id, product_id, buyer_id, kind, status, granted_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    const UPDATES: &'static [&'static str] = &["UPDATE licences SET revision = ?2 + 1, line_id = ?3, order_id = ?4, product_id = ?5, \
         buyer_id = ?6, kind = ?7, status = ?8, granted_at = ?9 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.line_id.0,
            self.order_id.0,
            self.product_id.0,
            self.buyer_id.0,
            self.kind.as_str(),
            self.status.as_str(),
            self.granted_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn licence(row: &mut Fields<'_, '_>) -> rusqlite::Result<Licence> {
    Ok(Licence {
        id: LicenceId(row.id()?),
        line_id: LineId(row.id()?),
        order_id: OrderId(row.id()?),
        product_id: ProductId(row.id()?),
        buyer_id: UserId(row.id()?),
        kind: row.parsed(|text| LicenceKind::new(text).ok())?,
        status: row.parsed(LicenceStatus::parse)?,
        granted_at: row.time()?,
    })
}
