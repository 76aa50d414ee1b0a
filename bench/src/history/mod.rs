//! A year of sales that are over, as they stand in the tables: what makes a database large.
//!
//! Every sale is paid, licensed, booked and transferred; every 25th was refunded an hour later and its transfer taken back. The webhook
//! log and the ids of units go back as far as they are kept. Everything follows from numbers, so nothing is kept in memory; `columns`
//! says which rows a sale leaves, and is all that has to follow a change of the schema.

mod columns;
mod load;
mod value;

pub use load::{into_postgres, into_sqlite};

use crate::failure::Outcome;
use crate::fixture::Fixture;
use crate::fixture::ids::Kind;
use crate::messages::Messages;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::ids::{RefundId, ReversalId, TransferId, derive};
use veza_domain::ledger::{self, Account, Event, Posting};
use veza_domain::money::{Minor, Money};
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::refund::{Burden, SellerPart};
use veza_domain::time::Timestamp;

/// One sale of so many was refunded.
pub const REFUNDED_EVERY: usize = 25;
/// Postings of a sale, and what a refund adds to them.
const POSTINGS: [usize; 2] = [2, 3];
/// How long the log keeps its rows (`HYPERSWITCH_WEBHOOK_LOG_RETENTION_DAYS`).
const LOG_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);
/// How long ids of units are kept.
const UNITS_KEPT: Duration = Duration::from_secs(26 * 3600);
/// From an order to its payment, from there to the transfer.
const STEP: Duration = Duration::from_secs(40);
/// From a sale to its refund.
const REGRET: Duration = Duration::from_secs(3600);
/// `REFUND_WINDOW` as it is by default.
const REFUND_WINDOW: Duration = Duration::from_secs(336 * 3600);

/// Sales that are over.
pub struct History<'a> {
    fixture: Fixture,
    messages: &'a Messages<'a>,
    now: Timestamp,
}

impl<'a> History<'a> {
    /// So many sales in the year before the orders of a fixture, between the same people. Messages look like `messages`.
    #[must_use]
    pub fn before(fixture: &Fixture, sales: usize, messages: &'a Messages<'a>) -> Self {
        Self { fixture: fixture.year_before(sales), messages, now: fixture.moment(0) }
    }

    /// How many.
    #[must_use]
    pub fn sales(&self) -> usize {
        self.fixture.orders()
    }

    /// Sale `number`.
    fn sale(&self, number: usize) -> Outcome<Sale<'_>> {
        let (order, line) = self.fixture.order(number);
        let paid_at = order.created_at.plus(STEP);
        let transfer = TransferId(derive(order.id.0, "transfer", line.seller_id.0.as_bytes()));
        let refund = (number % REFUNDED_EVERY == REFUNDED_EVERY - 1).then(|| {
            let id = RefundId(self.fixture.id(Kind::Refund, number));
            Refunded { id, reversal: ReversalId(derive(transfer.0, "reversal", id.0.as_bytes())), at: paid_at.plus(REGRET) }
        });
        let mut sale = Sale {
            history: self,
            number,
            paid_at,
            transferred_at: paid_at.plus(STEP),
            transfer,
            refund,
            line,
            order,
            postings: Vec::new(),
        };
        sale.order.status = if sale.refund.is_some() { OrderStatus::Refunded } else { OrderStatus::Completed };
        sale.order.refunded = sale.given_back(sale.order.total.amount.0);
        sale.line.refunded = sale.given_back(sale.line.price.0);
        sale.order.completed_at = Some(paid_at);
        sale.order.refund_deadline = Some(paid_at.plus(REFUND_WINDOW));
        sale.postings = sale.posted()?;
        Ok(sale)
    }

    fn since(&self, kept: Duration) -> Timestamp {
        self.now.minus(kept)
    }
}

/// Number of the first posting of a sale.
fn first_posting(sale: usize) -> usize {
    1 + sale * POSTINGS[0] + sale / REFUNDED_EVERY * POSTINGS[1]
}

/// A refund of a sale, and the reversal that came of it.
struct Refunded {
    id: RefundId,
    reversal: ReversalId,
    at: Timestamp,
}

/// A message about a sale.
struct Message {
    id: Uuid,
    at: Timestamp,
    event_type: &'static str,
    event_id: String,
    request_id: String,
}

