//! The providers in a box: a simulator that speaks the wire formats of Hyperswitch (payments, refunds, disputes,
//! signed webhooks) and of Stripe Connect (accounts, transfers, reversals, payouts, idempotency, webhooks of both endpoints)
//! over real HTTP, and a music distributor of its own making (under `/distributor`).
//!
//! It is a third party: it depends on no other crate of the workspace and keeps books of its own, so that a test can
//! compare them with Veza's to the cent. What it follows is `contracts/hyperswitch.md` and `contracts/stripe.md`; each
//! module names its section.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use veza_sandbox::{Fault, Op, Sandbox, SandboxConfig, Script};
//!
//! let sandbox = Sandbox::start(SandboxConfig::default()).await?;
//! sandbox.set_webhook_url(Some("http://127.0.0.1:8080/webhooks/hyperswitch".into()));
//! sandbox.script(Script::new(Op::CreateRefund, Fault::AnswerLost).payment("order_7"))?;
//! // … let Veza talk to `sandbox.base_url()` …
//! sandbox.advance_clock(std::time::Duration::from_secs(86_400)).await?;
//! assert_eq!(sandbox.books().totals["usd"].refunded, 500);
//! # Ok(()) }
//! ```
//!
//! # Money
//! A captured payment adds its whole amount to the platform's balance (no fee of the provider): pending for
//! `card_money_available_after`, then available. A refund that succeeds, or a dispute that is opened, takes it back, from
//! what is pending first; the available balance may go below zero. A transfer moves available money to a connected
//! account, a reversal takes it back from there, a payout takes it to a bank, a payout that fails puts it back. A payment that
//! fails after success loses what was neither refunded nor disputed.
//!
//! # Saved methods
//! A payment with a customer and `setup_future_usage: off_session` keeps its method once it is paid and the customer has
//! accepted that (`customer_acceptance`; [`Control::pay`] accepts). It is charged without the customer by `off_session` and
//! `recurring_details`; [`Control::set_saved_method`] says what comes of it ([`Behaviour`]), [`Control::revoke_saved_method`]
//! ends it, and [`Books::charges`] has every try. `hyperswitch/methods.rs` says what the published API does not.
//!
//! # Scripts
//! A script says which call meets which fault: `{"on", "fault", "times"?, "for"?, "path"?, "payment_id"?, "match"?, "delay"?}`.
//! It is added by [`Control::script`], by `POST /control/scripts`, by a payment's `metadata.sandbox` (`"decline"`, or
//! `"read_payment:slow, webhook_lost"`), or by a magic amount. [`Script`] documents the fields, [`Op`] the values of `on`
//! (also `distributor`, `hyperswitch`, `stripe`, their `…_reads` and `…_writes`, `any`). A payment's scripts reach the Stripe calls whose
//! `transfer_group`, or metadata `payment_id` or `order_id`, is the payment's id, and the events of its transfers.
//!
//! | fault | what happens |
//! |---|---|
//! | `slow` | the effect at once, the answer after `delay` (5 s) |
//! | `slow_before_effect` | nothing for `delay` (5 s), then the effect and the answer |
//! | `answer_lost` | the effect, then the connection is cut without an answer |
//! | `request_lost` | the connection is cut, no effect |
//! | `error_after_effect` | the effect, then 500; at Stripe the 500 is what the key replays |
//! | `error_before_effect` | 500, no effect, nothing saved |
//! | `error_saved` | Stripe: 500 without effect, replayed under its key |
//! | `bad_gateway`, `unavailable` | 502, 503 of a proxy (HTML), no effect; `on: "stripe", times: 0` = that side is down |
//! | `rate_limited` | 429, no effect |
//! | `lock_timeout` | Stripe: 429 `lock_timeout` |
//! | `busy` | Hyperswitch: 422 `HE_00` |
//! | `key_in_use` | Stripe: 409 |
//! | `not_found` | 404, although the object is there |
//! | `html`, `wrong_json`, `error_in_200` | status 200 and a page, JSON of something else, or an error body; no effect |
//! | `garbled` | the effect, then a 200 whose JSON breaks off in the middle |
//! | `decline`, `processing`, `requires_action` | how the next charge attempt ends |
//! | `blocked` | HTTP 200 with an error body, no charge |
//! | `disputed` | the buyer disputes, `delay` (0) after the capture |
//! | `dispute_lost`, `dispute_won` | disputed at once, decided after `delay` (1 h) |
//! | `refund_pending` | stays pending, for `delay` or until the control API settles it |
//! | `refund_failed` | fails at once |
//! | `refund_fails_later`, `refund_succeeds_later` | ends one way, and the other way after `delay` (1 h) |
//! | `refund_not_supported` | check 11: 422 `IR_06` |
//! | `balance_insufficient` (`seller_without_balance`) | a transfer or a reversal is refused |
//! | `capability_missing` | a transfer is refused: `insufficient_capabilities_for_transfer` |
//! | `reversed_elsewhere` (`transfer_reversed_elsewhere`) | somebody reverses the transfer: right after `create_transfer`, or just before `create_reversal` |
//! | `release_rejected` | the platform rejects a release instead of taking it live |
//! | `payout_pending` | stays in transit, for `delay` or until the control API moves it |
//! | `payout_failed` | fails instead of arriving |
//! | `payout_fails_later` | arrives, and comes back after `delay` (1 d) |
//! | `webhook_lost` | the event is made and never sent (a manual resend works) |
//! | `webhook_doubled` | sent twice |
//! | `webhook_late` | first sent after `delay` (1 h) |
//! | `webhook_out_of_order` | sent after the next event of the same payment, or account (or `delay`, 60 s) |
//! | `webhook_before_answer` | delivered before the call that caused it is answered |
//! | `webhook_forged`, `webhook_unsigned` | a copy with a wrong signature, or none, precedes the genuine one |
//! | `webhook_stale` | Stripe: a copy that was signed an hour ago precedes the genuine one |
//!
//! Answers wait in real time, everything else in sandbox time. A card number of `4000000000000002` is declined.
//! [`MAGIC_AMOUNTS`], in minor units: 999000001 `decline`, …02 `processing`, …03 `requires_action`, …04 `slow`, …05
//! `answer_lost`, …06 `error_after_effect`, …07 `error_before_effect`, …08 `rate_limited`, …09 `busy`, …11 `refund_pending`,
//! …12 `refund_failed`, …13 `refund_fails_later`, …14 `refund_succeeds_later`, …21 `webhook_lost`, …22 `webhook_doubled`, …23
//! `webhook_late`, …24 `webhook_out_of_order`, …25 `webhook_before_answer`, …26 `webhook_forged`, …31 `disputed`, …32
//! `dispute_lost`, …33 `dispute_won`.
//!
//! # Control API
//! JSON, no key, from this machine only; the same functions as [`Control`]. A refusal is `{"error": "…"}` with 400 (body),
//! 404 (no such object) or 409 (not in this state).
//!
//! | call under `/control` | body | what it does |
//! |---|---|---|
//! | `GET /` | | a page for people |
//! | `GET /books` | | [`Books`] |
//! | `GET`, `POST`, `DELETE /scripts` | a script, or a list | scripts that wait |
//! | `GET`, `POST /clock` | `{"advance": "36h"}` | moves the clock through all that is due |
//! | `POST /payments/{id}/pay`, `/decline`, `/expire` | | what the customer or the bank does |
//! | `POST /payments/{id}/fail` | | a paid one turns out to have failed |
//! | `POST /payments/{id}/refund` | `{"amount"?}` | a refund from the PSP's dashboard |
//! | `POST /payments/{id}/dispute` | `{"amount"?, "reason"?, "reason_code"?, "stage"?, "respond_within"?}` | a dispute is opened |
//! | `POST /saved_methods/{id}` | `{"behaviour": "succeeds", "declines" or "requires_customer_action", "code"?, "message"?, "times"?}` | how it takes the charges that come |
//! | `POST /saved_methods/{id}/revoke` | | the customer, or the bank, takes the consent back |
//! | `POST /disputes/{id}/challenge`, `/expire`, `/accept`, `/cancel`, `/win`, `/lose` | | it goes on, or ends |
//! | `POST /disputes/{id}` | `{"status": "won", "stage"?}` | the same, from any status to any |
//! | `POST /refunds/{id}/succeed`, `/fail` | | settles it, also after it had ended the other way |
//! | `POST /accounts/{id}` | `{"transfers"?: "active", "payouts_enabled"?: true}` | Stripe's review |
//! | `POST /accounts/{id}/payout` | `{"currency"?, "amount"?, "status"?}` | positive balances go to the bank |
//! | `POST /payouts/{id}` | `{"status": "failed", "failure_code"?, "failure_message"?}` | it goes on, or comes back |
//! | `POST /payouts` | `{"daily": true}` | accounts that may pay out do so every midnight |
//! | `POST /accounts/{id}/deposit` | `{"amount", "currency"}` | money from outside; `{id}` may be `platform` |
//! | `GET /releases` | | what was handed in to the distributor |
//! | `POST /releases/{id}` | `{"status": "live", "reason"?}` | the platform's word, from any status to any |
//! | `POST /transfers` | `{"destination", "amount", "currency"}` | a transfer from Stripe's dashboard |
//! | `POST /transfers/{id}/reverse` | `{"amount"?}` | a reversal from Stripe's dashboard |
//! | `GET`, `POST /webhooks` | `{"mode": "auto" or "hold", "side"?: "stripe"}` | events so far; hold new ones |
//! | `POST /webhooks/release` | `{"order"?: "fifo" or "lifo", "copies"?: 1, "side"?}` | sends the held ones |
//! | `POST /webhooks/{event_id}/resend` | | sends the same bytes again |
//! | `POST /webhook_url` | `{"url", "target"?: "stripe"}` | where webhooks go: `hyperswitch`, `stripe`, `stripe_connect` |
//!
//! People use `GET /checkout/{payment_id}?client_secret=…` (Pay, Decline, Dispute, and what the bank says) and the onboarding page that an account
//! link leads to.
//!
//! # Where it is kinder than the real ones
//! A confirm without a payment method pays with a test card; accounts with `metadata[sandbox]=active` need no onboarding;
//! sessions do not expire by themselves. The log of received calls is kept in memory only.

