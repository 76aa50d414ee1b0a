//! Confirming an order (spec/01-money §2): one commit writes order, lines with frozen prices, the payment's effect; only then
//! is the payment opened at the PSP, under the order's id.

use crate::http::middleware::hints;
use crate::problem::{ApiError, FieldError, chain};
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit, commit_if_current, fresh_unit, unless_stale};
use crate::usecases::effects::{self, EffectError, Performed};
use crate::usecases::idempotency::Incoming;
use std::collections::BTreeMap;
use std::time::Duration;
use veza_domain::access::Actor;
use veza_domain::catalog::{Product, ProductStatus};
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::ids::{LineId, OfferId, OrderId, ProductId, UserId};
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceKind};
use veza_domain::look::Look;
use veza_domain::money::{Minor, Money, split};
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::settlement::{Change, OrderFile, decide_free};
use veza_ports::storage::{CommitError, Committed, Revision, Row, RowKey, StoredOrder, UniqueValue, Versioned, Write};

/// When a repetition may find the payment provider there again.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Most lines of an order.
pub const LINES_MAX: usize = 100;

/// A wish to buy one product.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Which.
    pub product_id: ProductId,
    /// Under which licence; none = the product as such.
    pub offer_id: Option<OfferId>,
}

/// Places an order for `buyer` and opens its payment.
///
/// # Errors
/// 422 with field errors; 409 `licence_not_available`; 503 `payment_provider_required` (nothing was written);
/// 503 `payment_provider_unavailable` and 502 `payment_provider_refused`, both with the `order_id` that was made.
pub async fn place(app: &App, buyer: UserId, items: &[Item], incoming: Option<&Incoming>) -> Result<StoredOrder, ApiError> {
    check_items(items)?;
    for _ in 0..REDECIDE_MAX {
        let priced = price(app, items).await?;
        if priced.total.amount.is_positive() && app.psp.is_none() {
            return Err(ApiError::unavailable("payment_provider_required", "paid sales need a payment provider, and none is configured"));
        }
        let draft = draft(app, buyer, &priced, incoming)?;
        match commit(app, fresh_unit(app, draft.writes)).await {
            Ok(Committed::Applied | Committed::AlreadyApplied) => return open_payment(app, draft.order_id, draft.effect).await,
            Err(CommitError::Taken(_, UniqueValue::PaymentId)) => return Err(ApiError::internal("internal", "a fault of ours; try again")),
            Err(error) => unless_stale(error)?,
        }
        if let Some(incoming) = incoming {
            incoming.still_ours(app).await?;
        }
    }
    Err(busy("products"))
}

fn check_items(items: &[Item]) -> Result<(), ApiError> {
    if items.is_empty() || items.len() > LINES_MAX {
        return Err(ApiError::field("items", "count", format!("an order has 1 to {LINES_MAX} items")));
    }
    let twice =
        |i: usize| items[..i].iter().any(|earlier| earlier.product_id == items[i].product_id && earlier.offer_id == items[i].offer_id);
    match (0..items.len()).find(|i| twice(*i)) {
        Some(i) => Err(ApiError::field(&format!("items[{i}]"), "duplicate_item", "this item stands in the order already")),
        None => Ok(()),
    }
}

/// The items as they are sold now.
struct Priced {
    lines: Vec<PricedLine>,
    total: Money,
    products: Vec<(ProductId, Revision)>,
    holds: Vec<(ProductId, Option<Versioned<ExclusiveHold>>)>,
}

struct PricedLine {
    product: Product,
    offer_id: Option<OfferId>,
    kind: LicenceKind,
    terms: String,
    price: Minor,
}

async fn price(app: &App, items: &[Item]) -> Result<Priced, ApiError> {
    let mut ids: Vec<ProductId> = items.iter().map(|item| item.product_id).collect();
    ids.sort();
    ids.dedup();
    let found = app.store.products_by_id(&ids).await?;
    let by_id: BTreeMap<ProductId, &Versioned<Product>> = found.iter().map(|product| (product.value.id, product)).collect();
    let mut lines = Vec::new();
    let mut faults = Vec::new();
    for (i, item) in items.iter().enumerate() {
        match price_one(&by_id, item) {
            Ok(line) => lines.push(line),
            Err((field, code, message)) => {
                faults.push(FieldError { field: format!("items[{i}].{field}"), code: code.to_owned(), message: message.to_owned() });
            }
        }
    }
    let Some(first) = lines.first().filter(|_| faults.is_empty()) else { return Err(ApiError::fields(faults)) };
    let currency = first.product.price.currency;
    if let Some(i) = lines.iter().position(|line| line.product.price.currency != currency) {
        let message = "all items of an order have one currency";
        return Err(ApiError::field(&format!("items[{i}]"), "mixed_currencies", message).with_code("mixed_currencies"));
    }
    let total = Minor::sum(lines.iter().map(|line| line.price)).map_err(|_| ApiError::field("items", "total", "the total is too large"))?;
    let exclusive: Vec<ProductId> = lines.iter().filter(|line| line.kind.is_exclusive()).map(|line| line.product.id).collect();
    let held = app.store.exclusive_holds(&exclusive).await?;
    let holds = exclusive.into_iter().map(|id| (id, held.iter().find(|hold| hold.value.product_id == id).cloned())).collect();
    let products = found.iter().map(|product| (product.value.id, product.revision)).collect();
    Ok(Priced { lines, total: Money { amount: total, currency }, products, holds })
}

