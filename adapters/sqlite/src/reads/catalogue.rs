//! Products, and who holds their exclusive licences.

use super::before;
use crate::SqliteStore;
use crate::fields::{all, one, values};
use crate::rows::catalogue::{complete, hold, product, select_hold, select_product};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use veza_domain::catalog::Product;
use veza_domain::ids::ProductId;
use veza_domain::licence::ExclusiveHold;
use veza_ports::storage::{CatalogReads, Page, ProductFilter, StoreError, Versioned};

pub(super) const BY_ID: &str = select_product!("WHERE id = ?1");
pub(super) const PUBLISHED: &str = select_product!("WHERE status = 'published' AND id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const PUBLISHED_OF_KIND: &str =
    select_product!("WHERE status = 'published' AND id < ?1 AND kind = ?3 ORDER BY id DESC LIMIT ?2");
pub(super) const OF_SELLER: &str = select_product!(
    "WHERE seller_id = ?4 AND id < ?1 AND (?3 IS NULL OR kind = ?3) AND (NOT ?5 OR status = 'published') ORDER BY id DESC LIMIT ?2"
);
/// Everybody's, with every status: no page shows this, so it has no index but the key's.
pub(super) const ANY: &str = select_product!("WHERE id < ?1 AND (?3 IS NULL OR kind = ?3) ORDER BY id DESC LIMIT ?2");
pub(super) const HOLD: &str = select_hold!("WHERE product_id = ?1");

#[async_trait]
impl CatalogReads for SqliteStore {
    async fn product(&self, id: ProductId) -> Result<Option<Versioned<Product>>, StoreError> {
        self.readers.snapshot(move |db| whole(db, id)).await
    }

    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<Versioned<Product>>, StoreError> {
        let ids: BTreeSet<ProductId> = ids.iter().copied().collect();
        self.readers.snapshot(move |db| ids.into_iter().filter_map(|id| whole(db, id).transpose()).collect()).await
    }

    async fn products(&self, filter: ProductFilter, page: Page) -> Result<Vec<Product>, StoreError> {
        self.readers.snapshot(move |db| list(db, filter, page)).await
    }

    async fn exclusive_holds(&self, products: &[ProductId]) -> Result<Vec<Versioned<ExclusiveHold>>, StoreError> {
        let products: BTreeSet<ProductId> = products.iter().copied().collect();
        let held = move |db: &Connection| products.iter().filter_map(|id| one(db, HOLD, [id.0], hold).transpose()).collect();
        self.readers.snapshot(held).await
    }
}

fn whole(db: &Connection, id: ProductId) -> rusqlite::Result<Option<Versioned<Product>>> {
    let mut found = one(db, BY_ID, [id.0], product)?;
    if let Some(found) = &mut found {
        complete(db, &mut found.value)?;
    }
    Ok(found)
}

fn list(db: &Connection, filter: ProductFilter, page: Page) -> rusqlite::Result<Vec<Product>> {
    let (before, kind) = (before(page), filter.kind.map(|kind| kind.as_str()));
    let found = match (filter.seller, filter.published, kind) {
        (Some(seller), published, _) => all(db, OF_SELLER, params![before, page.limit, kind, seller.0, published], product)?,
        (None, true, Some(kind)) => all(db, PUBLISHED_OF_KIND, params![before, page.limit, kind], product)?,
        (None, true, None) => all(db, PUBLISHED, params![before, page.limit], product)?,
        (None, false, _) => all(db, ANY, params![before, page.limit, kind], product)?,
    };
    let mut products = values(found);
    for product in &mut products {
        complete(db, product)?;
    }
    Ok(products)
}
