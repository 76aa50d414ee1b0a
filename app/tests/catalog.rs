//! Products over HTTP: who may, what is refused and how it is said, pages.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod support;

use futures_util::FutureExt;
use poem::endpoint::EndpointExt;
use poem::test::TestClient;
use poem_openapi::OpenApiService;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::{NOW, Person, World, delete, get, post, put, send};
use uuid::Uuid;
use veza::http::products::ProductsApi;
use veza::usecases::catalog::{self, Edit};
use veza_domain::access::Actor;
use veza_domain::catalog::{Product, ProductStatus};
use veza_domain::identity::{Role, Roles};
use veza_domain::ids::ProductId;
use veza_domain::time::Timestamp;
use veza_ports::clock::Clock;
use veza_ports::storage::{Committed, Row, Storage, UnitId, UnitOfWork, Versioned, Write};

const PRODUCTS: &str = "/api/v1/marketplace/products";
const OWN: &str = "/api/v1/seller/products";

type Client = TestClient<poem::endpoint::BoxEndpoint<'static>>;

fn client(world: &World) -> Client {
    TestClient::new(OpenApiService::new(ProductsApi, "Veza", "0").data(Arc::clone(&world.app)).boxed())
}

fn song() -> Value {
    json!({
        "kind": "track", "title": " Night Drive ", "description": "Synthwave", "price": {"amount": 1999, "currency": "eur"},
        "licenses": [
            {"kind": "basic", "price": {"amount": 1999, "currency": "EUR"}, "terms": "one video"},
            {"kind": "exclusive", "price": {"amount": 49900, "currency": "EUR"}},
        ],
        "images": ["https://images.example.org/a.png"],
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut body = song();
    body[field] = value;
    body
}

async fn made(client: &Client, seller: &Person) -> String {
    post(client, PRODUCTS, seller, &song()).await.is(201).id()
}

async fn published(client: &Client, seller: &Person) -> String {
    let id = made(client, seller).await;
    send(client.post(format!("{PRODUCTS}/{id}/publish")), Some(seller), None).await.is(200);
    id
}

#[tokio::test]
async fn a_product_begins_as_a_draft_with_all_it_was_given() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    let answer = post(&client, PRODUCTS, &seller, &song()).await.is(201);
    let body = &answer.body;
    assert_eq!(body["status"], "draft");
    assert_eq!(body["seller_id"], seller.id.to_string());
    assert_eq!(body["title"], "Night Drive");
    assert_eq!(body["price"], json!({"amount": 1999, "currency": "EUR"}));
    assert_eq!(body["licenses"][0]["terms"], "one video");
    assert_eq!(body["licenses"][1]["kind"], "exclusive");
    assert_eq!(body["licenses"][1]["terms"], "");
    assert_eq!(body["images"], json!(["https://images.example.org/a.png"]));
    assert_eq!(body["published_at"], Value::Null);
    assert_eq!(get(&client, format!("{PRODUCTS}/{}", answer.id()), Some(&seller)).await.is(200).body, answer.body);
}

#[tokio::test]
async fn every_mistake_is_named_by_its_field() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    let price = |amount: i64, currency: &str| json!({"amount": amount, "currency": currency});
    let license = |kind: &str, amount: i64, currency: &str| json!({"kind": kind, "price": price(amount, currency)});
    let cases = [
        (with("price", price(-1, "EUR")), vec!["price.amount: out_of_range"]),
        (with("price", price(i64::MAX, "EUR")), vec!["price.amount: out_of_range"]),
        (with("price", price(1_000_000_000_001, "EUR")), vec!["price.amount: out_of_range"]),
        (with("price", price(1, "XYZ")), vec!["price.currency: unknown_currency"]),
        (with("price", price(1, "EURO")), vec!["price.currency: unknown_currency"]),
        (with("price", price(1, "")), vec!["price.currency: unknown_currency"]),
        (with("title", json!("  ")), vec!["title: required"]),
        (with("title", json!("x".repeat(201))), vec!["title: too_long"]),
        (with("title", json!("a\nb")), vec!["title: control_characters"]),
        (with("description", json!("x".repeat(10_001))), vec!["description: too_long"]),
        (with("description", json!("a\u{0}b")), vec!["description: control_characters"]),
        (
            with("images", json!(["javascript:alert(1)", "https://e.org/a", "nonsense"])),
            vec!["images[0]: bad_address", "images[2]: bad_address"],
        ),
        (with("images", json!(vec!["https://e.org/a"; 21])), vec!["images: too_many"]),
        (with("licenses", json!([license("basic", 1, "EUR"), license("basic", 2, "EUR")])), vec!["licenses[1].kind: duplicate"]),
        (with("licenses", json!([license("Basic!", 1, "EUR")])), vec!["licenses[0].kind: bad_kind"]),
        (
            with("licenses", json!([license("basic", 1, "EUR"), license("premium", -2, "USD")])),
            vec!["licenses[1].price.amount: out_of_range", "licenses[1].price.currency: currency_differs"],
        ),
        (
            json!({"kind": "pack", "title": "", "price": price(-1, "XYZ"), "licenses": [license("", 0, "ABC")]}),
            vec![
                "title: required",
                "price.amount: out_of_range",
                "price.currency: unknown_currency",
                "licenses[0].price.currency: unknown_currency",
                "licenses[0].kind: bad_kind",
            ],
        ),
    ];
    let before = made(&client, &seller).await;
    for (body, fields) in cases {
        let refused = post(&client, PRODUCTS, &seller, &body).await.problem(422, "validation_failed");
        assert_eq!(refused.fields(), fields, "{body}");
        put(&client, format!("{PRODUCTS}/{before}"), &seller, &body).await.problem(422, "validation_failed");
    }
    let many: Vec<_> = (0..21).map(|i| license(&format!("kind-{i}"), 1, "EUR")).collect();
    let refused = post(&client, PRODUCTS, &seller, &with("licenses", json!(many))).await.problem(422, "validation_failed");
    assert_eq!(refused.fields(), ["licenses: too_many"]);
    let refused = post(&client, PRODUCTS, &seller, &with("track_ids", json!([Uuid::now_v7()]))).await;
    assert_eq!(refused.problem(422, "tracks_not_available").fields(), ["track_ids: tracks_not_available"]);
    assert_eq!(get(&client, OWN, Some(&seller)).await.is(200).ids(), [before], "a refusal makes nothing");
}

