//! Rows of every kind, of small numbers.

use super::billing::random_billing;
use super::{Aimed, Lcg};
use crate::contract::storage::sample::{self, at};
use crate::storage::{Row, RowKey};
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::catalog::{Product, ProductStatus};
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::distribution::{PlacementMove, PlacementStatus, Platform, RoyaltyLine};
use veza_domain::effect::{Effect, EffectState};
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, User, Username};
use veza_domain::journal::{AdminAction, Journal};
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, ExclusiveState, Licence, LicenceStatus};
use veza_domain::look::Look;
use veza_domain::money::Minor;
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::payout::{Payout, PayoutStatus, SellerAccount};
use veza_domain::refund::{Refund, RefundOrigin, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalCause, ReversalStatus};
use veza_domain::transfer::{Attempt, Hold, TransferStatus};
use veza_domain::webhook::{Delivery, ProcessingResult};

/// A row of a random kind and number; what it refers to follows from its number, the rest is random.
#[allow(clippy::too_many_lines, reason = "one arm per kind of row")]
pub(super) fn random_row(random: &mut Lcg, rows: &Aimed) -> Row {
    let n = 1 + random.below(6);
    let parent = (n - 1) % 3 + 1;
    // Whose unique values it takes: mostly its own.
    let value = if random.chance(85) { n } else { 1 + random.below(6) };
    let full = random.chance(50);
    match random.below(29) {
        0 => Row::User(User {
            email: Email::new(&format!("{}{value}@example.org", if full { "user" } else { "other" })).unwrap(),
            username: Username::new(&format!("{}.{n}", random.pick(&["user", "User", "Name"]))).unwrap(),
            failed_logins: random.bits(),
            ..if full { sample::user_full(n) } else { sample::user(n) }
        }),
        1 => Row::MailToken(MailToken {
            hash: sample::hash(value),
            used_at: full.then(|| random.time()),
            expires_at: random.time(),
            ..sample::mail_token(n)
        }),
        2 => Row::Session(Session { revoked_at: full.then(|| random.time()), expires_at: random.time(), ..sample::session(n) }),
        3 => {
            let used_at = full.then(|| random.time());
            Row::RefreshToken(RefreshToken { used_at, ..sample::refresh_token(n, sample::session_id(parent)) })
        }
        4 => {
            let status = random.pick(&ProductStatus::ALL);
            Row::Product(Product { status, ..if full { sample::product_full(n) } else { sample::product(n) } })
        }
        5 => {
            let (product, order) = ((n - 1) % 5 + 1, 1 + random.below(3));
            let state = random.pick(&[ExclusiveState::Held, ExclusiveState::Sold, ExclusiveState::Released]);
            Row::Exclusive(ExclusiveHold { state, ..sample::exclusive(product, sample::order_id(order)) })
        }
        6 => {
            let user = (n - 1) % 5 + 1;
            let stripe_account_id = full.then(|| format!("acct_{value}"));
            Row::SellerAccount(SellerAccount { stripe_account_id, ..sample::seller_account_full(user) })
        }
        7 => {
            let key = format!("key {n}");
            let record = if full { sample::idempotency_full(&key) } else { sample::idempotency(&key) };
            Row::Idempotency(crate::storage::IdempotencyRecord { created_at: random.time(), ..record })
        }
        8 => Row::Order(Order {
            invoice_id: if random.chance(30) { Some(sample::invoice_id(parent)) } else { None },
            status: random.pick(&OrderStatus::ALL),
            payment_id: random.sometimes(format!("pay_{value}")),
            refunded: Minor(i64::from(random.below(9000))),
            look: random_look(random),
            ..if full { sample::order_full(n) } else { sample::order(n) }
        }),
        9 => {
            let position = random.below(3);
            let seller_id = sample::user_id(2 + random.below(2));
            Row::Line(OrderLine { seller_id, ..if full { sample::line_full(parent, position) } else { sample::line(parent, position) } })
        }
        10 => Row::Refund(Refund {
            status: random.pick(&RefundStatus::ALL),
            psp_refund_id: random.sometimes(format!("ref_{value}")),
            origin: random.pick(&[
                RefundOrigin::Requested,
                RefundOrigin::External,
                RefundOrigin::Dispute(sample::dispute_id(n)),
                RefundOrigin::PaymentUndone,
            ]),
            look: random_look(random),
            ..if full { sample::refund_full(n, parent) } else { sample::refund(n, sample::order_id(parent)) }
        }),
        11 => {
            let line = sample::line(parent, random.below(2));
            let status = random.pick(&[LicenceStatus::Active, LicenceStatus::Revoked]);
            Row::Licence(Licence { status, ..sample::licence(&line) })
        }
        12 => random_transfer(random, rows, n, value),
        13 => {
            let refund = sample::refund_id(n.div_ceil(2));
            let (order, transfer) = (sample::order_id(parent), sample::transfer_id(parent));
            let row = if full { sample::reversal_full(n, order, transfer, refund) } else { sample::reversal(n, order, transfer, refund) };
            Row::Reversal(Reversal {
                seller_id: sample::user_id(2 + random.below(2)),
                transfer_id: random.sometimes(transfer),
                cause: random.pick(&[ReversalCause::Refund(refund), ReversalCause::External]),
                netted: Minor(i64::from(random.below(50))),
                written_off: Minor(i64::from(random.below(45))),
                status: random.pick(&ReversalStatus::ALL),
                hold: if random.chance(50) { Some(random.pick(&Hold::ALL)) } else { None },
                attempt: random_attempt(random),
                stripe_reversal_id: random.sometimes(format!("trr_{value}")),
                next_retry_at: if random.chance(80) { Some(random.time()) } else { None },
                ..row
            })
        }
        14 => random_posting(random, parent),
        15 => Row::Effect(Effect {
            state: random.pick(&EffectState::ALL),
            due_at: random.sometimes(at(30)).map(|_| random.time()),
            ..if full { sample::effect_full(n) } else { sample::effect(n, 0) }
        }),
        16 => {
            let code = random.pick(&[Code::RefundExceedsOrder, Code::ExternalRefund, Code::AmountMismatch, Code::ProviderRefused]);
            let entry = sample::attention(sample::order_id(parent), code, i64::from(random.below(3)));
            let others = [Subject::Refund(sample::refund_id(n)), Subject::Dispute(sample::dispute_id(n))];
            let subject = if n > 3 { others[(n % 2) as usize] } else { entry.subject };
            Row::Attention(Attention { subject, order_id: random.sometimes(sample::order_id(parent)), ..entry })
        }
        17 => {
            let results = [ProcessingResult::Ok, ProcessingResult::Skipped, ProcessingResult::Error("amount mismatch".to_owned())];
            let result = results[random.below(3) as usize].clone();
            let order_id = random.sometimes(sample::order_id(parent));
            let received_at = random.time();
            Row::Delivery(Delivery { result, order_id, received_at, ..if full { sample::delivery_full(n) } else { sample::delivery(n) } })
        }
        18..21 => random_billing(random, n, value, full),
        21..24 => random_distribution(random, rows, n, full),
        _ => random_trail(random, n, value, full),
    }
}

