//! The creating calls, and the account's state.

use crate::Stripe;
use crate::http::{Answer, CallError};
use crate::judge::{self, Asked, NO_SUCH_ACCOUNT, NO_SUCH_OBJECT};
use crate::wire::{AccountWire, LinkWire, META_ORDER, META_REFUND, META_REVERSAL, META_TRANSFER, ReversalWire, TransferWire};
use async_trait::async_trait;
use veza_domain::ids::UserId;
use veza_ports::payments::IdempotencyKey;
use veza_ports::transfers::{
    ConnectAccount, Found, ListedPayout, ListedTransfer, LookupError, NewReversal, NewTransfer, OnboardingLink, TransferError,
    TransferFilter, TransferPage, TransferService,
};

#[async_trait]
impl TransferService for Stripe {
    /// The country is left out: Stripe's onboarding asks the seller for what is missing.
    async fn create_account(&self, key: &str, seller: UserId, email: &str) -> Result<ConnectAccount, TransferError> {
        let key = IdempotencyKey::new(key)?;
        let seller = seller.to_string();
        let form = [
            ("email", email),
            ("capabilities[transfers][requested]", "true"),
            ("controller[stripe_dashboard][type]", "express"),
            ("controller[requirement_collection]", "stripe"),
            ("controller[fees][payer]", "application"),
            ("controller[losses][payments]", "application"),
            ("metadata[seller_id]", &seller),
        ];
        let answer = self.http.post(&["accounts"], key.as_str(), &form).await;
        judge::created::<AccountWire>(Asked::Account, answer).map(ConnectAccount::from)
    }

    async fn onboarding_link(
        &self,
        key: &str,
        account_id: &str,
        return_url: &str,
        refresh_url: &str,
    ) -> Result<OnboardingLink, TransferError> {
        let key = IdempotencyKey::new(key)?;
        let form = [("account", account_id), ("type", "account_onboarding"), ("refresh_url", refresh_url), ("return_url", return_url)];
        let answer = self.http.post(&["account_links"], key.as_str(), &form).await;
        judge::created::<LinkWire>(Asked::Link, answer).map(|link| OnboardingLink(link.url.into()))
    }

    async fn account(&self, account_id: &str) -> Result<Option<ConnectAccount>, LookupError> {
        let answer = self.http.get(&["accounts", account_id], &[]).await;
        Ok(judge::read::<AccountWire>(answer, &[NO_SUCH_OBJECT, NO_SUCH_ACCOUNT])?.map(ConnectAccount::from))
    }

    async fn create_transfer(&self, key: &str, transfer: &NewTransfer) -> Result<String, TransferError> {
        let key = IdempotencyKey::new(key)?;
        let (transfer_id, order_id) = (transfer.transfer_id.to_string(), transfer.order_id.to_string());
        let (amount, currency) = (transfer.amount.amount.0.to_string(), transfer.amount.currency.code().to_ascii_lowercase());
        let (metadata_order, metadata_transfer) = (format!("metadata[{META_ORDER}]"), format!("metadata[{META_TRANSFER}]"));
        let form = [
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("destination", &transfer.destination),
            ("transfer_group", &order_id),
            (&metadata_order, &order_id),
            (&metadata_transfer, &transfer_id),
        ];
        let answer = self.http.post(&["transfers"], key.as_str(), &form).await;
        transfer_created(answer, transfer)
    }

    async fn create_reversal(&self, key: &str, reversal: &NewReversal) -> Result<String, TransferError> {
        let key = IdempotencyKey::new(key)?;
        let amount = reversal.amount.amount.0.to_string();
        let (reversal_id, refund_id) = (reversal.reversal_id.to_string(), reversal.refund_id.map(|id| id.to_string()));
        let (metadata_reversal, metadata_refund) = (format!("metadata[{META_REVERSAL}]"), format!("metadata[{META_REFUND}]"));
        let mut form = vec![("amount", amount.as_str())];
        form.extend(refund_id.as_deref().map(|id| (metadata_refund.as_str(), id)));
        form.push((&metadata_reversal, &reversal_id));
        let answer = self.http.post(&["transfers", &reversal.stripe_transfer_id, "reversals"], key.as_str(), &form).await;
        reversal_created(answer, reversal)
    }

    async fn find_transfer(&self, transfer: &NewTransfer) -> Result<Found, LookupError> {
        self.look_for_transfer(transfer).await
    }

    async fn find_reversal(&self, reversal: &NewReversal) -> Result<Found, LookupError> {
        self.look_for_reversal(reversal).await
    }

    async fn transfer(&self, stripe_transfer_id: &str) -> Result<Option<ListedTransfer>, LookupError> {
        self.read_transfer(stripe_transfer_id).await
    }

    async fn transfers(&self, which: &TransferFilter, after: Option<&str>) -> Result<TransferPage, LookupError> {
        self.read_transfers(which, after).await
    }

    async fn payout(&self, account_id: &str, payout_id: &str) -> Result<Option<ListedPayout>, LookupError> {
        self.read_payout(account_id, payout_id).await
    }
}

pub(crate) fn transfer_created(answer: Result<Answer, CallError>, wanted: &NewTransfer) -> Result<String, TransferError> {
    let created: TransferWire = judge::created(Asked::Transfer, answer)?;
    agreed(created.difference(wanted))?;
    Ok(created.id)
}

pub(crate) fn reversal_created(answer: Result<Answer, CallError>, wanted: &NewReversal) -> Result<String, TransferError> {
    let created: ReversalWire = judge::created(Asked::Reversal, answer)?;
    agreed(created.difference(wanted))?;
    Ok(created.id)
}

/// An answer about another amount or account than asked for must not be booked as ours; a look-up tells what there is.
fn agreed(difference: Option<String>) -> Result<(), TransferError> {
    match difference {
        None => Ok(()),
        Some(message) => {
            tracing::error!("stripe answered with another object than asked for: {message}");
            Err(TransferError::Unknown { message, replayed: true })
        }
    }
}
