//! The whole memory of the sandbox behind one lock, and what becomes due in it as its clock moves.
//!
//! Everything here is synchronous and does no I/O: calls change records, [`crate::core::Core::write`] makes the change
//! durable. Invariants: the platform's balance is captured − refunded − disputed − transferred + reversed + deposited;
//! one webhook event per (object, event type) at Hyperswitch, ever (hyperswitch.md §8).

mod agenda;
mod money;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    config::Settings,
    control::books::Call,
    ids::{Ids, Micros},
    model::*,
    script::{self, Facts, Faults, Op, Script, Stage},
    store::{Batch, Store, StoreError},
    table::{Record, Table},
};

pub(crate) use agenda::Due;

/// Owner of the platform's balances.
pub(crate) const PLATFORM: &str = "platform";
/// Calls that the log keeps; it lives in memory only.
const CALLS_MAX: usize = 10_000;

/// What is not an object of a provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Meta {
    id: String,
    /// Sandbox clock minus real clock.
    pub(crate) clock_offset: Micros,
    /// Starts on this data file.
    pub(crate) boots: u64,
    /// Where Hyperswitch's webhooks go.
    pub(crate) webhook_url: Option<String>,
    #[serde(default)]
    pub(crate) stripe_webhook_url: Option<String>,
    #[serde(default)]
    pub(crate) stripe_connect_webhook_url: Option<String>,
    /// Hyperswitch's webhooks wait for a release.
    pub(crate) hold: bool,
    /// Stripe's webhooks wait for a release.
    #[serde(default)]
    pub(crate) hold_stripe: bool,
    /// Connected accounts pay out every midnight.
    #[serde(default)]
    pub(crate) daily_payouts: bool,
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

pub(crate) struct State {
    /// Sandbox time of the change being made.
    pub(crate) now: Micros,
    pub(crate) settings: Arc<Settings>,
    pub(crate) ids: Ids,
    meta: Table<Meta>,
    pub(crate) payments: Table<Payment>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) disputes: Table<Dispute>,
    pub(crate) customers: Table<Customer>,
    pub(crate) saved_methods: Table<SavedMethod>,
    pub(crate) charges: Table<Charge>,
    pub(crate) events: Table<WebhookEvent>,
    pub(crate) accounts: Table<Account>,
    pub(crate) transfers: Table<Transfer>,
    pub(crate) reversals: Table<Reversal>,
    pub(crate) payouts: Table<Payout>,
    pub(crate) stripe_events: Table<StripeEvent>,
    pub(crate) balances: Table<Balance>,
    pub(crate) answers: Table<SavedAnswer>,
    pub(crate) links: Table<AccountLink>,
    pub(crate) releases: Table<Release>,
    /// Positions in `transfers` by transfer group and by destination.
    pub(crate) transfers_by: HashMap<(TransferKey, String), Vec<usize>>,
    pub(crate) payment_by_charge: HashMap<String, String>,
    /// Saved methods by `mandate_id`.
    pub(crate) method_by_mandate: HashMap<String, String>,
    /// `<object_id>_<event_type>` of every Hyperswitch event ever made.
    pub(crate) event_keys: HashSet<String>,
    /// Events that wait to be overtaken, by payment or account.
    pub(crate) overtakable: HashMap<String, Vec<String>>,
    /// Events made by the change at hand.
    pub(crate) emitted: Vec<String>,
    /// Idempotency keys whose first call still runs.
    pub(crate) running_keys: HashSet<String>,
    pub(crate) calls: VecDeque<Call>,
    agenda: BTreeMap<(Micros, u64), Due>,
    /// The midnight that is in the agenda.
    daily_payouts_at: Option<Micros>,
    agenda_count: u64,
}

