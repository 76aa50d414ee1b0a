//! The seller-payout provider (Stripe Connect): accounts, transfers, reversals and the look-ups that recovery needs.

use crate::BoxError;
use crate::payments::EmptyKey;
use async_trait::async_trait;
use veza_domain::ids::{OrderId, RefundId, ReversalId, TransferId, UserId};
use veza_domain::money::Money;

/// A transfer to be made. Nothing in it varies between attempts: the provider compares it with what the key was first
/// used for (contracts/stripe.md §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransfer {
    /// Ours; metadata `transfer_id`.
    pub transfer_id: TransferId,
    /// `transfer_group` and metadata `order_id`.
    pub order_id: OrderId,
    /// The seller's account, `acct_…`.
    pub destination: String,
    /// How much; always sent.
    pub amount: Money,
}

/// A transfer to be taken back, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReversal {
    /// Ours; metadata `reversal_id`.
    pub reversal_id: ReversalId,
    /// The cause; metadata `refund_id`.
    pub refund_id: RefundId,
    /// The provider's id of the transfer, `tr_…`.
    pub stripe_transfer_id: String,
    /// How much; always sent (without it everything left is taken).
    pub amount: Money,
}

/// Why a call for a transfer, reversal or account brought no object (contracts/stripe.md §6, spec/01-money §5).
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// `balance_insufficient`: nothing happened, time heals it.
    #[error("insufficient balance: {0}")]
    BalanceInsufficient(String),
    /// `insufficient_capabilities_for_transfer`: nothing happened, the account must be onboarded first.
    #[error("the account can't receive transfers: {0}")]
    CapabilityMissing(String),
    /// 404 `resource_missing`: the object named in the path does not exist.
    #[error("not found: {0}")]
    NotFound(String),
    /// The transfer is fully reversed already; read it to see by whom.
    #[error("already reversed: {0}")]
    AlreadyReversed(String),
    /// Any other definite 4xx: nothing happened.
    #[error("refused: {0}")]
    Refused(String),
    /// It may have happened: time-out, cut connection, 5xx.
    #[error("outcome unknown: {message}")]
    Unknown {
        /// What was seen.
        message: String,
        /// The same answer would come again (`Stripe-Should-Retry: false` on a 5xx, or an answer about something else than
        /// asked for): look it up at once.
        replayed: bool,
    },
    /// It did not happen now: 409, 429, or nothing was sent. Wait, same key.
    #[error("not now: {0}")]
    NotNow(String),
    /// 401 or 403: nothing happened, and nothing will until someone mends it.
    #[error("provider refused our credentials: {0}")]
    Credentials(String),
    /// No idempotency key: a bug of the caller, nothing was sent.
    #[error(transparent)]
    EmptyKey(#[from] EmptyKey),
}

/// Why a read brought no answer. It says nothing about the object. Also when the provider has an object with our id and
/// another amount or account: never "none", which would have it sent again.
#[derive(Debug, thiserror::Error)]
#[error("the payout provider can't be read")]
pub struct LookupError(#[source] pub BoxError);

/// A connected account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectAccount {
    /// `acct_…`.
    pub account_id: String,
    /// `capabilities.transfers == "active"`: it can receive.
    pub transfers_enabled: bool,
    /// It can pay out to its bank.
    pub payouts_enabled: bool,
}

/// A single-use link to the provider's onboarding. A secret: never logged or stored.
#[derive(Clone)]
pub struct OnboardingLink(pub secrecy::SecretString);

/// What a look-up found of one of our intents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The provider has exactly one: its id.
    One(String),
    /// The provider has none.
    None,
    /// The provider has more than one: a double payment to report, not to pick from.
    Several(Vec<String>),
}

/// Pays sellers and takes back.
#[async_trait]
pub trait TransferService: Send + Sync {
    /// Opens an account for a seller.
    /// # Errors
    /// [`TransferError`]; an empty key fails before anything is sent.
    async fn create_account(&self, key: &str, seller: UserId, email: &str) -> Result<ConnectAccount, TransferError>;

    /// A fresh onboarding link.
    /// # Errors
    /// [`TransferError`]; an empty key fails before anything is sent.
    async fn onboarding_link(
        &self,
        key: &str,
        account_id: &str,
        return_url: &str,
        refresh_url: &str,
    ) -> Result<OnboardingLink, TransferError>;

    /// The account as it stands; `None` when there is no such account.
    /// # Errors
    /// [`LookupError`].
    async fn account(&self, account_id: &str) -> Result<Option<ConnectAccount>, LookupError>;

    /// Makes a transfer; the provider's id of it.
    /// # Errors
    /// [`TransferError`]; an empty key fails before anything is sent.
    async fn create_transfer(&self, key: &str, transfer: &NewTransfer) -> Result<String, TransferError>;

    /// Takes a transfer back; the provider's id of the reversal.
    /// # Errors
    /// [`TransferError`]; an empty key fails before anything is sent.
    async fn create_reversal(&self, key: &str, reversal: &NewReversal) -> Result<String, TransferError>;

    /// Looks for the transfer that an earlier call of ours may have made: by `transfer_group`, matched on metadata
    /// `transfer_id`, amount, currency and destination.
    /// # Errors
    /// [`LookupError`].
    async fn find_transfer(&self, transfer: &NewTransfer) -> Result<Found, LookupError>;

    /// Looks for the reversal that an earlier call of ours may have made: among the transfer's reversals, matched on
    /// metadata `refund_id` (and `reversal_id`) and amount.
    /// # Errors
    /// [`LookupError`].
    async fn find_reversal(&self, reversal: &NewReversal) -> Result<Found, LookupError>;
}
