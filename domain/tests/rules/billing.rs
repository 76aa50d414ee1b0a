//! What a payment leaves of the invoice that it is for and of its subscription: whole rows, in which every field says something
//! before (spec/02-subscriptions §2). How plans live over time is in [`crate::subscriptions`].

use crate::support::plans::{self, DAY, POLICY, World, open_id, plan, subscription_id, user};
use crate::support::{START, uuid};
use std::time::Duration;
use veza_domain::effect::EffectKind;
use veza_domain::ids::{InvoiceId, OrderId};
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{Billing, Change, OrderFile, PaymentStatus, decide_customer_asked};
use veza_domain::subscription::{
    Choice, Collection, Cycle, Invoice, InvoiceReason, InvoiceStatus, Period, PlanId, Subscription, SubscriptionStatus,
};
use veza_domain::time::Timestamp;

const MOMENT: Duration = Duration::from_micros(1);

fn choice(id: PlanId, cycle: Cycle) -> Choice {
    plan(id, cycle).choice
}

/// The period that is paid before.
fn current() -> Period {
    Cycle::Monthly.period(START)
}

/// As it is before a payment; nothing is noted for the period's end.
fn row(status: SubscriptionStatus) -> Subscription {
    Subscription { next: None, ..plans::row(status) }
}

/// For `choice`, tried three times; what it is not yet known to pay for is none.
fn invoice(reason: InvoiceReason, choice: Choice, status: InvoiceStatus) -> Invoice {
    Invoice {
        id: open_id(),
        subscription_id: subscription_id(),
        user_id: user(),
        reason,
        choice,
        credit: if reason == InvoiceReason::Upgrade { Minor(7) } else { Minor::ZERO },
        period: (reason == InvoiceReason::Renewal).then(|| choice.cycle.period(current().end)),
        status,
        order_id: OrderId(uuid(0x83)),
        collection: Collection::Customer,
        attempts: 3,
        paid_by: None,
        paid_at: None,
        created_at: START.plus(DAY),
    }
}

/// A payment that comes at `now`, and what it changes but for what every payment does.
struct Case {
    story: &'static str,
    before: Subscription,
    invoice: Invoice,
    now: Timestamp,
    status: SubscriptionStatus,
    period: Period,
    open_invoice: Option<InvoiceId>,
    next: Option<Choice>,
    canceled_at: Option<Timestamp>,
    due_at: Timestamp,
}

impl Case {
    /// It makes the plan run until the end of `period`, ahead of which it is renewed; nothing else is open or noted.
    fn runs(story: &'static str, before: Subscription, invoice: Invoice, now: Timestamp, period: Period) -> Self {
        let due_at = period.end.minus(POLICY.renewal_lead);
        let (status, open_invoice, next, canceled_at) = (SubscriptionStatus::Active, None, None, None);
        Self { story, before, invoice, now, status, period, open_invoice, next, canceled_at, due_at }
    }
}

fn first_and_renewals() -> Vec<Case> {
    use InvoiceReason::{First, Renewal};
    use InvoiceStatus::{Failed, Open};
    use SubscriptionStatus::{Active, PastDue, PendingPayment};
    let (creator, yearly) = (choice(PlanId::Creator, Cycle::Monthly), choice(PlanId::Creator, Cycle::Yearly));
    let (end, later) = (current().end, InvoiceId(uuid(0x85)));
    let (ahead, late) = (end.minus(POLICY.renewal_lead), end.plus(MOMENT));
    let noted = Choice { price: creator.price, ..yearly };
    let unpaid = Subscription { period: None, paid_by: None, ..row(PendingPayment) };
    vec![
        Case::runs("a first invoice", unpaid, invoice(First, yearly, Open), START, Cycle::Yearly.period(START)),
        Case::runs("a renewal in time", row(Active), invoice(Renewal, creator, Open), ahead, Cycle::Monthly.period(end)),
        Case::runs("just in time", row(Active), invoice(Renewal, creator, Open), end, Cycle::Monthly.period(end)),
        Case::runs(
            "too late: no day without access is paid",
            row(Active),
            invoice(Renewal, creator, Open),
            late,
            creator.cycle.period(late),
        ),
        Case::runs("a retry in time", row(PastDue), invoice(Renewal, creator, Open), ahead, Cycle::Monthly.period(end)),
        Case::runs(
            "a renewal that carries a noted change out, whatever its price was",
            Subscription { next: Some(noted), ..row(Active) },
            invoice(Renewal, yearly, Open),
            ahead,
            Cycle::Yearly.period(end),
        ),
        Case {
            next: Some(yearly),
            ..Case::runs(
                "a change of cycle that was noted since",
                Subscription { next: Some(yearly), ..row(Active) },
                invoice(Renewal, creator, Open),
                ahead,
                Cycle::Monthly.period(end),
            )
        },
        Case {
            open_invoice: Some(later),
            ..Case::runs(
                "an older invoice than the one that is being collected",
                Subscription { open_invoice: Some(later), ..row(PastDue) },
                invoice(Renewal, creator, Failed),
                late,
                creator.cycle.period(late),
            )
        },
    ]
}

