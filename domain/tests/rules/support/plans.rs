//! One person's plan: its invoices, the orders that collect them, and what the worker and the PSP do to them.

use super::{START, uuid};
use std::time::Duration;
use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::ledger::{Account, Posting};
use veza_domain::money::{Minor, Money};
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{Billing, Change, Context, Decision, Fact, OrderFile, PaymentFact, PaymentStatus, Source, check, decide};
use veza_domain::subscription::gate::{Access, Standing, access};
use veza_domain::subscription::{
    BillingPolicy, Choice, Cycle, Dunning, Features, Invoice, Plan, PlanId, Step, Subscription, SubscriptionStatus, due, start, worth,
};
use veza_domain::time::Timestamp;

/// How long a claim keeps others away.
const LEASE: Duration = Duration::from_secs(60);
pub const DAY: Duration = Duration::from_secs(86_400);
pub const POLICY: BillingPolicy = BillingPolicy { renewal_lead: Duration::from_secs(3600), dunning: Dunning::DEFAULT };

pub fn usd(amount: i64) -> Money {
    Money::new(amount, "USD".parse().unwrap())
}

pub fn plan(plan: PlanId, cycle: Cycle) -> Plan {
    let monthly = match plan {
        PlanId::Free => 0,
        PlanId::Creator => 999,
        PlanId::Premium => 1999,
    };
    let price = usd(if cycle == Cycle::Yearly { monthly * 10 } else { monthly });
    let paid = plan != PlanId::Free;
    let features = Features { can_sell_on_marketplace: paid, can_distribute: paid, upload_quota: 1, analytics_export: false };
    Plan { choice: Choice { plan, cycle, price }, features, trial: (plan == PlanId::Premium).then_some(14 * DAY) }
}

pub fn plans() -> Vec<Plan> {
    PlanId::ALL.into_iter().flat_map(|id| Cycle::ALL.map(|cycle| plan(id, cycle))).collect()
}

pub fn user() -> UserId {
    UserId(uuid(0x51))
}

pub fn subscription_id() -> SubscriptionId {
    SubscriptionId(uuid(0x52))
}

/// The invoice that is open of a [`row`].
pub fn open_id() -> InvoiceId {
    InvoiceId(uuid(0x82))
}

/// A paid plan; every field has something in it, also where no row would have all of it.
pub fn row(status: SubscriptionStatus) -> Subscription {
    Subscription {
        id: subscription_id(),
        user_id: user(),
        choice: plan(PlanId::Creator, Cycle::Monthly).choice,
        status,
        trial_ends_at: Some(START.minus(DAY)),
        period: Some(Cycle::Monthly.period(START)),
        paid_by: Some(InvoiceId(uuid(0x81))),
        open_invoice: Some(open_id()),
        method: Some(SavedMethod("pm_1".into())),
        next: Some(plan(PlanId::Creator, Cycle::Yearly).choice),
        past_due_since: Some(START.plus(27 * DAY)),
        retries: 2,
        due_at: Some(START.plus(29 * DAY)),
        created_at: START.minus(15 * DAY),
        canceled_at: Some(START.plus(3 * DAY)),
        ended_at: Some(START.plus(4 * DAY)),
    }
}

/// A paid subscription to `id`, and its first invoice.
pub fn paid(id: PlanId, cycle: Cycle, method: Option<SavedMethod>) -> World {
    let mut world = World::of(start(subscription_id(), user(), &plan(id, cycle), false, method, START));
    world.pay();
    world
}

/// One person's subscription, its invoices and the orders that collect them.
pub struct World {
    pub now: Timestamp,
    pub subscription: Subscription,
    pub invoices: Vec<Invoice>,
    pub files: Vec<OrderFile>,
    pub postings: Vec<Posting>,
    pub other_open: Option<SubscriptionId>,
}

impl World {
    pub fn of(step: Step) -> Self {
        let mut world = Self {
            now: START,
            subscription: step.subscription.clone(),
            invoices: Vec::new(),
            files: Vec::new(),
            postings: Vec::new(),
            other_open: None,
        };
        world.take(step);
        world
    }

    pub fn take(&mut self, step: Step) {
        let (from, to) = (self.subscription.status, step.subscription.status);
        assert!(from.may_become(to), "{} became {}", from.as_str(), to.as_str());
        self.subscription = step.subscription;
        for invoice in &step.invoices {
            self.keep(invoice.clone());
        }
        if step.collect {
            let (order, line) = step.invoices.last().unwrap().order(self.now);
            assert!(self.files.iter().all(|file| file.order.id != order.id), "one order per try");
            self.files.push(OrderFile::new(order, vec![line], Vec::new()));
        }
    }

