//! `veza demo`: an embedded instance, a sale, a refund and the faults in between, told line by line.
//!
//! Every figure comes from the API or from the sandbox's books. At the end the three books (ours, the PSP's and Connect's)
//! stand side by side; when they differ the command exits with 1.

mod books;
mod cast;

use crate::config::Config;
use crate::wiring::{self, Running};
use books::Books;
use cast::{Cast, Person};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use veza_domain::money::Money;
use veza_sandbox::{Control, ControlError, Fault, Op, ReleaseOrder, Script};

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The instance did not start.
    #[error("the embedded instance did not start: {0}")]
    Start(String),
    /// The API answered what the story does not have.
    #[error("{what}: {answer}")]
    Answer {
        /// The step.
        what: String,
        /// What came instead.
        answer: String,
    },
    /// A state that should have come did not.
    #[error("waited in vain for: {0}")]
    Waited(String),
    /// The API could not be reached.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// The sandbox refused a control.
    #[error(transparent)]
    Sandbox(#[from] ControlError),
    /// A temporary folder could not be made.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Longest wait for one step of the story.
const PATIENCE: Duration = Duration::from_secs(30);

/// The command: 0 when the books agree, 1 when they don't or the story could not be told.
pub async fn command(plant_fault: bool) -> ExitCode {
    match run(plant_fault).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            super::say_error(&format!("the demo broke off: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells the story. `plant_fault`: a refund is made behind our back and its message lost, so that the books differ (a test
/// uses it to see that the comparison can fail). True: the books agree.
///
/// # Errors
/// [`DemoError`] when the story can't be told to its end.
pub async fn run(plant_fault: bool) -> Result<bool, DemoError> {
    let folder = TempDir::new()?;
    let running = start(&folder.0).await?;
    let told = tell(&running, &folder.0, plant_fault).await;
    running.shutdown().await;
    told
}

/// A folder that goes with the story.
struct TempDir(PathBuf);

impl TempDir {
    fn new() -> Result<Self, std::io::Error> {
        let path = std::env::temp_dir().join(format!("veza-demo-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn start(folder: &Path) -> Result<Running, DemoError> {
    let settings = [
        ("DATA_DIR", folder.to_string_lossy().into_owned()),
        ("BIND_ADDR", "127.0.0.1:0".to_owned()),
        ("SANDBOX_BIND_ADDR", "127.0.0.1:0".to_owned()),
        ("RATE_LIMITS", "off".to_owned()),
        ("PROVIDER_TIMEOUT", "3s".to_owned()),
        ("TRANSFER_RETRY_BACKOFF_BASE", "1s".to_owned()),
        ("REVERSAL_BACKOFF_BASE", "1s".to_owned()),
        ("TRANSFER_RETRY_BACKOFF_MAX", "1s".to_owned()),
        ("TRANSFER_RETRY_CHECK_INTERVAL", "1s".to_owned()),
        ("REVERSAL_BACKOFF_MAX", "1s".to_owned()),
        ("REVERSAL_CHECK_INTERVAL", "1s".to_owned()),
    ];
    let config = Config::from_pairs(settings).map_err(|error| DemoError::Start(error.to_string()))?;
    wiring::start(config).await.map_err(|error| DemoError::Start(error.to_string()))
}

async fn tell(running: &Running, folder: &Path, plant_fault: bool) -> Result<bool, DemoError> {
    let sandbox = running.sandbox().map(|sandbox| sandbox.control()).ok_or_else(|| DemoError::Start("no sandbox".to_owned()))?;
    let cast = Cast::new(running, folder);
    say(&format!("Veza runs at {} on a fresh SQLite file; the sandbox stands in for Hyperswitch and Stripe Connect.", cast.base()));

    chapter("People");
    let seller = cast.sign_up("mara").await?;
    seller.post("/api/v1/me/creator", Value::Null, 200).await?;
    seller.post("/api/v1/subscriptions/subscribe", json!({"plan": "premium", "cycle": "monthly"}), 201).await?;
    let account = seller.post("/api/v1/seller/onboarding", Value::Null, 200).await?["account_id"].as_str().unwrap_or_default().to_owned();
    sandbox.set_account(&account, Some("active"), Some(true))?;
    seller.post("/api/v1/seller/onboarding", Value::Null, 200).await?;
    say(&format!("A seller has proven an address, become a creator, tries a plan that may sell, and can receive transfers at {account}."));
    let buyer = cast.sign_up("jonas").await?;
    let admin = cast.admin("demo-admin").await?;
    say("A buyer has proven an address; an admin watches.");

    let order = sale(&sandbox, &cast, &seller, &buyer).await?;
    refund(&sandbox, &seller, &buyer, &account, &order).await?;
    second_sale(&cast, &seller, &buyer).await?;
    if plant_fault {
        planted(&sandbox, &cast, &seller, &buyer).await?;
    }

    chapter("The three books");
    let books = Books::read(&admin, &sandbox).await?;
    for line in books.table() {
        say(&line);
    }
    let agree = books.agree();
    say(if agree { "They agree to the cent." } else { "THEY DON'T AGREE." });
    Ok(agree)
}

/// A sale whose webhooks come late, doubled and in the wrong order.
async fn sale(sandbox: &Control, cast: &Cast, seller: &Person, buyer: &Person) -> Result<String, DemoError> {
    chapter("A sale, with doubled and reordered webhooks");
    let product = seller.publish("Night Drive", 4_900).await?;
    let placed = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]}), 201).await?;
    let order = placed["order"]["id"].as_str().unwrap_or_default().to_owned();
    say(&format!("The buyer confirms an order of {}; its payment has the order's id.", money(&placed["order"]["total"])));

    sandbox.hold_webhooks(true)?;
    cast.decline_in_browser(&placed["payment"]).await?;
    say("The first card is declined; the buyer tries another one and pays. No message has arrived yet.");
    cast.pay_in_browser(&placed["payment"]).await?;
    let released = sandbox.release_webhooks(ReleaseOrder::Lifo, 2).await?;
    sandbox.hold_webhooks(false)?;
    say(&format!("The PSP sends {} messages, newest first and each twice: the success before the failure.", released.len()));
    let shown = buyer.until_order(&order, "completed").await?;
    say(&format!("The order is {}: the stale failure has undone nothing.", text(&shown["status"])));
    let licences = buyer.get("/api/v1/me/licenses").await?;
    say(&format!("The buyer holds {} licence.", licences["items"].as_array().map_or(0, Vec::len)));
    let transfer = seller.until_transfer(&order, "completed").await?;
    let fee = shown["total"]["amount"].as_i64().unwrap_or(0) - transfer["amount"]["amount"].as_i64().unwrap_or(0);
    say(&format!(
        "{} went to the seller as {}; the fee of {} stays.",
        money(&transfer["amount"]),
        text(&transfer["stripe_transfer_id"]),
        cents(fee)
    ));
    Ok(order)
}

/// A refund whose answer is lost, and a reversal that an empty account delays.
async fn refund(sandbox: &Control, seller: &Person, buyer: &Person, account: &str, order: &str) -> Result<(), DemoError> {
    chapter("A refund with a lost answer, a reversal that has to wait");
    sandbox.payout(account)?;
    say("Connect pays the seller's balance out to a bank: the account is empty.");
    sandbox.script(Script::new(Op::CreateRefund, Fault::AnswerLost))?;
    let asked = buyer.post(&format!("/api/v1/marketplace/orders/{order}/refund"), json!({"reason": "changed my mind"}), 202).await?;
    let amount = money(&asked["refund"]["amount"]);
    say(&format!(
        "The buyer asks for {amount} back. The PSP carries it out and the connection breaks: the refund is {}.",
        text(&asked["refund"]["status"])
    ));
    let shown = buyer.until_order(order, "refunded").await?;
    say(&format!("The PSP's word arrives: the order is {}, {} went back, once.", text(&shown["status"]), money(&shown["refunded"])));
    let waiting = seller.until("a delayed reversal", |transfers| {
        transfers.iter().find(|transfer| transfer["status"] == "reversal_pending" && transfer["last_error"].is_string()).cloned()
    });
    let waiting = waiting.await?;
    let balance = seller.get("/api/v1/seller/balance").await?;
    say(&format!("Taking the share back is refused: \"{}\"", text(&waiting["last_error"])));
    say(&format!("The seller owes {}; the buyer has not waited for it.", money(&balance["owed"][0])));
    let owed = balance["owed"][0]["amount"].as_i64().unwrap_or(0);
    sandbox.deposit(account, "EUR", owed)?;
    let transfer = seller.until_transfer(order, "reversed").await?;
    say(&format!(
        "Money arrives in the seller's account; {} is taken back as {}.",
        money(&transfer["amount_reversed"]),
        text(&transfer["stripe_reversal_id"])
    ));
    let balance = seller.get("/api/v1/seller/balance").await?;
    say(&format!("The seller owes {}.", money(&balance["owed"][0])));
    Ok(())
}

/// A sale that stays, and a part of it that goes back.
async fn second_sale(cast: &Cast, seller: &Person, buyer: &Person) -> Result<(), DemoError> {
    chapter("A second sale, of which a third goes back");
    let product = seller.publish("Morning Tape", 1_500).await?;
    let placed = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]}), 201).await?;
    let order = placed["order"]["id"].as_str().unwrap_or_default().to_owned();
    cast.pay_in_browser(&placed["payment"]).await?;
    buyer.until_order(&order, "completed").await?;
    let transfer = seller.until_transfer(&order, "completed").await?;
    say(&format!("{} are paid, {} arrive at the seller.", money(&placed["order"]["total"]), money(&transfer["amount"])));
    buyer.post(&format!("/api/v1/marketplace/orders/{order}/refund"), json!({"amount": 500}), 202).await?;
    let shown = buyer.until_order(&order, "partially_refunded").await?;
    let taken_back = |transfers: &[Value]| {
        transfers.iter().find(|transfer| transfer["order_id"] == order.as_str() && transfer["amount_reversed"]["amount"] != 0).cloned()
    };
    let transfer = seller.until("a share taken back", taken_back).await?;
    say(&format!("{} go back to the buyer, {} of them from the seller.", money(&shown["refunded"]), money(&transfer["amount_reversed"])));
    Ok(())
}

