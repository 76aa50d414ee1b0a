//! Connect's transfers and reversals against ours: by list, so strangers show up; and ours that the list lacks.

use super::{BATCH, Findings, Listener, Period, Progress};
use crate::problem::chain;
use crate::services::{App, Connect};
use crate::usecases::connect_events::transfer_fact;
use crate::usecases::settle::{AsOf, Bring, bring};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use veza_domain::ids::{OrderId, TransferId};
use veza_domain::transfer::{Transfer, TransferStatus};
use veza_ports::storage::StoreError;
use veza_ports::transfers::{ListedTransfer, TransferFilter};

/// Ids of listed transfers, as hashes: eight bytes each, whatever the period.
#[derive(Default)]
struct Seen(HashSet<u64>);

impl Seen {
    fn hash(id: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        hasher.finish()
    }

    fn add(&mut self, id: &str) {
        self.0.insert(Self::hash(id));
    }

    fn has(&self, id: &str) -> bool {
        self.0.contains(&Self::hash(id))
    }
}

pub(super) async fn compare(
    app: &App,
    period: Period,
    import: bool,
    progress: &mut Progress,
    listener: &mut dyn Listener,
) -> Result<(), StoreError> {
    let mut seen = Seen::default();
    let Some(connect) = &app.connect else {
        let before = progress.unread;
        ours_not_listed(app, None, period, &seen, progress, listener).await?;
        let transfers = progress.unread - before;
        if transfers > 0 {
            tracing::warn!(transfers, "audit: Connect is off (STRIPE_CONNECT_ENABLED); its transfers are not compared");
        }
        return Ok(());
    };
    let mut after: Option<String> = None;
    // Shares of an order go out after it: what the period's orders sent is listed up to now.
    let filter = TransferFilter { since: Some(period.since), ..TransferFilter::default() };
    loop {
        let page = match connect.transfers(&filter, after.as_deref()).await {
            Ok(page) => page,
            Err(error) => {
                tracing::error!(error = chain(&error), "audit: the transfers could not be listed at Connect; not compared");
                let unread = Findings { unread: 1, ..Findings::default() };
                unread.tell(progress, listener).await?;
                return Ok(());
            }
        };
        let mut findings = Findings::default();
        for listed in &page.transfers {
            seen.add(&listed.stripe_transfer_id);
            against_ours(app, connect, period, listed, import, &mut findings).await?;
        }
        progress.transfers_done += page.transfers.len() as u64;
        findings.tell(progress, listener).await?;
        after = page.transfers.last().map(|listed| listed.stripe_transfer_id.clone());
        if !page.has_more || after.is_none() {
            break;
        }
    }
    ours_not_listed(app, Some(connect), period, &seen, progress, listener).await
}

async fn against_ours(
    app: &App,
    connect: &Connect,
    period: Period,
    listed: &ListedTransfer,
    import: bool,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let subject = listed.stripe_transfer_id.as_str();
    let theirs = format!("{} {}, {} reversed", listed.amount, listed.currency, listed.amount_reversed);
    let Some((order_id, id)) = app.store.order_of_transfer(subject).await? else {
        return stranger(app, period, listed, theirs, findings).await;
    };
    let Some((ours, _)) = find(app, order_id, id).await? else { return Ok(()) };
    let known = format!("{} {}, {} reversed", ours.amount.amount.0, ours.amount.currency, ours.amount_reversed.0);
    if known == theirs {
        return Ok(());
    }
    let proposed = "veza audit --import books reversals made at Connect; a different amount has to be corrected there.";
    findings.differs("transfer", Some(order_id), subject, (known, theirs), proposed);
    if import && let Ok(Some(read)) = connect.transfer(subject).await {
        let fact = transfer_fact(id, &read);
        let unit_id = format!("audit:{subject}:{}", app.ids.uuid());
        match bring(app, Bring { order_id, fact: &fact, as_of: AsOf::Whenever, unit_id, request: &[], extra: &|_| Vec::new() }).await {
            Ok(settled) => findings.imported += u64::from(settled.committed),
            Err(error) => tracing::error!(order = %order_id, error = chain(&error), "audit: could not be settled"),
        }
    }
    Ok(())
}

