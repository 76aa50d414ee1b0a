//! Mistakes that people make, one at a time.

/// A mistake, and where it is made.
pub struct Bug {
    /// What somebody did, in words.
    pub name: &'static str,
    /// The file, from the workspace.
    pub file: &'static str,
    /// What stands there; exactly once.
    pub sound: &'static str,
    /// What the mistake makes of it.
    pub broken: &'static str,
    /// Who is to notice, the quickest first.
    pub checks: &'static [Check],
}

/// Something that notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The rules of the domain, examples and properties.
    Rules,
    /// Unit tests of a crate.
    Crate(&'static str),
    /// The contract of the storage port, on the memory adapter.
    Contract,
    /// The simulation.
    Simulation,
    /// An end-to-end suite.
    EndToEnd(&'static str),
}

use Check::{Contract, Crate, EndToEnd, Rules, Simulation};

/// All of them.
pub const BUGS: [Bug; 23] = [
    Bug {
        name: "drop a guard: a row is written whatever its revision",
        file: "adapters/memory/src/draft.rs",
        sound: "Some(before) if before.revision == *expected => {\n                    may_follow",
        broken: "Some(before) => {\n                    may_follow",
        checks: &[Contract],
    },
    Bug {
        name: "drop a guard: a row that comes new is no business of who decides at the same time",
        file: "ports/src/storage/order_writes.rs",
        sound: "if as_read && writes.iter().any(is_new_in_a_file) {",
        broken: "if as_read && writes.is_empty() {",
        checks: &[Contract, Simulation],
    },
    Bug {
        name: "skip the key: every try of a transfer has a new one",
        file: "domain/src/transfer/call.rs",
        sound: "Self { first_sent_at: self.first_sent_at.or(Some(now)), last_sent_at: Some(now), ..self }",
        broken: "Self { generation: self.generation.saturating_add(1), first_sent_at: self.first_sent_at.or(Some(now)), last_sent_at: Some(now), ..self }",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "believe old news: what was found out about one call counts for the next",
        file: "domain/src/transfer/call.rs",
        sound: "(self.generation, self.last_sent_at) == (earlier.generation, earlier.last_sent_at)",
        broken: "self.generation >= earlier.generation",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "treat unknown as failed: a reversal whose answer was lost is sent under the next key",
        file: "domain/src/reversal.rs",
        sound: "again(Self { retry_count: counted, attempt: Attempt { look_up, ..self.attempt }, ..self.clone() }, message, pause)",
        broken: "again(Self { retry_count: counted, attempt: Attempt { look_up, ..self.attempt.next_generation() }, ..self.clone() }, message, pause)",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "swallow an error: a webhook that could not be stored is answered with 200",
        file: "app/src/usecases/webhooks.rs",
        sound: "Err(error) => not_stored(&error),",
        broken: "Err(_) => plain(ProcessingResult::Skipped),",
        checks: &[EndToEnd("trouble")],
    },
    Bug {
        name: "swallow an error: a webhook whose order could not be read is answered with 200",
        file: "app/src/usecases/webhooks.rs",
        sound: "Err(error) => return not_stored(&error),",
        broken: "Err(_) => return plain(ProcessingResult::Skipped),",
        checks: &[EndToEnd("trouble")],
    },
    Bug {
        name: "wrong rounding: fees are rounded up",
        file: "domain/src/money.rs",
        sound: "i64::try_from(product.div_euclid(i128::from(of.0)))",
        broken: "i64::try_from((product + i128::from(of.0) - 1).div_euclid(i128::from(of.0)))",
        checks: &[Rules],
    },
    Bug {
        name: "trust a stale message: a failed payment after a paid one is believed",
        file: "domain/src/settlement/payment.rs",
        sound: "    if fact.source == Source::Webhook {\n        return Ok(draft.ask(EffectKind::ReadPayment(order.id)));\n    }\n    let subject",
        broken: "    let subject",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "forget what was refunded already: the whole price may be refunded again",
        file: "domain/src/refund.rs",
        sound: "let left = Minor::sum(chosen.map(OrderLine::left))",
        broken: "let left = Minor::sum(chosen.map(|line| line.price))",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "two refunds at once: nobody looks whether one is in flight",
        file: "domain/src/refund.rs",
        sound: "if in_flight || order.status == OrderStatus::RefundPending {",
        broken: "if in_flight && order.status == OrderStatus::Pending {",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "take back twice: a reversal is for its whole amount, also for what later shares have paid",
        file: "app/src/usecases/reversals.rs",
        sound: "let amount = Money { amount: reversal.open_amount(), currency: reversal.amount.currency };",
        broken: "let amount = reversal.amount;",
        checks: &[Simulation, EndToEnd("disputes")],
    },
    Bug {
        name: "keep the goods: a refund revokes nothing",
        file: "domain/src/settlement/booking.rs",
        sound: "if licence.status == LicenceStatus::Active && revoked.contains(&licence.line_id) {",
        broken: "if licence.status != LicenceStatus::Active && revoked.contains(&licence.line_id) {",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "net what Connect still holds: a share pays a debt before its reversal was tried",
        file: "domain/src/reversal.rs",
        sound: "self.is_at_rest() && self.hold.is_some()",
        broken: "self.is_at_rest()",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "decide too early: an orphan refund is given up while our call may be under way",
        file: "app/src/usecases/reconcile/refunds.rs",
        sound: "effect.as_ref().is_some_and(|effect| may_be_under_way(app, effect.value.sent_at))",
        broken: "effect.as_ref().is_some_and(|_| false)",
        checks: &[Simulation, EndToEnd("reconcile")],
    },
    Bug {
        name: "forget the key: a checkout that is repeated makes another order",
        file: "app/src/usecases/idempotency.rs",
        sound: "    known(app, stored, &fingerprint)\n}",
        broken: "    known(app, stored, &fingerprint).or_else(|_| Ok(Begun::New(Incoming { record: IdempotencyRecord { user_id: user, scope: scope.to_owned(), key: app.ids.uuid().to_string(), fingerprint, resource: app.ids.uuid(), state: IdempotencyState::InFlight, created_at: app.now() } })))\n}",
        checks: &[Simulation, EndToEnd("sale")],
    },
    Bug {
        name: "believe anybody: a message without a signature is genuine",
        file: "adapters/hyperswitch/src/webhook.rs",
        sound: "signature.is_some_and(|signature| self.signatures.verify(body, signature))",
        broken: "signature.is_none_or(|signature| self.signatures.verify(body, signature))",
        checks: &[Crate("veza-hyperswitch")],
    },
    Bug {
        name: "give a plan away: a period counts without the invoice that paid it",
        file: "domain/src/subscription/gate.rs",
        sound: "&& standing.paid.is_some_and(|invoice| {",
        broken: "&& standing.paid.is_none_or(|invoice| {",
        checks: &[Rules],
    },
    Bug {
        name: "charge twice: a renewal is tried again while nobody knows what became of the last try",
        file: "domain/src/subscription/lifecycle.rs",
        sound: "if order == OrderStatus::Failed && counted.method.is_some() {",
        broken: "if order != OrderStatus::Completed && counted.method.is_some() {",
        checks: &[Rules, Simulation],
    },
    Bug {
        name: "credit too much: the unused part of a period is rounded up",
        file: "domain/src/subscription/plan.rs",
        sound: "Minor(i64::try_from(i128::from(price.0) * left / whole)",
        broken: "Minor(i64::try_from((i128::from(price.0) * left + whole - 1) / whole)",
        checks: &[Rules],
    },
    Bug {
        name: "a trial for ever: nobody looks whether it was had",
        file: "app/src/usecases/subscriptions/subscribe.rs",
        sound: "start(id, user, plan, !standing.trial_used, method, app.now())",
        broken: "start(id, user, plan, true, method, app.now())",
        checks: &[EndToEnd("subscriptions")],
    },
    Bug {
        name: "a declined renewal for ever: whoever claims a row, and so moves its due time on, asks whether it is due",
        file: "domain/src/subscription/lifecycle.rs",
        sound: "PastDue => Some(retry(subscription, open, policy, now)),",
        broken: "PastDue => (subscription.due_at? <= now).then(|| retry(subscription, open, policy, now)),",
        checks: &[Rules, EndToEnd("renewals")],
    },
    Bug {
        name: "charge who has left: nobody looks whether the plan was cancelled before its charge goes out",
        file: "app/src/usecases/effects/payment.rs",
        sound: "is_some_and(|billing| !billing.is_collected_by(order_id))",
        broken: "is_some_and(|billing| billing.invoice.order_id != order_id)",
        checks: &[EndToEnd("renewals")],
    },
];