/// Somebody refunds at the PSP, and the message is lost.
async fn planted(sandbox: &Control, cast: &Cast, seller: &Person, buyer: &Person) -> Result<(), DemoError> {
    chapter("A planted fault");
    let product = seller.publish("Planted", 1_000).await?;
    let placed = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]}), 201).await?;
    let order = placed["order"]["id"].as_str().unwrap_or_default().to_owned();
    cast.pay_in_browser(&placed["payment"]).await?;
    buyer.until_order(&order, "completed").await?;
    seller.until_transfer(&order, "completed").await?;
    sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost))?;
    sandbox.refund_from_dashboard(&order, Some(1_000))?;
    say("10.00 EUR are refunded at the PSP behind our back, and the message is lost.");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the story is what this command is for")]
fn say(line: &str) {
    println!("  {line}");
}

#[expect(clippy::print_stdout, reason = "the story is what this command is for")]
fn chapter(title: &str) {
    println!("\n{title}");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("?").to_owned()
}

fn money(value: &Value) -> String {
    let currency = value["currency"].as_str().and_then(|code| code.parse().ok());
    match (value["amount"].as_i64(), currency) {
        (Some(amount), Some(currency)) => Money::new(amount, currency).to_string(),
        _ => "nothing".to_owned(),
    }
}

fn cents(amount: i64) -> String {
    money(&json!({"amount": amount, "currency": "EUR"}))
}
