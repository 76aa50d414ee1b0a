//! The whole memory of the sandbox behind one lock, and what becomes due in it as its clock moves.
//!
//! Everything here is synchronous and does no I/O: calls change records, [`crate::core::Core::write`] makes the change
//! durable. Invariants: the platform's balance is captured − refunded − disputed − transferred + reversed + deposited;
//! one webhook event per (object, event type), ever (hyperswitch.md §8).

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    config::Settings,
    control::books::Call,
    hyperswitch,
    ids::{Ids, Micros, micros},
    model::*,
    script::{self, Facts, Faults, Op, Script, Stage},
    store::{Batch, Store, StoreError},
    table::{Record, Table},
};

/// Owner of the platform's balances.
pub(crate) const PLATFORM: &str = "platform";
/// Calls that the log keeps; it lives in memory only.
const CALLS_MAX: usize = 10_000;

/// What is not an object of a provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Meta {
    id: String,
    /// Sandbox clock minus real clock.
    pub(crate) clock_offset: Micros,
    /// Starts on this data file.
    pub(crate) boots: u64,
    pub(crate) webhook_url: Option<String>,
    /// Webhooks wait for a release.
    pub(crate) hold: bool,
    pub(crate) scripts: Vec<Script>,
    /// Payments whose own scripts are in the list already (or used up).
    pub(crate) scripted: HashSet<String>,
}

impl Record for Meta {
    const KIND: &'static str = "meta";
    fn id(&self) -> &str {
        &self.id
    }
}

const META: &str = "meta";

/// Something that happens when its time comes.
#[derive(Debug, Clone)]
pub(crate) enum Due {
    Fund { payment_id: String, index: usize },
    Refund { refund_id: String },
    Webhook { event_id: String },
}

pub(crate) struct State {
    /// Sandbox time of the change being made.
    pub(crate) now: Micros,
    pub(crate) settings: Arc<Settings>,
    pub(crate) ids: Ids,
    meta: Table<Meta>,
    pub(crate) payments: Table<Payment>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) disputes: Table<Dispute>,
    pub(crate) events: Table<WebhookEvent>,
    pub(crate) accounts: Table<Account>,
    pub(crate) transfers: Table<Transfer>,
    pub(crate) reversals: Table<Reversal>,
    pub(crate) stripe_events: Table<StripeEvent>,
    pub(crate) balances: Table<Balance>,
    pub(crate) answers: Table<SavedAnswer>,
    pub(crate) links: Table<AccountLink>,
    /// Positions in `transfers` by transfer group and by destination.
    pub(crate) transfers_by: HashMap<(TransferKey, String), Vec<usize>>,
    pub(crate) payment_by_charge: HashMap<String, String>,
    pub(crate) saved_methods: HashSet<String>,
    /// `<object_id>_<event_type>` of every event ever made.
    pub(crate) event_keys: HashSet<String>,
    /// Events that wait to be overtaken, by payment.
    pub(crate) overtakable: HashMap<String, Vec<String>>,
    /// Events made by the change at hand.
    pub(crate) emitted: Vec<String>,
    /// Idempotency keys whose first call still runs.
    pub(crate) running_keys: HashSet<String>,
    pub(crate) calls: VecDeque<Call>,
    agenda: BTreeMap<(Micros, u64), Due>,
    agenda_count: u64,
}

/// What transfers are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TransferKey {
    Group,
    Destination,
}

impl State {
    pub(crate) fn load(settings: Arc<Settings>, store: Option<&Store>) -> Result<Self, StoreError> {
        fn table<T: Record>(store: Option<&Store>) -> Result<Table<T>, StoreError> {
            store.map_or_else(|| Ok(Table::new(Vec::new(), false)), Store::load)
        }
        let mut meta: Table<Meta> = table(store)?;
        if !meta.contains(META) {
            meta.put(Meta {
                id: META.to_owned(),
                clock_offset: 0,
                boots: 0,
                webhook_url: None,
                hold: false,
                scripts: Vec::new(),
                scripted: HashSet::new(),
            });
        }
        let boots = meta.get(META).map_or(0, |meta| meta.boots);
        let mut state = Self {
            now: 0,
            ids: Ids::new(settings.seed, boots),
            meta,
            payments: table(store)?,
            refunds: table(store)?,
            disputes: table(store)?,
            events: table(store)?,
            accounts: table(store)?,
            transfers: table(store)?,
            reversals: table(store)?,
            stripe_events: table(store)?,
            balances: table(store)?,
            answers: table(store)?,
            links: table(store)?,
            transfers_by: HashMap::new(),
            payment_by_charge: HashMap::new(),
            saved_methods: HashSet::new(),
            event_keys: HashSet::new(),
            overtakable: HashMap::new(),
            emitted: Vec::new(),
            running_keys: HashSet::new(),
            calls: VecDeque::new(),
            agenda: BTreeMap::new(),
            agenda_count: 0,
            settings,
        };
        state.tick();
        state.edit_meta(|meta| meta.boots += 1);
        if let Some(url) = state.settings.webhook_url.clone() {
            state.edit_meta(|meta| meta.webhook_url = Some(url));
        }
        state.index();
        Ok(state)
    }

