//! Every kind of row comes back as it was written, through every port that reads it.

use super::check::{Store, apply, first, insert, update, versioned, world};
use super::sample::{
    BUYER, SELLER, at, attention, debt, delivery, delivery_full, delivery_id, dispute, dispute_full, dispute_id, effect, effect_full,
    effect_id, euros, exclusive, hash, idempotency, idempotency_full, licence, line, line_full, mail_token, netting, order, order_full,
    order_id, product, product_full, product_id, refresh_token, refund, refund_full, refund_id, reversal, reversal_full, reversal_id,
    seller_account, seller_account_full, session, session_id, subscription_id, transfer, transfer_full, transfer_id, user, user_full,
    user_id,
};
use crate::storage::{IdempotencyRecord, Row, RowKey, Versioned};
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::catalog::{Product, ProductKind, ProductStatus};
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, User};
use veza_domain::licence::{ExclusiveHold, ExclusiveState, Licence, LicenceStatus};
use veza_domain::money::{Minor, Money};
use veza_domain::netting::Netting;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::transfer::TransferStatus;
use veza_domain::webhook::{Delivery, ProcessingResult};

pub async fn people(store: Store) {
    let (plain, full) = (user(1), user_full(2));
    insert(&store, "people", vec![Row::User(plain.clone()), Row::User(full.clone())]).await;
    for user in [plain, full] {
        assert_eq!(store.user(user.id).await.unwrap(), Some(versioned(user.clone(), 1)));
        assert_eq!(store.user_by_email(&user.email).await.unwrap(), Some(versioned(user, 1)));
    }
    let (plain, used) = (mail_token(1), MailToken { used_at: Some(at(1)), ..mail_token(2) });
    insert(&store, "tokens", vec![Row::MailToken(plain.clone()), Row::MailToken(used.clone())]).await;
    for token in [plain, used] {
        assert_eq!(store.mail_token(token.hash).await.unwrap(), Some(versioned(token, 1)));
    }
}

pub async fn sessions_and_refresh_tokens(store: Store) {
    world(&store).await;
    let (open, over) = (session(1), Session { revoked_at: Some(at(9)), ..session(2) });
    let (fresh, used) = (refresh_token(1, open.id), RefreshToken { used_at: Some(at(2)), ..refresh_token(2, over.id) });
    let rows = [Row::Session(open.clone()), Row::Session(over.clone()), Row::RefreshToken(fresh.clone()), Row::RefreshToken(used.clone())];
    insert(&store, "logins", rows.to_vec()).await;
    for session in [open, over] {
        assert_eq!(store.session(session.id).await.unwrap(), Some(versioned(session, 1)));
    }
    for token in [fresh, used] {
        assert_eq!(store.refresh_token(token.hash).await.unwrap(), Some(versioned(token, 1)));
    }
}

pub async fn products(store: Store) {
    insert(&store, "seller", vec![Row::User(user(SELLER))]).await;
    let mut rows = vec![product(1), product_full(2)];
    rows.extend((3..).zip(ProductKind::ALL).map(|(n, kind)| Product { kind, status: ProductStatus::Archived, ..product(n) }));
    insert(&store, "products", rows.iter().cloned().map(Row::Product).collect()).await;
    for row in &rows {
        assert_eq!(store.product(row.id).await.unwrap(), Some(versioned(row.clone(), 1)));
    }
    let ids: Vec<_> = rows.iter().map(|row| row.id).chain([product_id(99), rows[0].id]).collect();
    let mut found = store.products_by_id(&ids).await.unwrap();
    found.sort_by_key(|row| row.value.id);
    assert_eq!(found, rows.iter().map(|row| versioned(row.clone(), 1)).collect::<Vec<_>>());
    assert_eq!(store.products_by_id(&[]).await.unwrap(), []);
    rows.reverse();
    assert_eq!(store.products(crate::storage::ProductFilter::default(), first(100)).await.unwrap(), rows);
}