fn upgrades_and_ends() -> Vec<Case> {
    use InvoiceReason::{Renewal, Upgrade};
    use InvoiceStatus::{Failed, Open};
    use SubscriptionStatus::{Active, Canceled, Expired};
    let (creator, premium) = (choice(PlanId::Creator, Cycle::Monthly), choice(PlanId::Premium, Cycle::Monthly));
    let (free, smaller) = (choice(PlanId::Free, Cycle::Monthly), choice(PlanId::Creator, Cycle::Yearly));
    let (now, late) = (START.plus(10 * DAY), current().end.plus(DAY));
    let (better, next) = (Cycle::Monthly.period(now), Cycle::Monthly.period(late));
    let noting = |next| Subscription { next: Some(next), ..row(Active) };
    vec![
        Case::runs("an upgrade", row(Active), invoice(Upgrade, premium, Open), now, better),
        Case::runs("an upgrade that was declined before", row(Active), invoice(Upgrade, premium, Failed), now, better),
        Case {
            next: Some(smaller),
            ..Case::runs("an upgrade, another change noted", noting(smaller), invoice(Upgrade, premium, Open), now, better)
        },
        Case {
            next: Some(free),
            due_at: better.end,
            ..Case::runs("an upgrade, going free noted", noting(free), invoice(Upgrade, premium, Open), now, better)
        },
        Case {
            status: Canceled,
            canceled_at: row(Canceled).canceled_at,
            due_at: next.end,
            ..Case::runs(
                "cancelled meanwhile: it lasts as long as it is paid",
                row(Canceled),
                invoice(Renewal, creator, Failed),
                late,
                next,
            )
        },
        Case::runs("over meanwhile: the money is real", row(Expired), invoice(Renewal, creator, Failed), late, next),
    ]
}

/// The period is the customer's and the method kept; of dunning, of an end and of a cancellation that no longer holds nothing is left.
#[test]
fn a_payment_makes_the_plan_run_for_the_period_that_the_invoice_is_for() {
    for case in first_and_renewals().into_iter().chain(upgrades_and_ends()) {
        let Case { story, before, invoice, now, status, period, open_invoice, next, canceled_at, due_at } = case;
        let (order, line) = invoice.order(invoice.created_at);
        let mut world = World {
            now,
            subscription: before.clone(),
            invoices: vec![invoice.clone()],
            files: vec![OrderFile::new(order, vec![line], Vec::new())],
            postings: Vec::new(),
            other_open: None,
        };
        world.pay();
        let paid = Invoice {
            status: InvoiceStatus::Paid,
            period: Some(period),
            paid_by: Some(invoice.order_id),
            paid_at: Some(now),
            ..invoice.clone()
        };
        let after = Subscription {
            choice: invoice.choice,
            status,
            period: Some(period),
            paid_by: Some(invoice.id),
            open_invoice,
            method: Some(SavedMethod("pm_1".into())),
            next,
            past_due_since: None,
            retries: 0,
            due_at: Some(due_at),
            canceled_at,
            ended_at: None,
            ..before
        };
        assert_eq!(world.files[0].order.status, OrderStatus::Completed, "{story}");
        assert_eq!(world.invoices, [paid], "{story}");
        assert_eq!(world.subscription, after, "{story}");
    }
}

fn file(invoice: &Invoice) -> OrderFile {
    let (order, line) = invoice.order(START);
    let billing = Some(Billing { invoice: invoice.clone(), subscription: row(SubscriptionStatus::Active), other_open: None });
    OrderFile { billing, ..OrderFile::new(order, vec![line], Vec::new()) }
}

