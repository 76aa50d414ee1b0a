//! The sandbox's own books: what a test compares with Veza's to the cent.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    ids::Micros,
    inbound::Inbound,
    model::*,
    script::{Facts, Fault, Op},
    state::{PLATFORM, State},
};

/// One received call.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// When it arrived.
    pub at: Micros,
    /// What it was.
    pub op: Op,
    /// HTTP method.
    pub method: String,
    /// HTTP path.
    pub path: String,
    /// `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// Payment that it concerned, if that was known.
    pub payment_id: Option<String>,
    /// Faults of the transport that it met.
    pub faults: Vec<Fault>,
}

impl Call {
    pub(crate) fn of(call: &Inbound, op: Op, facts: &Facts, faults: Vec<Fault>, at: Micros) -> Self {
        Self {
            at,
            op,
            method: call.method.clone(),
            path: call.path.clone(),
            idempotency_key: call.idempotency_key().map(str::to_owned),
            payment_id: facts.payment_id.clone(),
            faults,
        }
    }
}

/// Money of one currency (lower case), in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Captured by payments.
    pub captured: i64,
    /// Refunds that succeeded.
    pub refunded: i64,
    /// Refunds still pending.
    pub refunds_pending: i64,
    /// Withdrawn for disputes that are open or lost.
    pub disputed: i64,
    /// Of it, lost for good.
    pub disputes_lost: i64,
    /// Taken back because payments failed after success; not in `captured`.
    pub failed_after_success: i64,
    /// Moved to connected accounts.
    pub transferred: i64,
    /// Taken back from them.
    pub reversed: i64,
    /// Gone to their banks, and not come back.
    pub paid_out: i64,
    /// Of it, not arrived yet.
    pub payouts_on_their_way: i64,
    /// Came back from their banks.
    pub payouts_failed: i64,
    /// Came from outside, to the platform and to connected accounts.
    pub deposited: i64,
    /// Platform, ready for transfers.
    pub platform_available: i64,
    /// Platform, captured and not yet available.
    pub platform_pending: i64,
    /// Held by all connected accounts.
    pub accounts_available: i64,
}

/// A picture of everything.
#[derive(Debug, Clone, Serialize)]
pub struct Books {
    /// When it was taken.
    pub now: Micros,
    /// Oldest first.
    pub payments: Vec<Payment>,
    /// Oldest first.
    pub refunds: Vec<Refund>,
    /// Oldest first.
    pub disputes: Vec<Dispute>,
    /// In the order in which they were first named.
    pub customers: Vec<Customer>,
    /// Oldest first.
    pub saved_methods: Vec<SavedMethod>,
    /// Every try to charge, declined ones too, oldest first.
    pub charges: Vec<Charge>,
    /// Oldest first.
    pub accounts: Vec<Account>,
    /// Oldest first.
    pub transfers: Vec<Transfer>,
    /// Oldest first.
    pub reversals: Vec<Reversal>,
    /// Oldest first.
    pub payouts: Vec<Payout>,
    /// Per owner and currency.
    pub balances: Vec<Balance>,
    /// Per currency, lower case.
    pub totals: BTreeMap<String, Totals>,
    /// Objects made per merchant id or idempotency key: `payment:<id>`, `refund:<id>`, `transfer:<key>`,
    /// `reversal:<key>`, `account:<key>`. More than 1 is a doubled effect (a key reused after 24 h).
    pub created: BTreeMap<String, u64>,
    /// Calls received per idempotency key, as far as the log goes back.
    pub received: BTreeMap<String, u64>,
    /// Calls received, oldest first; kept in memory only, the last 10 000.
    pub calls: Vec<Call>,
    /// Hyperswitch's webhook events with their attempts.
    pub webhooks: Vec<WebhookEvent>,
    /// Stripe's webhook events, of both endpoints, with their attempts.
    pub stripe_webhooks: Vec<WebhookEvent>,
}

impl Books {
    pub(crate) fn of(state: &State) -> Self {
        let mut received = BTreeMap::new();
        for key in state.calls.iter().filter_map(|call| call.idempotency_key.clone()) {
            *received.entry(key).or_default() += 1;
        }
        let (webhooks, stripe_webhooks) = state.events.rows().iter().cloned().partition(|event| event.target == Target::Hyperswitch);
        Self {
            now: state.now,
            payments: state.payments.rows().to_vec(),
            refunds: state.refunds.rows().to_vec(),
            disputes: state.disputes.rows().to_vec(),
            customers: state.customers.rows().to_vec(),
            saved_methods: state.saved_methods.rows().to_vec(),
            charges: state.charges.rows().to_vec(),
            accounts: state.accounts.rows().to_vec(),
            transfers: state.transfers.rows().to_vec(),
            reversals: state.reversals.rows().to_vec(),
            payouts: state.payouts.rows().to_vec(),
            balances: state.balances.rows().to_vec(),
            totals: totals(state),
            created: created(state),
            received,
            calls: state.calls.iter().cloned().collect(),
            webhooks,
            stripe_webhooks,
        }
    }