#[tokio::test]
async fn wrong_types_are_refused_before_anything_is_read() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    for body in [
        with("price", json!({"amount": "12", "currency": "EUR"})),
        with("price", json!({"amount": 1.5, "currency": "EUR"})),
        with("price", json!({"amount": 1e30, "currency": "EUR"})),
        with("price", json!(12)),
        with("kind", json!("boat")),
        with("title", json!(null)),
        with("licenses", json!({})),
        json!([]),
    ] {
        let answer = post(&client, PRODUCTS, &seller, &body).await;
        assert!(answer.status.is_client_error(), "{body}: {answer:?}");
    }
    assert!(get(&client, OWN, Some(&seller)).await.ids().is_empty());
}

#[tokio::test]
async fn a_gift_and_a_bare_product_are_fine() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    let gift = json!({"kind": "service", "title": "Mixing", "price": {"amount": 0, "currency": "JPY"}, "track_ids": [], "licenses": null});
    let body = post(&client, PRODUCTS, &seller, &gift).await.is(201).body;
    assert_eq!((&body["licenses"], &body["images"], &body["description"]), (&json!([]), &json!([]), &json!("")));
    let top = with("price", json!({"amount": 1_000_000_000_000_i64, "currency": "EUR"}));
    post(&client, PRODUCTS, &seller, &top).await.is(201);
}

