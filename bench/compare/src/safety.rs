//! The safety round: what a shop does when calls come at once, answers are lost, messages come thrice, and the process is killed.
//!
//! Every round has a stand of its own with empty books. It ends when nothing is wrong any more, or when patience does; then the score is
//! taken. The client makes a repeat safe with what the shop's API has for that: Veza's has a key, Vendure's has nothing.

use crate::books::{self, Score};
use crate::provider::{delivery, pay};
use crate::session::Session;
use crate::shop::{PRICE, Placed, Shop, Stand};
use crate::speed::{CLIENTS, until_paid};
use futures_util::future::{join_all, try_join_all};
use serde_json::{Value, json};
use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};
use veza_bench::client::{self, Connection};
use veza_bench::failure::{Outcome, fail};
use veza_bench::progress;

/// Orders of a round.
const ORDERS: usize = 10;
/// Refunds of one order at once.
const REFUNDS_AT_ONCE: usize = 8;
/// Times that a client repeats what it was not told has worked.
const REPEATS: usize = 3;
/// Its pause before each.
const REPEAT_AFTER: Duration = Duration::from_secs(1);
/// Pause from order to order, where one that waits does not hold up the next.
const NEXT_AFTER: Duration = Duration::from_secs(4);
/// A quarter of the price: so that there is something left to be given away.
const PART: i64 = PRICE / 4;
/// Times that a copy which was not taken is sent again.
const DELIVERIES_MAX: usize = 5;
/// Kills in the round of kills, and how many orders the shop has been paid since its start when each comes.
const KILLS_AFTER: [usize; 5] = [8, 11, 14, 17, 20];
/// Longest wait for that.
const KILL_PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two looks at how many there are.
const KILL_LOOK_EVERY: Duration = Duration::from_millis(1);
/// What is under way gets so long to arrive before the first look.
const ARRIVAL: Duration = Duration::from_secs(3);
/// How long a shop may take to get everything right.
const PATIENCE: Duration = Duration::from_secs(90);

/// One kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Eight full refunds of an order at once.
    Refunds,
    /// The provider's answer to a partial refund is lost, so many times in a row.
    RefundAnswerLost(u32),
    /// The provider's answer to the opening of a payment is lost, twice in a row.
    PaymentAnswerLost,
    /// The message that a payment has succeeded comes three times at once.
    Webhooks,
    /// The shop is killed while buyers buy.
    Kills,
}

impl Round {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Refunds, Self::RefundAnswerLost(1), Self::RefundAnswerLost(2), Self::PaymentAnswerLost, Self::Webhooks, Self::Kills];

    /// For the reader.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Refunds => format!("{REFUNDS_AT_ONCE} full refunds of an order at once"),
            Self::RefundAnswerLost(1) => "answer to a refund of a quarter lost after effect".to_owned(),
            Self::RefundAnswerLost(times) => format!("the same, lost {times} times in a row"),
            Self::PaymentAnswerLost => "answer to the opening of a payment lost twice in a row".to_owned(),
            Self::Webhooks => "the same webhook three times at once".to_owned(),
            Self::Kills => format!("kill -9 amid {CLIENTS} checkouts, {} times", KILLS_AFTER.len()),
        }
    }

    /// What should have gone back of a payment of which so much was captured.
    fn refund_wanted(self, captured: i64) -> i64 {
        match self {
            Self::Refunds => captured,
            Self::RefundAnswerLost(_) => PART.min(captured),
            Self::PaymentAnswerLost | Self::Webhooks | Self::Kills => 0,
        }
    }

    /// Plays it with one shop.
    ///
    /// # Errors
    /// It could not be played; what the shop does wrong is in the score.
    pub fn play(self, shop: &dyn Shop, veza: &Path, folder: &Path) -> Outcome<Score> {
        let mut stand = Stand::set_up(shop, veza, folder)?;
        match self {
            Self::Kills => kills(&mut stand)?,
            Self::Refunds => client::run(refunds_at_once(&stand))?,
            Self::RefundAnswerLost(times) => client::run(refund_answers_lost(&stand, times))?,
            Self::PaymentAnswerLost => client::run(payment_answers_lost(&stand))?,
            Self::Webhooks => client::run(webhooks_at_once(&stand))?,
        }
        let score = client::run(self.settle(&stand))?;
        if score.orders_paid < ORDERS {
            return fail(format!("{}: only {} orders were paid: {score}", self.title(), score.orders_paid));
        }
        Ok(score)
    }

    async fn settle(self, stand: &Stand<'_>) -> Outcome<Score> {
        let since = Instant::now();
        loop {
            tokio::time::sleep(ARRIVAL).await;
            let score = books::compare(stand, |captured| self.refund_wanted(captured)).await?;
            if score.sound() || since.elapsed() > PATIENCE {
                progress!("  {}: {}: {score} (after {:.0?})", stand.shop.name(), self.title(), since.elapsed());
                return Ok(score);
            }
        }
    }
}

