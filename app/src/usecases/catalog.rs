//! Products: made, shown, edited, published, archived (spec/05-marketplace).
//!
//! A product and its images and licences are one row and one guarded write: an edit takes effect as a whole or not at all.
//! Orders freeze what they were made at, so an edit never reaches back into a sale.

use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, commit, fresh_unit};
use crate::usecases::entitlements;
use veza_domain::access::{Actor, MayNotSell, may_sell};
use veza_domain::catalog::{Offer, Product, ProductFault, ProductKind, ProductStatus};
use veza_domain::identity::{Role, User};
use veza_domain::ids::{OfferId, ProductId};
use veza_domain::licence::LicenceKind;
use veza_domain::money::Money;
use veza_domain::subscription::Feature;
use veza_domain::subscription::gate::Denied;
use veza_domain::time::Timestamp;
use veza_ports::storage::{CommitError, Retry, Row, StoreError, Versioned, Write};

/// What a seller says of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// What it is.
    pub kind: ProductKind,
    /// Its name.
    pub title: String,
    /// More about it; none = as it was.
    pub description: Option<String>,
    /// What it costs without a chosen licence.
    pub price: Money,
    /// Addresses of pictures; none = as they were.
    pub images: Option<Vec<String>>,
    /// The whole set of licences; none = as it was.
    pub offers: Option<Vec<NewOffer>>,
}

/// A licence that a seller wants to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOffer {
    /// Its id, unless the product has a licence of this kind already, which keeps its own.
    pub id: OfferId,
    /// Its name.
    pub kind: LicenceKind,
    /// What it costs.
    pub price: Money,
    /// What it permits.
    pub terms: String,
}

/// A change of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Says all of it anew.
    Replace(Details),
    /// Replaces all images.
    Images(Vec<String>),
    /// Replaces all licences; one whose kind stays keeps its id.
    Offers(Vec<NewOffer>),
    /// Puts it up for sale; asked twice, done once.
    Publish,
    /// Takes it off sale for good; asked twice, done once.
    Archive,
}