/// Does `$call` for each table in turn.
macro_rules! each_table {
    ($state:ident, $table:ident => $call:expr) => {
        each_table!($state, $table => $call; meta payments refunds disputes customers saved_methods charges events accounts transfers reversals payouts
            stripe_events balances answers links releases)
    };
    ($state:ident, $table:ident => $call:expr; $($name:ident)*) => {
        $({
            let State { $name: $table, .. } = $state;
            $call;
        })*
    };
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
            meta.put(Meta { id: META.to_owned(), ..Meta::default() });
        }
        let boots = meta.get(META).map_or(0, |meta| meta.boots);
        let mut state = Self {
            now: 0,
            ids: Ids::new(settings.seed, boots),
            meta,
            payments: table(store)?,
            refunds: table(store)?,
            disputes: table(store)?,
            customers: table(store)?,
            saved_methods: table(store)?,
            charges: table(store)?,
            events: table(store)?,
            accounts: table(store)?,
            transfers: table(store)?,
            reversals: table(store)?,
            payouts: table(store)?,
            stripe_events: table(store)?,
            balances: table(store)?,
            answers: table(store)?,
            links: table(store)?,
            releases: table(store)?,
            transfers_by: HashMap::new(),
            payment_by_charge: HashMap::new(),
            method_by_mandate: HashMap::new(),
            event_keys: HashSet::new(),
            overtakable: HashMap::new(),
            emitted: Vec::new(),
            running_keys: HashSet::new(),
            calls: VecDeque::new(),
            agenda: BTreeMap::new(),
            daily_payouts_at: None,
            agenda_count: 0,
            settings,
        };
        state.tick();
        let settings = Arc::clone(&state.settings);
        state.edit_meta(|meta| {
            meta.boots += 1;
            meta.webhook_url = settings.webhook_url.clone().or(meta.webhook_url.take());
            meta.stripe_webhook_url = settings.stripe_webhook_url.clone().or(meta.stripe_webhook_url.take());
            meta.stripe_connect_webhook_url = settings.stripe_connect_webhook_url.clone().or(meta.stripe_connect_webhook_url.take());
            meta.daily_payouts |= settings.daily_payouts;
        });
        state.index();
        Ok(state)
    }

    /// Rebuilds what is derived from the records.
    fn index(&mut self) {
        for (position, transfer) in self.transfers.rows().iter().enumerate() {
            let keys = transfer_keys(transfer);
            keys.into_iter().for_each(|key| self.transfers_by.entry(key).or_default().push(position));
        }
        for payment in self.payments.rows() {
            if let Some(charge) = &payment.charge_id {
                self.payment_by_charge.insert(charge.clone(), payment.payment_id.clone());
            }
        }
        for method in self.saved_methods.rows() {
            self.method_by_mandate.insert(method.mandate_id.clone(), method.payment_method_id.clone());
        }
        let of_hyperswitch = self.events.rows().iter().filter(|event| event.target == Target::Hyperswitch);
        self.event_keys.extend(of_hyperswitch.map(|event| event_key(&event.object_id, &event.event_type)));
        self.restore_agenda();
    }

    /// Brings `now` up to the clock; it never runs backwards.
    pub(crate) fn tick(&mut self) {
        self.emitted.clear();
        let real = self.settings.clock_stands_at.unwrap_or_else(|| chrono::Utc::now().timestamp_micros());
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

    /// Where events go at the moment.
    pub(crate) fn webhook_url(&self, target: Target) -> Option<&str> {
        let meta = self.meta();
        match target {
            Target::Hyperswitch => meta.webhook_url.as_deref(),
            Target::Stripe => meta.stripe_webhook_url.as_deref(),
            Target::StripeConnect => meta.stripe_connect_webhook_url.as_deref(),
        }
    }

    /// Do new events wait for a release?
    pub(crate) fn holds(&self, target: Target) -> bool {
        match target {
            Target::Hyperswitch => self.meta().hold,
            Target::Stripe | Target::StripeConnect => self.meta().hold_stripe,
        }
    }

    /// Takes the faults that `op` meets at `stage`.
    pub(crate) fn take_faults(&mut self, op: Op, stage: Stage, facts: &Facts) -> Faults {
        if self.meta().scripts.is_empty() {
            return Faults::default();
        }
        let (mut faults, now) = (Faults::default(), self.now);
        self.edit_meta(|meta| faults = script::take(&mut meta.scripts, op, stage, facts, now));
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

    /// Adds a transfer and indexes it.
    pub(crate) fn put_transfer(&mut self, transfer: Transfer) {
        let position = self.transfers.rows().len();
        for key in transfer_keys(&transfer) {
            self.transfers_by.entry(key).or_default().push(position);
        }
        self.transfers.put(transfer);
    }

    /// Adds a saved method and indexes it.
    pub(crate) fn put_saved_method(&mut self, method: SavedMethod) {
        self.method_by_mandate.insert(method.mandate_id.clone(), method.payment_method_id.clone());
        self.saved_methods.put(method);
    }

    // Disk ------------------------------------------------------------------------------------------------------

    pub(crate) fn write_to(&self, batch: &Batch<'_>) -> Result<(), StoreError> {
        each_table!(self, table => batch.write(table)?);
        Ok(())
    }

    pub(crate) fn has_unwritten(&self) -> bool {
        let mut any = false;
        each_table!(self, table => any |= table.unwritten().next().is_some());
        any
    }

    pub(crate) fn written(&mut self) {
        each_table!(self, table => table.written());
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
