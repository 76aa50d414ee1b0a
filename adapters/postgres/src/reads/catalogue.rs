//! Products, and who holds their exclusive licences.

use super::{before, values};
use crate::PostgresStore;
use crate::rows::catalogue::{select_hold, select_product};
use crate::statement::{Statement, Value};
use async_trait::async_trait;
use veza_domain::catalog::{Product, ProductKind};
use veza_domain::ids::ProductId;
use veza_domain::licence::ExclusiveHold;
use veza_ports::storage::{CatalogReads, Page, ProductFilter, StoreError, Versioned};

const BY_ID: &str = select_product!("WHERE id = $1");
const BY_IDS: &str = select_product!("WHERE id = ANY($1)");
const PUBLISHED: &str = select_product!("WHERE status = 'published' AND id < $1 ORDER BY id DESC LIMIT $2");
const PUBLISHED_OF_KIND: &str = select_product!("WHERE status = 'published' AND id < $1 AND kind = $3 ORDER BY id DESC LIMIT $2");
const OF_SELLER: &str = select_product!(
    "WHERE seller_id = $4 AND id < $1 AND ($3::text IS NULL OR kind = $3) AND (NOT $5::boolean OR status = 'published') ORDER BY id DESC LIMIT $2"
);
/// Everybody's, with every status: no page shows this, so it has no index but the key's.
const ANY: &str = select_product!("WHERE id < $1 AND ($3::text IS NULL OR kind = $3) ORDER BY id DESC LIMIT $2");
const HOLDS: &str = select_hold!("WHERE product_id = ANY($1)");

#[async_trait]
impl CatalogReads for PostgresStore {
    async fn product(&self, id: ProductId) -> Result<Option<Versioned<Product>>, StoreError> {
        self.read_one(|| Statement::new(BY_ID).with(id.0)).await
    }

    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<Versioned<Product>>, StoreError> {
        self.read(|| Statement::new(BY_IDS).with_ids(ids.iter().map(|id| id.0).collect())).await
    }

    async fn products(&self, filter: ProductFilter, page: Page) -> Result<Vec<Product>, StoreError> {
        self.read(|| list(filter, page)).await.map(values)
    }

    async fn exclusive_holds(&self, products: &[ProductId]) -> Result<Vec<Versioned<ExclusiveHold>>, StoreError> {
        self.read(|| Statement::new(HOLDS).with_ids(products.iter().map(|id| id.0).collect())).await
    }
}

pub(crate) fn list(filter: ProductFilter, page: Page) -> Statement {
    let kind = Value::Text(filter.kind.map(|kind: ProductKind| kind.as_str().to_owned()));
    let paged = |sql| Statement::new(sql).with(before(page)).with(page.limit);
    match (filter.seller, filter.published) {
        (Some(seller), published) => paged(OF_SELLER).with(kind).with(seller.0).with(published),
        (None, true) if filter.kind.is_some() => paged(PUBLISHED_OF_KIND).with(kind),
        (None, true) => paged(PUBLISHED),
        (None, false) => paged(ANY).with(kind),
    }
}
