//! When the reconciler looks at a row: rows that wait for a message which may never come (spec/01-money §8).

use crate::time::Timestamp;

/// A row's place in the reconciler's schedule. A claim moves it, with growing pauses; there is no last look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// When it is looked at next; none = never, the row is over.
    pub due_at: Option<Timestamp>,
    /// How often it was looked at.
    pub count: u32,
    /// When it was looked at last.
    pub last_at: Option<Timestamp>,
}

impl Look {
    /// Due from `at` on.
    #[must_use]
    pub fn from(at: Timestamp) -> Self {
        Self { due_at: Some(at), count: 0, last_at: None }
    }

    /// Nothing more to look for.
    #[must_use]
    pub fn over(self) -> Self {
        Self { due_at: None, ..self }
    }
}
