//! What the streaming platforms do.

use crate::{
    distributor,
    model::{Release, ReleaseStatus},
};

use super::{Control, ControlError, not_found};

impl Control {
    /// Every release that was handed in, oldest first.
    pub fn releases(&self) -> Vec<Release> {
        self.core.read(|state| state.releases.rows().to_vec())
    }

    /// Moves a release, from any status to any, with the platform's reason; from there it goes on by the clock.
    pub fn set_release(&self, release_id: &str, status: ReleaseStatus, reason: Option<String>) -> Result<(), ControlError> {
        self.core.write(|state| {
            let known = distributor::set_status(state, release_id, status, reason);
            if known { Ok(()) } else { Err(not_found("release", release_id)) }
        })?
    }
}