/// A dispute, a netting, a payout, a line of a journal or what an operator did.
fn random_trail(random: &mut Lcg, n: u32, value: u32, full: bool) -> Row {
    let order = sample::order_id((n - 1) % 3 + 1);
    match random.below(5) {
        0 => Row::Dispute(Dispute {
            psp_dispute_id: format!("dp_{value}"),
            status: random.pick(&DisputeStatus::ALL),
            look: random_look(random),
            ..if full { sample::dispute_full(n, order) } else { sample::dispute(n, order) }
        }),
        1 => Row::Netting(sample::netting(n, order, sample::reversal_id(1 + random.below(3)))),
        2 => Row::Payout(Payout {
            status: random.pick(&PayoutStatus::ALL),
            seller_id: sample::user_id(2 + random.below(2)),
            created_at: at(i64::from(random.below(4))),
            ..if full { sample::payout_full(n) } else { sample::payout(n) }
        }),
        3 => Row::Journal(Journal { at: at(i64::from(random.below(4))), ..sample::journal(n, order) }),
        _ => {
            let order_id = random.sometimes(order);
            Row::AdminAction(AdminAction { order_id, ..if full { sample::admin_action_full(n) } else { sample::admin_action(n) } })
        }
    }
}

/// A submission, a placement, a move, a report or a line of one.
fn random_distribution(random: &mut Lcg, rows: &Aimed, n: u32, full: bool) -> Row {
    let of = sample::submission((n - 1) % 3 + 1);
    match random.below(6) {
        0 => Row::Submission(sample::submission(n)),
        1 => Row::PlacementMove(PlacementMove {
            at: at(i64::from(random.below(4))),
            ..sample::placement_move(n, &sample::placement((n - 1) % 3 + 1, &of, Platform::Spotify))
        }),
        2 => Row::RoyaltyFile(sample::royalty_file(n)),
        3 => {
            let currency = sample::currency(random.pick(&["EUR", "JPY"]));
            let key = sample::royalty_key(n, random.pick(Platform::ALL), random.pick(&["", "DE", "FR"]), currency);
            let line = sample::royalty_line(key, i64::from(random.below(50)), i64::from(random.below(100)) - 50, 1 + random.below(3));
            Row::RoyaltyLine(RoyaltyLine { user_id: sample::user_id(2 + random.below(2)), ..line })
        }
        _ => {
            let known = match rows.get(&RowKey::Placement(sample::placement_id(n))) {
                Some((_, Row::Placement(row))) => row.status(),
                _ => PlacementStatus::Submitted,
            };
            let status = if random.chance(60) && !known.is_over() { random.pick(known.moves()) } else { random.pick(PlacementStatus::ALL) };
            let platform = random.pick(&[Platform::Spotify, Platform::Deezer]);
            let mut row = if full || status != PlacementStatus::Submitted {
                sample::placement_full(n, &of, platform, if known.is_over() { known } else { status })
            } else {
                sample::placement(n, &of, platform)
            };
            row.due_at = row.due_at.map(|_| random.time());
            Row::Placement(row)
        }
    }
}

