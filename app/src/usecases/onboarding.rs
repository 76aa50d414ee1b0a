//! A seller's way to an account that can receive transfers (spec/01-money §5).

use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{commit, fresh_unit};
use crate::usecases::transfers::refresh;
use secrecy::ExposeSecret;
use veza_domain::access::may_be_paid;
use veza_domain::identity::User;
use veza_domain::ids::UserId;
use veza_domain::payout::SellerAccount;
use veza_ports::storage::{CommitError, Row, Versioned, Write};
use veza_ports::transfers::{ConnectAccount, TransferError, TransferService};

/// Transfers that are released in one go.
const RELEASE_BATCH: u32 = 100;

/// Where a seller stands, and the link to go on.
pub struct Onboarding {
    /// The account as it stands.
    pub account: SellerAccount,
    /// Connect's page; single use, a secret.
    pub url: String,
}

/// Opens a seller's account if there is none, asks Connect how it stands, and makes a link to go on with.
///
/// # Errors
/// 403 `creator_required`; 503 `payout_provider_required`, `payout_provider_unavailable`; 502 `payout_provider_refused`.
pub async fn start(app: &App, seller: &User) -> Result<Onboarding, ApiError> {
    may_be_paid(seller.roles).map_err(|reason| ApiError::forbidden("creator_required", reason.to_string()))?;
    let required = || ApiError::unavailable("payout_provider_required", "paying sellers needs a payout provider, and none is configured");
    let connect = app.connect.as_ref().ok_or_else(required)?;
    let known = ensure(app, connect.as_ref(), seller).await?;
    let account = refresh(app, connect.as_ref(), known).await?;
    if account.transfers_enabled {
        release(app, seller.id).await?;
    }
    let id = account.stripe_account_id.clone().unwrap_or_default();
    let page = format!("{}/seller/onboarding", app.money.public_url);
    let key = format!("account_link:{}", app.ids.uuid());
    let link = connect.onboarding_link(&key, &id, &format!("{page}/done?seller={}", seller.id), &page).await.map_err(problem)?;
    Ok(Onboarding { account, url: link.0.expose_secret().to_owned() })
}

/// A seller comes back from Connect's page: that proves nothing, so Connect is asked, and what waited goes out if it may.
/// True when the account can receive transfers. Needs no sign-in: it tells and changes nothing that Connect does not say.
///
/// # Errors
/// 404 for somebody without an account there; 503.
pub async fn returned(app: &App, seller: UserId) -> Result<bool, ApiError> {
    let not_found = || ApiError::not_found("account_not_found", "no such account at the payout provider");
    let (Some(connect), Some(known)) = (&app.connect, app.store.seller_account(seller).await?) else { return Err(not_found()) };
    let account = refresh(app, connect.as_ref(), known).await?;
    if account.transfers_enabled {
        release(app, seller).await?;
    }
    Ok(account.transfers_enabled)
}

/// The seller's account row with Connect's id in it. The intent is stored before Connect is asked, under a key that stays.
async fn ensure(app: &App, connect: &dyn TransferService, seller: &User) -> Result<Versioned<SellerAccount>, ApiError> {
    let intent = match app.store.seller_account(seller.id).await? {
        Some(known) if known.value.stripe_account_id.is_some() => return Ok(known),
        Some(known) => known,
        None => store_intent(app, seller).await?,
    };
    let ConnectAccount { account_id, transfers_enabled, payouts_enabled } =
        connect.create_account(&format!("account:{}", seller.id), seller.id, seller.email.as_str()).await.map_err(problem)?;
    let value = SellerAccount { stripe_account_id: Some(account_id), transfers_enabled, payouts_enabled, ..intent.value };
    match commit(app, fresh_unit(app, vec![Write::Update { row: Row::SellerAccount(value.clone()), expected: intent.revision }])).await {
        Ok(_) => Ok(Versioned { value, revision: intent.revision.next() }),
        Err(CommitError::Conflict(_)) => read_again(app, seller).await,
        Err(error) => Err(error.into()),
    }
}

async fn store_intent(app: &App, seller: &User) -> Result<Versioned<SellerAccount>, ApiError> {
    let row = SellerAccount {
        seller_id: seller.id,
        stripe_account_id: None,
        transfers_enabled: false,
        payouts_enabled: false,
        created_at: app.now(),
        checked_at: None,
    };
    match commit(app, fresh_unit(app, vec![Write::Insert(Row::SellerAccount(row))])).await {
        Ok(_) | Err(CommitError::Conflict(_)) => read_again(app, seller).await,
        Err(error) => Err(error.into()),
    }
}

async fn read_again(app: &App, seller: &User) -> Result<Versioned<SellerAccount>, ApiError> {
    app.store.seller_account(seller.id).await?.ok_or_else(|| ApiError::internal("internal", "a fault of ours; try again"))
}

/// What waited for the account goes out now.
///
/// # Errors
/// [`CommitError`]; what was released before it stays released, the rest goes out by its slow schedule.
pub async fn release(app: &App, seller: UserId) -> Result<(), CommitError> {
    let held = app.store.held_transfers(seller, RELEASE_BATCH).await.map_err(|error| CommitError::Unavailable(Box::new(error)))?;
    for Versioned { value, revision } in held {
        let row = Row::Transfer(value.released(app.now()));
        match commit(app, fresh_unit(app, vec![Write::Update { row, expected: revision }])).await {
            Ok(_) | Err(CommitError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    app.wake.transfers.notify_one();
    Ok(())
}

fn problem(error: TransferError) -> ApiError {
    let message = error.to_string();
    tracing::warn!(error = message, "onboarding: Connect did not do it");
    match error {
        TransferError::BalanceInsufficient(_)
        | TransferError::CapabilityMissing(_)
        | TransferError::NotFound(_)
        | TransferError::AlreadyReversed(_)
        | TransferError::Refused(_) => ApiError::bad_gateway("payout_provider_refused", message),
        TransferError::Unknown { .. } | TransferError::NotNow(_) | TransferError::Credentials(_) | TransferError::EmptyKey(_) => {
            ApiError::unavailable("payout_provider_unavailable", "the payout provider can't be reached at the moment; try again")
        }
    }
}
