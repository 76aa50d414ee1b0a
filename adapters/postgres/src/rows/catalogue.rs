//! Products with their offers and images, exclusive holds, sellers' accounts.

use super::{Parts, Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Bool, Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::catalog::{Offer, Product, ProductKind, ProductStatus};
use veza_domain::ids::{OfferId, OrderId, ProductId, UserId};
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceKind};
use veza_domain::payout::SellerAccount;
use veza_ports::BoxError;

macro_rules! select_product {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(revision, id, seller_id, kind, title, description, price, currency, status, created_at, published_at, \
             ARRAY(SELECT ROW(o.id, o.kind, o.price, o.currency, o.terms) \
                   FROM product_offers o WHERE o.product_id = products.id ORDER BY o.position), \
             ARRAY(SELECT address FROM product_images i WHERE i.product_id = products.id ORDER BY i.position)) \
             FROM products ",
            $rest
        )
    };
}
pub(crate) use select_product;

pub(crate) static PRODUCTS: Table = Table {
    name: "products",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("seller_id", Uuid),
        ("kind", Text),
        ("title", Text),
        ("description", Text),
        ("price", Int),
        ("currency", Text),
        ("status", Text),
        ("created_at", Int),
        ("published_at", Int),
    ],
};

static PRODUCT_OFFERS: Parts = Parts {
    name: "product_offers",
    columns: &[("product_id", Uuid), ("position", Int), ("id", Uuid), ("kind", Text), ("price", Int), ("currency", Text), ("terms", Text)],
};

static PRODUCT_IMAGES: Parts = Parts { name: "product_images", columns: &[("product_id", Uuid), ("position", Int), ("address", Text)] };

impl Stored for Product {
    fn table(&self) -> &'static Table {
        &PRODUCTS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.seller_id.0.into(),
            self.kind.as_str().into(),
            self.title.as_str().into(),
            self.description.as_str().into(),
            self.price.amount.into(),
            self.price.currency.code().into(),
            self.status.as_str().into(),
            self.created_at.into(),
            self.published_at.into(),
        ]
    }

    fn parts(&self) -> Vec<(&'static Parts, Vec<Vec<Value>>)> {
        let offer = |(position, offer): (u32, &Offer)| {
            vec![
                self.id.0.into(),
                position.into(),
                offer.id.0.into(),
                offer.kind.as_str().into(),
                offer.price.amount.into(),
                offer.price.currency.code().into(),
                offer.terms.as_str().into(),
            ]
        };
        let image = |(position, address): (u32, &String)| vec![self.id.0.into(), position.into(), address.as_str().into()];
        vec![
            (&PRODUCT_OFFERS, (0..).zip(&self.offers).map(offer).collect()),
            (&PRODUCT_IMAGES, (0..).zip(&self.images).map(image).collect()),
        ]
    }
}

impl Read for Product {
    const WHAT: &'static str = "products";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: ProductId(row.id()?),
            seller_id: UserId(row.id()?),
            kind: row.parsed(ProductKind::parse)?,
            title: row.get()?,
            description: row.get()?,
            price: row.money()?,
            status: row.parsed(ProductStatus::parse)?,
            created_at: row.time()?,
            published_at: row.time_opt()?,
            offers: row.all()?,
            images: row.get()?,
        })
    }
}

impl Read for Offer {
    const WHAT: &'static str = "product_offers";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { id: OfferId(row.id()?), kind: row.parsed(|text| LicenceKind::new(text).ok())?, price: row.money()?, terms: row.get()? })
    }
}

macro_rules! select_hold {
    ($rest:literal) => {
        concat!("SELECT ROW(h.revision, h.product_id, h.order_id, h.state) FROM exclusive_holds h ", $rest)
    };
}
pub(crate) use select_hold;

pub(crate) static EXCLUSIVE_HOLDS: Table = Table {
    name: "exclusive_holds",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[("product_id", Uuid), ("order_id", Uuid), ("state", Text)],
};

impl Stored for ExclusiveHold {
    fn table(&self) -> &'static Table {
        &EXCLUSIVE_HOLDS
    }

    fn values(&self) -> Vec<Value> {
        vec![self.product_id.0.into(), self.order_id.0.into(), self.state.as_str().into()]
    }
}

impl Read for ExclusiveHold {
    const WHAT: &'static str = "exclusive_holds";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { product_id: ProductId(row.id()?), order_id: OrderId(row.id()?), state: row.parsed(ExclusiveState::parse)? })
    }
}

macro_rules! select_account {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(revision, seller_id, stripe_account_id, transfers_enabled, payouts_enabled, created_at, checked_at) \
             FROM seller_accounts ",
            $rest
        )
    };
}
pub(crate) use select_account;

pub(crate) static SELLER_ACCOUNTS: Table = Table {
    name: "seller_accounts",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("seller_id", Uuid),
        ("stripe_account_id", Text),
        ("transfers_enabled", Bool),
        ("payouts_enabled", Bool),
        ("created_at", Int),
        ("checked_at", Int),
    ],
};

impl Stored for SellerAccount {
    fn table(&self) -> &'static Table {
        &SELLER_ACCOUNTS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.seller_id.0.into(),
            (&self.stripe_account_id).into(),
            self.transfers_enabled.into(),
            self.payouts_enabled.into(),
            self.created_at.into(),
            self.checked_at.into(),
        ]
    }
}

impl Read for SellerAccount {
    const WHAT: &'static str = "seller_accounts";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            seller_id: UserId(row.id()?),
            stripe_account_id: row.get()?,
            transfers_enabled: row.get()?,
            payouts_enabled: row.get()?,
            created_at: row.time()?,
            checked_at: row.time_opt()?,
        })
    }
}
