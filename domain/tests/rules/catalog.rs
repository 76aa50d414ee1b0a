//! What a seller may set of a product: each limit holds, and what is just within it is accepted (spec/05-marketplace).

use crate::support::*;
use veza_domain::catalog::{
    DESCRIPTION_CHARS_MAX, IMAGES_MAX, OFFERS_MAX, Offer, PRICE_MAX, Product, ProductFault, ProductKind, ProductStatus, TITLE_CHARS_MAX,
};
use veza_domain::ids::OfferId;
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceKind};
use veza_domain::money::Money;

fn offer(n: usize) -> Offer {
    Offer {
        id: OfferId(uuid(0x500 + n as u128)),
        kind: LicenceKind::new(&format!("kind-{n}")).unwrap(),
        price: Money::new(100, eur()),
        terms: String::new(),
    }
}

/// A product with offers `0..offers`.
fn product(offers: usize) -> Product {
    Product {
        id: product_id(0),
        seller_id: seller(1),
        kind: ProductKind::Track,
        title: "Night".into(),
        description: String::new(),
        price: Money::new(1000, eur()),
        status: ProductStatus::Draft,
        images: Vec::new(),
        offers: (0..offers).map(offer).collect(),
        created_at: START,
        published_at: None,
    }
}

fn check(change: impl FnOnce(&mut Product)) -> Result<(), ProductFault> {
    let mut product = product(2);
    change(&mut product);
    product.check()
}

/// Lengths are counted in characters and not in bytes.
#[test]
fn texts_have_lengths() {
    assert_eq!(check(|_| {}), Ok(()));
    for empty in ["", " \t "] {
        assert_eq!(check(|product| product.title = empty.into()), Err(ProductFault::Title));
    }
    assert_eq!(check(|product| product.title = "é".repeat(TITLE_CHARS_MAX)), Ok(()));
    assert_eq!(check(|product| product.title = "é".repeat(TITLE_CHARS_MAX + 1)), Err(ProductFault::Title));
    let (long, too_long) = ("é".repeat(DESCRIPTION_CHARS_MAX), "é".repeat(DESCRIPTION_CHARS_MAX + 1));
    assert_eq!(check(|product| product.description = long.clone()), Ok(()));
    assert_eq!(check(|product| product.description = too_long.clone()), Err(ProductFault::Description));
    assert_eq!(check(|product| product.offers[1].terms = long), Ok(()));
    assert_eq!(check(|product| product.offers[1].terms = too_long), Err(ProductFault::Description));
}

#[test]
fn prices_have_bounds_and_one_currency() {
    for minor in [0, PRICE_MAX] {
        assert_eq!(check(|product| product.price = Money::new(minor, eur())), Ok(()));
        assert_eq!(check(|product| product.offers[1].price = Money::new(minor, eur())), Ok(()));
    }
    for minor in [-1, PRICE_MAX + 1] {
        assert_eq!(check(|product| product.price = Money::new(minor, eur())), Err(ProductFault::Price));
        assert_eq!(check(|product| product.offers[1].price = Money::new(minor, eur())), Err(ProductFault::Price));
    }
    let dollars = Money::new(100, "USD".parse().unwrap());
    assert_eq!(check(|product| product.offers[1].price = dollars), Err(ProductFault::OfferCurrency));
}

#[test]
fn offers_and_images_are_few_and_no_kind_comes_twice() {
    assert_eq!(check(|product| product.offers[1].kind = product.offers[0].kind.clone()), Err(ProductFault::OfferTwice));
    assert_eq!(product(OFFERS_MAX).check(), Ok(()));
    assert_eq!(product(OFFERS_MAX + 1).check(), Err(ProductFault::TooManyOffers));
    assert_eq!(check(|product| product.images = vec!["a".into(); IMAGES_MAX]), Ok(()));
    assert_eq!(check(|product| product.images = vec!["a".into(); IMAGES_MAX + 1]), Err(ProductFault::TooManyImages));
}

/// The buyer gets the licence that was chosen, and no other one.
#[test]
fn an_offer_is_found_by_its_id() {
    let product = product(2);
    assert_eq!(product.offer(product.offers[1].id), Some(&product.offers[1]));
    assert_eq!(product.offer(OfferId(uuid(0x999))), None);
}

#[test]
fn only_the_exclusive_kind_sells_once_and_its_holder_may_take_it_again() {
    let kind = |name: &str| LicenceKind::new(name).unwrap();
    assert!(kind("exclusive").is_exclusive());
    for name in ["standard", "premium", "exclusive-2"] {
        assert_eq!((kind(name).is_exclusive(), kind(name).as_str()), (false, name));
    }
    for (state, others) in [(ExclusiveState::Held, false), (ExclusiveState::Sold, false), (ExclusiveState::Released, true)] {
        let hold = ExclusiveHold { product_id: product_id(0), order_id: order_id(), state };
        assert_eq!((hold.is_free_for(order_id()), hold.is_free_for(order_nth(1))), (true, others));
    }
}
