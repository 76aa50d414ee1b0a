//! Working on a due placement: send, look up or read, and record the answer by the rules. What may have been heard is looked up before
//! anything is sent again.

use super::{schedule, told};
use crate::problem::chain;
use crate::services::App;
use crate::usecases::calls::{TOO_LATE, is_too_late};
use crate::usecases::commit::{REDECIDE_MAX, commit, fresh_unit};
use crate::usecases::effects::EffectError;
use crate::usecases::worked::Worked;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::distribution::{After, Answer, Placement, Step, Submission};
use veza_domain::ids::PlacementId;
use veza_ports::distribution::{DistributorError, DistributorProvider, LookupError, NewPlacement, PartnerPlacement};
use veza_ports::storage::{ClaimedPlacement, CommitError, Retry, Row, StoredSubmission, Versioned, Write};

/// Works on one claimed placement.
///
/// # Errors
/// [`EffectError`] when something could not be stored: the row is due again after its lease.
pub async fn work(app: &App, claimed: ClaimedPlacement) -> Result<Worked, EffectError> {
    let Some(stored) = app.store.submission(claimed.submission_id).await? else { return Ok(Worked::Nothing) };
    let Some(Versioned { value: placement, revision }) = of(&stored, claimed.id) else { return Ok(Worked::Nothing) };
    let Some(distributor) = &app.distributor else { return Ok(Worked::Later) };
    let answer = match placement.next_step() {
        Step::Nothing => return Ok(Worked::Nothing),
        Step::Withdraw => Answer::Withdrawn,
        Step::LookUp => read(distributor.find(placement.id).await),
        Step::Read => read(distributor.read(placement.partner_id.as_deref().unwrap_or_default()).await),
        Step::Submit | Step::TakeDown => {
            let sent = placement.clone().sent(&schedule(app), app.now());
            let write = Write::Update { row: Row::Placement(sent.clone()), expected: *revision };
            match commit(app, fresh_unit(app, vec![write])).await {
                Ok(_) => send(app, distributor.as_ref(), &stored.submission, &sent).await,
                Err(CommitError::Conflict(_)) => return Ok(Worked::Nothing),
                Err(error) => return Err(error.into()),
            }
        }
    };
    record(app, claimed, &answer).await
}

fn of(stored: &StoredSubmission, id: PlacementId) -> Option<&Versioned<Placement>> {
    stored.placements.iter().find(|placement| placement.value.id == id)
}

/// Makes the call that the row says was made. What it is follows from the row, so an answer is never taken for another call's.
async fn send(app: &App, distributor: &dyn DistributorProvider, submission: &Submission, sent: &Placement) -> Answer {
    if is_too_late(app, sent.call.sent_at()) {
        return Answer::Unknown(TOO_LATE.to_owned());
    }
    let answer = match &sent.partner_id {
        Some(partner_id) => distributor.take_down(sent.id, partner_id).await,
        None => {
            let Submission { product_id, kind, title, .. } = submission.clone();
            distributor.submit(&NewPlacement { placement_id: sent.id, product_id, kind, title, platform: sent.platform }).await
        }
    };
    tracing::info!(placement = %sent.id, platform = sent.platform.as_str(), ok = answer.is_ok(), "sent to the distributor");
    match answer {
        Ok(placement) => stands(placement),
        Err(DistributorError::Refused(words)) => Answer::Refused(words),
        Err(DistributorError::Unknown(words)) => Answer::Unknown(words),
        Err(DistributorError::NotNow(words) | DistributorError::Credentials(words)) => Answer::NotSent(words),
    }
}

fn read(answer: Result<Option<PartnerPlacement>, LookupError>) -> Answer {
    match answer {
        Ok(Some(placement)) => stands(placement),
        Ok(None) => Answer::NotThere,
        Err(error) => Answer::Unread(chain(&error)),
    }
}

fn stands(PartnerPlacement { partner_id, status, reason, isrc }: PartnerPlacement) -> Answer {
    Answer::Stands { partner_id, status, reason, isrc }
}

/// Brings an answer to the placement as it stands by now.
async fn record(app: &App, claimed: ClaimedPlacement, answer: &Answer) -> Result<Worked, EffectError> {
    let mut attempt = 1;
    loop {
        let Some(stored) = app.store.submission(claimed.submission_id).await? else { return Ok(Worked::Nothing) };
        let Some(Versioned { value: before, revision }) = of(&stored, claimed.id) else { return Ok(Worked::Nothing) };
        let After { placement, moved, stuck } = before.after(answer, &schedule(app), app.now());
        if placement == *before {
            return Ok(Worked::Nothing);
        }
        let mut writes = attention(app, before, &placement, stuck);
        writes.extend(moved.map(|moved| told(app, &placement, moved, None)));
        writes.push(Write::Update { row: Row::Placement(placement), expected: *revision });
        match commit(app, fresh_unit(app, writes)).await {
            Ok(_) => return Ok(worked(answer)),
            Err(error) if error.retry() == Retry::Redecide && attempt < REDECIDE_MAX => attempt += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// What waits on a person, and what does no longer. One entry per creator: the first that is stuck names it.
fn attention(app: &App, before: &Placement, after: &Placement, stuck: Option<String>) -> Vec<Write> {
    let entry = |detail: String| {
        let subject = Subject::User(before.user_id);
        Row::Attention(Attention { subject, code: Code::DistributionStuck, order_id: None, detail, since: app.now() })
    };
    let was_stuck = before.tries > 0 && after.tries == 0;
    match stuck {
        Some(words) => vec![Write::Ensure(entry(format!("placement {} on {}: {words}", before.id, before.platform.as_str())))],
        None if was_stuck => vec![Write::Clear(entry(String::new()).key())],
        None => Vec::new(),
    }
}

fn worked(answer: &Answer) -> Worked {
    match answer {
        Answer::Stands { .. } | Answer::Withdrawn => Worked::Done,
        Answer::Refused(_) => Worked::Refused,
        Answer::Unknown(_) => Worked::Unknown,
        Answer::NotThere => Worked::NotThere,
        Answer::NotSent(_) | Answer::Unread(_) => Worked::Later,
    }
}