    /// Rebuilds what is derived from the records.
    fn index(&mut self) {
        for (position, transfer) in self.transfers.rows().iter().enumerate() {
            let keys = transfer_keys(transfer);
            keys.into_iter().for_each(|key| self.transfers_by.entry(key).or_default().push(position));
        }
        let mut due = Vec::new();
        for payment in self.payments.rows() {
            self.saved_methods.extend(payment.payment_method_id.clone());
            if let Some(charge) = &payment.charge_id {
                self.payment_by_charge.insert(charge.clone(), payment.payment_id.clone());
            }
            for (index, fund) in payment.funds.iter().enumerate().filter(|(_, fund)| !fund.released) {
                due.push((fund.available_at, Due::Fund { payment_id: payment.payment_id.clone(), index }));
            }
        }
        for refund in self.refunds.rows() {
            due.extend(refund.due.map(|(at, _)| (at, Due::Refund { refund_id: refund.refund_id.clone() })));
        }
        let mut interrupted = Vec::new();
        for event in self.events.rows() {
            self.event_keys.insert(event_key(&event.object_id, &event.event_type));
            if event.status == EventStatus::Waiting {
                match event.next_at {
                    Some(at) => due.push((at, Due::Webhook { event_id: event.event_id.clone() })),
                    None => interrupted.push(event.event_id.clone()),
                }
            }
        }
        due.into_iter().for_each(|(at, due)| self.schedule(at, due));
        interrupted.into_iter().for_each(|event_id| self.schedule_webhook(&event_id, self.now));
    }

    /// Brings `now` up to the clock; it never runs backwards.
    pub(crate) fn tick(&mut self) {
        self.emitted.clear();
        let real = chrono::Utc::now().timestamp_micros();
        self.now = self.now.max(real.saturating_add(self.meta().clock_offset));
    }

    /// Moves the clock forward to `at`; a no-op if it is there already.
    pub(crate) fn move_clock(&mut self, at: Micros) {
        let ahead = at.saturating_sub(self.now);
        if ahead > 0 {
            self.edit_meta(|meta| meta.clock_offset = meta.clock_offset.saturating_add(ahead));
            self.now = at;
        }
    }

    pub(crate) fn meta(&self) -> &Meta {
        &self.meta.rows()[0] // `load` puts it there
    }

    pub(crate) fn edit_meta(&mut self, change: impl FnOnce(&mut Meta)) {
        if let Some(meta) = self.meta.edit(META) {
            change(meta);
        }
    }

    /// Takes the faults that `op` meets at `stage`.
    pub(crate) fn take_faults(&mut self, op: Op, stage: Stage, facts: &Facts) -> Faults {
        if self.meta().scripts.is_empty() {
            return Faults::default();
        }
        let mut faults = Faults::default();
        self.edit_meta(|meta| faults = script::take(&mut meta.scripts, op, stage, facts));
        faults
    }

    /// Adds a new payment's own scripts, once.
    pub(crate) fn add_payment_scripts(&mut self, payment_id: &str, scripts: Vec<Script>) {
        if scripts.is_empty() || self.payments.contains(payment_id) || self.meta().scripted.contains(payment_id) {
            return;
        }
        self.edit_meta(|meta| {
            meta.scripted.insert(payment_id.to_owned());
            meta.scripts.extend(scripts);
        });
    }

