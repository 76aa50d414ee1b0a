//! Products: made, listed, shown, edited, published, archived.

mod body;

pub use body::{
    ImagesBody, LicenseBody, LicensesBody, OfferView, ProductBody, ProductKindView, ProductPage, ProductStatusView, ProductView,
};

use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::http::visitor::Visitor;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::catalog::{self, CatalogError, Edit};
use crate::usecases::entitlements;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::access::MayNotSell;
use veza_domain::catalog::ProductFault;
use veza_domain::ids::{ProductId, UserId};
use veza_ports::storage::ProductFilter;

/// Routes of products.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProductsApi;

/// A product was made.
#[derive(ApiResponse)]
enum Created {
    /// The draft.
    #[oai(status = 201)]
    Product(Json<ProductView>),
}

/// It is done, there is nothing to say.
#[derive(ApiResponse)]
enum Gone {
    /// The product is off sale; who bought it keeps it.
    #[oai(status = 204)]
    Archived,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Area::Catalogue")]
impl ProductsApi {
    /// Make a product.
    ///
    /// It begins as a draft that only its seller sees. Selling needs the role creator (403 `creator_required`)
    /// and a plan that allows it (403 `plan_required`, `complete_payment`).
    #[oai(path = "/marketplace/products", method = "post", operation_id = "createProduct")]
    async fn create(&self, app: Data<&Arc<App>>, caller: Caller, body: Json<ProductBody>) -> Result<Created, ApiError> {
        let details = body.0.read(app.ids.as_ref())?;
        let product = catalog::create(&app, caller.user(), details).await?;
        Ok(Created::Product(Json(ProductView::from(&product))))
    }

    /// Browse what is for sale, newest first.
    #[oai(path = "/marketplace/products", method = "get", operation_id = "listProducts")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        /// Only this seller's.
        seller_id: Query<Option<Uuid>>,
        /// Only this kind.
        kind: Query<Option<ProductKindView>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ProductPage>, ApiError> {
        let filter = ProductFilter { seller: seller_id.0.map(UserId), kind: kind.0.map(Into::into), published: true };
        listed(&app, filter, limit.0, cursor.0).await
    }

    /// List what I have made, in any status, newest first.
    #[oai(path = "/seller/products", method = "get", operation_id = "listSellerProducts")]
    async fn list_own(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Only this kind.
        kind: Query<Option<ProductKindView>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ProductPage>, ApiError> {
        let filter = ProductFilter { seller: Some(caller.id()), kind: kind.0.map(Into::into), published: false };
        listed(&app, filter, limit.0, cursor.0).await
    }

    /// Show a product.
    ///
    /// What is published everybody sees; a draft or an archived product only its seller and admins (404 for others).
    #[oai(path = "/marketplace/products/:id", method = "get", operation_id = "getProduct")]
    async fn show(
        &self,
        app: Data<&Arc<App>>,
        visitor: Visitor,
        /// The product.
        id: Path<Uuid>,
    ) -> Result<Json<ProductView>, ApiError> {
        let product = catalog::shown(&app, visitor.actor().as_ref(), ProductId(id.0)).await?;
        Ok(Json(ProductView::from(&product)))
    }

    /// Say all of a product anew.
    ///
    /// `description`, `images` and `licenses` stay when left out; images and licences that are given replace the whole set.
    /// Orders that were made keep the price they were made at.
    #[oai(path = "/marketplace/products/:id", method = "put", operation_id = "updateProduct")]
    async fn replace(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The product.
        id: Path<Uuid>,
        body: Json<ProductBody>,
    ) -> Result<Json<ProductView>, ApiError> {
        let details = body.0.read(app.ids.as_ref())?;
        edited(&app, &caller, id.0, &Edit::Replace(details)).await.map(Json)
    }

    /// Take a product off sale for good.
    ///
    /// Who bought it keeps it. Asked twice, it is done once.
    #[oai(path = "/marketplace/products/:id", method = "delete", operation_id = "archiveProduct")]
    async fn archive(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The product.
        id: Path<Uuid>,
    ) -> Result<Gone, ApiError> {
        edited(&app, &caller, id.0, &Edit::Archive).await?;
        Ok(Gone::Archived)
    }

    /// Put a product up for sale.
    ///
    /// Asked twice, it is done once; an archived product stays archived (409 `product_archived`).
    #[oai(path = "/marketplace/products/:id/publish", method = "post", operation_id = "publishProduct")]
    async fn publish(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The product.
        id: Path<Uuid>,
    ) -> Result<Json<ProductView>, ApiError> {
        edited(&app, &caller, id.0, &Edit::Publish).await.map(Json)
    }

    /// Replace all images of a product, or none of them.
    #[oai(path = "/marketplace/products/:id/images", method = "put", operation_id = "replaceProductImages")]
    async fn replace_images(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The product.
        id: Path<Uuid>,
        body: Json<ImagesBody>,
    ) -> Result<Json<ProductView>, ApiError> {
        let images = body.0.read()?;
        edited(&app, &caller, id.0, &Edit::Images(images)).await.map(Json)
    }

    /// Replace all licences of a product, or none of them.
    ///
    /// A licence whose kind stays keeps its id. Licences that were sold stay as they were sold.
    #[oai(path = "/marketplace/products/:id/licenses", method = "put", operation_id = "replaceProductLicenses")]
    async fn replace_licenses(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The product.
        id: Path<Uuid>,
        body: Json<LicensesBody>,
    ) -> Result<Json<ProductView>, ApiError> {
        let offers = body.0.read(app.ids.as_ref())?;
        edited(&app, &caller, id.0, &Edit::Offers(offers)).await.map(Json)
    }
}

async fn edited(app: &App, caller: &Caller, id: Uuid, edit: &Edit) -> Result<ProductView, ApiError> {
    let product = catalog::edit(app, &caller.actor(), ProductId(id), edit).await?;
    Ok(ProductView::from(&product))
}

async fn listed(app: &App, filter: ProductFilter, limit: Option<u32>, cursor: Option<String>) -> Result<Json<ProductPage>, ApiError> {
    let page = page::read(limit, cursor.as_deref())?;
    let mut products = app.store.products(filter, page).await?;
    let next_cursor = page::cut(&mut products, page, |product| product.id.0);
    Ok(Json(ProductPage { items: products.iter().map(ProductView::from).collect(), next_cursor }))
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NotFound => Self::not_found("product_not_found", "there is no such product"),
            CatalogError::NotYours => Self::forbidden("not_your_product", "only its seller changes a product"),
            CatalogError::MayNotSell(MayNotSell::Plan(denied)) => entitlements::refused(&denied),
            CatalogError::MayNotSell(reason @ MayNotSell::NotACreator) => Self::forbidden("creator_required", reason.to_string()),
            CatalogError::Archived => Self::conflict("product_archived", "the product is off sale for good"),
            CatalogError::Fault(fault) => Self::field(field_of(fault), "invalid", fault.to_string()),
            CatalogError::Store(error) => error.into(),
            CatalogError::Commit(error) => error.into(),
        }
    }
}

/// The field that a product's own rules are about; reading the body has named most mistakes before.
fn field_of(fault: ProductFault) -> &'static str {
    match fault {
        ProductFault::Title => "title",
        ProductFault::Description => "description",
        ProductFault::Price => "price.amount",
        ProductFault::OfferCurrency | ProductFault::OfferTwice | ProductFault::TooManyOffers => "licenses",
        ProductFault::TooManyImages => "images",
    }
}