pub async fn orders_with_all_that_hangs_on_them(store: Store) {
    world(&store).await;
    let plain = store.order_file(order_id(2)).await.unwrap().unwrap();
    assert_eq!(plain.file.order, order(2));
    assert_eq!(plain.file.lines, [line(2, 0)]);
    assert_eq!(plain.revisions.keys().cloned().collect::<Vec<_>>(), [RowKey::Order(order_id(2)), RowKey::Line(line(2, 0).id)]);

    let lines = [line_full(6, 0), line_full(6, 1), line(6, 2)];
    let mut cheap = line(6, 3);
    cheap.licence_kind = super::sample::licence_kind("basic");
    let licences = [licence(&lines[0]), Licence { status: LicenceStatus::Revoked, ..licence(&lines[1]) }];
    let refunds = [refund_full(1, 6), refund(2, order_id(6))];
    let transfers = [transfer_full(1, order_id(6), TransferStatus::Completed), transfer(2, order_id(6))];
    let reversals = [
        reversal_full(1, order_id(6), transfer_id(1), refund_id(1)),
        reversal(2, order_id(6), transfer_id(2), refund_id(2)),
        debt(3, order_id(6)),
    ];
    let disputes = [dispute_full(1, order_id(6)), dispute(2, order_id(6))];
    let nettings = [netting(1, order_id(6), reversal_id(1)), Netting { amount: euros(0), ..netting(2, order_id(6), reversal_id(3)) }];
    let holds = [exclusive(1, order_id(6)), ExclusiveHold { state: ExclusiveState::Sold, ..exclusive(2, order_id(3)) }];
    let other = [Row::Exclusive(exclusive(4, order_id(6))), Row::Exclusive(exclusive(5, order_id(6)))];
    let mut rows = vec![Row::Order(order_full(6)), Row::Line(cheap.clone())];
    rows.extend(lines.iter().cloned().map(Row::Line));
    rows.extend(licences.iter().cloned().map(Row::Licence));
    rows.extend(refunds.iter().cloned().map(Row::Refund));
    rows.extend(transfers.iter().cloned().map(Row::Transfer));
    rows.extend(reversals.iter().cloned().map(Row::Reversal));
    rows.extend(disputes.iter().cloned().map(Row::Dispute));
    rows.extend(nettings.iter().cloned().map(Row::Netting));
    rows.extend(holds.iter().cloned().map(Row::Exclusive));
    let mut expected: Vec<RowKey> = rows.iter().map(Row::key).collect();
    expected.sort();
    rows.extend(other);
    insert(&store, "order", rows).await;

    let stored = store.order_file(order_id(6)).await.unwrap().unwrap();
    assert_eq!(stored.file.order, order_full(6));
    assert_eq!(stored.file.lines, [&lines[..], &[cheap]].concat());
    assert_eq!(stored.file.licences, licences);
    assert_eq!(stored.file.refunds, refunds);
    assert_eq!(stored.file.transfers, transfers);
    assert_eq!(stored.file.reversals, reversals, "one that no transfer stands for too");
    assert_eq!((stored.file.disputes, stored.file.nettings), (disputes.to_vec(), nettings.to_vec()));
    assert_eq!(stored.file.debts, [], "what is its own is no debt of another order");
    assert_eq!(stored.file.exclusives, holds, "of what it buys exclusively, whoever holds it; nothing else");
    assert_eq!(stored.revisions.keys().cloned().collect::<Vec<_>>(), expected, "one revision per row of the file");
    assert!(stored.revisions.values().all(|revision| revision.0 == 1));
    let listed = store.licences_of_buyer(user_id(BUYER), first(10)).await.unwrap();
    assert_eq!(listed, licences.into_iter().rev().collect::<Vec<_>>());
    let orders = store.orders_of_buyer(user_id(BUYER), first(1)).await.unwrap();
    assert_eq!((&orders[0].order, &orders[0].lines), (&order_full(6), &stored.file.lines));
}

