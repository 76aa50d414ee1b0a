//! Products and the licences they are offered under (spec/05-marketplace).

use crate::ids::{OfferId, ProductId, UserId};
use crate::licence::LicenceKind;
use crate::money::Money;
use crate::time::Timestamp;

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProductKind {
    /// One piece of music.
    Track,
    /// A bundle of files.
    Pack,
    /// Lessons.
    Course,
    /// Work to order.
    Service,
}

impl ProductKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Track, Self::Pack, Self::Course, Self::Service];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Pack => "pack",
            Self::Course => "course",
            Self::Service => "service",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whether a product can be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProductStatus {
    /// Only its seller sees it.
    Draft,
    /// Everybody can buy it.
    Published,
    /// Nobody can buy it any more; who bought it keeps it.
    Archived,
}

impl ProductStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Published, Self::Archived];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Archived => "archived",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// draft → published → archived; a step that was made may be asked for again.
    #[must_use]
    pub fn may_move_to(self, to: Self) -> bool {
        match (self, to) {
            (Self::Draft, Self::Draft | Self::Published | Self::Archived)
            | (Self::Published, Self::Published | Self::Archived)
            | (Self::Archived, Self::Archived) => true,
            (Self::Published | Self::Archived, Self::Draft) | (Self::Archived, Self::Published) => false,
        }
    }
}

/// A licence that a product is offered under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Ours.
    pub id: OfferId,
    /// Its name.
    pub kind: LicenceKind,
    /// What it costs, in the product's currency.
    pub price: Money,
    /// What it permits, in the seller's words.
    pub terms: String,
}

/// A thing for sale. Its offers belong to it: they are replaced together with it, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Ours.
    pub id: ProductId,
    /// Who sells it.
    pub seller_id: UserId,
    /// What it is.
    pub kind: ProductKind,
    /// Its name.
    pub title: String,
    /// More about it.
    pub description: String,
    /// What it costs without a chosen licence.
    pub price: Money,
    /// Whether it can be bought.
    pub status: ProductStatus,
    /// Addresses of pictures, in order.
    pub images: Vec<String>,
    /// Licences to choose from, in order.
    pub offers: Vec<Offer>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it could first be bought.
    pub published_at: Option<Timestamp>,
}

/// What is wrong with a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProductFault {
    /// No title, or one of more than [`TITLE_CHARS_MAX`] characters.
    #[error("the title must have 1 to 200 characters")]
    Title,
    /// More than [`DESCRIPTION_CHARS_MAX`] characters.
    #[error("the description may have 10000 characters")]
    Description,
    /// A price below 0, or above [`PRICE_MAX`].
    #[error("the price must be between 0 and 1000000000000 minor units")]
    Price,
    /// A licence in another currency than the product.
    #[error("a licence has the product's currency")]
    OfferCurrency,
    /// Two licences of one kind.
    #[error("each kind of licence at most once")]
    OfferTwice,
    /// More than [`OFFERS_MAX`].
    #[error("at most 20 licences")]
    TooManyOffers,
    /// More than [`IMAGES_MAX`].
    #[error("at most 20 images")]
    TooManyImages,
}

/// Most characters of a title.
pub const TITLE_CHARS_MAX: usize = 200;
/// Most characters of a description or of a licence's terms.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;
/// Highest price in minor units: 100 lines of it still fit an order's total with room to spare.
pub const PRICE_MAX: i64 = 1_000_000_000_000;
/// Most licences of a product.
pub const OFFERS_MAX: usize = 20;
/// Most images of a product.
pub const IMAGES_MAX: usize = 20;

impl Product {
    /// Checks what a seller may set.
    /// # Errors
    /// The first [`ProductFault`].
    pub fn check(&self) -> Result<(), ProductFault> {
        if self.title.trim().is_empty() || self.title.chars().count() > TITLE_CHARS_MAX {
            return Err(ProductFault::Title);
        }
        if self.description.chars().count() > DESCRIPTION_CHARS_MAX
            || self.offers.iter().any(|offer| offer.terms.chars().count() > DESCRIPTION_CHARS_MAX)
        {
            return Err(ProductFault::Description);
        }
        if self.offers.iter().map(|offer| offer.price).chain([self.price]).any(|price| !(0..=PRICE_MAX).contains(&price.amount.0)) {
            return Err(ProductFault::Price);
        }
        if self.offers.iter().any(|offer| offer.price.currency != self.price.currency) {
            return Err(ProductFault::OfferCurrency);
        }
        if self.offers.iter().enumerate().any(|(i, offer)| self.offers[..i].iter().any(|earlier| earlier.kind == offer.kind)) {
            return Err(ProductFault::OfferTwice);
        }
        if self.offers.len() > OFFERS_MAX {
            return Err(ProductFault::TooManyOffers);
        }
        if self.images.len() > IMAGES_MAX {
            return Err(ProductFault::TooManyImages);
        }
        Ok(())
    }

    /// The offer with this id.
    #[must_use]
    pub fn offer(&self, id: OfferId) -> Option<&Offer> {
        self.offers.iter().find(|offer| offer.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::ProductStatus::{Archived, Draft, Published};
    use super::*;

    #[test]
    fn a_product_never_goes_back() {
        let moves: Vec<_> = ProductStatus::ALL
            .into_iter()
            .flat_map(|from| ProductStatus::ALL.into_iter().map(move |to| (from, to)))
            .filter(|(from, to)| from != to && from.may_move_to(*to))
            .collect();
        assert_eq!(moves, [(Draft, Published), (Draft, Archived), (Published, Archived)]);
    }
}
