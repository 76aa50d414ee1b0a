//! What a checkout takes and what it keeps, and twins of one request that began at the same moment (spec/01-money §2, spec/05-marketplace).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::iter::repeat_with;
use std::time::Duration;
use veza::problem::ApiError;
use veza::usecases::checkout::{self, Item, LINES_MAX};
use veza::usecases::idempotency::{self, Begun, Incoming, ORDERS};
use veza::usecases::reconcile::Extent;
use veza::usecases::refunds::{self, Wish};
use veza_domain::access::Actor;
use veza_domain::identity::Roles;
use veza_domain::ids::{OfferId, OrderId, ProductId};
use veza_domain::licence::ExclusiveState;
use veza_tests::{Person, World, assert_books_agree, euros};

/// Looks a key up as a request does that nobody has seen before.
async fn begun(world: &World, person: &Person, scope: &str) -> Incoming {
    match idempotency::begin(world.running.app(), person.user_id(), scope, "twins", b"the same").await.unwrap() {
        Begun::New(incoming) => incoming,
        other => panic!("{other:?}"),
    }
}

/// The later twin is told that the earlier one is at it.
fn in_use(error: &ApiError) -> (Option<&str>, Option<&str>) {
    let problem = error.problem();
    assert_eq!((problem.status, problem.code.as_str()), (409, "idempotency_key_in_use"), "{problem:?}");
    (problem.order_id.as_deref(), problem.refund_id.as_deref())
}

/// Both have found their key unused before either has written anything: the store lets one of them through.
#[tokio::test]
async fn of_twins_that_began_at_once_one_buys_and_one_refunds() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let app = world.running.app();
    let items = [Item { product_id: seller.product(euros(1_000)).await.parse().unwrap(), offer_id: None }];
    let (first, second) = (begun(&world, &buyer, ORDERS).await, begun(&world, &buyer, ORDERS).await);
    let order = checkout::place(app, buyer.user_id(), &items, Some(&first)).await.unwrap().file.order.id;
    let error = checkout::place(app, buyer.user_id(), &items, Some(&second)).await.unwrap_err();
    assert_eq!(in_use(&error), (Some(order.to_string().as_str()), None));
    assert_eq!((order, world.sandbox.books().payments.len()), (OrderId(first.resource()), 1));

    world.sandbox.pay(&order.to_string()).unwrap();
    buyer.until_order(&world, &order.to_string(), "completed").await;
    let scope = format!("refund:{order}");
    let (first, second) = (begun(&world, &buyer, &scope).await, begun(&world, &buyer, &scope).await);
    let (actor, wish) = (Actor::User { id: buyer.user_id(), roles: Roles::user() }, Wish { amount: Some(100), ..Wish::default() });
    let refund = refunds::request(app, actor, order, &wish, Some(&first)).await.unwrap().id;
    buyer.until_order(&world, &order.to_string(), "partially_refunded").await;
    let error = refunds::request(app, actor, order, &wish, Some(&second)).await.unwrap_err();
    assert_eq!(in_use(&error), (None, Some(refund.to_string().as_str())));
    assert_eq!(world.sandbox.books().refunds.len(), 1);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn an_order_is_of_1_to_100_different_items() {
    let world = World::start().await;
    let buyer = world.buyer().await;
    let app = world.running.app();
    // Nobody sells any of them: who gets to hear that was let through.
    let new = || Item { product_id: ProductId(app.ids.uuid()), offer_id: None };
    let items = |count| repeat_with(new).take(count).collect::<Vec<_>>();
    let one = new();
    let [by_one_licence, by_another] = [(); 2].map(|()| Item { offer_id: Some(OfferId(app.ids.uuid())), ..one });
    let cases = [
        (items(0), "items", "count"),
        (items(1), "items[0].product_id", "product_not_available"),
        (items(LINES_MAX), "items[0].product_id", "product_not_available"),
        (items(LINES_MAX + 1), "items", "count"),
        (vec![one, new(), one], "items[2]", "duplicate_item"),
        (vec![by_one_licence, new(), by_one_licence], "items[2]", "duplicate_item"),
        (vec![one, by_one_licence, by_another], "items[0].product_id", "product_not_available"),
    ];
    for (items, field, code) in cases {
        let error = checkout::place(app, buyer.user_id(), &items, None).await.unwrap_err();
        let faults = error.problem().errors.clone().unwrap();
        assert_eq!((faults[0].field.as_str(), faults[0].code.as_str()), (field, code), "{items:?}");
    }
    world.stop().await;
}

/// Puts an exclusive licence up for sale; what an order of it asks for.
async fn exclusive(seller: &Person, cents: i64) -> Value {
    let body = json!({"kind": "track", "title": "Only one", "price": {"amount": 500, "currency": "EUR"},
        "licenses": [{"kind": "exclusive", "price": {"amount": cents, "currency": "EUR"}, "terms": "all yours"}]});
    let product = seller.post("/api/v1/marketplace/products", body).await.ok(201);
    let (id, licence) = (product["id"].as_str().unwrap(), product["licenses"][0]["id"].as_str().unwrap());
    seller.post(&format!("/api/v1/marketplace/products/{id}/publish"), Value::Null).await.ok(200);
    json!({"items": [{"product_id": id, "license_id": licence}]})
}

/// The PSP leaves it open for ever and says nothing; the time to pay is over all the same.
#[tokio::test]
async fn a_checkout_that_nobody_pays_does_not_reserve_a_licence_for_ever() {
    let world = World::start().await;
    let (seller, buyer, other) = (world.seller().await, world.buyer().await, world.buyer().await);
    let wish = exclusive(&seller, 90_000).await;
    let first = buyer.post("/api/v1/marketplace/orders", wish.clone()).await.ok(201)["order"]["id"].as_str().unwrap().to_owned();
    other.post("/api/v1/marketplace/orders", wish.clone()).await.problem(409, "licence_not_available");
    let later = world.running.app().now().plus(Duration::from_secs(2 * 3600));
    world.reconcile_at(later, Extent::Everything, |_| {}).await;
    let failed = buyer.until_order(&world, &first, "failed").await;
    assert_eq!(failed["failure"], "nobody has tried to pay in time");
    let second = other.post("/api/v1/marketplace/orders", wish).await.ok(201)["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&second).unwrap();
    other.until_order(&world, &second, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// It is sold in the moment in which it is ordered: no payment comes that would make it so.
#[tokio::test]
async fn an_exclusive_licence_that_costs_nothing_is_sold_at_once() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let wish = exclusive(&seller, 0).await;
    let id = wish["items"][0]["product_id"].as_str().unwrap();
    let placed = buyer.post("/api/v1/marketplace/orders", wish.clone()).await.ok(201);
    assert_eq!((&placed["order"]["status"], &placed["payment"]), (&json!("completed"), &Value::Null));
    assert_eq!(buyer.licences().await.len(), 1);
    let hold = world.running.app().store.exclusive_holds(&[id.parse().unwrap()]).await.unwrap().remove(0).value;
    assert_eq!((hold.order_id.to_string().as_str(), hold.state), (placed["order"]["id"].as_str().unwrap(), ExclusiveState::Sold));
    world.buyer().await.post("/api/v1/marketplace/orders", wish).await.problem(409, "licence_not_available");
    world.stop().await;
}