pub async fn outbox_and_idempotency(store: Store) {
    world(&store).await;
    let kinds = [
        EffectKind::CreatePayment(order_id(1)),
        EffectKind::CreateRefund(order_id(1), refund_id(1)),
        EffectKind::ReadPayment(order_id(1)),
        EffectKind::ReadRefund(order_id(1), refund_id(1)),
        EffectKind::MailVerification(user_id(1), mail_token(1).id),
        EffectKind::MailAlreadyRegistered(user_id(1)),
        EffectKind::MailPaymentNeeded(user_id(1), subscription_id(1).0),
        EffectKind::MailSubscriptionEnded(user_id(1), subscription_id(1).0),
    ];
    let mut effects = vec![effect(1, 0), effect_full(2), Effect { state: EffectState::Done, due_at: None, ..effect_full(3) }];
    effects.extend((10..).zip(kinds).map(|(n, kind)| Effect { kind, state: EffectState::Refused, due_at: None, ..effect(n, 0) }));
    insert(&store, "effects", effects.iter().cloned().map(Row::Effect).collect()).await;
    for effect in effects {
        assert_eq!(store.effect(effect.id).await.unwrap(), Some(versioned(effect, 1)));
    }
    let scoped = IdempotencyRecord { scope: "refund".to_owned(), ..idempotency("a key") };
    let theirs = IdempotencyRecord { user_id: user_id(SELLER), ..idempotency_full("a key") };
    let records = [idempotency("a key"), idempotency_full("A key"), scoped, theirs];
    insert(&store, "keys", records.iter().cloned().map(Row::Idempotency).collect()).await;
    for record in records {
        let found = store.idempotency(record.user_id, &record.scope, &record.key).await.unwrap();
        assert_eq!(found, Some(versioned(record, 1)));
    }
    assert_eq!(store.idempotency(user_id(3), "create_order", "a key").await.unwrap(), None);
}

pub async fn sellers(store: Store) {
    world(&store).await;
    insert(&store, "accounts", vec![Row::SellerAccount(seller_account(1)), Row::SellerAccount(seller_account_full(2))]).await;
    assert_eq!(store.seller_account(user_id(1)).await.unwrap(), Some(versioned(seller_account(1), 1)));
    assert_eq!(store.seller_account(user_id(2)).await.unwrap(), Some(versioned(seller_account_full(2), 1)));
    let mut yen = transfer(9, order_id(1));
    yen.amount = Money::new(i64::MAX, super::sample::currency("JPY"));
    let refunded = refund(1, order_id(1));
    let mut rows: Vec<_> = (1..).zip(TransferStatus::ALL).map(|(n, status)| transfer_full(n, order_id(1), status)).collect();
    rows.push(yen);
    let done =
        Reversal { status: ReversalStatus::Reversed, next_retry_at: None, ..reversal_full(1, order_id(1), transfer_id(1), refunded.id) };
    insert(&store, "transfers", rows.iter().cloned().map(Row::Transfer).collect()).await;
    insert(&store, "reversals", vec![Row::Refund(refunded), Row::Reversal(done.clone())]).await;
    let listed = store.transfers_of_seller(user_id(SELLER), first(50)).await.unwrap();
    rows.reverse();
    assert_eq!(listed.iter().map(|row| row.transfer.clone()).collect::<Vec<_>>(), rows);
    assert_eq!(listed.last().unwrap().reversals, [done]);
}

