//! Products with their offers and images, exclusive holds, sellers' accounts.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use veza_domain::catalog::{Offer, Product, ProductKind, ProductStatus};
use veza_domain::ids::{OfferId, OrderId, ProductId, UserId};
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceKind};
use veza_domain::payout::SellerAccount;
use veza_ports::storage::Revision;

macro_rules! select_product {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, seller_id, kind, title, description, price, currency, status, created_at, published_at FROM products ",
            $rest
        )
    };
}
pub(crate) use select_product;

impl Stored for Product {
    const INSERT: &'static str = "INSERT INTO products (id, revision, seller_id, kind, title, description, price, currency, status, \
         created_at, published_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    const UPDATES: &'static [&'static str] = &["UPDATE products SET revision = ?2 + 1, seller_id = ?3, kind = ?4, title = ?5, \
         description = ?6, price = ?7, currency = ?8, status = ?9, created_at = ?10, published_at = ?11 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.seller_id.0,
            self.kind.as_str(),
            self.title,
            self.description,
            self.price.amount.0,
            self.price.currency.code(),
            self.status.as_str(),
            self.created_at.0,
            self.published_at.map(|at| at.0),
        ];
        execute(db, sql, values)
    }

    fn write_parts(&self, db: &Connection, replace: bool) -> rusqlite::Result<()> {
        if replace {
            execute(db, "DELETE FROM product_offers WHERE product_id = ?1", [self.id.0])?;
            execute(db, "DELETE FROM product_images WHERE product_id = ?1", [self.id.0])?;
        }
        for (position, offer) in (0_i64..).zip(&self.offers) {
            let (amount, currency) = (offer.price.amount.0, offer.price.currency.code());
            let values = params![self.id.0, position, offer.id.0, offer.kind.as_str(), amount, currency, offer.terms];
            let sql =
                "INSERT INTO product_offers (product_id, position, id, kind, price, currency, terms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            execute(db, sql, values)?;
        }
        for (position, address) in (0_i64..).zip(&self.images) {
            let sql = "INSERT INTO product_images (product_id, position, address) VALUES (?1, ?2, ?3)";
            execute(db, sql, params![self.id.0, position, address])?;
        }
        Ok(())
    }
}

/// The product's own columns; [`complete`] adds the rest.
pub(crate) fn product(row: &mut Fields<'_, '_>) -> rusqlite::Result<Product> {
    Ok(Product {
        id: ProductId(row.id()?),
        seller_id: UserId(row.id()?),
        kind: row.parsed(ProductKind::parse)?,
        title: row.get()?,
        description: row.get()?,
        price: row.money()?,
        status: row.parsed(ProductStatus::parse)?,
        images: Vec::new(),
        offers: Vec::new(),
        created_at: row.time()?,
        published_at: row.time_opt()?,
    })
}

/// Reads a product's offers and images.
pub(crate) fn complete(db: &Connection, product: &mut Product) -> rusqlite::Result<()> {
    let sql = "SELECT id, kind, price, currency, terms FROM product_offers WHERE product_id = ?1 ORDER BY position";
    let mut offers = db.prepare_cached(sql)?;
    let offers = offers.query_map([product.id.0], |row| {
        let mut row = Fields::of(row);
        Ok(Offer { id: OfferId(row.id()?), kind: row.parsed(|text| LicenceKind::new(text).ok())?, price: row.money()?, terms: row.get()? })
    })?;
    product.offers = offers.collect::<Result<_, _>>()?;
    let mut images = db.prepare_cached("SELECT address FROM product_images WHERE product_id = ?1 ORDER BY position")?;
    product.images = images.query_map([product.id.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(())
}

macro_rules! select_hold {
    ($rest:literal) => {
        concat!("SELECT revision, product_id, order_id, state FROM exclusive_holds ", $rest)
    };
}
pub(crate) use select_hold;

impl Stored for ExclusiveHold {
    const INSERT: &'static str = "INSERT INTO exclusive_holds (product_id, revision, order_id, state) VALUES (?1, ?2, ?3, ?4)";
    const UPDATES: &'static [&'static str] =
        &["UPDATE exclusive_holds SET revision = ?2 + 1, order_id = ?3, state = ?4 WHERE product_id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        execute(db, sql, params![self.product_id.0, revision.0, self.order_id.0, self.state.as_str()])
    }
}

pub(crate) fn hold(row: &mut Fields<'_, '_>) -> rusqlite::Result<ExclusiveHold> {
    Ok(ExclusiveHold { product_id: ProductId(row.id()?), order_id: OrderId(row.id()?), state: row.parsed(ExclusiveState::parse)? })
}

macro_rules! select_account {
    ($rest:literal) => {
        concat!(
            "SELECT revision, seller_id, stripe_account_id, transfers_enabled, payouts_enabled, created_at, checked_at FROM seller_accounts ",
            $rest
        )
    };
}
pub(crate) use select_account;

impl Stored for SellerAccount {
    const INSERT: &'static str = "INSERT INTO seller_accounts (seller_id, revision, stripe_account_id, transfers_enabled, \
         payouts_enabled, created_at, checked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    const UPDATES: &'static [&'static str] = &["UPDATE seller_accounts SET revision = ?2 + 1, stripe_account_id = ?3, \
         transfers_enabled = ?4, payouts_enabled = ?5, created_at = ?6, checked_at = ?7 WHERE seller_id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.seller_id.0,
            revision.0,
            self.stripe_account_id,
            self.transfers_enabled,
            self.payouts_enabled,
            self.created_at.0,
            self.checked_at.map(|at| at.0),
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn account(row: &mut Fields<'_, '_>) -> rusqlite::Result<SellerAccount> {
    Ok(SellerAccount {
        seller_id: UserId(row.id()?),
        stripe_account_id: row.get()?,
        transfers_enabled: row.get()?,
        payouts_enabled: row.get()?,
        created_at: row.time()?,
        checked_at: row.time_opt()?,
    })
}
