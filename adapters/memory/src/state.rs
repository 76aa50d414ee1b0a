//! All rows in ordered maps, one a kind, the ids of the units that were applied, and typed views of the maps.

use std::collections::BTreeMap;
use veza_domain::attention::Attention;
use veza_domain::audit::{Audit, AuditDifference};
use veza_domain::catalog::Product;
use veza_domain::dispute::Dispute;
use veza_domain::distribution::{Placement, PlacementMove, RoyaltyFile, RoyaltyLine, Submission};
use veza_domain::effect::Effect;
use veza_domain::identity::{MailToken, RefreshToken, Session, User};
use veza_domain::ids::AuditId;
use veza_domain::journal::{AdminAction, Journal};
use veza_domain::ledger::Posting;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::netting::Netting;
use veza_domain::order::{Order, OrderLine};
use veza_domain::payout::{Payout, SellerAccount};
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::subscription::{Invoice, Subscription};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;
use veza_ports::storage::{AddressHash, FailedLogins, IdempotencyRecord, Instance, Revision, Row, RowKey, Trial, UnitId, Versioned};

/// Every row there is. Those of a kind stand together, so that who looks for some does not walk all.
#[derive(Debug, Default)]
pub(crate) struct Rows(BTreeMap<Place, BTreeMap<RowKey, Versioned<Row>>>);

impl Rows {
    /// The row with this key.
    pub(crate) fn get(&self, key: &RowKey) -> Option<&Versioned<Row>> {
        self.0.get(&Place::of(key))?.get(key)
    }

    /// Puts a row in place of what was there.
    pub(crate) fn insert(&mut self, key: RowKey, row: Versioned<Row>) -> Option<Versioned<Row>> {
        self.0.entry(Place::of(&key)).or_default().insert(key, row)
    }

    /// Takes a row out.
    pub(crate) fn remove(&mut self, key: &RowKey) -> Option<Versioned<Row>> {
        self.0.get_mut(&Place::of(key))?.remove(key)
    }

    /// The rows of a kind, by key.
    pub(crate) fn of(&self, kind: Place) -> impl DoubleEndedIterator<Item = (&RowKey, &Versioned<Row>)> {
        self.0.get(&kind).into_iter().flatten()
    }
}

/// What is kept of a unit that was applied.
#[derive(Debug)]
pub(crate) struct AppliedUnit {
    pub(crate) fingerprint: [u8; 32],
    pub(crate) decided_at: Timestamp,
}

/// The whole store.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) rows: Rows,
    pub(crate) units: BTreeMap<UnitId, AppliedUnit>,
    /// When rows were last claimed. Of transfers and reversals it is told nowhere else: it is no part of the row as the rules see it.
    pub(crate) claims: BTreeMap<RowKey, Timestamp>,
    /// By address.
    pub(crate) instances: BTreeMap<String, Instance>,
    pub(crate) unknown_logins: BTreeMap<AddressHash, FailedLogins>,
    /// Subscriptions as they were before they were swept, and when they were.
    pub(crate) swept: Vec<(Versioned<Subscription>, Timestamp)>,
    pub(crate) audits: BTreeMap<AuditId, Audit>,
    /// By run, attempt and place.
    pub(crate) audit_differences: BTreeMap<(AuditId, u32, u64), AuditDifference>,
}

/// A row as it stands in its map.
#[derive(Debug)]
pub(crate) struct Stored<'a, T> {
    pub(crate) value: &'a T,
    pub(crate) revision: Revision,
}

impl<T: Clone> Stored<'_, T> {
    /// A copy to give away.
    pub(crate) fn versioned(&self) -> Versioned<T> {
        Versioned { value: self.value.clone(), revision: self.revision }
    }
}

/// A kind of row.
pub(crate) trait Kind: Sized + Clone + 'static {
    /// Where rows of the kind stand.
    const PLACE: Place;
    /// This row, if it is of the kind.
    fn of(row: &Row) -> Option<&Self>;
}

macro_rules! kinds {
    ($($kind:ident = $variant:ident),+ $(,)?) => {
        /// The kinds of rows, by their keys.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Place {
            $($variant),+
        }

        impl Place {
            /// Where the row with this key stands.
            pub(crate) fn of(key: &RowKey) -> Self {
                match key {
                    $(RowKey::$variant(..) => Self::$variant),+
                }
            }
        }

        $(impl Kind for $kind {
            const PLACE: Place = Place::$variant;

            fn of(row: &Row) -> Option<&Self> {
                match row {
                    Row::$variant(row) => Some(row),
                    _ => None,
                }
            }
        })+
    };
}

kinds! {
    User = User,
    MailToken = MailToken,
    Session = Session,
    RefreshToken = RefreshToken,
    Product = Product,
    ExclusiveHold = Exclusive,
    SellerAccount = SellerAccount,
    IdempotencyRecord = Idempotency,
    Trial = Trial,
    Subscription = Subscription,
    Invoice = Invoice,
    Order = Order,
    OrderLine = Line,
    Refund = Refund,
    Licence = Licence,
    Transfer = Transfer,
    Reversal = Reversal,
    Dispute = Dispute,
    Netting = Netting,
    Payout = Payout,
    Posting = Posting,
    Effect = Effect,
    Attention = Attention,
    Delivery = Delivery,
    Journal = Journal,
    AdminAction = AdminAction,
    Submission = Submission,
    Placement = Placement,
    PlacementMove = PlacementMove,
    RoyaltyFile = RoyaltyFile,
    RoyaltyLine = RoyaltyLine,
}

impl State {
    /// The row with this key.
    pub(crate) fn get<T: Kind>(&self, key: &RowKey) -> Option<Versioned<T>> {
        let row = self.rows.get(key)?;
        T::of(&row.value).map(|value| Versioned { value: value.clone(), revision: row.revision })
    }

    /// Every row of a kind, by key.
    pub(crate) fn all<T: Kind>(&self) -> impl DoubleEndedIterator<Item = Stored<'_, T>> {
        self.rows.of(T::PLACE).filter_map(|(_, row)| T::of(&row.value).map(|value| Stored { value, revision: row.revision }))
    }

    /// The rows of a kind that are `wanted`, by key.
    pub(crate) fn find<T: Kind>(&self, wanted: impl Fn(&T) -> bool) -> Vec<Versioned<T>> {
        self.all::<T>().filter(|row| wanted(row.value)).map(|row| row.versioned()).collect()
    }

    /// Puts the next state of a row that is there.
    pub(crate) fn replace(&mut self, row: Row) -> Revision {
        let key = row.key();
        let revision = self.rows.get(&key).map_or(Revision::FIRST, |before| before.revision.next());
        self.rows.insert(key, Versioned { value: row, revision });
        revision
    }
}

/// Without the revisions.
pub(crate) fn values<T>(rows: Vec<Versioned<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.value).collect()
}
