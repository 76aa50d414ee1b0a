//! What stands in the database before a load: sellers, buyers, products, and orders that wait for their payment.
//!
//! Everything follows from numbers, so nothing of it is kept in memory. Rows go in by the storage port, as the application's would.

use crate::failure::{Outcome, fail};
use futures_util::future::try_join_all;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;
use veza_domain::catalog::{Product, ProductKind, ProductStatus};
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::identity::{Email, PasswordHash, Role, Roles, User, Username};
use veza_domain::ids::{LineId, OrderId, ProductId, UserId};
use veza_domain::licence::LicenceKind;
use veza_domain::look::Look;
use veza_domain::money::{BasisPoints, Currency, Minor, Money, split};
use veza_domain::order::{ClientSecret, Order, OrderLine, OrderStatus};
use veza_domain::time::Timestamp;
use veza_ports::storage::{Commit, CommitError, Row, UnitId, UnitOfWork, Write};
use veza_sqlite::{SqliteConfig, SqliteStore};

/// Price of every product, in minor units: that of the captured delivery.
pub const PRICE: i64 = 1000;
/// Its currency.
pub const CURRENCY: &str = "USD";
/// Password of every buyer, where the fixture was given a hash of it.
pub const PASSWORD: &str = "a long password for benchmarks";
/// The platform's part of a price, in basis points: the default of `PLATFORM_FEE_BPS`.
const FEE: u16 = 1000;

const SELLERS: usize = 100;
const BUYERS: usize = 1000;
const PRODUCTS: usize = 1000;
/// Orders in one unit.
const ORDERS_AT_ONCE: usize = 250;
/// Units that wait for the writer together.
const UNITS_AT_ONCE: usize = 16;

/// What people, products and orders there are.
#[derive(Clone, Debug)]
pub struct Fixture {
    orders: usize,
    /// When everything begins, in milliseconds since 1970. Orders come a millisecond apart, the last one about now.
    beginning: u64,
    currency: Currency,
    fee: BasisPoints,
    password_hash: String,
}

/// Kinds of ids, so that no two have the same random bits.
#[derive(Clone, Copy)]
enum Kind {
    Seller = 1,
    Buyer,
    Product,
    Order,
    Line,
}

/// The random bits of an id (splitmix64).
fn random(kind: Kind, number: usize) -> [u8; 10] {
    let mut random = [0; 10];
    let mut state = ((kind as u64) << 56) ^ number as u64;
    for chunk in random.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        chunk.copy_from_slice(&mixed.to_be_bytes()[..chunk.len()]);
    }
    random
}