#[tokio::test]
async fn selling_needs_the_role_and_a_token() {
    let world = World::new();
    let client = client(&world);
    let buyer = world.person("bob", &[]).await;
    post(&client, PRODUCTS, &buyer, &song()).await.problem(403, "creator_required");
    let forged = Person { token: "nonsense".into(), ..buyer.clone() };
    post(&client, PRODUCTS, &forged, &song()).await.problem(401, "unauthorized");
    assert_eq!(send(client.post(PRODUCTS), None, Some(&song())).await.status, 401);
    get(&client, format!("{PRODUCTS}/{}", Uuid::now_v7()), Some(&forged)).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_draft_is_its_sellers_and_a_published_product_everybodys() {
    let world = World::new();
    let client = client(&world);
    let (mia, eve) = (world.creator("mia").await, world.creator("eve").await);
    let admin = world.person("root", &[Role::Admin]).await;
    let id = made(&client, &mia).await;
    let (path, publish) = (format!("{PRODUCTS}/{id}"), format!("{PRODUCTS}/{id}/publish"));

    get(&client, &path, None).await.problem(404, "product_not_found");
    get(&client, &path, Some(&eve)).await.problem(404, "product_not_found");
    get(&client, &path, Some(&admin)).await.is(200);
    put(&client, &path, &eve, &song()).await.problem(404, "product_not_found");
    delete(&client, &path, &eve).await.problem(404, "product_not_found");
    post(&client, &publish, &eve, &json!({})).await.problem(404, "product_not_found");
    assert!(get(&client, PRODUCTS, None).await.is(200).ids().is_empty());

    let first = send(client.post(&publish), Some(&mia), None).await.is(200);
    assert_eq!(first.body["status"], "published");
    assert_eq!(send(client.post(&publish), Some(&mia), None).await.is(200).body, first.body, "asked twice, done once");
    get(&client, &path, None).await.is(200);
    put(&client, &path, &eve, &song()).await.problem(403, "not_your_product");
    put(&client, format!("{path}/images"), &eve, &json!({"images": []})).await.problem(403, "not_your_product");
    put(&client, format!("{path}/licenses"), &eve, &json!({"licenses": []})).await.problem(403, "not_your_product");
    delete(&client, &path, &eve).await.problem(403, "not_your_product");

    delete(&client, &path, &mia).await.is(204);
    delete(&client, &path, &mia).await.is(204);
    get(&client, &path, None).await.problem(404, "product_not_found");
    get(&client, &path, Some(&eve)).await.problem(404, "product_not_found");
    assert_eq!(get(&client, &path, Some(&mia)).await.is(200).body["status"], "archived");
    post(&client, &publish, &mia, &json!({})).await.problem(409, "product_archived");
    put(&client, &path, &mia, &song()).await.problem(409, "product_archived");
    put(&client, format!("{path}/licenses"), &mia, &json!({"licenses": []})).await.problem(409, "product_archived");
}

#[tokio::test]
async fn a_published_product_changes_its_price_and_keeps_what_is_left_out() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    let id = published(&client, &seller).await;
    let before = get(&client, format!("{PRODUCTS}/{id}"), None).await.body;
    let edit = json!({"kind": "track", "title": "Day Drive", "price": {"amount": 5, "currency": "EUR"}});
    let after = put(&client, format!("{PRODUCTS}/{id}"), &seller, &edit).await.is(200).body;
    assert_eq!((&after["title"], &after["price"]["amount"], &after["status"]), (&json!("Day Drive"), &json!(5), &json!("published")));
    for kept in ["description", "licenses", "images", "id", "created_at", "published_at"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    let dollars = json!({"kind": "track", "title": "T", "price": {"amount": 5, "currency": "USD"}});
    let refused = put(&client, format!("{PRODUCTS}/{id}"), &seller, &dollars).await.problem(422, "validation_failed");
    assert_eq!(refused.fields(), ["licenses: invalid"]);
    assert_eq!(get(&client, format!("{PRODUCTS}/{id}"), None).await.body, after);
}

#[tokio::test]
async fn a_set_is_replaced_whole_or_not_at_all() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    let id = published(&client, &seller).await;
    let path = format!("{PRODUCTS}/{id}");
    let before = get(&client, &path, None).await.body;

    let bad = json!({"licenses": [{"kind": "premium", "price": {"amount": 1, "currency": "EUR"}}, {"kind": "x", "price": {"amount": 1, "currency": "USD"}}]});
    put(&client, format!("{path}/licenses"), &seller, &bad).await.problem(422, "validation_failed");
    put(&client, format!("{path}/images"), &seller, &json!({"images": ["https://e.org/a", "nope"]}))
        .await
        .problem(422, "validation_failed");
    assert_eq!(get(&client, &path, None).await.body, before);

    let good = json!({"licenses": [{"kind": "premium", "price": {"amount": 1, "currency": "EUR"}}, {"kind": "basic", "price": {"amount": 7, "currency": "EUR"}}]});
    let after = put(&client, format!("{path}/licenses"), &seller, &good).await.is(200).body;
    assert_eq!(after["licenses"][0]["kind"], "premium");
    assert_eq!(after["licenses"][1]["id"], before["licenses"][0]["id"], "the kind stayed, so did its id");
    assert_eq!(after["licenses"][1]["price"]["amount"], 7);
    let images = json!(["https://e.org/2", "http://e.org/1"]);
    assert_eq!(put(&client, format!("{path}/images"), &seller, &json!({"images": images})).await.is(200).body["images"], images);
}