/// The try is the customer's from then on, so that they are told once, however often the PSP says it.
#[test]
fn a_customer_whom_the_bank_wants_to_see_is_written_to_once() {
    let choice = choice(PlanId::Creator, Cycle::Monthly);
    for reason in InvoiceReason::ALL {
        let charged = Invoice { collection: Collection::SavedMethod, ..invoice(reason, choice, InvoiceStatus::Open) };
        let asked = decide_customer_asked(&file(&charged), START);
        let [Change::Invoice(after), Change::Effect(mail)] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!(after, &Invoice { collection: Collection::Customer, ..charged });
        assert!(matches!(mail.kind, EffectKind::MailPaymentNeeded(to, _) if to == user()), "{mail:?}");
        assert_eq!(decide_customer_asked(&file(after), START), []);
    }
}

/// What was said of an earlier try, or of an invoice that is over, is nothing to write to anybody about; nor is a sale.
#[test]
fn nobody_is_asked_for_what_is_not_collected_any_more() {
    let choice = choice(PlanId::Creator, Cycle::Monthly);
    let charged = |status| Invoice { collection: Collection::SavedMethod, ..invoice(InvoiceReason::Renewal, choice, status) };
    for over in InvoiceStatus::ALL.into_iter().filter(|status| *status != InvoiceStatus::Open) {
        assert_eq!(decide_customer_asked(&file(&charged(over)), START), [], "{over:?}");
    }
    let earlier = file(&charged(InvoiceStatus::Open));
    let later = charged(InvoiceStatus::Open).try_again(Collection::SavedMethod, START);
    let billing = earlier.billing.clone().map(|billing| Billing { invoice: later, ..billing });
    assert_eq!(decide_customer_asked(&OrderFile { billing, ..earlier.clone() }, START), []);
    assert_eq!(decide_customer_asked(&OrderFile { billing: None, ..earlier }, START), []);
}

/// What was refunded ends the plan; when the money stands after all, what was cancelled or noted before counts as before.
#[test]
fn a_plan_that_comes_back_is_as_cancelled_as_it_was() {
    let yearly = choice(PlanId::Creator, Cycle::Yearly);
    let canceled_at = Some(START.plus(3 * DAY));
    for (canceled_at, next, status) in [
        (canceled_at, None, SubscriptionStatus::Canceled),
        (None, Some(yearly), SubscriptionStatus::Active),
        (None, None, SubscriptionStatus::Active),
    ] {
        let mut world = plans::paid(PlanId::Creator, Cycle::Monthly, None);
        let ran = Subscription { status, canceled_at, next, ..world.subscription.clone() };
        let due_at = if canceled_at.is_some() { ran.ends_at() } else { ran.due_at };
        let ran = Subscription { due_at, ..ran };
        world.subscription = ran.clone();
        world.at(START.plus(4 * DAY));
        world.bring(0, &world.payment(0, PaymentStatus::Failed));
        assert_eq!((world.subscription.status, world.subscription.due_at), (SubscriptionStatus::Expired, None), "the money is gone");
        world.pay();
        assert_eq!(world.subscription, ran, "and came back");
    }
}

/// A renewal that is being collected while the period before it is refunded pays for nothing any more.
#[test]
fn money_for_a_plan_that_a_refund_has_ended_goes_back() {
    let method = Some(SavedMethod("pm_1".into()));
    let mut world = plans::paid(PlanId::Creator, Cycle::Monthly, method);
    world.at(current().end.minus(POLICY.renewal_lead));
    assert!(world.work() && world.files.len() == 2, "the renewal is being collected");
    assert!(world.file(1).billing.unwrap().is_collected_by(world.files[1].order.id));
    world.bring(0, &world.payment(0, PaymentStatus::Failed));
    assert_eq!(world.subscription.status, SubscriptionStatus::Expired);
    assert!(!world.file(1).billing.unwrap().is_collected_by(world.files[1].order.id), "nobody is charged any more");
    world.pay();
    assert_eq!(world.subscription.status, SubscriptionStatus::Expired);
    assert_eq!(world.files[1].refunds[0].amount, world.files[1].order.total, "what was under way goes back");
}

/// It was charged as it was before, and may have been revoked since.
#[test]
fn a_method_that_was_charged_without_the_customer_is_not_kept_anew() {
    let method = Some(SavedMethod("pm_1".into()));
    let mut world = plans::paid(PlanId::Creator, Cycle::Monthly, method.clone());
    world.at(current().end.minus(POLICY.renewal_lead));
    assert!(world.work());
    world.subscription.method = None;
    world.pay();
    assert_eq!((world.subscription.status, &world.subscription.method), (SubscriptionStatus::Active, &None));
    let by_customer = plans::paid(PlanId::Creator, Cycle::Monthly, None);
    assert_eq!(by_customer.subscription.method, method, "who pays in person lets it be kept");
}
