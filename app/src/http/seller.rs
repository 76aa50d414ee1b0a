//! What a seller sees of the money: the balance, and the transfers with what was taken back of them.

use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::http::views::MoneyView;
use crate::problem::ApiError;
use crate::services::App;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::money::Currency;
use veza_domain::payout::{Payout, PayoutStatus, SellerBooks, balance};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Hold, TransferStatus};
use veza_ports::storage::SellerTransfer;

/// Routes of a seller's money.
#[derive(Clone, Copy, Debug, Default)]
pub struct SellerApi;

/// A seller's balance: one entry per currency in each list. Nothing is below 0: debts stand in `owed`.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "SellerBalance")]
pub struct BalanceView {
    /// Earned, releasable now, not yet transferred, less debts.
    pub available: Vec<MoneyView>,
    /// Earned but held: the account is not ready, card money is not available yet, or a dispute is open.
    pub pending: Vec<MoneyView>,
    /// Debts: refunded after it was transferred.
    pub owed: Vec<MoneyView>,
}

impl From<Vec<(Currency, SellerBooks)>> for BalanceView {
    fn from(mut books: Vec<(Currency, SellerBooks)>) -> Self {
        books.sort_by_key(|(currency, _)| *currency);
        let mut view = Self { available: Vec::new(), pending: Vec::new(), owed: Vec::new() };
        for (currency, books) in books {
            let shown = balance(books);
            view.available.push(MoneyView::of(shown.available, currency));
            view.pending.push(MoneyView::of(shown.pending, currency));
            view.owed.push(MoneyView::of(shown.owed, currency));
        }
        view
    }
}

