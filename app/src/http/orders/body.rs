//! Bodies of orders and refunds (spec/08-api).

use crate::http::page::time;
use crate::http::views::MoneyView;
use crate::problem::ApiError;
use crate::services::MoneySettings;
use crate::usecases::checkout::Item;
use crate::usecases::refunds::Wish;
use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::ids::{LineId, OfferId, ProductId};
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::refund::{Refund, RefundOrigin, RefundStatus};
use veza_domain::settlement::OrderFile;

/// What to buy.
#[derive(Clone, Debug, Object)]
pub struct OrderBody {
    /// 1 to 100 items, of one currency.
    #[oai(validator(min_items = 1, max_items = 100))]
    pub items: Vec<OrderItemBody>,
}

/// One thing to buy.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct OrderItemBody {
    /// Which product.
    pub product_id: Uuid,
    /// Under which of its licences; left out = the product as such, at its own price.
    #[oai(skip_serializing_if_is_none)]
    pub license_id: Option<Uuid>,
}

impl From<&OrderItemBody> for Item {
    fn from(body: &OrderItemBody) -> Self {
        Self { product_id: ProductId(body.product_id), offer_id: body.license_id.map(OfferId) }
    }
}

macro_rules! status_view {
    ($(#[$doc:meta])* $view:ident of $status:ident { $($(#[$variant_doc:meta])* $name:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        pub enum $view { $($(#[$variant_doc])* #[oai(rename = $text)] $name),+ }

        impl From<$status> for $view {
            fn from(status: $status) -> Self {
                match status { $($status::$name => Self::$name),+ }
            }
        }
    };
}

status_view! {
    /// Where an order stands.
    OrderStatusView of OrderStatus {
        /// Checked out; to be paid.
        Pending = "pending",
        /// Paid and delivered.
        Completed = "completed",
        /// The payment failed; a late success still completes it.
        Failed = "failed",
        /// A refund is in flight.
        RefundPending = "refund_pending",
        /// A part went back.
        PartiallyRefunded = "partially_refunded",
        /// All of it went back.
        Refunded = "refunded",
        /// A dispute is open.
        Disputed = "disputed",
        /// A dispute was lost.
        ChargedBack = "charged_back",
    }
}

status_view! {
    /// Where a refund stands.
    RefundStatusView of RefundStatus {
        /// On its way.
        Pending = "pending",
        /// The buyer has the money.
        Succeeded = "succeeded",
        /// The buyer has not.
        Failed = "failed",
    }
}

/// One item of an order, as it was at checkout.
#[derive(Clone, Debug, Object)]
pub struct OrderItemView {
    /// Names it in refunds.
    pub id: Uuid,
    /// The product.
    pub product_id: Uuid,
    /// The licence chosen.
    #[oai(nullable)]
    pub license_id: Option<Uuid>,
    /// The licence's kind; `standard` without a chosen one.
    pub license_kind: String,
    /// The product's title at checkout.
    pub title: String,
    /// Who sells.
    pub seller_id: Uuid,
    /// What it cost.
    pub price: MoneyView,
    /// How much of that went back.
    pub refunded: MoneyView,
}

/// What the browser needs to pay.
#[derive(Clone, Debug, Object)]
pub struct PaymentView {
    /// The payment's id at the provider.
    pub payment_id: String,
    /// Lets whoever has it pay this payment; null until the provider has answered.
    #[oai(nullable)]
    pub client_secret: Option<String>,
    /// The provider's key for browsers, where one is configured.
    #[oai(nullable)]
    pub publishable_key: Option<String>,
    /// A page to pay on, where the sandbox is on.
    #[oai(nullable)]
    pub checkout_url: Option<String>,
}

/// An order.
#[derive(Clone, Debug, Object)]
pub struct OrderView {
    /// Its id; also the payment's idempotency key.
    pub id: Uuid,
    /// Who buys.
    pub buyer_id: Uuid,
    /// Where it stands.
    pub status: OrderStatusView,
    /// What it costs.
    pub total: MoneyView,
    /// How much of that went back.
    pub refunded: MoneyView,
    /// What was bought.
    pub items: Vec<OrderItemView>,
    /// The payment's id at the provider; null for an order of 0.
    #[oai(nullable)]
    pub payment_id: Option<String>,
    /// How to go on paying; only for its buyer, only while it is pending.
    #[oai(nullable)]
    pub payment: Option<PaymentView>,
    /// Why the payment failed, in the provider's words.
    #[oai(nullable)]
    pub failure: Option<String>,
    /// What waits on a person.
    pub flags: Vec<String>,
    /// Checkout.
    pub created_at: DateTime<Utc>,
    /// When it was paid.
    #[oai(nullable)]
    pub completed_at: Option<DateTime<Utc>>,
    /// Until when a refund may be asked for.
    #[oai(nullable)]
    pub refund_deadline: Option<DateTime<Utc>>,
}

impl OrderView {
    /// An order as its buyer sees it.
    #[must_use]
    pub fn new(settings: &MoneySettings, order: &Order, lines: &[OrderLine], flags: &[Code]) -> Self {
        let currency = order.total.currency;
        let item = |line: &OrderLine| OrderItemView {
            id: line.id.0,
            product_id: line.product_id.0,
            license_id: line.offer_id.map(|id| id.0),
            license_kind: line.licence_kind.as_str().to_owned(),
            title: line.title.clone(),
            seller_id: line.seller_id.0,
            price: MoneyView::of(line.price, currency),
            refunded: MoneyView::of(line.refunded, currency),
        };
        let mut flags: Vec<String> = flags.iter().map(|code| code.as_str().to_owned()).collect();
        flags.dedup();
        Self {
            id: order.id.0,
            buyer_id: order.buyer_id.0,
            status: order.status.into(),
            total: order.total.into(),
            refunded: MoneyView::of(order.refunded, currency),
            items: lines.iter().map(item).collect(),
            payment_id: order.payment_id.clone(),
            payment: (order.status == OrderStatus::Pending).then(|| PaymentView::of(settings, order)).flatten(),
            failure: order.failure.clone(),
            flags,
            created_at: time(order.created_at),
            completed_at: order.completed_at.map(time),
            refund_deadline: order.refund_deadline.map(time),
        }
    }
}

impl OrderView {
    /// Without what only the buyer may have.
    #[must_use]
    pub fn for_operators(self) -> Self {
        Self { payment: None, ..self }
    }
}

impl PaymentView {
    /// How to pay an order; none for an order of 0.
    #[must_use]
    pub fn of(settings: &MoneySettings, order: &Order) -> Option<Self> {
        let payment_id = order.payment_id.clone()?;
        let client_secret = order.client_secret.as_ref().map(|secret| secret.0.clone());
        let checkout_url = settings.sandbox_checkout.as_ref().zip(client_secret.as_ref()).map(|(base, secret)| {
            let secret: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            format!("{base}/checkout/{payment_id}?client_secret={secret}")
        });
        Some(Self { payment_id, client_secret, publishable_key: settings.publishable_key.clone(), checkout_url })
    }
}

/// An order that was placed.
#[derive(Clone, Debug, Object)]
pub struct OrderCreated {
    /// The order.
    pub order: OrderView,
    /// How to pay it; null for an order of 0.
    #[oai(nullable)]
    pub payment: Option<PaymentView>,
}

impl OrderCreated {
    /// The answer to a checkout.
    #[must_use]
    pub fn new(settings: &MoneySettings, file: &OrderFile, flags: Vec<Code>) -> Self {
        let order = OrderView::new(settings, &file.order, &file.lines, &flags);
        let payment = PaymentView::of(settings, &file.order);
        Self { order, payment }
    }

    /// As it may be stored.
    #[must_use]
    pub fn without_secret(&self) -> Self {
        let mut bare = self.clone();
        for payment in [&mut bare.payment, &mut bare.order.payment].into_iter().flatten() {
            payment.client_secret = None;
            payment.checkout_url = None;
        }
        bare
    }

    /// The stored answer with the secret put back.
    #[must_use]
    pub fn with_secret_of(mut self, now: &Self) -> Self {
        let known = now.payment.as_ref();
        for payment in [&mut self.payment, &mut self.order.payment].into_iter().flatten() {
            payment.client_secret = known.and_then(|known| known.client_secret.clone());
            payment.checkout_url = known.and_then(|known| known.checkout_url.clone());
        }
        self
    }
}

/// A page of orders.
#[derive(Clone, Debug, Object)]
pub struct OrderPage {
    /// The orders.
    pub items: Vec<OrderView>,
    /// Cursor of the next page.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A wish for a refund.
#[derive(Clone, Debug, Default, Object)]
pub struct RefundBody {
    /// Minor units; left out = all that is left.
    #[oai(skip_serializing_if_is_none)]
    pub amount: Option<i64>,
    /// Why; at most 255 characters.
    #[oai(skip_serializing_if_is_none, validator(max_length = 255))]
    pub reason: Option<String>,
    /// The items to refund; left out = all.
    #[oai(skip_serializing_if_is_none, validator(max_items = 100))]
    pub item_ids: Option<Vec<Uuid>>,
}

impl RefundBody {
    /// Reads it.
    ///
    /// # Errors
    /// 422 for an amount below 1.
    pub fn read(&self) -> Result<Wish, ApiError> {
        if self.amount.is_some_and(|amount| amount < 1) {
            return Err(ApiError::field("amount", "amount_out_of_range", "the amount must be at least 1"));
        }
        let lines = self.item_ids.iter().flatten().map(|id| LineId(*id)).collect();
        Ok(Wish { amount: self.amount, reason: self.reason.clone(), lines })
    }
}

/// A refund that was asked for.
#[derive(Clone, Debug, Object)]
pub struct RefundCreated {
    /// The refund.
    pub refund: RefundView,
    /// The same for a person.
    pub message: String,
}

impl RefundCreated {
    /// The answer to a wish for a refund: it is on its way, whatever the provider said at once.
    #[must_use]
    pub fn new(refund: &Refund) -> Self {
        let message = "the refund is on its way; it is done when the payment provider says so".to_owned();
        Self { refund: RefundView::new(refund, &[]), message }
    }
}

/// A refund.
#[derive(Clone, Debug, Object)]
pub struct RefundView {
    /// Its id; also its id and idempotency key at the provider.
    pub id: Uuid,
    /// Its order.
    pub order_id: Uuid,
    /// How much.
    pub amount: MoneyView,
    /// Where it stands.
    pub status: RefundStatusView,
    /// The provider's id.
    #[oai(nullable)]
    pub psp_refund_id: Option<String>,
    /// Why it was asked for.
    #[oai(nullable)]
    pub reason: Option<String>,
    /// The items it was asked for; empty = the whole order.
    pub item_ids: Vec<Uuid>,
    /// Why it failed, in the provider's words.
    #[oai(nullable)]
    pub error_message: Option<String>,
    /// Made at the provider and not through us.
    pub external: bool,
    /// Where it comes from: `requested`, `external`, `dispute` (a lost dispute) or `payment_undone`.
    pub origin: String,
    /// What waits on a person.
    pub flags: Vec<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it succeeded.
    #[oai(nullable)]
    pub succeeded_at: Option<DateTime<Utc>>,
}

impl RefundView {
    /// A refund, with those of its order's flags that are about it.
    #[must_use]
    pub fn new(refund: &Refund, attention: &[Attention]) -> Self {
        let about = attention.iter().filter(|entry| entry.subject.id() == refund.id.0);
        Self {
            id: refund.id.0,
            order_id: refund.order_id.0,
            amount: refund.amount.into(),
            status: refund.status.into(),
            psp_refund_id: refund.psp_refund_id.clone(),
            reason: refund.reason.clone(),
            item_ids: refund.lines.iter().map(|id| id.0).collect(),
            error_message: refund.error_message.clone(),
            external: refund.origin == RefundOrigin::External,
            origin: refund.origin.as_str().to_owned(),
            flags: about.map(|entry| entry.code.as_str().to_owned()).collect(),
            created_at: time(refund.created_at),
            succeeded_at: refund.succeeded_at.map(time),
        }
    }
}

/// The refunds of an order.
#[derive(Clone, Debug, Object)]
pub struct RefundPage {
    /// The refunds, oldest first.
    pub items: Vec<RefundView>,
    /// Always null: an order has few.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}
