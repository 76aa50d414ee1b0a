//! The port, and what an answer proves.

use crate::Distributor;
use crate::http::{Answer, CallError};
use crate::wire::{ErrorWire, ListWire, NewReleaseWire, ReleaseWire};
use async_trait::async_trait;
use reqwest::StatusCode;
use veza_domain::ids::PlacementId;
use veza_ports::distribution::{DistributorError, DistributorProvider, LookupError, NewPlacement, PartnerPlacement};

#[async_trait]
impl DistributorProvider for Distributor {
    async fn submit(&self, placement: &NewPlacement) -> Result<PartnerPlacement, DistributorError> {
        let key = placement.placement_id.to_string();
        let body = serde_json::to_string(&NewReleaseWire::from(placement)).map_err(|error| DistributorError::NotNow(error.to_string()))?;
        let release = changed(self.http.post(&[], &key, body).await)?;
        if release.external_id != key {
            return Err(DistributorError::Unknown(CallError::Another.to_string()));
        }
        Ok(release.into())
    }

    async fn find(&self, id: PlacementId) -> Result<Option<PartnerPlacement>, LookupError> {
        let key = id.to_string();
        let Answer { status, body } = self.http.get(&[], &[("external_id", &key)]).await.map_err(lookup)?;
        if !status.is_success() {
            return Err(lookup(status_error(status, &body)));
        }
        let list: ListWire = serde_json::from_slice(&body).map_err(|_| lookup(CallError::Unreadable(status)))?;
        let mut releases = list.data.into_iter();
        match (releases.next(), releases.next()) {
            (None, _) => Ok(None),
            (Some(release), None) if release.external_id == key => Ok(Some(release.into())),
            (Some(_), _) => Err(lookup(CallError::Another)),
        }
    }

    async fn read(&self, partner_id: &str) -> Result<Option<PartnerPlacement>, LookupError> {
        let Answer { status, body } = self.http.get(&[partner_id], &[]).await.map_err(lookup)?;
        if !status.is_success() {
            let definite = status == StatusCode::NOT_FOUND && ErrorWire::of(&body).is_some_and(|error| error.code == "not_found");
            return if definite { Ok(None) } else { Err(lookup(status_error(status, &body))) };
        }
        let release: ReleaseWire = serde_json::from_slice(&body).map_err(|_| lookup(CallError::Unreadable(status)))?;
        if release.id == partner_id { Ok(Some(release.into())) } else { Err(lookup(CallError::Another)) }
    }

    async fn take_down(&self, id: PlacementId, partner_id: &str) -> Result<PartnerPlacement, DistributorError> {
        let key = format!("{id}:takedown");
        let release = changed(self.http.post(&[partner_id, "takedown"], &key, "{}".to_owned()).await)?;
        if release.id != partner_id {
            return Err(DistributorError::Unknown(CallError::Another.to_string()));
        }
        Ok(release.into())
    }
}

/// What the answer to a call that changes something brought.
fn changed(answer: Result<Answer, CallError>) -> Result<ReleaseWire, DistributorError> {
    let Answer { status, body } = answer.map_err(|error| match error {
        CallError::NotSent(..) => DistributorError::NotNow(with_cause(&error)),
        other => DistributorError::Unknown(with_cause(&other)),
    })?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|_| DistributorError::Unknown(CallError::Unreadable(status).to_string()));
    }
    let words = status_error(status, &body).to_string();
    let theirs = ErrorWire::of(&body).is_some();
    Err(match status.as_u16() {
        401 | 403 => DistributorError::Credentials(words),
        429 => DistributorError::NotNow(words),
        // A call under the same key still runs: it may take effect.
        409 => DistributorError::Unknown(words),
        400..=499 if theirs => DistributorError::Refused(words),
        _ => DistributorError::Unknown(words),
    })
}

fn status_error(status: StatusCode, body: &[u8]) -> CallError {
    ErrorWire::of(body).map_or(CallError::Unreadable(status), |error| CallError::Status(status, error.words()))
}

fn lookup(error: CallError) -> LookupError {
    LookupError(error.into())
}

fn with_cause(error: &CallError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
