//! The shop's books beside the provider's, payment by payment: what the score is made of.

use crate::provider::Money;
use crate::shop::{Entry, Stand};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::AddAssign;
use veza_bench::failure::Outcome;

/// Where the two books, and what was wanted, differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Cents that the provider took from a buyer, or gave back, other than was wanted.
    pub cents_moved: i64,
    /// Cents by which the shop's books differ from the provider's, on orders that both know as paid.
    pub cents_booked: i64,
    /// Orders and refunds that wait for something that does not come.
    pub stuck: usize,
    /// Orders that the shop calls paid, and nobody has paid.
    pub orders_without_money: usize,
    /// Payments of which the shop does not know.
    pub money_without_orders: usize,
    /// Orders that the shop calls paid, for the reader.
    pub orders_paid: usize,
}

impl Score {
    /// Is nothing wrong?
    #[must_use]
    pub fn sound(&self) -> bool {
        Self { orders_paid: 0, ..*self } == Self::default()
    }
}

impl AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.cents_moved += other.cents_moved;
        self.cents_booked += other.cents_booked;
        self.stuck += other.stuck;
        self.orders_without_money += other.orders_without_money;
        self.money_without_orders += other.money_without_orders;
        self.orders_paid += other.orders_paid;
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cents_moved, cents_booked, stuck, orders_without_money, money_without_orders, orders_paid } = self;
        write!(
            f,
            "{cents_moved} cents moved wrongly, {cents_booked} booked wrongly, {stuck} stuck, {orders_without_money} orders without money, \
             {money_without_orders} money without orders, {orders_paid} orders paid"
        )
    }
}

/// Compares them now. `refund_wanted`: what should have gone back of a payment of so much that was captured.
///
/// # Errors
/// One of them can't be read.
pub async fn compare(stand: &Stand<'_>, refund_wanted: impl Fn(i64) -> i64) -> Outcome<Score> {
    let money = stand.provider.money().await?;
    Ok(judge(stand.shop.entries(stand.folder)?, money, refund_wanted))
}

fn judge(entries: Vec<Entry>, mut money: BTreeMap<String, Money>, refund_wanted: impl Fn(i64) -> i64) -> Score {
    let mut score = Score::default();
    for entry in entries {
        let held = money.remove(&entry.payment).unwrap_or_default();
        score.orders_paid += usize::from(entry.paid > 0);
        score.stuck += usize::from(!entry.waits.is_empty());
        score.cents_moved += (held.refunded - refund_wanted(held.captured)).abs();
        match (entry.paid > 0, held.captured > 0) {
            (true, false) => score.orders_without_money += 1,
            (false, true) => score.money_without_orders += 1,
            (true, true) => {
                score.cents_booked += (entry.paid - held.captured).abs() + (entry.refunded - held.refunded).abs();
            }
            (false, false) => {}
        }
    }
    // What is left belongs to no order at all.
    score.money_without_orders += money.values().filter(|held| held.captured > 0).count();
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(payment: &str, paid: i64, refunded: i64) -> Entry {
        Entry { payment: payment.to_owned(), state: String::new(), paid, refunded, waits: String::new() }
    }

    #[test]
    fn every_kind_of_wrong_is_counted_as_what_it_is() {
        let entries = vec![
            order("right", 1000, 250),
            order("open", 0, 0),
            order("twice refunded", 1000, 250),
            order("booked thrice", 3000, 250),
            order("not paid", 1000, 0),
            order("not noticed", 0, 0),
            Entry { waits: "its refund is pending".to_owned(), ..order("waits", 1000, 250) },
        ];
        let held = |captured, refunded| Money { captured, refunded };
        let money = [
            ("right", held(1000, 250)),
            ("open", held(0, 0)),
            ("twice refunded", held(1000, 500)),
            ("booked thrice", held(1000, 250)),
            ("not noticed", held(1000, 250)),
            ("waits", held(1000, 250)),
            ("of no order", held(1000, 0)),
        ];
        let money = money.into_iter().map(|(payment, held)| (payment.to_owned(), held)).collect();
        let score = judge(entries, money, |captured| captured / 4);
        let wanted = Score {
            cents_moved: 250,
            cents_booked: 250 + 2000,
            stuck: 1,
            orders_without_money: 1,
            money_without_orders: 2,
            orders_paid: 5,
        };
        assert_eq!(score, wanted);
        assert!(!score.sound() && Score { orders_paid: 7, ..Score::default() }.sound());
    }
}
