//! Music on its way to streaming platforms and back, and what it brings (spec/02-subscriptions §4).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::time::Duration;
use veza_sandbox::{Fault, Op, ReleaseStatus, Script};
use veza_tests::{Answer, Person, World, euros};

const SUBMIT: &str = "/api/v1/distribution/submit";
const SUBMISSIONS: &str = "/api/v1/distribution/submissions";
const ROYALTIES: &str = "/api/v1/distribution/royalties";
const MINUTE: Duration = Duration::from_secs(60);

async fn submitted(creator: &Person, platforms: &[&str]) -> Value {
    let product = creator.product(euros(900)).await;
    creator.post(SUBMIT, json!({"product_id": product, "platforms": platforms})).await.ok(201)
}

async fn shown(creator: &Person, id: &str) -> Value {
    creator.get(&format!("{SUBMISSIONS}/{id}")).await.ok(200)
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// Waits until the submission has this status on all its platforms; the submission.
async fn until(world: &World, creator: &Person, id: &str, status: &str) -> Value {
    let look = || async {
        let submission = shown(creator, id).await;
        let all = submission["platforms"].as_array().unwrap().iter().all(|placement| placement["status"] == status);
        all.then_some(submission)
    };
    world.until(&format!("submission {status}"), look).await
}

/// The moves of a submission's first platform, as words.
fn moves(submission: &Value) -> Vec<String> {
    let platform = &submission["platforms"][0]["platform"];
    let history = submission["history"].as_array().unwrap().iter().filter(|row| row["platform"] == *platform);
    history.map(|row| row["to"].as_str().unwrap().to_owned()).collect()
}

async fn import(world: &World, admin: &Person, csv: &str) -> Answer {
    let request = world.http.post(world.url("/api/v1/admin/royalties")).bearer_auth(&admin.token);
    Answer::of(request.header("content-type", "text/csv").body(csv.to_owned()).send().await.unwrap()).await
}

#[tokio::test]
async fn a_track_goes_live_and_is_taken_down() {
    let world = World::start().await;
    let creator = world.creator().await;
    let made = submitted(&creator, &["spotify", "deezer"]).await;
    assert_eq!((&made["kind"], &made["title"]), (&json!("track"), &json!("Night Drive")));
    let names: Vec<_> = made["platforms"].as_array().unwrap().iter().map(|placement| placement["platform"].clone()).collect();
    assert_eq!(names, ["deezer", "spotify"]);
    let id = id(&made);
    world.until("both at the distributor", || async { (world.sandbox.releases().len() == 2).then_some(()) }).await;

    world.sandbox.advance_clock(MINUTE).await.unwrap();
    until(&world, &creator, &id, "processing").await;
    world.sandbox.advance_clock(10 * MINUTE).await.unwrap();
    let live = until(&world, &creator, &id, "live").await;
    assert_eq!(moves(&live), ["submitted", "processing", "live"]);
    let history = live["history"].as_array().unwrap();
    assert_eq!((&history[0]["by"], &history[0]["from"]), (&json!(creator.id), &Value::Null), "who handed it in");
    assert!(history.iter().filter(|row| row["to"] != "submitted").all(|row| row["by"].is_null()), "the distributor moved it");
    let codes: Vec<_> = live["platforms"].as_array().unwrap().iter().map(|placement| placement["isrc"].clone()).collect();
    assert!(codes[0].is_string() && codes[0] == codes[1], "{codes:?}");

    let path = format!("{SUBMISSIONS}/{id}/takedown");
    let asked = creator.post(&path, json!({"platforms": ["spotify"], "reason": "a new mix"})).await.ok(202);
    let of = |submission: &Value, name: &str| {
        let placements = submission["platforms"].as_array().unwrap();
        placements.iter().find(|placement| placement["platform"] == name).unwrap()["status"].clone()
    };
    assert_eq!((of(&asked, "spotify"), of(&asked, "deezer")), (json!("takedown_requested"), json!("live")));
    let row = asked["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&row["by"], &row["why"]), (&json!(creator.id), &json!("a new mix")));
    let again = creator.post(&path, json!({"platforms": ["spotify"]})).await.ok(202);
    assert_eq!(again["history"].as_array().unwrap().len(), asked["history"].as_array().unwrap().len(), "asked twice, done once");
    creator.post(&path, json!({"platforms": ["apple_music"]})).await.problem(422, "validation_failed");
    let heard = || async {
        let releases = world.sandbox.releases();
        releases.iter().any(|release| release.status == ReleaseStatus::TakedownRequested).then_some(())
    };
    world.until("the takedown at the distributor", heard).await;
    world.sandbox.advance_clock(MINUTE).await.unwrap();
    creator.post(&path, json!({})).await.ok(202);
    world
        .until("the other takedown", || async {
            let releases = world.sandbox.releases();
            releases.iter().all(|release| release.status != ReleaseStatus::Live).then_some(())
        })
        .await;
    world.sandbox.advance_clock(MINUTE).await.unwrap();
    until(&world, &creator, &id, "taken_down").await;
    creator.post(&path, json!({})).await.problem(409, "nothing_to_take_down");
    world.stop().await;
}

#[tokio::test]
async fn what_a_platform_rejects_tells_why_and_may_be_sent_again() {
    let world = World::start().await;
    let creator = world.creator().await;
    world.sandbox.script(Script::new(Op::SubmitRelease, Fault::ReleaseRejected)).unwrap();
    let product = creator.product(euros(900)).await;
    let body = json!({"product_id": product, "platforms": ["spotify"]});
    let made = creator.post(SUBMIT, body.clone()).await.ok(201);
    creator.post(SUBMIT, body.clone()).await.problem(409, "already_distributed");
    world.until("it is at the distributor", || async { (world.sandbox.releases().len() == 1).then_some(()) }).await;
    world.sandbox.advance_clock(20 * MINUTE).await.unwrap();
    let rejected = until(&world, &creator, &id(&made), "rejected").await;
    let row = rejected["history"].as_array().unwrap().last().unwrap().clone();
    assert!(row["why"].as_str().unwrap().contains("artwork"), "{row}");
    creator.post(SUBMIT, body).await.ok(201);
    let listed = creator.get(&format!("{SUBMISSIONS}?limit=1")).await.ok(200);
    assert_eq!((listed["items"].as_array().unwrap().len(), listed["next_cursor"].is_string()), (1, true));
    let next = listed["next_cursor"].as_str().unwrap();
    let rest = creator.get(&format!("{SUBMISSIONS}?limit=1&cursor={next}")).await.ok(200);
    assert_eq!((&rest["items"][0]["id"], &rest["next_cursor"]), (&made["id"], &Value::Null));
    world.stop().await;
}

#[tokio::test]
async fn a_lost_answer_never_submits_twice() {
    let world = World::start().await;
    let creator = world.creator().await;
    let faults = [Fault::AnswerLost, Fault::ErrorAfterEffect, Fault::Garbled, Fault::RequestLost, Fault::ErrorBeforeEffect];
    for (n, fault) in faults.into_iter().enumerate() {
        world.sandbox.script(Script::new(Op::SubmitRelease, fault)).unwrap();
        world.sandbox.script(Script::new(Op::ListReleases, Fault::Unavailable)).unwrap();
        let made = submitted(&creator, &["spotify"]).await;
        let known = || async {
            let submission = shown(&creator, &id(&made)).await;
            submission["platforms"][0]["partner_reference"].is_string().then_some(())
        };
        world.until(&format!("{fault:?}: the reference"), known).await;
        assert_eq!(world.sandbox.releases().len(), n + 1, "{fault:?}: sent once in the end");
        world.sandbox.clear_scripts().unwrap();
    }
    world.stop().await;
}

#[tokio::test]
async fn a_lost_takedown_is_asked_for_again() {
    let world = World::start().await;
    let creator = world.creator().await;
    let made = submitted(&creator, &["spotify"]).await;
    let id = id(&made);
    world.until("it is at the distributor", || async { (world.sandbox.releases().len() == 1).then_some(()) }).await;
    world.sandbox.set_release(&world.sandbox.releases()[0].id, ReleaseStatus::Live, None).unwrap();
    until(&world, &creator, &id, "live").await;
    world.sandbox.script(Script::new(Op::TakeDownRelease, Fault::RequestLost)).unwrap();
    creator.post(&format!("{SUBMISSIONS}/{id}/takedown"), json!({})).await.ok(202);
    let heard = || async { (world.sandbox.releases()[0].status == ReleaseStatus::TakedownRequested).then_some(()) };
    world.until("the takedown at the distributor", heard).await;
    world.sandbox.advance_clock(MINUTE).await.unwrap();
    until(&world, &creator, &id, "taken_down").await;
    world.stop().await;
}

#[tokio::test]
async fn what_is_stuck_waits_on_a_person_and_goes_on_by_itself() {
    let world = World::with(&[("DISTRIBUTION_MAX_RETRIES", "0")]).await;
    let (creator, admin) = (world.creator().await, world.admin().await);
    world.sandbox.script(Script::new(Op::Distributor, Fault::RateLimited).times(0)).unwrap();
    let made = submitted(&creator, &["spotify"]).await;
    let entry = || async {
        let list = admin.get("/api/v1/admin/attention").await.ok(200);
        list["items"].as_array()?.iter().find(|entry| entry["class"] == "distribution_stuck").cloned()
    };
    let entry_found = world.until("the entry", entry).await;
    assert!(entry_found["why"].as_str().unwrap().contains("spotify"), "{entry_found}");
    let health = world.http.get(world.url("/health/deep")).send().await.unwrap().json::<Value>().await.unwrap();
    let class = health["backlog"].as_array().unwrap().iter().find(|class| class["class"] == "placements").unwrap().clone();
    assert_eq!(class["open"], 1);
    assert!(health["checks"].as_array().unwrap().iter().any(|check| check["name"] == "distribution"));
    world.sandbox.clear_scripts().unwrap();
    world.until("the entry is gone", || async { entry().await.is_none().then_some(()) }).await;
    let stored = shown(&creator, &id(&made)).await;
    assert_eq!(stored["platforms"][0]["last_error"], Value::Null);
    world.stop().await;
}

#[tokio::test]
async fn a_repeated_request_hands_in_once() {
    let world = World::start().await;
    let creator = world.creator().await;
    let product = creator.product(euros(900)).await;
    let body = json!({"product_id": product, "platforms": ["spotify"]});
    let key = [("Idempotency-Key", "one")];
    let post = |body: Value| creator.call(reqwest::Method::POST, SUBMIT, body, &key);
    let first = post(body.clone()).await.ok(201);
    assert_eq!(post(body).await.ok(201)["id"], first["id"]);
    post(json!({"product_id": product, "platforms": ["deezer"]})).await.problem(422, "idempotency_key_reused");
    assert_eq!(creator.get(SUBMISSIONS).await.ok(200)["items"].as_array().unwrap().len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn only_own_music_is_handed_in_and_only_with_a_plan() {
    let world = World::start().await;
    let (creator, other, buyer) = (world.creator().await, world.creator().await, world.buyer().await);
    let product = creator.product(euros(900)).await;
    let body = |platforms: Value| json!({"product_id": product, "platforms": platforms});
    buyer.post(SUBMIT, body(json!(["spotify"]))).await.problem(403, "plan_required");
    other.post(SUBMIT, body(json!(["spotify"]))).await.problem(403, "not_your_product");
    for platforms in [json!([]), json!(["spotify", "spotify"]), json!(["tidal"])] {
        creator.post(SUBMIT, body(platforms)).await.problem(422, "validation_failed");
    }
    let lesson = json!({"kind": "course", "title": "Lessons", "price": {"amount": 900, "currency": "EUR"}});
    let lesson = creator.post("/api/v1/marketplace/products", lesson).await.ok(201);
    let refused =
        creator.post(SUBMIT, json!({"product_id": lesson["id"], "platforms": ["spotify"]})).await.problem(422, "validation_failed");
    assert_eq!(refused["errors"][0]["code"], "not_music");
    other.post(SUBMIT, json!({"product_id": lesson["id"], "platforms": ["spotify"]})).await.problem(404, "product_not_found");
    let made = creator.post(SUBMIT, body(json!(["spotify"]))).await.ok(201);
    other.get(&format!("{SUBMISSIONS}/{}", id(&made))).await.problem(404, "submission_not_found");
    assert_eq!(other.get(SUBMISSIONS).await.ok(200)["items"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn without_a_distributor_nothing_is_written() {
    let world = World::start().await;
    let creator = world.creator().await;
    let product = creator.product(euros(900)).await;
    let world = world.restarted(&[("SANDBOX_ENABLED", "false")]).await;
    let creator = creator.moved_to(&world);
    creator.post(SUBMIT, json!({"product_id": product, "platforms": ["spotify"]})).await.problem(503, "distributor_required");
    assert_eq!(creator.get(SUBMISSIONS).await.ok(200)["items"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn a_royalty_report_counts_once_and_whole() {
    let world = World::start().await;
    let (creator, other, admin) = (world.creator().await, world.creator().await, world.admin().await);
    let made = submitted(&creator, &["spotify", "deezer"]).await;
    let known = || async {
        let submission = shown(&creator, &id(&made)).await;
        let placements = submission["platforms"].as_array().unwrap().clone();
        placements.iter().all(|placement| placement["partner_reference"].is_string()).then_some(placements)
    };
    let placements = world.until("the references", known).await;
    let (deezer, isrc) = (placements[0]["partner_reference"].as_str().unwrap(), placements[1]["isrc"].as_str().unwrap());
    let head = "reference,platform,period,territory,units,amount,currency\n";
    let good = format!(
        "{head}{deezer},deezer,2026-01,DE,100,250,EUR\n{isrc},spotify,2026-01,DE,10,30,EUR\n{isrc},spotify,2026-01,FR,5,-4,EUR\n\
         {isrc},spotify,2026-02,DE,1,3,EUR\n{isrc},spotify,2026-02,DE,1,4,USD\n"
    );

    let bad = format!("{good}{isrc},spotify,2026-13,DE,1,1,EUR\nnobody,spotify,2026-03,DE,1,1,EUR\n{isrc},spotify,2026-01,DE,9,9,EUR\n");
    let refused = import(&world, &admin, &bad).await.problem(422, "validation_failed");
    let named = |problem: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        problem["errors"].as_array().unwrap().iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
    };
    let line = |number: u32, code: &str| (format!("line {number}"), code.to_owned());
    assert_eq!(named(&refused), [line(7, "bad_period"), line(8, "unknown_track"), line(9, "duplicate_line")]);
    assert_eq!(creator.get(ROYALTIES).await.ok(200)["items"], json!([]), "nothing of a bad file is kept");

    let imported = import(&world, &admin, &good).await.ok(200);
    assert_eq!((&imported["lines"], &imported["new_lines"], &imported["already_imported"]), (&json!(5), &json!(5), &json!(false)));
    let items = creator.get(ROYALTIES).await.ok(200)["items"].as_array().unwrap().clone();
    let sum = |item: &Value| {
        let amount = &item["amount"];
        (item["platform"].clone(), item["period"].clone(), item["units"].clone(), amount["amount"].clone(), amount["currency"].clone())
    };
    let expected = [
        (json!("deezer"), json!("2026-01"), json!(100), json!(250), json!("EUR")),
        (json!("spotify"), json!("2026-01"), json!(15), json!(26), json!("EUR")),
        (json!("spotify"), json!("2026-02"), json!(1), json!(3), json!("EUR")),
        (json!("spotify"), json!("2026-02"), json!(1), json!(4), json!("USD")),
    ];
    assert_eq!(items.iter().map(sum).collect::<Vec<_>>(), expected);
    assert!(items.iter().all(|item| item["title"] == "Night Drive" && item["product_id"] == made["product_id"]));

    let (one, other_import) = tokio::join!(import(&world, &admin, &good), import(&world, &admin, &good));
    assert!(one.ok(200)["already_imported"] == true && other_import.ok(200)["already_imported"] == true);
    let overlapping = format!("{head}{isrc},spotify,2026-02,DE,1,3,EUR\n{isrc},spotify,2026-03,DE,7,20,EUR\n");
    assert_eq!(import(&world, &admin, &overlapping).await.ok(200)["new_lines"], 1, "a line that was told counts once");
    let contradicting = format!("{head}{isrc},spotify,2026-04,DE,1,3,EUR\n{isrc},spotify,2026-02,DE,2,3,EUR\n");
    let refused = import(&world, &admin, &contradicting).await.problem(422, "validation_failed");
    assert_eq!(named(&refused), [line(3, "contradicts_earlier_file")]);

    let first = creator.get(&format!("{ROYALTIES}?limit=2")).await.ok(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = creator.get(&format!("{ROYALTIES}?limit=10&cursor={cursor}")).await.ok(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 3);
    assert_eq!(rest["items"][2]["period"], "2026-03", "and nothing of the file that contradicts");
    creator.get(&format!("{ROYALTIES}?cursor=nonsense")).await.problem(400, "bad_cursor");
    assert_eq!(other.get(ROYALTIES).await.ok(200)["items"], json!([]), "others see nothing of it");
    let large = format!("{head}{}", "x".repeat(2 * 1024 * 1024));
    import(&world, &admin, &large).await.problem(413, "body_too_large");
    let actions = admin.get("/api/v1/admin/actions").await.ok(200);
    let imports = actions["items"].as_array().unwrap().iter().filter(|action| action["action"] == "import_royalties").count();
    assert_eq!(imports, 2, "each import that changed something is kept");
    world.stop().await;
}
