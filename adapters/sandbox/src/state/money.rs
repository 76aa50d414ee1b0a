//! Balances: what moves them, and nothing else does.

use crate::{ids::micros, model::*};

use super::{Due, PLATFORM, State};

impl State {
    pub(crate) fn balance(&self, owner: &str, currency: &str) -> i64 {
        self.balances.get(&Balance::key(owner, currency)).map_or(0, |balance| balance.available)
    }

    /// Adds to a balance (negative: takes); saturates rather than wraps.
    pub(crate) fn adjust(&mut self, owner: &str, currency: &str, available: i64, pending: i64) {
        self.edit_balance(owner, currency, |balance| {
            balance.available = balance.available.saturating_add(available);
            balance.pending = balance.pending.saturating_add(pending);
        });
    }

    /// Money arrives from outside.
    pub(crate) fn deposit(&mut self, owner: &str, currency: &str, amount: i64) {
        self.edit_balance(owner, currency, |balance| {
            balance.available = balance.available.saturating_add(amount);
            balance.deposited = balance.deposited.saturating_add(amount);
        });
    }

    fn edit_balance(&mut self, owner: &str, currency: &str, change: impl FnOnce(&mut Balance)) {
        let key = Balance::key(owner, currency);
        if !self.balances.contains(&key) {
            let currency = currency.to_ascii_lowercase();
            self.balances.put(Balance { key: key.clone(), owner: owner.to_owned(), currency, available: 0, pending: 0, deposited: 0 });
        }
        if let Some(balance) = self.balances.edit(&key) {
            change(balance);
        }
    }

    /// Captured money arrives: at once, or pending for `card_money_available_after`.
    pub(crate) fn fund(&mut self, payment_id: &str, amount: i64) {
        let delay = micros(self.settings.card_money_available_after);
        let available_at = self.now.saturating_add(delay);
        let Some(payment) = self.payments.edit(payment_id) else { return };
        payment.funds.push(Fund { amount, available_at, released: delay == 0 });
        let (currency, index) = (payment.currency.clone(), payment.funds.len() - 1);
        if delay == 0 {
            self.adjust(PLATFORM, &currency, amount, 0);
        } else {
            self.adjust(PLATFORM, &currency, 0, amount);
            self.schedule(available_at, Due::Fund { payment_id: payment_id.to_owned(), index });
        }
    }

    pub(super) fn release_fund(&mut self, payment_id: &str, index: usize) {
        let Some(payment) = self.payments.edit(payment_id) else { return };
        let currency = payment.currency.clone();
        if let Some(fund) = payment.funds.get_mut(index).filter(|fund| !fund.released) {
            fund.released = true;
            let amount = fund.amount;
            self.adjust(PLATFORM, &currency, amount, -amount);
        }
    }

    /// Takes money of a payment back from the platform: what is still pending first, then what is available,
    /// which may go below zero.
    pub(crate) fn withdraw(&mut self, payment_id: &str, amount: i64) {
        let Some(payment) = self.payments.edit(payment_id) else { return };
        let currency = payment.currency.clone();
        let mut left = amount;
        for fund in payment.funds.iter_mut().filter(|fund| !fund.released) {
            let taken = left.min(fund.amount);
            fund.amount -= taken;
            left -= taken;
        }
        self.adjust(PLATFORM, &currency, -left, left - amount);
    }

    /// Gives the platform money of a payment again (a refund that failed after all, a dispute that was won).
    pub(crate) fn give_back(&mut self, payment_id: &str, amount: i64) {
        if let Some(currency) = self.payments.get(payment_id).map(|payment| payment.currency.clone()) {
            self.adjust(PLATFORM, &currency, amount, 0);
        }
    }
}