/// A transfer at Connect that no row of ours has the id of.
async fn stranger(app: &App, period: Period, listed: &ListedTransfer, theirs: String, findings: &mut Findings) -> Result<(), StoreError> {
    if listed.created_at >= period.until {
        return Ok(());
    }
    let claimed = match (listed.order_id, listed.transfer_id) {
        (Some(order_id), Some(id)) => find(app, order_id, id).await?,
        _ => None,
    };
    let subject = listed.stripe_transfer_id.as_str();
    match claimed {
        Some((ours, order_id)) if ours.stripe_transfer_id.is_some() => {
            let known = format!("sent as {}", ours.stripe_transfer_id.unwrap_or_default());
            let proposed = "The share was paid twice: reverse this transfer at Connect.";
            findings.differs("transfer_paid_twice", Some(order_id), subject, (known, theirs), proposed);
        }
        Some((ours, order_id)) if matches!(ours.status(), TransferStatus::Pending | TransferStatus::Failed) => {
            let known = format!("transfer {} is {}", ours.id, ours.status().as_str());
            findings.differs("transfer_unsettled", Some(order_id), subject, (known, theirs), "veza reconcile --once looks it up.");
        }
        Some((ours, order_id)) => {
            let known = format!("transfer {} is {} without Connect's id", ours.id, ours.status().as_str());
            findings.differs("transfer_without_id", Some(order_id), subject, (known, theirs), "veza backfill-transfer-ids --write");
        }
        None => {
            let proposed = "Not made by Veza: find out who did; reverse it at Connect if it is not meant.";
            findings.differs("transfer_unknown", listed.order_id, subject, ("unknown".to_owned(), theirs), proposed);
        }
    }
    Ok(())
}

async fn find(app: &App, order_id: OrderId, id: TransferId) -> Result<Option<(Transfer, OrderId)>, StoreError> {
    let Some(stored) = app.store.order_file(order_id).await? else { return Ok(None) };
    Ok(stored.file.transfers.into_iter().find(|transfer| transfer.id == id).map(|transfer| (transfer, order_id)))
}

/// Transfers that our books say Connect has and its list did not show; all of them, unread, where Connect can't be asked.
async fn ours_not_listed(
    app: &App,
    connect: Option<&Connect>,
    period: Period,
    seen: &Seen,
    progress: &mut Progress,
    listener: &mut dyn Listener,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let ids = app.store.orders_between(period.since, period.until, after, BATCH).await?;
        let mut findings = Findings::default();
        for order_id in &ids {
            let Some(stored) = app.store.order_file(*order_id).await? else { continue };
            for transfer in &stored.file.transfers {
                missing(connect, transfer, seen, &mut findings).await;
            }
        }
        findings.tell(progress, listener).await?;
        after = ids.last().copied();
        if ids.len() < BATCH as usize {
            return Ok(());
        }
    }
}

async fn missing(connect: Option<&Connect>, transfer: &Transfer, seen: &Seen, findings: &mut Findings) {
    let at_connect = matches!(transfer.status(), TransferStatus::Completed | TransferStatus::ReversalPending | TransferStatus::Reversed);
    if !at_connect {
        return;
    }
    let Some(connect) = connect else {
        findings.unread += 1;
        return;
    };
    let order_id = Some(transfer.order_id);
    let Some(id) = &transfer.stripe_transfer_id else {
        let sides = (transfer.status().as_str().to_owned(), "unknown: we have no id of it".to_owned());
        findings.differs("transfer_without_id", order_id, transfer.id.to_string(), sides, "veza backfill-transfer-ids");
        return;
    };
    if seen.has(id) {
        return;
    }
    match connect.transfer(id).await {
        Ok(Some(_)) => {}
        Ok(None) => {
            let sides = (format!("{}, {}", transfer.status().as_str(), transfer.amount), "no such transfer".to_owned());
            let proposed = "Check that the API key belongs to the account that made the transfer.";
            findings.differs("transfer_missing", order_id, id.as_str(), sides, proposed);
        }
        Err(error) => {
            tracing::warn!(transfer = id, error = chain(&error), "audit: the transfer could not be read; not compared");
            findings.unread += 1;
        }
    }
}