type Fault = (&'static str, &'static str, &'static str);

fn price_one(products: &BTreeMap<ProductId, &Versioned<Product>>, item: &Item) -> Result<PricedLine, Fault> {
    let product = products.get(&item.product_id).map(|product| &product.value).filter(|product| product.status == ProductStatus::Published);
    let product = product.ok_or(("product_id", "product_not_available", "no such product is for sale"))?.clone();
    let Some(offer_id) = item.offer_id else {
        let price = product.price.amount;
        return Ok(PricedLine { product, offer_id: None, kind: LicenceKind::standard(), terms: String::new(), price });
    };
    let offer =
        product.offer(offer_id).ok_or(("license_id", "license_not_available", "the product is not offered under this licence"))?.clone();
    Ok(PricedLine { product, offer_id: Some(offer_id), kind: offer.kind, terms: offer.terms, price: offer.price.amount })
}

struct Draft {
    order_id: OrderId,
    writes: Vec<Write>,
    effect: Option<Effect>,
}

fn draft(app: &App, buyer: UserId, priced: &Priced, incoming: Option<&Incoming>) -> Result<Draft, ApiError> {
    let now = app.now();
    let order_id = OrderId(incoming.map_or_else(|| app.ids.uuid(), Incoming::resource));
    let paid = priced.total.amount.is_positive();
    let order = Order {
        id: order_id,
        buyer_id: buyer,
        invoice_id: None,
        status: OrderStatus::Pending,
        total: priced.total,
        refunded: Minor::ZERO,
        payment_id: paid.then(|| Order::payment_id_of(order_id)),
        client_secret: None,
        failure: None,
        created_at: now,
        completed_at: None,
        refund_deadline: None,
        look: Look::from(now),
    };
    let lines = priced.lines.iter().zip(0..).map(|(line, position)| order_line(app, order_id, line, position)).collect();
    let (holds, mut writes) = take_holds(order_id, &priced.holds)?;
    let mut file = OrderFile::new(order, lines, holds);
    let mut effect = None;
    let mut others = Vec::new();
    if paid {
        // It is sent right after this commit, so it is written as sent: a crash in between is found by look-up.
        effect = Some(Effect::pending(EffectKind::CreatePayment(order_id), now).sent(now, app.money.lease()));
    } else {
        let changes = decide_free(&file, &app.context()).map_err(|error| ApiError::field("items", "total", error.to_string()))?;
        file = changes.iter().fold(file, OrderFile::evolve);
        others = changes.into_iter().filter(|change| !matches!(change, Change::Order(_) | Change::Exclusive(_))).collect();
    }
    for write in &mut writes {
        retarget(write, &file);
    }
    writes.push(Write::Insert(Row::Order(file.order.clone())));
    writes.extend(file.lines.iter().cloned().map(|line| Write::Insert(Row::Line(line))));
    let nothing_read = StoredOrder { file, revisions: BTreeMap::new() };
    writes.extend(nothing_read.writes(&others));
    writes.extend(priced.products.iter().map(|(id, expected)| Write::Unchanged { key: RowKey::Product(*id), expected: *expected }));
    writes.extend(effect.iter().cloned().map(|effect| Write::Insert(Row::Effect(effect))));
    writes.extend(effect.iter().filter_map(|effect| effects::told(app, effect, "sent to the PSP")));
    writes.extend(incoming.map(Incoming::insert));
    Ok(Draft { order_id, writes, effect })
}

fn order_line(app: &App, order_id: OrderId, line: &PricedLine, position: u32) -> OrderLine {
    let parts = split(line.price, app.money.fee);
    OrderLine {
        id: LineId(app.ids.uuid()),
        order_id,
        position,
        product_id: line.product.id,
        offer_id: line.offer_id,
        licence_kind: line.kind.clone(),
        terms: line.terms.clone(),
        title: line.product.title.clone(),
        seller_id: line.product.seller_id,
        price: line.price,
        fee: parts.fee,
        share: parts.share,
        refunded: Minor::ZERO,
    }
}

/// Reserves the exclusive licences that the order buys.
fn take_holds(
    order_id: OrderId,
    known: &[(ProductId, Option<Versioned<ExclusiveHold>>)],
) -> Result<(Vec<ExclusiveHold>, Vec<Write>), ApiError> {
    let mut holds = Vec::new();
    let mut writes = Vec::new();
    for (product_id, before) in known {
        if before.as_ref().is_some_and(|hold| !hold.value.is_free_for(order_id)) {
            return Err(ApiError::conflict("licence_not_available", "the exclusive licence is sold, or reserved by an open order"));
        }
        let hold = ExclusiveHold { product_id: *product_id, order_id, state: ExclusiveState::Held };
        writes.push(match before {
            Some(before) => Write::Update { row: Row::Exclusive(hold.clone()), expected: before.revision },
            None => Write::Insert(Row::Exclusive(hold.clone())),
        });
        holds.push(hold);
    }
    Ok((holds, writes))
}

/// A free order takes its holds as sold at once.
fn retarget(write: &mut Write, file: &OrderFile) {
    if let Write::Insert(Row::Exclusive(hold)) | Write::Update { row: Row::Exclusive(hold), .. } = write
        && let Some(now) = file.exclusives.iter().find(|now| now.product_id == hold.product_id)
    {
        *hold = now.clone();
    }
}

/// Opens the payment of an order that was committed with `effect`, already marked as sent.
///
/// # Errors
/// 503 `payment_provider_unavailable` and 502 `payment_provider_refused`, with the order's id.
pub async fn open_now(app: &App, order_id: OrderId, effect: Effect) -> Result<(), ApiError> {
    opened(order_id, effects::perform(app, Versioned { value: effect, revision: Revision::FIRST }).await)
}

/// The order is placed, and nobody knows yet whether its payment is open.
fn unavailable(order_id: OrderId) -> ApiError {
    hints::retry_after(TRY_AGAIN_AFTER);
    let detail = "the order is placed; its payment will be opened as soon as the payment provider can be reached. Repeat the request with \
         its Idempotency-Key to go on";
    ApiError::unavailable("payment_provider_unavailable", detail).with_order(order_id)
}

fn opened(order_id: OrderId, performed: Result<Performed, EffectError>) -> Result<(), ApiError> {
    match performed {
        Ok(Performed::Done) => Ok(()),
        Ok(Performed::Refused { message }) => Err(ApiError::bad_gateway("payment_provider_refused", message).with_order(order_id)),
        Ok(Performed::Later { .. }) => Err(unavailable(order_id)),
        Err(error) => {
            tracing::error!(order = %order_id, error = chain(&error), "the payment's answer could not be recorded; the worker goes on");
            Err(unavailable(order_id))
        }
    }
}

/// Goes on with an order whose payment could not be opened when it was placed: what may have been heard is looked up under the order's
/// id before anything is sent again, so however often and by however many it is asked for, there is one payment.
///
/// # Errors
/// 503 `payment_provider_unavailable` and 502 `payment_provider_refused`, as [`place`]; 503 `busy` while somebody else is at it.
pub async fn resume(app: &App, order_id: OrderId) -> Result<(), ApiError> {
    let effect = Effect::pending(EffectKind::CreatePayment(order_id), app.now());
    let Some(known) = app.store.effect(effect.id).await? else { return Ok(()) }; // a free order
    if known.value.state == EffectState::Refused {
        let message = known.value.last_error.unwrap_or_default();
        return Err(ApiError::bad_gateway("payment_provider_refused", message).with_order(order_id));
    }
    if known.value.is_over() {
        return Ok(());
    }
    // Ours for the time of a call: the worker, or a twin of this request, would now be told of a conflict.
    let taken = Effect { due_at: Some(app.now().plus(app.money.lease())), ..known.value };
    let write = Write::Update { row: Row::Effect(taken.clone()), expected: known.revision };
    match commit_if_current(app, fresh_unit(app, vec![write])).await? {
        Some(_) => opened(order_id, effects::work(app, Versioned { value: taken, revision: known.revision.next() }).await),
        None => {
            hints::retry_after(TRY_AGAIN_AFTER);
            Err(ApiError::unavailable("busy", "the payment of this order is being opened; try again").with_order(order_id))
        }
    }
}

async fn open_payment(app: &App, order_id: OrderId, effect: Option<Effect>) -> Result<StoredOrder, ApiError> {
    if let Some(value) = effect {
        open_now(app, order_id, value).await?;
    } else {
        app.wake.transfers.notify_one();
    }
    app.store.order_file(order_id).await?.ok_or_else(|| ApiError::not_found("order_not_found", "no such order"))
}

/// An order that `actor` may see.
///
/// # Errors
/// 404 `order_not_found`, for strangers too.
pub async fn visible(app: &App, actor: &Actor, id: OrderId) -> Result<StoredOrder, ApiError> {
    let stored = app.store.order_file(id).await?;
    stored.filter(|stored| actor.may_see_order(&stored.file.order)).ok_or_else(|| ApiError::not_found("order_not_found", "no such order"))
}