    /// A payment by id.
    pub fn payment(&self, payment_id: &str) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.payment_id == payment_id)
    }

    /// A refund by id.
    pub fn refund(&self, refund_id: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.refund_id == refund_id)
    }

    /// A transfer by id.
    pub fn transfer(&self, id: &str) -> Option<&Transfer> {
        self.transfers.iter().find(|transfer| transfer.id == id)
    }

    /// A dispute by id.
    pub fn dispute(&self, dispute_id: &str) -> Option<&Dispute> {
        self.disputes.iter().find(|dispute| dispute.dispute_id == dispute_id)
    }

    /// The charges of a customer that were approved, oldest first.
    pub fn charged<'a>(&'a self, customer_id: &'a str) -> impl Iterator<Item = &'a Charge> {
        self.approved().filter(move |charge| charge.customer_id.as_deref() == Some(customer_id))
    }

    /// The charges that were approved, of payments whose metadata have this value, oldest first.
    pub fn charged_for<'a>(&'a self, key: &'a str, value: &'a str) -> impl Iterator<Item = &'a Charge> {
        let named = move |charge: &&Charge| charge.metadata.as_ref().and_then(|metadata| metadata.get(key)?.as_str()) == Some(value);
        self.approved().filter(named)
    }

    fn approved(&self) -> impl Iterator<Item = &Charge> {
        self.charges.iter().filter(|charge| charge.outcome == ChargeOutcome::Approved)
    }

    /// The methods of a customer that may be charged, oldest first.
    pub fn saved_methods_of<'a>(&'a self, customer_id: &'a str) -> impl Iterator<Item = &'a SavedMethod> {
        let of = move |method: &&SavedMethod| method.customer_id == customer_id && method.status == MethodStatus::Active;
        self.saved_methods.iter().filter(of)
    }

    /// A payout by id.
    pub fn payout(&self, id: &str) -> Option<&Payout> {
        self.payouts.iter().find(|payout| payout.id == id)
    }

    /// What an owner (`"platform"` or an account) has available.
    pub fn available(&self, owner: &str, currency: &str) -> i64 {
        let key = Balance::key(owner, currency);
        self.balances.iter().find(|balance| balance.key == key).map_or(0, |balance| balance.available)
    }
}

fn totals(state: &State) -> BTreeMap<String, Totals> {
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    let mut of = |currency: &str, add: &dyn Fn(&mut Totals)| {
        add(totals.entry(currency.to_ascii_lowercase()).or_default());
    };
    for payment in state.payments.rows() {
        of(&payment.currency, &|t| {
            t.captured += payment.amount_received;
            t.failed_after_success += payment.failed_after_success;
        });
    }
    for refund in state.refunds.rows() {
        of(&refund.currency, &|t| match refund.status {
            RefundStatus::Succeeded => t.refunded += refund.amount,
            RefundStatus::Pending => t.refunds_pending += refund.amount,
            RefundStatus::Failed => {}
        });
    }
    for dispute in state.disputes.rows().iter().filter(|dispute| dispute.withdrawn) {
        of(&dispute.currency, &|t| {
            t.disputed += dispute.amount;
            t.disputes_lost += if dispute.is_lost() { dispute.amount } else { 0 };
        });
    }
    for transfer in state.transfers.rows() {
        of(&transfer.currency, &|t| {
            t.transferred += transfer.amount;
            t.reversed += transfer.amount_reversed;
        });
    }
    for (currency, amount) in state.accounts.rows().iter().flat_map(|account| &account.paid_out) {
        of(currency, &|t| t.paid_out += amount);
    }
    for payout in state.payouts.rows() {
        of(&payout.currency, &|t| match payout.status {
            PayoutStatus::Pending | PayoutStatus::InTransit => t.payouts_on_their_way += payout.amount,
            PayoutStatus::Failed => t.payouts_failed += payout.amount,
            PayoutStatus::Paid | PayoutStatus::Canceled => {}
        });
    }
    for balance in state.balances.rows() {
        of(&balance.currency, &|t| {
            t.deposited += balance.deposited;
            if balance.owner == PLATFORM {
                t.platform_available += balance.available;
                t.platform_pending += balance.pending;
            } else {
                t.accounts_available += balance.available;
            }
        });
    }
    totals
}

fn created(state: &State) -> BTreeMap<String, u64> {
    let mut created = BTreeMap::new();
    let mut count = |kind: &str, key: &str| *created.entry(format!("{kind}:{key}")).or_default() += 1;
    state.payments.rows().iter().for_each(|payment| count("payment", &payment.payment_id));
    state.refunds.rows().iter().for_each(|refund| count("refund", &refund.refund_id));
    for transfer in state.transfers.rows() {
        count("transfer", transfer.idempotency_key.as_deref().unwrap_or(&transfer.id));
    }
    for reversal in state.reversals.rows() {
        count("reversal", reversal.idempotency_key.as_deref().unwrap_or(&reversal.id));
    }
    for account in state.accounts.rows() {
        count("account", account.idempotency_key.as_deref().unwrap_or(&account.id));
    }
    created
}
