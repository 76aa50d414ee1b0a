//! Bodies of products: what sellers send, read into what the use cases take, all mistakes at once; and what everybody sees.

use crate::http::page;
use crate::http::views::MoneyView;
use crate::problem::{ApiError, FieldError};
use crate::usecases::catalog::{Details, NewOffer};
use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use uuid::Uuid;
use veza_domain::catalog::{DESCRIPTION_CHARS_MAX, IMAGES_MAX, OFFERS_MAX, PRICE_MAX, TITLE_CHARS_MAX};
use veza_domain::catalog::{Offer, Product, ProductKind, ProductStatus};
use veza_domain::ids::OfferId;
use veza_domain::licence::LicenceKind;
use veza_domain::money::{Currency, Money};
use veza_ports::clock::IdSource;

/// Most bytes of an image's address.
const ADDRESS_BYTES_MAX: usize = 2048;

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "ProductKind", rename_all = "snake_case")]
pub enum ProductKindView {
    /// One piece of music.
    Track,
    /// A bundle of files.
    Pack,
    /// Lessons.
    Course,
    /// Work to order.
    Service,
}

impl From<ProductKind> for ProductKindView {
    fn from(kind: ProductKind) -> Self {
        match kind {
            ProductKind::Track => Self::Track,
            ProductKind::Pack => Self::Pack,
            ProductKind::Course => Self::Course,
            ProductKind::Service => Self::Service,
        }
    }
}

impl From<ProductKindView> for ProductKind {
    fn from(kind: ProductKindView) -> Self {
        match kind {
            ProductKindView::Track => Self::Track,
            ProductKindView::Pack => Self::Pack,
            ProductKindView::Course => Self::Course,
            ProductKindView::Service => Self::Service,
        }
    }
}

/// Whether a product can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "ProductStatus", rename_all = "snake_case")]
pub enum ProductStatusView {
    /// Only its seller sees it.
    Draft,
    /// Everybody can buy it.
    Published,
    /// Nobody can buy it any more; who bought it keeps it.
    Archived,
}

impl From<ProductStatus> for ProductStatusView {
    fn from(status: ProductStatus) -> Self {
        match status {
            ProductStatus::Draft => Self::Draft,
            ProductStatus::Published => Self::Published,
            ProductStatus::Archived => Self::Archived,
        }
    }
}

/// A licence to offer.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LicenseBody {
    /// Its name, each at most once per product: 1 to 32 of a-z, 0-9, `_` and `-`. `exclusive` sells once.
    pub kind: String,
    /// What it costs, in the product's currency.
    pub price: MoneyView,
    /// What it permits.
    pub terms: Option<String>,
}

/// What a seller says of a product.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(example)]
pub struct ProductBody {
    /// What it is.
    pub kind: ProductKindView,
    /// Its name, 1 to 200 characters.
    pub title: String,
    /// More about it, at most 10,000 characters. Left out in a PUT, it stays.
    pub description: Option<String>,
    /// What it costs without a chosen licence; 0 is a gift.
    pub price: MoneyView,
    /// Tracks that belong to it. Not available yet: leave it out or empty.
    pub track_ids: Option<Vec<Uuid>>,
    /// Licences to choose from, at most 20. Left out in a PUT, they stay.
    pub licenses: Option<Vec<LicenseBody>>,
    /// `http` or `https` addresses of pictures, at most 20. Left out in a PUT, they stay.
    pub images: Option<Vec<String>>,
}

impl Example for ProductBody {
    fn example() -> Self {
        let euro = |amount| MoneyView { amount, currency: "EUR".to_owned() };
        let license =
            |kind: &str, amount, terms: &str| LicenseBody { kind: kind.to_owned(), price: euro(amount), terms: Some(terms.to_owned()) };
        Self {
            kind: ProductKindView::Track,
            title: "Night Drive".to_owned(),
            description: Some("Synthwave, 96 bpm".to_owned()),
            price: euro(1999),
            track_ids: None,
            licenses: Some(vec![license("basic", 1999, "One video, credit required."), license("exclusive", 49_900, "All uses.")]),
            images: Some(vec!["https://images.example.org/night-drive.png".to_owned()]),
        }
    }
}