pub async fn operators_list_and_webhook_log(store: Store) {
    world(&store).await;
    let subjects = [
        Subject::Order(order_id(1)),
        Subject::Refund(refund_id(1)),
        Subject::Transfer(transfer_id(1)),
        Subject::Reversal(reversal_id(1)),
        Subject::User(user_id(1)),
        Subject::Dispute(dispute_id(1)),
    ];
    let mut entries: Vec<Attention> =
        (0..).zip(subjects).map(|(n, subject)| Attention { subject, ..attention(order_id(1), Code::AmountMismatch, n) }).collect();
    entries.extend((10..).zip(Code::ALL).skip(1).map(|(n, code)| attention(order_id(1), *code, n)));
    let lone = Attention { order_id: None, detail: String::new(), ..attention(order_id(2), Code::ProviderCredentials, 99) };
    insert(&store, "entries", entries.iter().chain([&lone]).cloned().map(Row::Attention).collect()).await;
    assert_eq!(store.attention_of_order(order_id(1)).await.unwrap(), entries);
    assert_eq!(store.attention_of_order(order_id(2)).await.unwrap(), [], "it names no order that it belongs to");
    entries.push(lone);
    assert_eq!(store.attention(100, None).await.unwrap(), entries);

    let results = [ProcessingResult::Ok, ProcessingResult::Skipped, ProcessingResult::Error(String::new())];
    let mut rows = vec![delivery(1), delivery_full(2)];
    rows.extend((3..).zip(results).map(|(n, result)| Delivery { result, ..delivery_full(n) }));
    insert(&store, "log", rows.iter().cloned().map(Row::Delivery).collect()).await;
    for row in &rows {
        assert_eq!(store.delivery(row.id).await.unwrap().as_ref(), Some(row));
    }
    rows.reverse();
    assert_eq!(store.deliveries(&crate::storage::DeliveryFilter::default(), first(10)).await.unwrap(), rows);
    store.check().await.unwrap();
}

pub async fn an_update_replaces_the_whole_row(store: Store) {
    world(&store).await;
    let with_token = [Row::MailToken(mail_token(1)), Row::Session(session(1)), Row::RefreshToken(refresh_token(1, session_id(1)))];
    let money = [
        Row::Line(line(1, 1)),
        Row::Refund(refund(1, order_id(1))),
        Row::Transfer(transfer(1, order_id(1))),
        Row::Reversal(reversal(1, order_id(1), transfer_id(1), refund_id(1))),
        Row::Licence(licence(&line(1, 0))),
        Row::Exclusive(exclusive(1, order_id(1))),
        Row::SellerAccount(seller_account(2)),
        Row::Idempotency(idempotency("key")),
        Row::Effect(effect(1, 0)),
    ];
    insert(&store, "bare", [&with_token[..], &money].concat()).await;
    let failed = Refund { status: RefundStatus::Failed, ..refund_full(1, 1) };
    let released = ExclusiveHold { state: ExclusiveState::Released, ..exclusive(1, order_id(2)) };
    let revoked = Licence { status: LicenceStatus::Revoked, granted_at: at(70), ..licence(&line(1, 0)) };
    let gone = RefreshToken { used_at: Some(at(3)), ..refresh_token(1, session_id(1)) };
    let full = vec![
        Row::User(User { created_at: user(1).created_at, ..user_full(1) }),
        Row::MailToken(MailToken { used_at: Some(at(1)), hash: hash(5), expires_at: at(4), ..mail_token(1) }),
        Row::Session(Session { revoked_at: Some(at(8)), expires_at: at(9), ..session(1) }),
        Row::RefreshToken(gone.clone()),
        Row::Product(Product { status: ProductStatus::Archived, ..product_full(1) }),
        Row::Exclusive(released.clone()),
        Row::SellerAccount(seller_account_full(2)),
        Row::Idempotency(idempotency_full("key")),
        Row::Order(order_full(1)),
        Row::Line(line_full(1, 0)),
        Row::Refund(failed.clone()),
        Row::Licence(revoked.clone()),
        Row::Transfer(transfer_full(1, order_id(1), TransferStatus::Completed)),
        Row::Reversal(reversal_full(1, order_id(1), transfer_id(1), refund_id(1))),
        Row::Effect(effect_full(1)),
    ];
    apply(&store, "filled", full.into_iter().map(|row| update(row, 1)).collect()).await;

    assert_eq!(store.user(user_id(1)).await.unwrap(), Some(versioned(user_full(1), 2)));
    assert_eq!(store.user_by_email(&user(1).email).await.unwrap(), None);
    assert_eq!(store.mail_token(hash(1)).await.unwrap(), None);
    assert_eq!(store.mail_token(hash(5)).await.unwrap().unwrap().value.used_at, Some(at(1)));
    assert_eq!(store.session(session_id(1)).await.unwrap().unwrap().value.expires_at, at(9));
    assert_eq!(store.refresh_token(hash(1)).await.unwrap(), Some(versioned(gone, 2)));
    assert_eq!(store.product(product_id(1)).await.unwrap().unwrap().value.status, ProductStatus::Archived);
    assert_eq!(store.seller_account(user_id(2)).await.unwrap(), Some(versioned(seller_account_full(2), 2)));
    let answered = store.idempotency(user_id(BUYER), "create_order", "key").await.unwrap();
    assert_eq!(answered, Some(versioned(idempotency_full("key"), 2)));
    assert_eq!(store.effect(effect_id(1)).await.unwrap(), Some(versioned(effect_full(1), 2)));
    let stored = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!((stored.file.order, stored.file.lines), (order_full(1), vec![line_full(1, 0), line(1, 1)]));
    assert_eq!((stored.file.refunds, stored.file.licences), (vec![failed], vec![revoked]));
    assert_eq!(stored.file.transfers, [transfer_full(1, order_id(1), TransferStatus::Completed)]);
    assert_eq!(stored.file.reversals, [reversal_full(1, order_id(1), transfer_id(1), refund_id(1))]);
    assert_eq!(stored.file.exclusives, [released]);

    let offers = Product { offers: vec![product_full(1).offers.remove(1)], images: Vec::new(), published_at: None, ..product_full(1) };
    let emptied = vec![
        Row::User(user(1)),
        Row::Product(offers.clone()),
        Row::Order(Order { status: OrderStatus::Completed, refunded: Minor(0), ..order(1) }),
        Row::Refund(refund(1, order_id(1))),
        Row::Effect(effect(1, 0)),
    ];
    apply(&store, "emptied", emptied.into_iter().map(|row| update(row, 2)).collect()).await;
    assert_eq!(store.user(user_id(1)).await.unwrap(), Some(versioned(user(1), 3)));
    assert_eq!(store.product(product_id(1)).await.unwrap(), Some(Versioned { value: offers, ..versioned(product(1), 3) }));
    assert_eq!(store.effect(effect_id(1)).await.unwrap(), Some(versioned(effect(1, 0), 3)));
    let stored = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!((stored.file.order.payment_id, stored.file.refunds), (None, vec![refund(1, order_id(1))]));
    assert_eq!(stored.revisions[&RowKey::Refund(refund_id(1))].0, 3);
}