macro_rules! mirrored {
    ($(#[$doc:meta])* $view:ident as $name:literal of $of:ident { $($(#[$case_doc:meta])* $case:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
        #[oai(rename = $name, rename_all = "snake_case")]
        pub enum $view { $($(#[$case_doc])* $case),+ }

        impl From<$of> for $view {
            fn from(of: $of) -> Self {
                match of { $($of::$case => Self::$case),+ }
            }
        }
    };
}

mirrored! {
    /// Where a transfer stands.
    TransferStatusView as "TransferStatus" of TransferStatus {
        /// To be sent, or sent without a known outcome.
        Pending,
        /// It reached the seller's account.
        Completed,
        /// It was refused and will be tried again.
        Failed,
        /// All that is left of it is being taken back.
        ReversalPending,
        /// All of it was taken back.
        Reversed,
        /// Nothing more will be tried.
        PermanentlyFailed,
    }
}

mirrored! {
    /// Where a reversal stands.
    ReversalStatusView as "ReversalStatus" of ReversalStatus {
        /// To be carried out.
        ReversalPending,
        /// The money was taken back.
        Reversed,
        /// Nothing more will be tried; the seller owes it.
        PermanentlyFailed,
    }
}

mirrored! {
    /// Why a row waits without using up its retries.
    HoldView as "Hold" of Hold {
        /// The seller has no account that can receive transfers.
        AccountNotReady,
        /// Too little money is available yet.
        BalanceInsufficient,
        /// A dispute of the order is open.
        Disputed,
        /// Nothing is left to take back at Connect: later shares pay it.
        NothingAtConnect,
    }
}

/// A part of a transfer that is, or was, taken back for a refund.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Reversal")]
pub struct ReversalView {
    /// Its id.
    pub id: Uuid,
    /// The refund that caused it; null when it was made at Connect and not through us.
    #[oai(nullable)]
    pub refund_id: Option<Uuid>,
    /// How much, in all.
    pub amount: MoneyView,
    /// How much of it later shares have paid.
    pub netted: MoneyView,
    /// How much of it the platform has taken upon itself; of one made at Connect by hand, how much of it the seller is not to have.
    pub written_off: MoneyView,
    /// Where it stands.
    pub status: ReversalStatusView,
    /// Why it waits, if it waits for what time heals.
    #[oai(nullable)]
    pub hold: Option<HoldView>,
    /// Connect's id.
    #[oai(nullable)]
    pub stripe_reversal_id: Option<String>,
    /// Retries used up.
    pub retry_count: u32,
    /// When it is tried next.
    #[oai(nullable)]
    pub next_retry_at: Option<chrono::DateTime<chrono::Utc>>,
    /// What went wrong last.
    #[oai(nullable)]
    pub last_error: Option<String>,
    /// When it was opened.
    pub created_at: chrono::DateTime<chrono::Utc>,
}

impl From<&Reversal> for ReversalView {
    fn from(reversal: &Reversal) -> Self {
        Self {
            id: reversal.id.0,
            refund_id: reversal.cause.refund().map(|refund| refund.0),
            amount: reversal.amount.into(),
            netted: MoneyView::of(reversal.netted, reversal.amount.currency),
            written_off: MoneyView::of(reversal.written_off, reversal.amount.currency),
            status: reversal.status.into(),
            hold: reversal.hold.map(HoldView::from),
            stripe_reversal_id: reversal.stripe_reversal_id.clone(),
            retry_count: reversal.retry_count,
            next_retry_at: reversal.next_retry_at.map(page::time),
            last_error: reversal.last_error.clone(),
            created_at: page::time(reversal.created_at),
        }
    }
}

/// A seller's share of an order on its way. While it is `reversal_pending`, `retry_count`, `next_retry_at`, `last_error` and
/// `hold` are those of its oldest open reversal.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Transfer")]
pub struct TransferView {
    /// Its id.
    pub id: Uuid,
    /// The order it is a share of.
    pub order_id: Uuid,
    /// Who gets it.
    pub seller_id: Uuid,
    /// How much.
    pub amount: MoneyView,
    /// How much of it was taken back.
    pub amount_reversed: MoneyView,
    /// How much of the share was kept to pay what the seller owed, so that only the rest, `amount`, is sent.
    pub netted: MoneyView,
    /// Where it stands.
    pub status: TransferStatusView,
    /// Why it waits, if it waits for what time heals.
    #[oai(nullable)]
    pub hold: Option<HoldView>,
    /// Connect's id.
    #[oai(nullable)]
    pub stripe_transfer_id: Option<String>,
    /// Connect's id of the last reversal that was done.
    #[oai(nullable)]
    pub stripe_reversal_id: Option<String>,
    /// Retries used up.
    pub retry_count: u32,
    /// When it is tried next.
    #[oai(nullable)]
    pub next_retry_at: Option<chrono::DateTime<chrono::Utc>>,
    /// What went wrong last.
    #[oai(nullable)]
    pub last_error: Option<String>,
    /// The transfer that it was paid in the place of.
    #[oai(nullable)]
    pub replaces: Option<Uuid>,
    /// What is, or was, taken back of it, oldest first.
    pub reversals: Vec<ReversalView>,
    /// When it was opened.
    pub created_at: chrono::DateTime<chrono::Utc>,
}

impl From<&SellerTransfer> for TransferView {
    fn from(SellerTransfer { transfer, reversals, netted }: &SellerTransfer) -> Self {
        let reversing = transfer.status() == TransferStatus::ReversalPending;
        let open = reversals.iter().find(|reversal| reversing && reversal.status == ReversalStatus::ReversalPending);
        let (hold, retry_count, next_retry_at, last_error) = match open {
            Some(open) => (open.hold, open.retry_count, open.next_retry_at, &open.last_error),
            None => (transfer.hold, transfer.retry_count, transfer.next_retry_at, &transfer.last_error),
        };
        let done = reversals.iter().rev().filter(|reversal| reversal.status == ReversalStatus::Reversed);
        Self {
            id: transfer.id.0,
            order_id: transfer.order_id.0,
            seller_id: transfer.seller_id.0,
            amount: transfer.amount.into(),
            amount_reversed: MoneyView::of(transfer.amount_reversed, transfer.amount.currency),
            netted: MoneyView::of(*netted, transfer.amount.currency),
            status: transfer.status().into(),
            hold: hold.map(HoldView::from),
            stripe_transfer_id: transfer.stripe_transfer_id.clone(),
            stripe_reversal_id: done.filter_map(|reversal| reversal.stripe_reversal_id.clone()).next(),
            retry_count,
            next_retry_at: next_retry_at.map(page::time),
            last_error: last_error.clone(),
            replaces: transfer.replaces.map(|id| id.0),
            reversals: reversals.iter().map(ReversalView::from).collect(),
            created_at: page::time(transfer.created_at),
        }
    }
}

/// A page of transfers.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct TransferPage {
    /// Newest first.
    pub items: Vec<TransferView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

mirrored! {
    /// Where a payout to a seller's bank stands.
    PayoutStatusView as "PayoutStatus" of PayoutStatus {
        /// To be sent.
        Pending,
        /// On its way.
        InTransit,
        /// At the bank; it may still come back.
        Paid,
        /// It came back, or never went.
        Failed,
        /// It was called off.
        Canceled,
    }
}

/// A payout from a seller's Connect account to the seller's bank. Connect makes it by itself; this mirrors it.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Payout")]
pub struct PayoutView {
    /// Connect's id.
    pub id: String,
    /// How much.
    pub amount: MoneyView,
    /// Where it stands.
    pub status: PayoutStatusView,
    /// Why it failed, in Connect's words.
    #[oai(nullable)]
    pub failure: Option<String>,
    /// When it arrives.
    #[oai(nullable)]
    pub arrives_at: Option<chrono::DateTime<chrono::Utc>>,
    /// When it was made.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When we learnt of its status.
    pub updated_at: chrono::DateTime<chrono::Utc>,
}

impl From<&Payout> for PayoutView {
    fn from(payout: &Payout) -> Self {
        Self {
            id: payout.id.clone(),
            amount: payout.amount.into(),
            status: payout.status.into(),
            failure: payout.failure.clone(),
            arrives_at: payout.arrives_at.map(page::time),
            created_at: page::time(payout.created_at),
            updated_at: page::time(payout.updated_at),
        }
    }
}

/// A page of payouts.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct PayoutPage {
    /// Newest first.
    pub items: Vec<PayoutView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Area::Selling")]
impl SellerApi {
    /// Show my balance, per currency in which I have sold anything.
    #[oai(path = "/seller/balance", method = "get", operation_id = "getSellerBalance")]
    async fn balance(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<BalanceView>, ApiError> {
        Ok(Json(BalanceView::from(app.store.seller_books(caller.id()).await?)))
    }

    /// List what was, or is to be, transferred to me, newest first.
    #[oai(path = "/seller/transfers", method = "get", operation_id = "listSellerTransfers")]
    async fn transfers(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<TransferPage>, ApiError> {
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut transfers = app.store.transfers_of_seller(caller.id(), page).await?;
        let next_cursor = page::cut(&mut transfers, page, |row| row.transfer.id.0);
        Ok(Json(TransferPage { items: transfers.iter().map(TransferView::from).collect(), next_cursor }))
    }

    /// List the payouts from my Connect account to my bank, newest first.
    #[oai(path = "/seller/payouts", method = "get", operation_id = "listSellerPayouts")]
    async fn payouts(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<PayoutPage>, ApiError> {
        let shown = page::limit(limit.0);
        let after = cursor.0.as_deref().map(payout_cursor).transpose()?;
        let mut payouts = app.store.payouts_of_seller(caller.id(), shown + 1, after).await?;
        let more = payouts.len() > shown as usize;
        payouts.truncate(shown as usize);
        let next_cursor = payouts.last().filter(|_| more).map(|last| page::opaque(&format!("{} {}", last.created_at.0, last.id)));
        Ok(Json(PayoutPage { items: payouts.iter().map(PayoutView::from).collect(), next_cursor }))
    }
}

fn payout_cursor(cursor: &str) -> Result<(Timestamp, String), ApiError> {
    let text = page::opened(cursor)?;
    let read = || {
        let (at, id) = text.split_once(' ')?;
        Some((Timestamp(at.parse().ok()?), id.to_owned()))
    };
    read().ok_or_else(page::bad_cursor)
}
