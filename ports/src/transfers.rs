//! The seller-payout provider (Stripe Connect): accounts, transfers, reversals and the look-ups that recovery needs.

use crate::BoxError;
use crate::payments::EmptyKey;
use async_trait::async_trait;
use veza_domain::ids::{OrderId, RefundId, ReversalId, TransferId, UserId};
use veza_domain::money::Money;
use veza_domain::payout::PayoutStatus;
use veza_domain::settlement::ConnectReversal;
use veza_domain::time::Timestamp;

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
    pub refund_id: Option<RefundId>,
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

    /// The transfer with this id and all its reversals, as they stand; `None` when the provider definitely has none.
    /// # Errors
    /// [`LookupError`].
    async fn transfer(&self, stripe_transfer_id: &str) -> Result<Option<ListedTransfer>, LookupError>;

    /// Transfers, newest first, at most 100 a page; those after `after`. Reversals come as far as the provider embeds them (the ten
    /// newest); `amount_reversed` is exact.
    /// # Errors
    /// [`LookupError`].
    async fn transfers(&self, which: &TransferFilter, after: Option<&str>) -> Result<TransferPage, LookupError>;

    /// The payout with this id of a connected account; `None` when the provider definitely has none.
    /// # Errors
    /// [`LookupError`].
    async fn payout(&self, account_id: &str, payout_id: &str) -> Result<Option<ListedPayout>, LookupError>;
}

/// Which transfers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferFilter {
    /// Only to this account.
    pub destination: Option<String>,
    /// Only of this order (`transfer_group`).
    pub order_id: Option<OrderId>,
    /// Made at or after this second.
    pub since: Option<Timestamp>,
    /// Made before this second.
    pub until: Option<Timestamp>,
}

/// A page of transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferPage {
    /// The transfers.
    pub transfers: Vec<ListedTransfer>,
    /// There are more: ask again after the last one.
    pub has_more: bool,
}

/// A transfer as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedTransfer {
    /// `tr_…`.
    pub stripe_transfer_id: String,
    /// `acct_…`.
    pub destination: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// Upper-case ISO code.
    pub currency: String,
    /// Minor units.
    pub amount_reversed: i64,
    /// Metadata `order_id`, where it is one.
    pub order_id: Option<OrderId>,
    /// Metadata `transfer_id`, where it is one.
    pub transfer_id: Option<TransferId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its reversals, oldest first.
    pub reversals: Vec<ConnectReversal>,
}

/// A payout as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPayout {
    /// `po_…`.
    pub payout_id: String,
    /// Minor units.
    pub amount: i64,
    /// Upper-case ISO code.
    pub currency: String,
    /// Its status; none for one that we do not know.
    pub status: Option<PayoutStatus>,
    /// The provider's code and words, where it failed.
    pub failure: Option<String>,
    /// When it arrives.
    pub arrives_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A message of the provider, as far as it could be read. Each is a hint: the object is read before anything is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectEvent {
    /// `evt_…`.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// The connected account it is about, `acct_…`, where it names one.
    pub account_id: Option<String>,
    /// What it is about.
    pub subject: ConnectSubject,
}

/// What a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectSubject {
    /// `account.*`: the account changed.
    Account {
        /// `acct_…`.
        account_id: String,
    },
    /// `transfer.*`: the transfer changed.
    Transfer {
        /// `tr_…`.
        stripe_transfer_id: String,
    },
    /// `payout.*` of a connected account.
    Payout {
        /// `po_…`.
        payout_id: String,
    },
    /// Anything else.
    Other,
}

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum RejectedMessage {
    /// The signature is missing, wrong or too old (300 s, contracts/stripe.md §9).
    #[error("the signature is missing, wrong or too old")]
    Signature,
    /// Signed, and broken; quotes nothing of the body.
    #[error("malformed body: {0}")]
    Malformed(String),
}

/// Checks and reads the provider's messages.
pub trait TransferWebhooks: Send + Sync {
    /// The name of the header that carries the signature, lower case.
    fn signature_header(&self) -> &'static str;

    /// Checks the signature over exactly these bytes against every secret we have, in constant time, and reads the body.
    /// # Errors
    /// [`RejectedMessage`].
    fn accept(&self, body: &[u8], signature: Option<&str>, now: Timestamp) -> Result<ConnectEvent, RejectedMessage>;

    /// Reads a body that was verified when it came: for replays.
    /// # Errors
    /// [`RejectedMessage::Malformed`].
    fn parse(&self, body: &[u8]) -> Result<ConnectEvent, RejectedMessage>;

    /// The event type of a body that need not be verified or whole, for the log; none if it can't be read.
    fn event_type(&self, body: &[u8]) -> Option<String>;
}
