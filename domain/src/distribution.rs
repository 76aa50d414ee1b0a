//! Distribution: what creators have sent to streaming platforms through a distributor, and what comes back (spec/02-subscriptions §4).
//!
//! A *submission* is a track or release as it was handed in; a *placement* is the submission on one platform, with its status, the
//! partner's reference and the call that is due. Invariants:
//! - the status moves along [`PlacementStatus::may_move_to`] and no other way: the field is private, every move is told ([`Moved`]);
//! - a submission is sent only while no earlier sending can have been heard: what may have been is looked up first;
//! - the partner's word never moves a status in a way that the table lacks, and a word that we do not know moves nothing.

mod call;
mod royalties;

use crate::catalog::ProductKind;
use crate::ids::{PlacementId, PlacementMoveId, ProductId, SubmissionId, UserId, derive};
use crate::time::Timestamp;

pub use call::{After, Answer, Call, Schedule, Step};
pub use royalties::{
    FileHash, LineFault, ReportLine, ReportPeriod, Resolved, RoyaltyFile, RoyaltyKey, RoyaltyLine, RoyaltySum, RoyaltyTrack, aggregate,
    fresh_lines, resolve,
};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$item])* $variant),+ }

        impl $name {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As stored and shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads what [`Self::as_str`] wrote.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

words! {
    /// Where music is sent. In the order of their names, so that lists by platform are the same in every store.
    Platform {
        /// Apple Music.
        AppleMusic = "apple_music",
        /// Deezer.
        Deezer = "deezer",
        /// Spotify.
        Spotify = "spotify",
    }
}

words! {
    /// What is sent.
    ReleaseKind {
        /// One piece of music.
        Track = "track",
        /// Several, together.
        Release = "release",
    }
}

words! {
    /// Where a placement stands.
    PlacementStatus {
        /// Handed in; the platform has not begun.
        Submitted = "submitted",
        /// The platform works on it.
        Processing = "processing",
        /// People can hear it there.
        Live = "live",
        /// The distributor or the platform refused it.
        Rejected = "rejected",
        /// It is to go; the platform has not confirmed yet.
        TakedownRequested = "takedown_requested",
        /// It is gone.
        TakenDown = "taken_down",
    }
}

impl ReleaseKind {
    /// What a product is sent as; nothing for what is no music.
    #[must_use]
    pub fn of(kind: ProductKind) -> Option<Self> {
        match kind {
            ProductKind::Track => Some(Self::Track),
            ProductKind::Pack => Some(Self::Release),
            ProductKind::Course | ProductKind::Service => None,
        }
    }
}

impl PlacementStatus {
    /// The transition table. A platform may be quicker than our looks, so a step can be passed over, but never gone back. What was
    /// refused while its takedown was asked for is refused.
    #[must_use]
    pub fn moves(self) -> &'static [Self] {
        match self {
            Self::Submitted => &[Self::Processing, Self::Live, Self::Rejected, Self::TakedownRequested, Self::TakenDown],
            Self::Processing => &[Self::Live, Self::Rejected, Self::TakedownRequested, Self::TakenDown],
            Self::Live => &[Self::TakedownRequested, Self::TakenDown],
            Self::TakedownRequested => &[Self::TakenDown, Self::Rejected],
            Self::Rejected | Self::TakenDown => &[],
        }
    }

    /// May a placement go from here to `to`? Staying is no move.
    #[must_use]
    pub fn may_move_to(self, to: Self) -> bool {
        self.moves().contains(&to)
    }

    /// Nothing more will happen to it.
    #[must_use]
    pub fn is_over(self) -> bool {
        self.moves().is_empty()
    }
}

/// A move that the table does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a placement can't go from {from} to {to}", from = from.as_str(), to = to.as_str())]
pub struct IllegalMove {
    /// Where it is.
    pub from: PlacementStatus,
    /// Where it was to go.
    pub to: PlacementStatus,
}

/// A track or release as it was handed in; never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Ours.
    pub id: SubmissionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The product that is sent.
    pub product_id: ProductId,
    /// As what.
    pub kind: ReleaseKind,
    /// Its title when it was handed in.
    pub title: String,
    /// When.
    pub created_at: Timestamp,
}

