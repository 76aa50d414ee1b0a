//! Who is in a world before anything happens: three sellers, two buyers, an admin, and what is for sale.

use crate::ground::{START, wait};
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::catalog::{Offer, Product, ProductKind, ProductStatus};
use veza_domain::identity::{Email, PasswordHash, Role, Roles, Session, User, Username};
use veza_domain::ids::{OfferId, ProductId, SessionId, UserId};
use veza_domain::licence::LicenceKind;
use veza_domain::money::Money;
use veza_ports::storage::{Row, Storage, UnitId, UnitOfWork, Write};

/// The first so many people are sellers.
pub const SELLERS: usize = 3;
/// Then so many buyers.
pub const BUYERS: usize = 2;
/// The last one is the admin.
pub const ADMIN: usize = SELLERS + BUYERS;

/// Seller, price, currency, has it an exclusive licence?
const PRODUCTS: [(usize, i64, &str, bool); 6] = [
    (0, 1000, "EUR", false),
    (1, 2599, "EUR", false),
    (2, 333, "EUR", false),
    (0, 700, "EUR", true),
    (1, 0, "EUR", false),
    (1, 4999, "USD", false),
];
/// Price of the exclusive licence.
const EXCLUSIVE: i64 = 50_000;

/// What can be bought at once: products, and whether exclusively.
const BASKETS: [&[(usize, bool)]; 12] = [
    &[(0, false)],
    &[(1, false)],
    &[(2, false)],
    &[(0, false), (1, false)],
    &[(0, false), (1, false), (2, false)],
    &[(3, true)],
    &[(4, false)],
    &[(5, false)],
    &[(4, false), (0, false)],
    &[(3, true), (1, false)],
    &[(0, false), (3, false)],
    &[(1, false), (2, false)],
];

/// Somebody who is signed in for good.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Their login.
    pub session: SessionId,
}

/// The nth person: ids are the same in every world.
#[must_use]
pub fn person(nth: usize) -> Person {
    Person { id: UserId(fixed(1, nth)), session: SessionId(fixed(2, nth)) }
}

fn fixed(kind: u128, nth: usize) -> Uuid {
    Uuid::from_u128((0x019a_9d9a_0000_7000_8000_u128 << 48) | (kind << 16) | nth as u128)
}

/// The items of a basket: product and licence.
pub fn basket(nth: u8) -> impl Iterator<Item = (ProductId, Option<OfferId>)> {
    let items = BASKETS[usize::from(nth) % BASKETS.len()];
    items.iter().map(|(product, exclusive)| (ProductId(fixed(3, *product)), exclusive.then(|| OfferId(fixed(4, *product)))))
}

/// Puts everybody and everything into a new store.
///
/// # Panics
/// When the store does not take them.
pub fn enter(store: &Arc<dyn Storage>) {
    let mut rows = people(0..=ADMIN);
    for (nth, (seller, price, currency, exclusive)) in PRODUCTS.into_iter().enumerate() {
        let (Ok(currency), Ok(kind)) = (currency.parse(), LicenceKind::new("exclusive")) else { panic!("{currency} is a currency") };
        let offer = Offer { id: OfferId(fixed(4, nth)), kind, price: Money::new(EXCLUSIVE, currency), terms: String::new() };
        rows.push(Row::Product(Product {
            id: ProductId(fixed(3, nth)),
            seller_id: person(seller).id,
            kind: ProductKind::Track,
            title: format!("Product {nth}"),
            description: String::new(),
            price: Money::new(price, currency),
            status: ProductStatus::Published,
            images: Vec::new(),
            offers: exclusive.then_some(offer).into_iter().collect(),
            created_at: START,
            published_at: Some(START),
        }));
    }
    commit(store, "cast", rows);
}

/// Puts more people in, by their numbers; they buy.
///
/// # Panics
/// When the store does not take them.
pub fn enter_people(store: &Arc<dyn Storage>, numbers: Range<usize>) {
    for nth in numbers {
        commit(store, &format!("person {nth}"), people(nth..=nth));
    }
}

fn commit(store: &Arc<dyn Storage>, name: &str, rows: Vec<Row>) {
    let unit = UnitOfWork::new(UnitId(name.to_owned()), [0; 32], START, rows.into_iter().map(Write::Insert).collect());
    if let Err(error) = wait(store.commit(unit)) {
        panic!("{name} can't enter: {error}");
    }
}

fn people(numbers: RangeInclusive<usize>) -> Vec<Row> {
    let mut rows = Vec::new();
    for nth in numbers {
        let role = if nth < SELLERS { Some(Role::Creator) } else { (nth == ADMIN).then_some(Role::Admin) };
        let Person { id, session } = person(nth);
        let name = format!("person{nth}");
        let (Ok(email), Ok(username)) = (Email::new(&format!("{name}@example.org")), Username::new(&name)) else {
            panic!("{name} is a name")
        };
        rows.push(Row::User(User {
            id,
            email,
            username,
            password_hash: PasswordHash(String::new()),
            roles: role.into_iter().fold(Roles::user(), Roles::with),
            email_verified_at: Some(START),
            failed_logins: 0,
            locked_until: None,
            created_at: START,
        }));
        let expires_at = START.plus(Duration::from_secs(3600 * 24 * 3650));
        rows.push(Row::Session(Session { id: session, user_id: id, created_at: START, expires_at, revoked_at: None }));
    }
    rows
}