impl Fixture {
    /// A fixture with this many pending orders, and people who can't log in.
    ///
    /// # Errors
    /// Never, as long as the clock is past 1970 and the domain knows US dollars.
    pub fn new(orders: usize) -> Outcome<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let beginning = u64::try_from(now)?.saturating_sub(orders as u64);
        Ok(Self { orders, beginning, currency: CURRENCY.parse()?, fee: BasisPoints::new(FEE)?, password_hash: "none".to_owned() })
    }

    /// The same with people who can log in.
    #[must_use]
    pub fn with_password_hash(self, hash: String) -> Self {
        Self { password_hash: hash, ..self }
    }

    /// A UUIDv7 that follows from its kind and number.
    fn id(&self, kind: Kind, number: usize) -> Uuid {
        uuid::Builder::from_unix_timestamp_millis(self.beginning + number as u64, &random(kind, number)).into_uuid()
    }

    fn moment(&self, number: usize) -> Timestamp {
        Timestamp((self.beginning as i64 + number as i64) * 1000)
    }

    fn seller_of(&self, product: usize) -> UserId {
        UserId(self.id(Kind::Seller, product % SELLERS))
    }

    /// How many pending orders.
    #[must_use]
    pub fn orders(&self) -> usize {
        self.orders
    }

    /// Id of order `number`; also its payment's.
    #[must_use]
    pub fn order_id(&self, number: usize) -> Uuid {
        self.id(Kind::Order, number)
    }

    /// Id of product `number`, whatever the number.
    #[must_use]
    pub fn product_id(&self, number: usize) -> Uuid {
        self.id(Kind::Product, number % PRODUCTS)
    }

    /// Address of buyer `number`.
    #[must_use]
    pub fn buyer_email(&self, number: usize) -> String {
        format!("buyer{number}@bench.example")
    }

    /// Order `number` as it waits, and its line.
    #[must_use]
    pub fn order(&self, number: usize) -> (Order, OrderLine) {
        let order_id = OrderId(self.order_id(number));
        let at = self.moment(number);
        let product = scatter(number) % PRODUCTS;
        let total = Money::new(PRICE, self.currency);
        let parts = split(total.amount, self.fee);
        let order = Order {
            id: order_id,
            buyer_id: UserId(self.id(Kind::Buyer, scatter(number) / PRODUCTS % BUYERS)),
            status: OrderStatus::Pending,
            total,
            refunded: Minor::ZERO,
            payment_id: Some(Order::payment_id_of(order_id)),
            client_secret: Some(ClientSecret(format!("{order_id}_secret_0123456789abcdefghij"))),
            failure: None,
            created_at: at,
            completed_at: None,
            refund_deadline: None,
            look: Look::from(at),
        };
        let line = OrderLine {
            id: LineId(self.id(Kind::Line, number)),
            order_id,
            position: 0,
            product_id: ProductId(self.id(Kind::Product, product)),
            offer_id: None,
            licence_kind: LicenceKind::standard(),
            terms: String::new(),
            title: title(product),
            seller_id: self.seller_of(product),
            price: total.amount,
            fee: parts.fee,
            share: parts.share,
            refunded: Minor::ZERO,
        };
        (order, line)
    }

    /// Makes the database at `path` and fills it.
    ///
    /// # Errors
    /// It is there already, or can't be written.
    pub async fn fill(&self, path: &Path) -> Outcome<()> {
        if path.exists() {
            return fail(format!("{} is there already", path.display()));
        }
        let store = SqliteStore::open(SqliteConfig::new(path))?;
        let mut people = Vec::new();
        for number in 0..SELLERS {
            people.push(self.user(Kind::Seller, number)?);
        }
        for number in 0..BUYERS {
            people.push(self.user(Kind::Buyer, number)?);
        }
        insert(&store, "people", people).await?;
        insert(&store, "products", (0..PRODUCTS).map(|number| self.product(number)).collect()).await?;
        let starts: Vec<usize> = (0..self.orders).step_by(ORDERS_AT_ONCE).collect();
        for starts in starts.chunks(UNITS_AT_ONCE) {
            let units = starts.iter().map(|start| {
                let numbers = *start..(start + ORDERS_AT_ONCE).min(self.orders);
                insert(&store, "orders", numbers.flat_map(|number| self.order_rows(number)).collect())
            });
            try_join_all(units).await?;
        }
        store.shutdown();
        // Everything into the one file, which is copied later.
        let busy: bool = rusqlite::Connection::open(path)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy { fail("somebody else has the prepared database open") } else { Ok(()) }
    }

    fn user(&self, kind: Kind, number: usize) -> Outcome<Row> {
        let (email, username, roles) = match kind {
            Kind::Seller => (format!("seller{number}@bench.example"), format!("seller{number}"), Roles::user().with(Role::Creator)),
            _ => (self.buyer_email(number), format!("buyer{number}"), Roles::user()),
        };
        let at = self.moment(number);
        Ok(Row::User(User {
            id: UserId(self.id(kind, number)),
            email: Email::new(&email)?,
            username: Username::new(&username)?,
            password_hash: PasswordHash(self.password_hash.clone()),
            roles,
            email_verified_at: Some(at),
            failed_logins: 0,
            locked_until: None,
            created_at: at,
        }))
    }

    fn product(&self, number: usize) -> Row {
        let at = self.moment(number);
        Row::Product(Product {
            id: ProductId(self.id(Kind::Product, number)),
            seller_id: self.seller_of(number),
            kind: ProductKind::ALL[number % ProductKind::ALL.len()],
            title: title(number),
            description: "Recorded in one take, mixed by hand. ".repeat(6),
            price: Money::new(PRICE, self.currency),
            status: ProductStatus::Published,
            images: Vec::new(),
            offers: Vec::new(),
            created_at: at,
            published_at: Some(at),
        })
    }

    /// An order, its line, and the effect by which its payment was opened.
    fn order_rows(&self, number: usize) -> [Row; 3] {
        let (order, line) = self.order(number);
        let opened = Effect::pending(EffectKind::CreatePayment(order.id), order.created_at).done();
        [Row::Order(order), Row::Line(line), Row::Effect(opened)]
    }
}

#[cfg(test)]
impl Fixture {
    /// Only the orders.
    pub fn of_orders(orders: usize) -> Self {
        Self::new(orders).unwrap()
    }
}

/// Spreads numbers, so that neighbouring orders have different buyers and products.
fn scatter(number: usize) -> usize {
    number.wrapping_mul(2_654_435_761) >> 4
}

fn title(product: usize) -> String {
    format!("Night drive, part {product}")
}

async fn insert(store: &SqliteStore, what: &str, rows: Vec<Row>) -> Result<(), CommitError> {
    let unit_id = format!("bench:{what}:{}", Uuid::now_v7());
    let writes = rows.into_iter().map(Write::Insert).collect();
    store.commit(UnitOfWork::new(UnitId(unit_id), [0; 32], Timestamp(0), writes)).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ids_differ_and_grow_with_time() {
        let fixture = Fixture::of_orders(1000);
        let orders: Vec<Uuid> = (0..1000).map(|number| fixture.order_id(number)).collect();
        assert!(orders.windows(2).all(|pair| pair[0] < pair[1]));
        let all: BTreeSet<Uuid> = orders.into_iter().chain((0..1000).map(|number| fixture.id(Kind::Line, number))).collect();
        assert_eq!(all.len(), 2000);
        assert!(all.iter().all(|id| id.get_version_num() == 7));
    }

    #[tokio::test]
    async fn the_database_holds_what_was_promised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("veza.db");
        Fixture::of_orders(600).fill(&path).await.unwrap();
        let db = rusqlite::Connection::open(&path).unwrap();
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM orders WHERE status = 'pending'"), 600);
        assert_eq!(count("SELECT count(*) FROM products WHERE status = 'published'"), PRODUCTS as i64);
        assert!(count("SELECT count(DISTINCT buyer_id) FROM orders") > 300);
        assert!(Fixture::of_orders(1).fill(&path).await.is_err());
    }
}
