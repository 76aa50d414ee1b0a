//! Orders, their lines, and the licences they grant.

use super::{Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::ids::{InvoiceId, LicenceId, LineId, OfferId, OrderId, ProductId, UserId};
use veza_domain::licence::{Licence, LicenceKind, LicenceStatus};
use veza_domain::order::{ClientSecret, Order, OrderLine, OrderStatus};
use veza_ports::BoxError;

/// An order's fields, of `orders`.
macro_rules! order_fields {
    () => {
        "revision, id, buyer_id, invoice_id, status, total, currency, refunded, payment_id, client_secret, failure, created_at, completed_at, \
         refund_deadline, look_due_at, look_count, look_last_at"
    };
}
pub(crate) use order_fields;

pub(crate) static ORDERS: Table = Table {
    name: "orders",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("buyer_id", Uuid),
        ("invoice_id", Uuid),
        ("status", Text),
        ("total", Int),
        ("currency", Text),
        ("refunded", Int),
        ("payment_id", Text),
        ("client_secret", Text),
        ("failure", Text),
        ("created_at", Int),
        ("completed_at", Int),
        ("refund_deadline", Int),
        ("look_due_at", Int),
        ("look_count", Int),
        ("look_last_at", Int),
    ],
};

impl Stored for Order {
    fn table(&self) -> &'static Table {
        &ORDERS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.buyer_id.0.into(),
            self.invoice_id.map(|id| id.0).into(),
            self.status.as_str().into(),
            self.total.amount.into(),
            self.total.currency.code().into(),
            self.refunded.into(),
            (&self.payment_id).into(),
            self.client_secret.as_ref().map(|secret| secret.0.as_str()).into(),
            (&self.failure).into(),
            self.created_at.into(),
            self.completed_at.into(),
            self.refund_deadline.into(),
            self.look.due_at.into(),
            self.look.count.into(),
            self.look.last_at.into(),
        ]
    }
}

impl Read for Order {
    const WHAT: &'static str = "orders";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
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
}

macro_rules! select_line {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(revision, id, order_id, position, product_id, offer_id, licence_kind, terms, title, seller_id, price, fee, \
             share, refunded) FROM order_lines ",
            $rest
        )
    };
}
pub(crate) use select_line;

pub(crate) static ORDER_LINES: Table = Table {
    name: "order_lines",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("order_id", Uuid),
        ("position", Int),
        ("product_id", Uuid),
        ("offer_id", Uuid),
        ("licence_kind", Text),
        ("terms", Text),
        ("title", Text),
        ("seller_id", Uuid),
        ("price", Int),
        ("fee", Int),
        ("share", Int),
        ("refunded", Int),
    ],
};

impl Stored for OrderLine {
    fn table(&self) -> &'static Table {
        &ORDER_LINES
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.order_id.0.into(),
            self.position.into(),
            self.product_id.0.into(),
            self.offer_id.map(|id| id.0).into(),
            self.licence_kind.as_str().into(),
            self.terms.as_str().into(),
            self.title.as_str().into(),
            self.seller_id.0.into(),
            self.price.into(),
            self.fee.into(),
            self.share.into(),
            self.refunded.into(),
        ]
    }
}

impl Read for OrderLine {
    const WHAT: &'static str = "order_lines";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: LineId(row.id()?),
            order_id: OrderId(row.id()?),
            position: row.number()?,
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
}

macro_rules! select_licence {
    ($rest:literal) => {
        concat!("SELECT ROW(revision, id, line_id, order_id, product_id, buyer_id, kind, status, granted_at) FROM licences ", $rest)
    };
}
pub(crate) use select_licence;

pub(crate) static LICENCES: Table = Table {
    name: "licences",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("line_id", Uuid),
        ("order_id", Uuid),
        ("product_id", Uuid),
        ("buyer_id", Uuid),
        ("kind", Text),
        ("status", Text),
        ("granted_at", Int),
    ],
};

impl Stored for Licence {
    fn table(&self) -> &'static Table {
        &LICENCES
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.line_id.0.into(),
            self.order_id.0.into(),
            self.product_id.0.into(),
            self.buyer_id.0.into(),
            self.kind.as_str().into(),
            self.status.as_str().into(),
            self.granted_at.into(),
        ]
    }
}

impl Read for Licence {
    const WHAT: &'static str = "licences";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
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
}