fn random_look(random: &mut Lcg) -> Look {
    let (due_at, last_at) = (random.time(), random.time());
    let count = random.pick(&[0, 1, 2, 7, 31, 32, 40, u32::MAX]);
    Look { due_at: random.sometimes(due_at), count, last_at: random.sometimes(last_at) }
}

fn random_attempt(random: &mut Lcg) -> Attempt {
    let (first, last) = (random.time(), random.time());
    let sent = random.chance(50);
    Attempt {
        generation: random.below(3),
        first_sent_at: sent.then_some(first),
        last_sent_at: sent.then_some(last),
        look_up: random.chance(30),
    }
}

fn random_transfer(random: &mut Lcg, rows: &Aimed, n: u32, value: u32) -> Row {
    let order = sample::order_id((n - 1) % 3 + 1);
    let known = match rows.get(&RowKey::Transfer(sample::transfer_id(n))) {
        Some((_, Row::Transfer(row))) => row.status(),
        _ => TransferStatus::Pending,
    };
    let moves: Vec<_> = TransferStatus::ALL.into_iter().filter(|status| known.may_move_to(*status)).collect();
    let status = if random.chance(70) { random.pick(&moves) } else { random.pick(&TransferStatus::ALL) };
    let mut row = if random.chance(50) { sample::transfer_full(n, order, status) } else { sample::transfer(n, order).restored(status) };
    row.stripe_transfer_id = random.sometimes(format!("tr_{value}"));
    row.hold = if random.chance(60) { Some(random.pick(&Hold::ALL)) } else { None };
    row.attempt = random_attempt(random);
    row.next_retry_at = if random.chance(70) { Some(random.time()) } else { None };
    Row::Transfer(row)
}

fn random_posting(random: &mut Lcg, order: u32) -> Row {
    let accounts = [
        Account::PlatformFee,
        Account::SellerPayable(sample::user_id(2)),
        Account::SellerPayable(sample::user_id(3)),
        Account::SellerReceivable(sample::user_id(2)),
        Account::Connect(sample::user_id(2)),
    ];
    let amount = i64::from(random.below(1000)) + 1;
    let off = i64::from(random.chance(10));
    let entries = [(Account::PspClearing, amount), (random.pick(&accounts), off - amount)];
    let currency = sample::currency(random.pick(&["EUR", "JPY"]));
    Row::Posting(sample::posting(&format!("event {}", random.below(200)), sample::order_id(order), currency, &entries))
}
