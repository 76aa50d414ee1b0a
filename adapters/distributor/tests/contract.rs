//! The port's contract suite, over real HTTP against the sandbox, and against adapters with a mistake.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use veza_distributor::{Distributor, DistributorConfig};
use veza_domain::distribution::PlacementStatus;
use veza_domain::ids::PlacementId;
use veza_ports::contract::distribution::{Access, Call, Trouble, World, run};
use veza_ports::distribution::{DistributorError, DistributorProvider, LookupError, NewPlacement, PartnerPlacement};
use veza_sandbox::{Fault, Op, ReleaseStatus, Sandbox, SandboxConfig, Script};

/// What an adapter may get wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    UnknownIsRefused,
    UnreadableIsNone,
}

struct Wrong(Distributor, Mistake);

struct Boxed {
    sandbox: Sandbox,
    mistake: Option<Mistake>,
}

async fn boxed(mistake: Option<Mistake>) -> Boxed {
    Boxed { sandbox: Sandbox::start(SandboxConfig::default()).await.unwrap(), mistake }
}

#[async_trait]
impl World for Boxed {
    fn provider(&self, access: Access) -> Arc<dyn DistributorProvider> {
        let (base_url, key) = (format!("{}/distributor", self.sandbox.base_url()), SandboxConfig::default().distributor_api_key);
        let (base_url, key) = match access {
            Access::Ours => (base_url, key),
            Access::WrongKey => (base_url, "dk_of_nobody".to_owned()),
            Access::Unreachable => ("http://127.0.0.1:1".to_owned(), key),
        };
        let config = DistributorConfig { base_url, api_key: key.into(), timeout: Duration::from_secs(5) };
        let distributor = Distributor::new(config).unwrap();
        match self.mistake {
            Some(mistake) => Arc::new(Wrong(distributor, mistake)),
            None => Arc::new(distributor),
        }
    }

    async fn next(&self, call: Call, trouble: Trouble) {
        let op = match call {
            Call::Submit => Op::SubmitRelease,
            Call::Find => Op::ListReleases,
            Call::Read => Op::ReadRelease,
            Call::TakeDown => Op::TakeDownRelease,
        };
        let fault = match trouble {
            Trouble::AnswerLost => Fault::AnswerLost,
            Trouble::RequestLost => Fault::RequestLost,
            Trouble::ErrorAfterEffect => Fault::ErrorAfterEffect,
            Trouble::ErrorBeforeEffect => Fault::ErrorBeforeEffect,
            Trouble::BadGateway => Fault::BadGateway,
            Trouble::KeyInUse => Fault::KeyInUse,
            Trouble::Html => Fault::Html,
            Trouble::WrongJson => Fault::WrongJson,
            Trouble::ErrorIn200 => Fault::ErrorIn200,
            Trouble::Garbled => Fault::Garbled,
            Trouble::RateLimited => Fault::RateLimited,
        };
        self.sandbox.script(Script::new(op, fault)).unwrap();
    }

    async fn moved(&self, partner_id: &str, to: PlacementStatus, reason: Option<&str>) {
        let to = match to {
            PlacementStatus::Submitted => ReleaseStatus::Submitted,
            PlacementStatus::Processing => ReleaseStatus::Processing,
            PlacementStatus::Live => ReleaseStatus::Live,
            PlacementStatus::Rejected => ReleaseStatus::Rejected,
            PlacementStatus::TakedownRequested => ReleaseStatus::TakedownRequested,
            PlacementStatus::TakenDown => ReleaseStatus::TakenDown,
        };
        self.sandbox.set_release(partner_id, to, reason.map(str::to_owned)).unwrap();
    }

    async fn has(&self) -> usize {
        self.sandbox.releases().len()
    }
}

#[async_trait]
impl DistributorProvider for Wrong {
    async fn submit(&self, placement: &NewPlacement) -> Result<PartnerPlacement, DistributorError> {
        self.0.submit(placement).await.map_err(|error| match error {
            DistributorError::Unknown(words) if self.1 == Mistake::UnknownIsRefused => DistributorError::Refused(words),
            other => other,
        })
    }

    async fn find(&self, id: PlacementId) -> Result<Option<PartnerPlacement>, LookupError> {
        let found = self.0.find(id).await;
        if self.1 == Mistake::UnreadableIsNone { Ok(found.unwrap_or_default()) } else { found }
    }

    async fn read(&self, partner_id: &str) -> Result<Option<PartnerPlacement>, LookupError> {
        self.0.read(partner_id).await
    }

    async fn take_down(&self, id: PlacementId, partner_id: &str) -> Result<PartnerPlacement, DistributorError> {
        self.0.take_down(id, partner_id).await
    }
}

#[tokio::test]
async fn keeps_the_contract() {
    run(&boxed(None).await).await;
}

#[tokio::test]
#[should_panic(expected = "AnswerLost: Err(Refused")]
async fn the_suite_finds_an_unknown_taken_for_a_refusal() {
    run(&boxed(Some(Mistake::UnknownIsRefused)).await).await;
}

#[tokio::test]
#[should_panic(expected = "not \"none\"")]
async fn the_suite_finds_a_failed_look_up_taken_for_none() {
    run(&boxed(Some(Mistake::UnreadableIsNone)).await).await;
}

#[test]
fn settings_that_can_not_be_used_are_refused() {
    let config = |base_url: &str, key: &str| DistributorConfig {
        base_url: base_url.to_owned(),
        api_key: key.to_owned().into(),
        timeout: Duration::from_secs(1),
    };
    for bad in ["", "partner.example", "ftp://x.example", "https://me:secret@x.example", "https://x.example?a=b"] {
        assert!(Distributor::new(config(bad, "key")).is_err(), "{bad}");
    }
    for bad in ["", "  ", "a\nb"] {
        assert!(Distributor::new(config("https://x.example", bad)).is_err(), "{bad:?}");
    }
    let shown = format!("{:?}", Distributor::new(config("https://x.example", "dk_secret")).unwrap());
    assert!(!shown.contains("dk_secret"), "{shown}");
}