    pub fn keep(&mut self, invoice: Invoice) {
        match self.invoices.iter_mut().find(|known| known.id == invoice.id) {
            Some(known) => *known = invoice,
            None => self.invoices.push(invoice),
        }
    }

    pub fn invoice(&self, id: InvoiceId) -> Invoice {
        self.invoices.iter().find(|invoice| invoice.id == id).unwrap().clone()
    }

    pub fn open(&self) -> Option<Invoice> {
        self.subscription.open_invoice.map(|id| self.invoice(id))
    }

    pub fn file(&self, nth: usize) -> OrderFile {
        let file = self.files[nth].clone();
        let invoice = self.invoice(file.order.invoice_id.unwrap());
        OrderFile { billing: Some(Billing { invoice, subscription: self.subscription.clone(), other_open: self.other_open }), ..file }
    }

    pub fn context(&self) -> Context {
        let retries = veza_domain::backoff::RetryPolicy { retries_max: 5, base: Duration::from_secs(60), max: DAY };
        Context {
            now: self.now,
            fresh: uuid(0x9_0000 + self.postings.len() as u128),
            refund_window: 14 * DAY,
            transfers: retries,
            reversals: retries,
            dispute_fee: Minor::ZERO,
            billing: POLICY,
        }
    }

    pub fn bring(&mut self, nth: usize, fact: &Fact) -> Decision {
        let file = self.file(nth);
        let decision = decide(&file, fact, &self.context()).unwrap();
        let after = decision.changes.iter().fold(file, OrderFile::evolve);
        let billing = after.billing.clone().unwrap();
        let (from, to) = (self.subscription.status, billing.subscription.status);
        assert!(from.may_become(to), "{} became {}", from.as_str(), to.as_str());
        self.subscription = billing.subscription;
        self.keep(billing.invoice);
        for change in &decision.changes {
            if let Change::Posting(posting) = change {
                self.postings.push(posting.clone());
            }
        }
        let of_order: Vec<Posting> = self.postings.iter().filter(|posting| posting.order_id == after.order.id).cloned().collect();
        assert_eq!(check(&after, &of_order), [], "rows and postings agree");
        self.files[nth] = OrderFile { billing: None, ..after };
        decision
    }

    pub fn payment(&self, nth: usize, status: PaymentStatus) -> Fact {
        let total = self.files[nth].order.total;
        Fact::Payment(PaymentFact {
            source: Source::Read,
            status,
            amount: Some(total.amount.0),
            amount_received: (status == PaymentStatus::Succeeded).then_some(total.amount.0),
            currency: Some("USD".into()),
            error: None,
            saved_method: Some(SavedMethod("pm_1".into())),
            untried_until: None,
        })
    }

    pub fn last(&self) -> usize {
        self.files.len() - 1
    }

    pub fn pay(&mut self) {
        self.bring(self.last(), &self.payment(self.last(), PaymentStatus::Succeeded));
    }

    pub fn decline(&mut self) {
        self.bring(self.last(), &self.payment(self.last(), PaymentStatus::Failed));
    }

    /// The worker looks once: it claims what is due, as the store does, and decides.
    pub fn work(&mut self) -> bool {
        if self.subscription.due_at.is_none_or(|due| due > self.now) {
            return false;
        }
        self.subscription.due_at = Some(self.now.plus(LEASE));
        let open = self.open();
        let order = open.as_ref().map(|open| self.files.iter().find(|file| file.order.id == open.order_id).unwrap().order.status);
        let step = due(&self.subscription, open.as_ref().zip(order), &POLICY, self.now);
        step.map(|step| self.take(step)).is_some()
    }

    pub fn at(&mut self, at: Timestamp) {
        self.now = at;
    }

    /// What the period that runs is worth.
    pub fn worth(&self) -> Minor {
        let order = self.subscription.paid_by.and_then(|id| self.invoice(id).paid_by);
        let file = order.and_then(|id| self.files.iter().find(|file| file.order.id == id));
        file.map_or(Minor::ZERO, |file| worth(&self.subscription, &file.order))
    }

    pub fn standing(&self) -> (Subscription, Option<Invoice>) {
        (self.subscription.clone(), self.subscription.paid_by.map(|id| self.invoice(id)))
    }

    pub fn access(&self) -> Access {
        let (subscription, paid) = self.standing();
        access(&Standing { subscription: Some(&subscription), paid: paid.as_ref() }, self.now)
    }

    pub fn balance(&self, account: Account) -> i64 {
        let entries = self.postings.iter().flat_map(|posting| &posting.entries);
        entries.filter(|entry| entry.account == account).map(|entry| entry.amount.0).sum()
    }
}
