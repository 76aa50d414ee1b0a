//! The read ports: scans of one state. Lists run from the newest id to the oldest.

mod admin;
mod billing;
mod distribution;
mod history;
mod identity;
mod orders;
mod sellers;

use crate::MemoryStore;
use crate::state::Stored;
use async_trait::async_trait;
use uuid::Uuid;
use veza_domain::catalog::{Product, ProductStatus};
use veza_domain::ids::ProductId;
use veza_domain::licence::ExclusiveHold;
use veza_ports::storage::{CatalogReads, Page, ProductFilter, RowKey, StoreError, Versioned};

/// One page of rows that come by ascending id.
fn page<'a, T: 'a>(rows: impl DoubleEndedIterator<Item = Stored<'a, T>>, id: impl Fn(&T) -> Uuid, page: Page) -> Vec<&'a T> {
    let below = |row: &&T| page.before.is_none_or(|before| id(row) < before);
    rows.rev().map(|row| row.value).filter(below).take(count(page.limit)).collect()
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[async_trait]
impl CatalogReads for MemoryStore {
    async fn product(&self, id: ProductId) -> Result<Option<Versioned<Product>>, StoreError> {
        Ok(self.state().get(&RowKey::Product(id)))
    }

    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<Versioned<Product>>, StoreError> {
        let state = self.state();
        let found = state.all::<Product>().filter(|product| ids.contains(&product.value.id));
        Ok(found.map(|product| product.versioned()).collect())
    }

    async fn products(&self, filter: ProductFilter, at: Page) -> Result<Vec<Product>, StoreError> {
        let state = self.state();
        let wanted = |product: &Product| {
            filter.seller.is_none_or(|seller| product.seller_id == seller)
                && filter.kind.is_none_or(|kind| product.kind == kind)
                && (!filter.published || product.status == ProductStatus::Published)
        };
        let found = state.all::<Product>().filter(|product| wanted(product.value));
        Ok(page(found, |product| product.id.0, at).into_iter().cloned().collect())
    }

    async fn exclusive_holds(&self, products: &[ProductId]) -> Result<Vec<Versioned<ExclusiveHold>>, StoreError> {
        let state = self.state();
        let found = state.all::<ExclusiveHold>().filter(|hold| products.contains(&hold.value.product_id));
        Ok(found.map(|hold| hold.versioned()).collect())
    }
}