/// All images of a product.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct ImagesBody {
    /// `http` or `https` addresses of pictures, in order, at most 20.
    pub images: Vec<String>,
}

/// All licences of a product.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LicensesBody {
    /// In order, at most 20. A licence whose kind stays keeps its id.
    pub licenses: Vec<LicenseBody>,
}

/// Collects what is wrong, so that one answer names it all.
#[derive(Default)]
struct Mistakes(Vec<FieldError>);

impl Mistakes {
    fn add(&mut self, field: impl Into<String>, code: &str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), code: code.to_owned(), message: message.into() });
    }

    fn none_or(self) -> Result<(), ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(ApiError::fields(self.0)) }
    }

    fn money(&mut self, field: &str, body: &MoneyView) -> Option<Money> {
        if !(0..=PRICE_MAX).contains(&body.amount) {
            self.add(format!("{field}.amount"), "out_of_range", format!("a price is 0 to {PRICE_MAX} minor units"));
        }
        body.read(field).map_err(|error| self.0.push(error)).ok()
    }

    fn text(&mut self, field: &str, text: &str) {
        if text.chars().count() > DESCRIPTION_CHARS_MAX {
            self.add(field, "too_long", format!("at most {DESCRIPTION_CHARS_MAX} characters"));
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.add(field, "control_characters", "control characters can't be part of a text");
        }
    }

    fn title(&mut self, text: &str) {
        if text.is_empty() {
            self.add("title", "required", "a product has a title");
        }
        if text.chars().count() > TITLE_CHARS_MAX {
            self.add("title", "too_long", format!("at most {TITLE_CHARS_MAX} characters"));
        }
        if text.chars().any(char::is_control) {
            self.add("title", "control_characters", "a title is one line of text");
        }
    }

    fn images(&mut self, images: &[String]) {
        if images.len() > IMAGES_MAX {
            self.add("images", "too_many", format!("at most {IMAGES_MAX} images"));
        }
        for (i, address) in images.iter().enumerate() {
            let web = url::Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
            if !web || address.len() > ADDRESS_BYTES_MAX || address.chars().any(char::is_control) {
                self.add(format!("images[{i}]"), "bad_address", format!("an http or https address of at most {ADDRESS_BYTES_MAX} bytes"));
            }
        }
    }

    fn offers(&mut self, bodies: &[LicenseBody], currency: Option<Currency>, ids: &dyn IdSource) -> Vec<NewOffer> {
        if bodies.len() > OFFERS_MAX {
            self.add("licenses", "too_many", format!("at most {OFFERS_MAX} licences"));
        }
        let read = |(i, body): (usize, &LicenseBody)| {
            let field = format!("licenses[{i}]");
            let terms = body.terms.clone().unwrap_or_default();
            self.text(&format!("{field}.terms"), &terms);
            let price = self.money(&format!("{field}.price"), &body.price);
            if price.zip(currency).is_some_and(|(price, currency)| price.currency != currency) {
                self.add(format!("{field}.price.currency"), "currency_differs", "a licence has the product's currency");
            }
            if bodies[..i].iter().any(|earlier| earlier.kind == body.kind) {
                self.add(format!("{field}.kind"), "duplicate", "each kind of licence at most once");
            }
            let kind = LicenceKind::new(&body.kind).map_err(|bad| self.add(format!("{field}.kind"), "bad_kind", bad.to_string())).ok()?;
            Some(NewOffer { id: OfferId(ids.uuid()), kind, price: price?, terms })
        };
        bodies.iter().enumerate().take(OFFERS_MAX).filter_map(read).collect()
    }
}