/// A buyer who has paid an order, and the order.
async fn sale(stand: &Stand<'_>, number: usize) -> Outcome<(Session, Placed)> {
    let mut buyer = stand.shop.log_in(stand.server.address, number).await?;
    let placed = stand.shop.place(&mut buyer, number, &format!("sale-{number}"), false).await?;
    pay(&mut Session::new(stand.provider.address()), &placed).await?;
    until_paid(stand.shop, &mut buyer, &placed).await?;
    Ok((buyer, placed))
}

async fn refunds_at_once(stand: &Stand<'_>) -> Outcome<()> {
    for number in 0..ORDERS {
        let (buyer, placed) = sale(stand, number).await?;
        let refunder = stand.shop.refunder(stand.server.address, &buyer).await?;
        let mut sessions: Vec<Session> = (0..REFUNDS_AT_ONCE).map(|_| refunder.again()).collect();
        let asked = sessions.iter_mut().enumerate().map(|(at, session)| {
            let (placed, key) = (&placed, format!("refund-{number}-{at}"));
            async move { stand.shop.refund(session, placed, PRICE, &key).await }
        });
        // Refusals are right answers here; the books say whether the whole was.
        let answers = join_all(asked).await;
        if number == 0 {
            let taken = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
            progress!("  {}: {taken} of {REFUNDS_AT_ONCE} refunds of the first order were taken on", stand.shop.name());
        }
    }
    Ok(())
}

async fn refund_answers_lost(stand: &Stand<'_>, times: u32) -> Outcome<()> {
    for number in 0..ORDERS {
        let (buyer, placed) = sale(stand, number).await?;
        let mut refunder = stand.shop.refunder(stand.server.address, &buyer).await?;
        lose(stand, "create_refund", times).await?;
        let key = format!("refund-{number}");
        for attempt in 0..=REPEATS {
            if attempt > 0 {
                tokio::time::sleep(REPEAT_AFTER).await;
            }
            if matches!(stand.shop.refund(&mut refunder, &placed, PART, &key).await, Ok(true)) {
                break;
            }
        }
    }
    Ok(())
}

async fn payment_answers_lost(stand: &Stand<'_>) -> Outcome<()> {
    let longest = Cell::new(Duration::ZERO);
    // One after the other, but nobody waits for a payment that takes its time.
    let orders = (0..ORDERS).map(|number| {
        let longest = &longest;
        async move {
            tokio::time::sleep(NEXT_AFTER * number as u32).await;
            let mut buyer = stand.shop.log_in(stand.server.address, number).await?;
            lose(stand, "create_payment", 2).await?;
            let (began, key) = (Instant::now(), format!("order-{number}"));
            let mut placed = stand.shop.place(&mut buyer, number, &key, false).await;
            for _ in 0..REPEATS {
                if placed.is_ok() {
                    break;
                }
                tokio::time::sleep(REPEAT_AFTER).await;
                placed = stand.shop.place(&mut buyer, number, &key, true).await;
            }
            let placed = placed?;
            longest.set(longest.get().max(began.elapsed()));
            pay(&mut Session::new(stand.provider.address()), &placed).await?;
            until_paid(stand.shop, &mut buyer, &placed).await
        }
    });
    try_join_all(orders).await?;
    progress!("  {}: the payment could be made after {:.0?} at the latest", stand.shop.name(), longest.get());
    Ok(())
}