/// A sale that is over.
struct Sale<'a> {
    history: &'a History<'a>,
    number: usize,
    order: Order,
    line: OrderLine,
    paid_at: Timestamp,
    transferred_at: Timestamp,
    transfer: TransferId,
    refund: Option<Refunded>,
    postings: Vec<Posting>,
}

impl Sale<'_> {
    /// What was given back of an amount.
    fn given_back(&self, amount: i64) -> Minor {
        Minor(if self.refund.is_some() { amount } else { 0 })
    }

    /// How often the order was written: placed, completed; refund opened, refunded.
    fn revision(&self) -> i64 {
        if self.refund.is_some() { 4 } else { 2 }
    }

    /// What was booked, by the domain's own rules.
    fn posted(&self) -> Outcome<Vec<Posting>> {
        let Self { order, line, paid_at, transferred_at, transfer, .. } = self;
        let (id, total, seller) = (order.id, order.total, line.seller_id);
        let share = Money { amount: line.share, currency: total.currency };
        let mut postings = vec![
            ledger::order_completed(id, total, std::slice::from_ref(line), *paid_at)?,
            ledger::transfer_completed(*transfer, id, seller, share, *transferred_at)?,
        ];
        if let Some(Refunded { id: refund, reversal, at }) = &self.refund {
            let sellers = vec![SellerPart { seller_id: seller, amount: line.share }];
            let burden = Burden { lines: Vec::new(), sellers, platform: line.fee };
            postings.push(ledger::refunded(Event::RefundSucceeded(*refund), (id, Account::PlatformFee), total, &burden, false, *at)?);
            postings.push(ledger::reversal_opened(*reversal, id, seller, share, *at)?);
            postings.push(ledger::reversal_done(*reversal, id, seller, share, at.plus(STEP))?);
        }
        Ok(postings)
    }

    /// What it left in the outbox.
    fn effects(&self) -> Vec<Effect> {
        let done = |kind, at| Effect::pending(kind, at).sent(at, STEP).done();
        let refund = self.refund.iter().map(|refund| done(EffectKind::CreateRefund(self.order.id, refund.id), refund.at));
        std::iter::once(done(EffectKind::CreatePayment(self.order.id), self.order.created_at)).chain(refund).collect()
    }

    /// What the PSP has told of it.
    fn messages(&self) -> Vec<Message> {
        let message = |kind, at, event_type| Message {
            id: self.history.fixture.id(kind, self.number),
            at,
            event_type,
            event_id: format!("evt_{}", self.history.fixture.id(kind, self.number).simple()),
            request_id: self.history.fixture.id(Kind::Drawn, self.number).to_string(),
        };
        let refund = self.refund.iter().map(|refund| message(Kind::RefundDelivery, refund.at, "refund_succeeded"));
        std::iter::once(message(Kind::Delivery, self.paid_at, "payment_succeeded")).chain(refund).collect()
    }

    /// Those of them that came within this time.
    fn messages_within(&self, kept: Duration) -> Vec<Message> {
        let since = self.history.since(kept);
        self.messages().into_iter().filter(|message| message.at >= since).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_year_fits_the_schema_and_its_books_balance() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("veza.db");
        let fixture = Fixture::of_orders(10);
        let messages = Messages::sign(&fixture);
        fixture.fill(&path).await.unwrap();
        let history = History::before(&fixture, 1000, &messages);
        into_sqlite(&path, &history).unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM orders WHERE completed_at IS NOT NULL"), 1000);
        assert_eq!(count("SELECT count(*) FROM postings"), (first_posting(1000) - 1) as i64);
        assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 0);
        assert_eq!(count("SELECT count(*) FROM ledger_drift"), 0);
        assert_eq!(count("SELECT count(*) FROM (SELECT 1 FROM ledger_entries GROUP BY posting HAVING sum(amount) <> 0)"), 0);
        assert_eq!(count("SELECT sum(amount) FROM ledger_entries WHERE account = 'psp_clearing'"), 960 * crate::fixture::PRICE);
        assert_eq!(
            count("SELECT count(*) FROM open_work WHERE class <> 'order'"),
            0,
            "all of it is over, but for what nobody has paid yet"
        );
        let logged = count("SELECT count(*) FROM webhook_log");
        assert!((240..280).contains(&logged), "{logged}: a quarter of the year");
        assert!((1..10).contains(&count("SELECT count(*) FROM units WHERE id LIKE 'webhook:%'")));
        assert_eq!(count("SELECT count(*) FROM reversals WHERE status = 'reversed'"), 40);
    }
}