/// A submission on one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Derived from submission and platform; the key under which the partner knows it.
    pub id: PlacementId,
    /// Of which submission.
    pub submission_id: SubmissionId,
    /// Its product: at most one placement of a product is open on a platform.
    pub product_id: ProductId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where.
    pub platform: Platform,
    status: PlacementStatus,
    /// How far the call is that its status wants.
    pub call: Call,
    /// The partner's reference, once it has one.
    pub partner_id: Option<String>,
    /// The recording's code, as the partner assigned it.
    pub isrc: Option<String>,
    /// Calls in a row that brought nothing.
    pub tries: u32,
    /// When its worker looks at it again; none when it is over.
    pub due_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was handed in.
    pub created_at: Timestamp,
}

/// A move of a status, before it has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it was; none = it was handed in.
    pub from: Option<PlacementStatus>,
    /// Where it is.
    pub to: PlacementStatus,
    /// Why, in the words of who moved it.
    pub why: String,
}

/// A row of a placement's history; only ever added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacementMove {
    /// Ours.
    pub id: PlacementMoveId,
    /// Of which placement.
    pub placement_id: PlacementId,
    /// And submission.
    pub submission_id: SubmissionId,
    /// From where to where, and why.
    pub moved: Moved,
    /// When.
    pub at: Timestamp,
    /// Who; none = the partner, as a worker heard it.
    pub by: Option<UserId>,
}

/// Words of others are kept up to this many characters.
pub const WORDS_CHARS_MAX: usize = 500;

impl Placement {
    /// A submission on `platform` that is to be sent at once.
    #[must_use]
    pub fn open(submission: &Submission, platform: Platform) -> (Self, Moved) {
        let id = PlacementId(derive(submission.id.0, "placement", platform.as_str().as_bytes()));
        let placement = Self::new(id, submission.id, submission.product_id, submission.user_id, platform, submission.created_at);
        (placement, Moved { from: None, to: PlacementStatus::Submitted, why: "handed in".to_owned() })
    }

    /// One that was just handed in; what adapters begin with when they read a row.
    #[must_use]
    pub fn new(
        id: PlacementId,
        submission_id: SubmissionId,
        product_id: ProductId,
        user_id: UserId,
        platform: Platform,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            submission_id,
            product_id,
            user_id,
            platform,
            status: PlacementStatus::Submitted,
            call: Call::Due,
            partner_id: None,
            isrc: None,
            tries: 0,
            due_at: Some(created_at),
            last_error: None,
            created_at,
        }
    }

    /// For adapters: the row as it was stored.
    #[must_use]
    pub fn stored_as(self, status: PlacementStatus) -> Self {
        Self { status, ..self }
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> PlacementStatus {
        self.status
    }

    /// The only way to change the status.
    ///
    /// # Errors
    /// [`IllegalMove`] for a pair that the table does not have.
    pub fn moved(self, to: PlacementStatus, why: &str) -> Result<(Self, Moved), IllegalMove> {
        if !self.status.may_move_to(to) {
            return Err(IllegalMove { from: self.status, to });
        }
        let moved = Moved { from: Some(self.status), to, why: words(why) };
        let due_at = if to.is_over() { None } else { self.due_at };
        Ok((Self { status: to, due_at, ..self }, moved))
    }

    /// It is to go from its platform. Asked twice, done once: then nothing has moved.
    ///
    /// # Errors
    /// [`IllegalMove`] when it is over.
    pub fn take_down(self, why: &str, now: Timestamp) -> Result<(Self, Option<Moved>), IllegalMove> {
        if self.status == PlacementStatus::TakedownRequested {
            return Ok((self, None));
        }
        let (placement, moved) = self.moved(PlacementStatus::TakedownRequested, why)?;
        // What may have been heard of the submission is found out first.
        let call = if placement.partner_id.is_some() { Call::Due } else { placement.call };
        Ok((Self { call, tries: 0, due_at: Some(now), ..placement }, Some(moved)))
    }
}

/// Words of others, cut to what is kept.
fn words(text: &str) -> String {
    text.chars().take(WORDS_CHARS_MAX).collect()
}