mod config;
mod control;
mod core;
mod distributor;
mod form;
mod hyperswitch;
mod ids;
mod in_process;
mod inbound;
mod json;
mod model;
mod pages;
mod script;
mod server;
mod state;
mod store;
mod stripe;
mod table;
mod webhooks;
mod wire;

pub use config::{SandboxConfig, SandboxError};
pub use control::{
    Control, ControlError, ReleaseOrder,
    books::{Books, Call, Totals},
};
#[cfg(feature = "fuzzing")]
pub use form::decode as decode_form;
pub use hyperswitch::disputes::NewDispute;
pub use ids::Micros;
pub use in_process::{InProcess, Letter, Routes};
pub use model::{
    Account, Attempt, Balance, Behaviour, Charge, ChargeOutcome, Customer, Dispute, EventStatus, Forgery, Fund, MethodStatus, Payment,
    PaymentStatus, Payout, PayoutStatus, Refund, RefundStatus, Release, ReleaseStatus, Reversal, SavedMethod, StripeEvent, Target,
    Transfer, WebhookEvent,
};
pub use script::{Fault, MAGIC_AMOUNTS, Op, Script};
pub use server::Sandbox;
pub use store::StoreError;
pub use stripe::payouts::NewPayout;
pub use webhooks::{hyperswitch::sign, stripe::sign_stripe};
