//! What people do in a case. Each step is repeated until it is answered; what comes of it is waited for.

use crate::client::until;
use crate::ground::Ground;
use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, Script};

/// A flow of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Ordered, paid, delivered, the seller's share sent.
    Sale,
    /// All of a sale goes back.
    Refund,
    /// A part of a sale goes back.
    PartialRefund,
    /// The first try to send a share is refused, the answer to the second is lost.
    Transfer,
    /// A share is taken back: refused at first because the account is empty, then the answer is lost.
    Reversal,
    /// A dispute, decided for us.
    DisputeWon,
    /// A dispute, decided for the buyer.
    DisputeLost,
    /// The PSP's message about a payment never comes.
    Reconcile,
    /// A plan is chosen and paid.
    Plan,
    /// A plan is chosen, paid, and renewed at once from the kept payment method; the answer to that charge is lost.
    Renewal,
}

impl Flow {
    /// Every flow.
    pub const ALL: [Self; 10] = [
        Self::Sale,
        Self::Refund,
        Self::PartialRefund,
        Self::Transfer,
        Self::Reversal,
        Self::DisputeWon,
        Self::DisputeLost,
        Self::Reconcile,
        Self::Plan,
        Self::Renewal,
    ];

    /// As it is shown and asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::PartialRefund => "partial_refund",
            Self::Transfer => "transfer",
            Self::Reversal => "reversal",
            Self::DisputeWon => "dispute_won",
            Self::DisputeLost => "dispute_lost",
            Self::Reconcile => "reconcile",
            Self::Plan => "plan",
            Self::Renewal => "renewal",
        }
    }

    /// The order's status and its transfer's at the end, whoever was killed on the way.
    #[must_use]
    pub fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::Sale | Self::Transfer | Self::DisputeWon | Self::Reconcile => ("completed", "completed"),
            Self::Refund | Self::Reversal => ("refunded", "reversed"),
            Self::PartialRefund => ("partially_refunded", "completed"),
            Self::DisputeLost => ("charged_back", "reversed"),
            Self::Plan | Self::Renewal => ("completed", "none"),
        }
    }

    /// What the server is told in it on top of what it is always told.
    pub(crate) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            // So that what waits for the reconciler does not wait long. In other flows it looks as late as it does in earnest: what a
            // kill leaves behind is the other workers' to finish.
            Self::Reconcile => &[("RECONCILE_INTERVAL", "200ms"), ("RECONCILE_ORDER_STUCK_AFTER", "300ms")],
            // More than a month ahead: the next period is charged as soon as one is paid, and then not again for weeks.
            Self::Renewal => &[("SUBSCRIPTION_RENEWAL_LEAD", "32d")],
            Self::Sale
            | Self::Refund
            | Self::PartialRefund
            | Self::Transfer
            | Self::Reversal
            | Self::DisputeWon
            | Self::DisputeLost
            | Self::Plan => &[],
        }
    }

    /// What the providers are to do in it; said before the server starts.
    pub(crate) fn scripts(self) -> Vec<Script> {
        match self {
            Self::Transfer => {
                vec![Script::new(Op::CreateTransfer, Fault::BalanceInsufficient), Script::new(Op::CreateTransfer, Fault::AnswerLost)]
            }
            Self::Reversal => {
                vec![Script::new(Op::CreateReversal, Fault::BalanceInsufficient), Script::new(Op::CreateReversal, Fault::AnswerLost)]
            }
            Self::Reconcile => vec![Script::new(Op::Webhook, Fault::WebhookLost)],
            Self::Sale | Self::Refund | Self::PartialRefund | Self::DisputeWon | Self::DisputeLost | Self::Plan | Self::Renewal => {
                Vec::new()
            }
        }
    }

    /// Plays it to its end; the order that it was about.
    pub(crate) async fn play(self, ground: &Ground) -> Result<String, String> {
        let order = ground.order.clone();
        match self {
            Self::Sale | Self::Transfer | Self::Reconcile => return buy(ground).await,
            Self::Plan => return subscribe(ground, &[]).await,
            Self::Renewal => {
                subscribe(ground, &[Script::new(Op::CreatePayment, Fault::AnswerLost)]).await?;
                return renewed(ground).await;
            }
            Self::Refund | Self::Reversal => refund(ground, json!({})).await?,
            Self::PartialRefund => refund(ground, json!({"amount": 333})).await?,
            Self::DisputeWon | Self::DisputeLost => {
                let dispute = told(ground.sandbox.dispute(&order, None))?;
                until_order(ground, &order, "disputed").await?;
                if self == Self::DisputeWon {
                    told(ground.sandbox.set_dispute(&dispute, "challenged"))?;
                    until("messages that have arrived", async || ground.messages_on_their_way().eq(&0).then_some(())).await?;
                    told(ground.sandbox.set_dispute(&dispute, "won"))?;
                } else {
                    told(ground.sandbox.set_dispute(&dispute, "lost"))?;
                }
            }
        }
        Ok(order)
    }
}

fn told<T>(result: Result<T, veza_sandbox::ControlError>) -> Result<T, String> {
    result.map_err(|error| format!("the sandbox refuses: {error}"))
}

async fn buy(ground: &Ground) -> Result<String, String> {
    let wish = json!({"items": [{"product_id": ground.product}]});
    let mut last = None;
    let ordered = until("an order", async || {
        let call = ground.buyer.call(reqwest::Method::POST, "/api/v1/marketplace/orders", wish.clone(), Some("a sale"));
        let (_, body) = last.insert(call.await?);
        body["order"]["id"].as_str().or(body["order_id"].as_str()).map(str::to_owned)
    });
    let order = ordered.await.map_err(|error| format!("{error}; last {last:?}"))?;
    // The payment is there once the call that opens it was made, by the request or by the worker that comes after it.
    until("a payment that can be paid", async || ground.sandbox.pay(&order).ok()).await?;
    Ok(order)
}

/// Chooses a plan and pays it; `then` is what the providers do after its payment was made.
async fn subscribe(ground: &Ground, then: &[Script]) -> Result<String, String> {
    let wish = json!({"plan": "creator", "cycle": "monthly"});
    let chosen = ground.buyer.post_until("/api/v1/subscriptions/subscribe", wish, Some("a plan"), &[201]).await?;
    let payment = chosen["payment"]["payment_id"].as_str().ok_or_else(|| format!("no payment in {chosen}"))?.to_owned();
    for script in then {
        told(ground.sandbox.script(script.clone()))?;
    }
    told(ground.sandbox.pay(&payment))?;
    Ok(payment)
}

/// The payment of the period after the first.
async fn renewed(ground: &Ground) -> Result<String, String> {
    let paid = async || {
        let invoices = ground.buyer.get("/api/v1/subscriptions/invoices").await?;
        let paid = |invoice: &&Value| invoice["reason"] == "renewal" && invoice["status"] == "paid";
        invoices["items"].as_array()?.iter().find(paid)?["payment_id"].as_str().map(str::to_owned)
    };
    until("a renewal that is paid", paid).await
}

async fn refund(ground: &Ground, body: Value) -> Result<(), String> {
    let path = format!("/api/v1/marketplace/orders/{}/refund", ground.order);
    ground.buyer.post_until(&path, body, Some("a refund"), &[202]).await.map(drop)
}

async fn until_order(ground: &Ground, order: &str, status: &str) -> Result<(), String> {
    let path = format!("/api/v1/marketplace/orders/{order}");
    let seen = async || ground.buyer.get(&path).await.filter(|body| body["status"] == status).map(drop);
    until(&format!("an order that is {status}"), seen).await
}