impl ProductBody {
    /// Reads it; `ids` names new licences.
    ///
    /// # Errors
    /// 422 with all field errors; `tracks_not_available` when it names tracks.
    pub fn read(self, ids: &dyn IdSource) -> Result<Details, ApiError> {
        if self.track_ids.is_some_and(|tracks| !tracks.is_empty()) {
            let error = ApiError::field("track_ids", "tracks_not_available", "tracks can't be attached to products yet");
            return Err(error.with_code("tracks_not_available"));
        }
        let mut mistakes = Mistakes::default();
        let title = self.title.trim().to_owned();
        mistakes.title(&title);
        if let Some(description) = &self.description {
            mistakes.text("description", description);
        }
        let price = mistakes.money("price", &self.price);
        mistakes.images(self.images.as_deref().unwrap_or_default());
        let offers = self.licenses.map(|bodies| mistakes.offers(&bodies, price.map(|price| price.currency), ids));
        mistakes.none_or()?;
        // Without a mistake there is a price: this only tells the compiler.
        let price = price.ok_or_else(|| ApiError::field("price", "required", "a product has a price"))?;
        Ok(Details { kind: self.kind.into(), title, description: self.description, price, images: self.images, offers })
    }
}

impl ImagesBody {
    /// Reads it.
    ///
    /// # Errors
    /// 422 with all field errors.
    pub fn read(self) -> Result<Vec<String>, ApiError> {
        let mut mistakes = Mistakes::default();
        mistakes.images(&self.images);
        mistakes.none_or()?;
        Ok(self.images)
    }
}

impl LicensesBody {
    /// Reads it; `ids` names new licences. Whether the currency is the product's is for the use case to say.
    ///
    /// # Errors
    /// 422 with all field errors.
    pub fn read(self, ids: &dyn IdSource) -> Result<Vec<NewOffer>, ApiError> {
        let mut mistakes = Mistakes::default();
        let offers = mistakes.offers(&self.licenses, None, ids);
        mistakes.none_or()?;
        Ok(offers)
    }
}

/// A licence that a product is offered under.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "License")]
pub struct OfferView {
    /// Its id: `license_id` of an order's item.
    pub id: Uuid,
    /// Its name.
    pub kind: String,
    /// What it costs.
    pub price: MoneyView,
    /// What it permits.
    pub terms: String,
}

impl From<&Offer> for OfferView {
    fn from(offer: &Offer) -> Self {
        Self { id: offer.id.0, kind: offer.kind.as_str().to_owned(), price: offer.price.into(), terms: offer.terms.clone() }
    }
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Product")]
pub struct ProductView {
    /// Its id.
    pub id: Uuid,
    /// Who sells it.
    pub seller_id: Uuid,
    /// What it is.
    pub kind: ProductKindView,
    /// Its name.
    pub title: String,
    /// More about it.
    pub description: String,
    /// What it costs without a chosen licence.
    pub price: MoneyView,
    /// Whether it can be bought.
    pub status: ProductStatusView,
    /// Licences to choose from, in order.
    pub licenses: Vec<OfferView>,
    /// Addresses of pictures, in order.
    pub images: Vec<String>,
    /// When it was made.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it could first be bought.
    #[oai(nullable)]
    pub published_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl From<&Product> for ProductView {
    fn from(product: &Product) -> Self {
        Self {
            id: product.id.0,
            seller_id: product.seller_id.0,
            kind: product.kind.into(),
            title: product.title.clone(),
            description: product.description.clone(),
            price: product.price.into(),
            status: product.status.into(),
            licenses: product.offers.iter().map(OfferView::from).collect(),
            images: product.images.clone(),
            created_at: page::time(product.created_at),
            published_at: product.published_at.map(page::time),
        }
    }
}

/// A page of products.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct ProductPage {
    /// Newest first.
    pub items: Vec<ProductView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}