/// The answers to the next calls of this kind are lost, after the effect.
async fn lose(stand: &Stand<'_>, call: &str, times: u32) -> Outcome<()> {
    stand.provider.control("scripts", &json!({"on": call, "fault": "answer_lost", "times": times})).await?;
    Ok(())
}

async fn webhooks_at_once(stand: &Stand<'_>) -> Outcome<()> {
    stand.provider.control("webhooks", &json!({"mode": "hold"})).await?;
    for number in 0..ORDERS {
        let mut buyer = stand.shop.log_in(stand.server.address, number).await?;
        let placed = stand.shop.place(&mut buyer, number, &format!("sale-{number}"), false).await?;
        pay(&mut Session::new(stand.provider.address()), &placed).await?;
        let books = stand.provider.books().await?;
        let of_it = |event: &&Value| event["payment_id"] == placed.payment.as_str() && event["event_type"] == "payment_succeeded";
        let Some(event) = books["webhooks"].as_array().into_iter().flatten().find(of_it) else {
            return fail(format!("no webhook was made for {}", placed.payment));
        };
        let request = delivery(stand.shop.webhook_path(), event);
        // A copy that is refused or dies comes again, as the provider would send it.
        let mut answered = 0;
        for _ in 0..DELIVERIES_MAX {
            let copies = (answered..3).map(|_| async {
                let answer = Connection::open(stand.server.address).await?.exchange(&request).await?.status;
                Ok::<_, veza_bench::failure::Failure>(answer)
            });
            answered += join_all(copies).await.into_iter().filter(|answer| matches!(answer, Ok(200..=299))).count();
        }
        until_paid(stand.shop, &mut buyer, &placed).await?;
    }
    Ok(())
}

fn kills(stand: &mut Stand<'_>) -> Outcome<()> {
    let next = Cell::new(0);
    for (kill, after) in KILLS_AFTER.into_iter().enumerate() {
        client::run(buy_until_killed(stand, kill, &next, after))?;
        let server = Stand::serve(stand.shop, stand.folder, stand.server.address, &stand.provider)?;
        stand.server = server;
    }
    progress!("  {}: {} checkouts were begun, {} kills", stand.shop.name(), next.get(), KILLS_AFTER.len());
    Ok(())
}

/// Kills the server as soon as `after` orders are paid: the buyers of the others are somewhere amid theirs.
async fn buy_until_killed(stand: &Stand<'_>, kill: usize, next: &Cell<usize>, after: usize) -> Outcome<()> {
    let numbers = (0..CLIENTS).map(|number| stand.shop.log_in(stand.server.address, kill * CLIENTS + number));
    let mut buyers = try_join_all(numbers).await?;
    let (paid, over) = (Cell::new(0), Cell::new(false));
    let buying = buyers.iter_mut().map(|buyer| async {
        let mut browser = Session::new(stand.provider.address());
        while !over.get() {
            let number = next.replace(next.get() + 1);
            let Ok(placed) = stand.shop.place(buyer, number, &format!("kill-{number}"), false).await else { return };
            if pay(&mut browser, &placed).await.is_err() || until_paid(stand.shop, buyer, &placed).await.is_err() {
                return;
            }
            paid.set(paid.get() + 1);
        }
    });
    let killing = async {
        let since = Instant::now();
        while paid.get() < after && since.elapsed() < KILL_PATIENCE {
            tokio::time::sleep(KILL_LOOK_EVERY).await;
        }
        over.set(true);
        stand.server.strike()
    };
    let (_, killed) = tokio::join!(join_all(buying), killing);
    killed
}