/// Why a product was not made, shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is none, or none that the caller may know of.
    #[error("no such product")]
    NotFound,
    /// It is somebody else's.
    #[error("the product is somebody else's")]
    NotYours,
    /// The caller may not sell.
    #[error(transparent)]
    MayNotSell(#[from] MayNotSell),
    /// It is off sale for good.
    #[error("the product is archived")]
    Archived,
    /// It would not be a proper product.
    #[error(transparent)]
    Fault(#[from] ProductFault),
    /// It could not be read.
    #[error("a product could not be read")]
    Store(#[from] StoreError),
    /// It could not be written.
    #[error("a product could not be written")]
    Commit(#[from] CommitError),
}

/// Makes a draft of `seller`'s.
///
/// # Errors
/// [`CatalogError::MayNotSell`], [`CatalogError::Fault`], and the store's.
pub async fn create(app: &App, seller: &User, details: Details) -> Result<Product, CatalogError> {
    may_sell(seller.roles, entitlements::allowed(app, seller.id, Feature::SellOnMarketplace).await?)?;
    let blank = Product {
        id: ProductId(app.ids.uuid()),
        seller_id: seller.id,
        kind: details.kind,
        title: String::new(),
        description: String::new(),
        price: details.price,
        status: ProductStatus::Draft,
        images: Vec::new(),
        offers: Vec::new(),
        created_at: app.now(),
        published_at: None,
    };
    let product = replaced(blank, details);
    product.check()?;
    commit(app, fresh_unit(app, vec![Write::Insert(Row::Product(product.clone()))])).await?;
    Ok(product)
}

/// The product, if `actor` (none = anybody) may see it: what is published everybody, anything else its seller and admins.
///
/// # Errors
/// [`CatalogError::NotFound`], and the store's.
pub async fn shown(app: &App, actor: Option<&Actor>, id: ProductId) -> Result<Product, CatalogError> {
    let product = app.store.product(id).await?.ok_or(CatalogError::NotFound)?.value;
    let open = product.status == ProductStatus::Published || actor.is_some_and(|actor| actor.may_edit_product(product.seller_id));
    if open { Ok(product) } else { Err(CatalogError::NotFound) }
}

/// Carries out `edit` for `actor`.
///
/// # Errors
/// [`CatalogError`]; nothing has changed then.
pub async fn edit(app: &App, actor: &Actor, id: ProductId, edit: &Edit) -> Result<Product, CatalogError> {
    let mut attempt = 1;
    loop {
        let Versioned { value: before, revision } = app.store.product(id).await?.ok_or(CatalogError::NotFound)?;
        let plan = match edit {
            Edit::Publish => entitlements::allowed(app, before.seller_id, Feature::SellOnMarketplace).await?,
            Edit::Replace(_) | Edit::Images(_) | Edit::Offers(_) | Edit::Archive => Ok(()),
        };
        let after = decide(&before, (actor, plan), edit, app.now())?;
        if after == before {
            return Ok(after);
        }
        let write = Write::Update { row: Row::Product(after.clone()), expected: revision };
        match commit(app, fresh_unit(app, vec![write])).await {
            Ok(_) => return Ok(after),
            Err(error) if error.retry() == Retry::Redecide && attempt < REDECIDE_MAX => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The product as `edit` leaves it. Pure: ids, time and what the gate says of the seller's plan come from outside.
fn decide(before: &Product, (actor, plan): (&Actor, Result<(), Denied>), edit: &Edit, now: Timestamp) -> Result<Product, CatalogError> {
    if !actor.may_edit_product(before.seller_id) {
        return Err(if before.status == ProductStatus::Published { CatalogError::NotYours } else { CatalogError::NotFound });
    }
    let to = match edit {
        Edit::Replace(_) | Edit::Images(_) | Edit::Offers(_) => before.status,
        Edit::Publish => ProductStatus::Published,
        Edit::Archive => ProductStatus::Archived,
    };
    let frozen = before.status == ProductStatus::Archived && !matches!(edit, Edit::Archive);
    if frozen || !before.status.may_move_to(to) {
        return Err(CatalogError::Archived);
    }
    let before = before.clone();
    let after = match edit {
        Edit::Replace(details) => replaced(before, details.clone()),
        Edit::Images(images) => Product { images: images.clone(), ..before },
        Edit::Offers(offers) => Product { offers: kept(&before.offers, offers.clone()), ..before },
        Edit::Publish => {
            may_publish(actor, plan)?;
            Product { status: to, published_at: before.published_at.or(Some(now)), ..before }
        }
        Edit::Archive => Product { status: to, ..before },
    };
    after.check()?;
    Ok(after)
}

/// Who lost the right to sell can't put up more for sale; what an admin publishes is the admin's word.
fn may_publish(actor: &Actor, plan: Result<(), Denied>) -> Result<(), MayNotSell> {
    match actor {
        Actor::User { roles, .. } if !roles.has(Role::Admin) => may_sell(*roles, plan),
        Actor::User { .. } | Actor::System => Ok(()),
    }
}

fn replaced(before: Product, details: Details) -> Product {
    let Details { kind, title, description, price, images, offers } = details;
    Product {
        kind,
        title,
        description: description.unwrap_or(before.description),
        price,
        images: images.unwrap_or(before.images),
        offers: offers.map_or_else(|| before.offers.clone(), |offers| kept(&before.offers, offers)),
        ..before
    }
}

/// The new set; an offer whose kind was there keeps its id, so that links and carts still find it.
fn kept(before: &[Offer], offers: Vec<NewOffer>) -> Vec<Offer> {
    let id_of = |kind: &LicenceKind| before.iter().find(|offer| &offer.kind == kind).map(|offer| offer.id);
    let keep = |NewOffer { id, kind, price, terms }| Offer { id: id_of(&kind).unwrap_or(id), kind, price, terms };
    offers.into_iter().map(keep).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail loudly")]
mod tests {
    use super::*;
    use uuid::Uuid;
    use veza_domain::identity::Roles;
    use veza_domain::ids::UserId;

    const SELLER: UserId = UserId(Uuid::from_u128(1));

    fn actor(id: UserId, roles: Roles) -> Actor {
        Actor::User { id, roles }
    }

    fn seller() -> Actor {
        actor(SELLER, Roles::user().with(Role::Creator))
    }

    fn euro(amount: i64) -> Money {
        Money::new(amount, "EUR".parse().unwrap())
    }

    fn offer(id: u128, kind: &str, amount: i64) -> NewOffer {
        NewOffer { id: OfferId(Uuid::from_u128(id)), kind: LicenceKind::new(kind).unwrap(), price: euro(amount), terms: String::new() }
    }

    fn product(status: ProductStatus) -> Product {
        Product {
            id: ProductId(Uuid::from_u128(2)),
            seller_id: SELLER,
            kind: ProductKind::Track,
            title: "Song".into(),
            description: "About it".into(),
            price: euro(500),
            status,
            images: vec!["https://example.org/a.png".into()],
            offers: kept(&[], vec![offer(10, "basic", 100), offer(11, "premium", 200)]),
            created_at: Timestamp(1),
            published_at: None,
        }
    }

    #[test]
    fn a_licence_whose_kind_stays_keeps_its_id() {
        let edit = Edit::Offers(vec![offer(20, "premium", 250), offer(21, "exclusive", 900)]);
        let after = decide(&product(ProductStatus::Published), (&seller(), Ok(())), &edit, Timestamp(5)).unwrap();
        let ids: Vec<_> = after.offers.iter().map(|offer| (offer.id.0.as_u128(), offer.price.amount.0)).collect();
        assert_eq!(ids, [(11, 250), (21, 900)]);
    }

    #[test]
    fn what_is_left_out_stays() {
        let details =
            Details { kind: ProductKind::Pack, title: "Two".into(), description: None, price: euro(0), images: None, offers: None };
        let before = product(ProductStatus::Draft);
        let after = decide(&before, (&seller(), Ok(())), &Edit::Replace(details), Timestamp(5)).unwrap();
        assert_eq!(after, Product { kind: ProductKind::Pack, title: "Two".into(), price: euro(0), ..before });
    }

    #[test]
    fn publishing_and_archiving_twice_change_nothing_more() {
        let published = decide(&product(ProductStatus::Draft), (&seller(), Ok(())), &Edit::Publish, Timestamp(5)).unwrap();
        assert_eq!((published.status, published.published_at), (ProductStatus::Published, Some(Timestamp(5))));
        assert_eq!(decide(&published, (&seller(), Ok(())), &Edit::Publish, Timestamp(9)).unwrap(), published);
        let archived = decide(&published, (&seller(), Ok(())), &Edit::Archive, Timestamp(9)).unwrap();
        assert_eq!(decide(&archived, (&seller(), Ok(())), &Edit::Archive, Timestamp(9)).unwrap(), archived);
        for edit in [Edit::Publish, Edit::Images(Vec::new()), Edit::Offers(Vec::new())] {
            assert!(matches!(decide(&archived, (&seller(), Ok(())), &edit, Timestamp(9)), Err(CatalogError::Archived)), "{edit:?}");
        }
    }

    #[test]
    fn strangers_learn_only_what_is_public() {
        let stranger = actor(UserId(Uuid::from_u128(9)), Roles::user().with(Role::Creator));
        let refusal = |status| decide(&product(status), (&stranger, Ok(())), &Edit::Publish, Timestamp(5)).unwrap_err();
        assert!(matches!(refusal(ProductStatus::Draft), CatalogError::NotFound));
        assert!(matches!(refusal(ProductStatus::Archived), CatalogError::NotFound));
        assert!(matches!(refusal(ProductStatus::Published), CatalogError::NotYours));
    }

    #[test]
    fn who_may_no_longer_sell_can_archive_but_not_publish() {
        let former = actor(SELLER, Roles::user());
        assert!(matches!(
            decide(&product(ProductStatus::Draft), (&former, Ok(())), &Edit::Publish, Timestamp(5)),
            Err(CatalogError::MayNotSell(MayNotSell::NotACreator))
        ));
        assert!(decide(&product(ProductStatus::Published), (&former, Ok(())), &Edit::Archive, Timestamp(5)).is_ok());
        let unpaid = decide(&product(ProductStatus::Draft), (&seller(), Err(Denied::CompletePayment)), &Edit::Publish, Timestamp(5));
        assert!(matches!(unpaid, Err(CatalogError::MayNotSell(MayNotSell::Plan(Denied::CompletePayment)))));
        let admin = actor(UserId(Uuid::from_u128(8)), Roles::user().with(Role::Admin));
        assert!(decide(&product(ProductStatus::Draft), (&admin, Ok(())), &Edit::Publish, Timestamp(5)).is_ok());
    }

    #[test]
    fn a_price_in_another_currency_than_the_licences_is_refused() {
        let price = Money::new(1, "USD".parse().unwrap());
        let details = Details { kind: ProductKind::Track, title: "T".into(), description: None, price, images: None, offers: None };
        let refused = decide(&product(ProductStatus::Draft), (&seller(), Ok(())), &Edit::Replace(details), Timestamp(5));
        assert!(matches!(refused, Err(CatalogError::Fault(ProductFault::OfferCurrency))));
    }
}