/// A clock that lets somebody else's write happen the first time it is asked: after the load, before the commit.
struct Racing(Mutex<Option<(Arc<dyn Storage>, UnitOfWork)>>);

#[async_trait::async_trait]
impl Clock for Racing {
    fn now(&self) -> Timestamp {
        if let Some((store, unit)) = self.0.lock().unwrap().take() {
            assert_eq!(store.commit(unit).now_or_never().unwrap().unwrap(), Committed::Applied);
        }
        NOW
    }

    async fn pause(&self, _: Duration) {}
}

#[tokio::test]
async fn an_edit_that_was_overtaken_is_decided_anew() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    let id = ProductId(made(&client, &seller).await.parse().unwrap());
    let Versioned { value, revision } = world.app.store.product(id).await.unwrap().unwrap();
    let theirs = Product { images: vec!["https://e.org/theirs".into()], ..value };
    let write = Write::Update { row: Row::Product(theirs.clone()), expected: revision };
    let unit = UnitOfWork::new(UnitId("theirs".into()), [0; 32], NOW, vec![write]);
    let race = Racing(Mutex::new(Some((Arc::clone(&world.app.store), unit))));

    let ours = World::over(Arc::clone(&world.app.store), Arc::new(race));
    let actor = Actor::User { id: seller.id, roles: Roles::user().with(Role::Creator) };
    let after = catalog::edit(&ours.app, &actor, id, &Edit::Publish).await.unwrap();
    assert_eq!(after, Product { status: ProductStatus::Published, published_at: Some(NOW), ..theirs }, "both took effect");
    assert_eq!(world.app.store.product(id).await.unwrap().unwrap().value, after);
}

#[tokio::test]
async fn lists_come_in_pages_from_the_newest() {
    let world = World::new();
    let client = client(&world);
    let (mia, eve) = (world.creator("mia").await, world.creator("eve").await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.insert(0, published(&client, &mia).await);
    }
    let draft = made(&client, &mia).await;
    let hers = published(&client, &eve).await;

    let mut seen = Vec::new();
    let mut query = format!("{PRODUCTS}?seller_id={}&limit=2", mia.id);
    let mut sizes = Vec::new();
    loop {
        let page = get(&client, &query, None).await.is(200);
        sizes.push(page.ids().len());
        seen.extend(page.ids());
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        query = format!("{PRODUCTS}?seller_id={}&limit=2&cursor={cursor}", mia.id);
    }
    assert_eq!((seen, sizes), (ids.clone(), vec![2, 2, 1]));

    assert_eq!(get(&client, PRODUCTS, None).await.ids().first(), Some(&hers));
    assert_eq!(get(&client, OWN, Some(&mia)).await.is(200).ids().first(), Some(&draft), "drafts too");
    assert_eq!(get(&client, OWN, Some(&eve)).await.ids(), [hers]);
    assert!(get(&client, format!("{PRODUCTS}?kind=course"), None).await.ids().is_empty());
    assert_eq!(get(&client, format!("{PRODUCTS}?kind=track&limit=1"), None).await.ids().len(), 1);
    assert_eq!(get(&client, format!("{PRODUCTS}?limit=0"), None).await.is(200).ids().len(), 1, "at least one");
    assert_eq!(get(&client, format!("{PRODUCTS}?limit=1000000"), None).await.is(200).ids().len(), 6, "a larger wish is clamped");
    for bad in ["nonsense", "!", "AAAA", ""] {
        get(&client, format!("{PRODUCTS}?cursor={bad}"), None).await.problem(400, "bad_cursor");
    }
    assert_eq!(get(&client, OWN, None).await.status, 401);
    for bad in ["limit=-1", "limit=x", "kind=boat", "seller_id=7"] {
        assert_eq!(get(&client, format!("{PRODUCTS}?{bad}"), None).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_and_an_unknown_one_not_found() {
    let world = World::new();
    let client = client(&world);
    let seller = world.creator("mia").await;
    get(&client, format!("{PRODUCTS}/{}", Uuid::now_v7()), None).await.problem(404, "product_not_found");
    put(&client, format!("{PRODUCTS}/{}", Uuid::now_v7()), &seller, &song()).await.problem(404, "product_not_found");
    assert_eq!(get(&client, format!("{PRODUCTS}/17"), None).await.status, 400);
}