pub async fn what_is_not_there_is_none(store: Store) {
    assert_eq!(store.user(user_id(1)).await.unwrap(), None);
    assert_eq!(store.user_by_email(&Email::new("a@b.cc").unwrap()).await.unwrap(), None);
    assert_eq!(store.mail_token(hash(1)).await.unwrap(), None);
    assert_eq!(store.session(session_id(1)).await.unwrap(), None);
    assert_eq!(store.refresh_token(hash(1)).await.unwrap(), None);
    assert_eq!(store.caller(user_id(1), session_id(1), at(0)).await.unwrap(), None);
    assert_eq!(store.product(product_id(1)).await.unwrap(), None);
    assert_eq!(store.order_file(order_id(1)).await.unwrap(), None);
    assert_eq!(store.order_of_payment("pay_1").await.unwrap(), None);
    assert_eq!(store.order_of_refund("ref_1").await.unwrap(), None);
    assert_eq!(store.orders_of_buyer(user_id(1), first(9)).await.unwrap(), []);
    assert_eq!(store.effect(effect_id(1)).await.unwrap(), None);
    assert_eq!(store.seller_account(user_id(1)).await.unwrap(), None);
    assert_eq!(store.seller_books(user_id(1)).await.unwrap(), []);
    assert_eq!(store.delivery(delivery_id(1)).await.unwrap(), None);
    assert_eq!(store.attention(9, None).await.unwrap(), []);
    assert_eq!(store.ledger_balances().await.unwrap(), []);
    assert_eq!(store.order_of_reversal(reversal_id(1)).await.unwrap(), None);
    assert_eq!(store.payout("po_1").await.unwrap(), None);
    assert_eq!(store.attention_entry(order_id(1).0, Code::AmountMismatch).await.unwrap(), None);
    store.check().await.unwrap();
}
