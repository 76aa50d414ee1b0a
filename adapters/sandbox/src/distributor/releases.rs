//! Releases: handed in once per key, moved by the clock and by control.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    core::Answer,
    ids::{micros, timestamp},
    model::{Release, ReleaseStatus},
    script::{Facts, Fault, Op, Stage},
    state::{Due, State},
};

use super::error;

/// Steps from processing to live.
const STEPS_TO_LIVE: i64 = 9;

/// A submission as it is sent.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct NewRelease {
    external_id: String,
    work_id: String,
    kind: String,
    title: String,
    platform: String,
}

impl NewRelease {
    /// # Errors
    /// What is wrong with it, as 422.
    pub(super) fn check(&self) -> Result<(), Answer> {
        let refused = |message: &str| Err(error(422, "invalid_release", message));
        if self.external_id.is_empty() || self.work_id.is_empty() || self.title.trim().is_empty() {
            return refused("external_id, work_id and title are needed");
        }
        if !["track", "release"].contains(&self.kind.as_str()) {
            return refused("kind is track or release");
        }
        if !["spotify", "apple_music", "deezer"].contains(&self.platform.as_str()) {
            return refused("platform is spotify, apple_music or deezer");
        }
        Ok(())
    }

    fn is(&self, release: &Release) -> bool {
        let theirs = (&release.work_id, &release.kind, &release.title, &release.platform);
        theirs == (&self.work_id, &self.kind, &self.title, &self.platform)
    }
}

/// POST /releases: a key that was used answers with the release that it made.
pub(super) fn submit(state: &mut State, new: NewRelease, facts: &Facts) -> Answer {
    if let Some(known) = by_external_id(state, &new.external_id) {
        let same = new.is(known);
        return if same { shown(200, known) } else { error(422, "key_reused", "The key was used for another release") };
    }
    let faults = state.take_faults(Op::SubmitRelease, Stage::Effect, facts);
    let of_work = state.releases.rows().iter().find(|release| release.work_id == new.work_id);
    let isrc = of_work.map_or_else(|| format!("QZVZA26{:05}", state.releases.rows().len() + 1), |release| release.isrc.clone());
    let release = Release {
        id: state.ids.text("rel_", 16),
        external_id: new.external_id,
        work_id: new.work_id,
        kind: new.kind,
        title: new.title,
        platform: new.platform,
        status: ReleaseStatus::Submitted,
        reason: None,
        isrc,
        created: state.now,
        due: None,
        doomed: faults.has(Fault::ReleaseRejected),
    };
    let (answer, id) = (shown(201, &release), release.id.clone());
    state.releases.put(release);
    plan(state, &id, 1, ReleaseStatus::Processing);
    answer
}

/// GET /releases/{id}.
pub(super) fn show(state: &State, id: &str) -> Answer {
    state.releases.get(id).map_or_else(no_such, |release| shown(200, release))
}

/// GET /releases?external_id=…
pub(super) fn list(state: &State, external_id: &str) -> Answer {
    let found: Vec<Value> = by_external_id(state, external_id).into_iter().map(view).collect();
    Answer::json(200, json!({"data": found}).to_string())
}

/// POST /releases/{id}/takedown: asked twice, done once; what was rejected is answered as it stands.
pub(super) fn take_down(state: &mut State, id: &str) -> Answer {
    use ReleaseStatus::{Live, Processing, Submitted, TakedownRequested};
    let Some(release) = state.releases.edit(id) else { return no_such() };
    if matches!(release.status, Submitted | Processing | Live) {
        release.status = TakedownRequested;
        plan(state, id, 1, ReleaseStatus::TakenDown);
    }
    show(state, id)
}

/// The time has come for a release to move, unless somebody has moved it.
pub(crate) fn move_due(state: &mut State, id: &str, at: i64) {
    let Some(release) = state.releases.get(id).filter(|release| release.due.is_some_and(|(planned, _)| planned == at)) else { return };
    let to = match release.due {
        Some((_, ReleaseStatus::Live)) if release.doomed => ReleaseStatus::Rejected,
        Some((_, to)) => to,
        None => return,
    };
    let reason = (to == ReleaseStatus::Rejected).then(|| "the artwork does not meet the platform's rules".to_owned());
    set_status(state, id, to, reason);
}

/// Moves a release, from any status to any: the platform's word. False: there is no such release.
pub(crate) fn set_status(state: &mut State, id: &str, to: ReleaseStatus, reason: Option<String>) -> bool {
    let Some(release) = state.releases.edit(id) else { return false };
    (release.status, release.reason, release.due) = (to, reason, None);
    match to {
        ReleaseStatus::Submitted => plan(state, id, 1, ReleaseStatus::Processing),
        ReleaseStatus::Processing => plan(state, id, STEPS_TO_LIVE, ReleaseStatus::Live),
        ReleaseStatus::TakedownRequested => plan(state, id, 1, ReleaseStatus::TakenDown),
        ReleaseStatus::Live | ReleaseStatus::Rejected | ReleaseStatus::TakenDown => {}
    }
    true
}

fn plan(state: &mut State, id: &str, steps: i64, to: ReleaseStatus) {
    let at = state.now.saturating_add(micros(state.settings.release_step).saturating_mul(steps));
    if let Some(release) = state.releases.edit(id) {
        release.due = Some((at, to));
    }
    state.schedule(at, Due::Release { release_id: id.to_owned() });
}

fn by_external_id<'a>(state: &'a State, external_id: &str) -> Option<&'a Release> {
    state.releases.rows().iter().find(|release| release.external_id == external_id)
}

fn no_such() -> Answer {
    error(404, "not_found", "There is no such release")
}

fn shown(status: u16, release: &Release) -> Answer {
    Answer::json(status, view(release).to_string())
}

fn view(release: &Release) -> Value {
    json!({
        "id": release.id,
        "external_id": release.external_id,
        "work_id": release.work_id,
        "kind": release.kind,
        "title": release.title,
        "platform": release.platform,
        "status": release.status,
        "reason": release.reason,
        "isrc": release.isrc,
        "created_at": timestamp(release.created),
    })
}