    pub(crate) fn log(&mut self, call: Call) {
        if self.calls.len() == CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(crate) fn schedule(&mut self, at: Micros, due: Due) {
        self.agenda_count += 1;
        self.agenda.insert((at, self.agenda_count), due);
    }

    pub(crate) fn schedule_webhook(&mut self, event_id: &str, at: Micros) {
        if let Some(event) = self.events.edit(event_id) {
            event.status = EventStatus::Waiting;
            event.next_at = Some(at);
        }
        self.schedule(at, Due::Webhook { event_id: event_id.to_owned() });
    }

    pub(crate) fn next_due(&self) -> Option<Micros> {
        self.agenda.keys().next().map(|(at, _)| *at)
    }

    /// Does what has become due and returns the webhooks to send.
    pub(crate) fn fire_due(&mut self) -> Vec<String> {
        let mut webhooks = Vec::new();
        while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let ((at, _), due) = entry.remove_entry();
            match due {
                Due::Fund { payment_id, index } => self.release_fund(&payment_id, index),
                Due::Refund { refund_id } => {
                    let due = self.refunds.get(&refund_id).and_then(|refund| refund.due);
                    if let Some((_, succeeds)) = due.filter(|(planned, _)| *planned == at) {
                        hyperswitch::refunds::settle(self, &refund_id, succeeds, None);
                    }
                }
                Due::Webhook { event_id } => {
                    // An entry that was rescheduled since is stale. In flight is remembered in memory only, so that
                    // a restart sends it again.
                    let claimed = self.events.edit_volatile(&event_id).is_some_and(|event| {
                        event.status == EventStatus::Waiting && event.next_at == Some(at) && {
                            event.next_at = None;
                            true
                        }
                    });
                    if claimed {
                        webhooks.push(event_id);
                    }
                }
            }
        }
        webhooks
    }

    // Money -----------------------------------------------------------------------------------------------------

    pub(crate) fn balance(&self, owner: &str, currency: &str) -> i64 {
        self.balances.get(&Balance::key(owner, currency)).map_or(0, |balance| balance.available)
    }

    /// Adds to a balance (negative: takes); saturates rather than wraps.
    pub(crate) fn adjust(&mut self, owner: &str, currency: &str, available: i64, pending: i64) {
        let key = Balance::key(owner, currency);
        if !self.balances.contains(&key) {
            self.balances.put(Balance {
                key: key.clone(),
                owner: owner.to_owned(),
                currency: currency.to_ascii_lowercase(),
                available: 0,
                pending: 0,
            });
        }
        if let Some(balance) = self.balances.edit(&key) {
            balance.available = balance.available.saturating_add(available);
            balance.pending = balance.pending.saturating_add(pending);
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

    fn release_fund(&mut self, payment_id: &str, index: usize) {
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

    /// Adds a transfer and indexes it.
    pub(crate) fn put_transfer(&mut self, transfer: Transfer) {
        let position = self.transfers.rows().len();
        for key in transfer_keys(&transfer) {
            self.transfers_by.entry(key).or_default().push(position);
        }
        self.transfers.put(transfer);
    }

    // Disk ------------------------------------------------------------------------------------------------------

    pub(crate) fn write_to(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        batch.write(&self.meta)?;
        batch.write(&self.payments)?;
        batch.write(&self.refunds)?;
        batch.write(&self.disputes)?;
        batch.write(&self.events)?;
        batch.write(&self.accounts)?;
        batch.write(&self.transfers)?;
        batch.write(&self.reversals)?;
        batch.write(&self.stripe_events)?;
        batch.write(&self.balances)?;
        batch.write(&self.answers)?;
        batch.write(&self.links)
    }

    pub(crate) fn has_unwritten(&self) -> bool {
        fn any<T: Record>(table: &Table<T>) -> bool {
            table.unwritten().next().is_some()
        }
        any(&self.meta)
            || any(&self.payments)
            || any(&self.refunds)
            || any(&self.disputes)
            || any(&self.events)
            || any(&self.accounts)
            || any(&self.transfers)
            || any(&self.reversals)
            || any(&self.stripe_events)
            || any(&self.balances)
            || any(&self.answers)
            || any(&self.links)
    }

    pub(crate) fn written(&mut self) {
        self.meta.written();
        self.payments.written();
        self.refunds.written();
        self.disputes.written();
        self.events.written();
        self.accounts.written();
        self.transfers.written();
        self.reversals.written();
        self.stripe_events.written();
        self.balances.written();
        self.answers.written();
        self.links.written();
    }
}

/// Key under which an event is unique (hyperswitch.md §8).
pub(crate) fn event_key(object_id: &str, event_type: &str) -> String {
    format!("{object_id}_{event_type}")
}

fn transfer_keys(transfer: &Transfer) -> Vec<(TransferKey, String)> {
    let group = transfer.transfer_group.clone().map(|group| (TransferKey::Group, group));
    let destination = (TransferKey::Destination, transfer.destination.clone());
    group.into_iter().chain([destination]).collect()
}
