//! The contract of [`crate::distribution`], for any adapter against any partner that can be told what goes wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a case fails by panicking")]

use super::race::both;
use crate::distribution::{DistributorError, DistributorProvider, NewPlacement};
use async_trait::async_trait;
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::distribution::{PlacementStatus, Platform, ReleaseKind};
use veza_domain::ids::{PlacementId, ProductId};

/// Whom the partner knows us as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// With our key.
    Ours,
    /// With a key that it does not know.
    WrongKey,
    /// Where nobody listens.
    Unreachable,
}

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the port's function of that name")]
pub enum Call {
    Submit,
    Find,
    Read,
    TakeDown,
}

/// What goes wrong with the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is named after what happens")]
pub enum Trouble {
    AnswerLost,
    RequestLost,
    ErrorAfterEffect,
    ErrorBeforeEffect,
    BadGateway,
    KeyInUse,
    Html,
    WrongJson,
    ErrorIn200,
    Garbled,
    RateLimited,
}

/// Troubles after which nobody knows whether the call took effect.
const UNKNOWN: [Trouble; 10] = [
    Trouble::AnswerLost,
    Trouble::RequestLost,
    Trouble::ErrorAfterEffect,
    Trouble::ErrorBeforeEffect,
    Trouble::BadGateway,
    Trouble::KeyInUse,
    Trouble::Html,
    Trouble::WrongJson,
    Trouble::ErrorIn200,
    Trouble::Garbled,
];

/// An adapter and its partner.
#[async_trait]
pub trait World: Send + Sync {
    /// The adapter.
    fn provider(&self, access: Access) -> Arc<dyn DistributorProvider>;
    /// What the next call of this kind meets.
    async fn next(&self, call: Call, trouble: Trouble);
    /// The platform's word about a placement.
    async fn moved(&self, partner_id: &str, to: PlacementStatus, reason: Option<&str>);
    /// How many placements the partner has.
    async fn has(&self) -> usize;
}

/// Runs the whole suite.
///
/// # Panics
/// At the first case that does not hold.
pub async fn run(world: &dyn World) {
    let us = world.provider(Access::Ours);
    a_key_acts_once(world, us.as_ref()).await;
    what_is_lost_is_found(world, us.as_ref()).await;
    refusals(world, us.as_ref()).await;
    reads(world, us.as_ref()).await;
    takedowns(world, us.as_ref()).await;
}

fn new(product: ProductId, platform: Platform) -> NewPlacement {
    let placement_id = PlacementId(Uuid::now_v7());
    NewPlacement { placement_id, product_id: product, kind: ReleaseKind::Track, title: "Lied \u{1F3B5} \"1\"".to_owned(), platform }
}

fn any() -> NewPlacement {
    new(ProductId(Uuid::now_v7()), Platform::Spotify)
}

async fn a_key_acts_once(world: &dyn World, us: &dyn DistributorProvider) {
    let before = world.has().await;
    let placement = any();
    let made = us.submit(&placement).await.unwrap();
    assert_eq!(made.status, Some(PlacementStatus::Submitted));
    assert_eq!(us.submit(&placement).await.unwrap(), made, "asked twice, done once");
    let (one, other) = both(us.submit(&placement), us.submit(&placement)).await;
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(world.has().await, before + 1, "one key, one placement");
    let elsewhere = us.submit(&new(placement.product_id, Platform::Deezer)).await.unwrap();
    assert_ne!(elsewhere.partner_id, made.partner_id);
    assert_eq!(elsewhere.isrc, made.isrc, "a recording has one code everywhere");
    for platform in Platform::ALL {
        us.submit(&new(ProductId(Uuid::now_v7()), *platform)).await.unwrap();
    }
}

async fn what_is_lost_is_found(world: &dyn World, us: &dyn DistributorProvider) {
    for trouble in UNKNOWN {
        let (placement, before) = (any(), world.has().await);
        world.next(Call::Submit, trouble).await;
        let lost = us.submit(&placement).await;
        assert!(matches!(lost, Err(DistributorError::Unknown(_))), "{trouble:?}: {lost:?}");
        let took_effect = world.has().await > before;
        let found = us.find(placement.placement_id).await.unwrap();
        assert_eq!(found.is_some(), took_effect, "{trouble:?}: {found:?}");
        let made = us.submit(&placement).await.unwrap();
        assert!(found.is_none_or(|found| found == made), "{trouble:?}");
        assert_eq!(world.has().await, before + 1, "{trouble:?}: once in the end");
    }
}

async fn refusals(world: &dyn World, us: &dyn DistributorProvider) {
    let before = world.has().await;
    let untitled = NewPlacement { title: String::new(), ..any() };
    let refused = us.submit(&untitled).await;
    assert!(matches!(refused, Err(DistributorError::Refused(_))), "{refused:?}");
    world.next(Call::Submit, Trouble::RateLimited).await;
    let limited = us.submit(&any()).await;
    assert!(matches!(limited, Err(DistributorError::NotNow(_))), "{limited:?}");
    let stranger = world.provider(Access::WrongKey);
    let unknown = stranger.submit(&any()).await;
    assert!(matches!(unknown, Err(DistributorError::Credentials(_))), "{unknown:?}");
    assert!(stranger.find(any().placement_id).await.is_err(), "not \"none\"");
    assert!(stranger.read("rel_1").await.is_err(), "not \"none\"");
    let nobody = world.provider(Access::Unreachable);
    let unheard = nobody.submit(&any()).await;
    assert!(matches!(unheard, Err(DistributorError::NotNow(_))), "{unheard:?}");
    assert!(nobody.find(any().placement_id).await.is_err(), "not \"none\"");
    assert_eq!(world.has().await, before, "nothing happened");
}

async fn reads(world: &dyn World, us: &dyn DistributorProvider) {
    assert_eq!(us.find(any().placement_id).await.unwrap(), None);
    assert_eq!(us.read("rel_unknown").await.unwrap(), None);
    let placement = any();
    let made = us.submit(&placement).await.unwrap();
    for status in PlacementStatus::ALL {
        let reason = (*status == PlacementStatus::Rejected).then_some("no artwork");
        world.moved(&made.partner_id, *status, reason).await;
        let read = us.read(&made.partner_id).await.unwrap().unwrap();
        assert_eq!((read.status, read.reason.as_deref()), (Some(*status), reason));
        assert_eq!(us.find(placement.placement_id).await.unwrap(), Some(read));
    }
    for trouble in UNKNOWN.into_iter().chain([Trouble::RateLimited]) {
        world.next(Call::Read, trouble).await;
        let read = us.read(&made.partner_id).await;
        assert!(read.is_err(), "{trouble:?} says nothing, and is not \"none\": {read:?}");
        world.next(Call::Find, trouble).await;
        let found = us.find(placement.placement_id).await;
        assert!(found.is_err(), "{trouble:?} says nothing, and is not \"none\": {found:?}");
    }
}

async fn takedowns(world: &dyn World, us: &dyn DistributorProvider) {
    let placement = any();
    let made = us.submit(&placement).await.unwrap();
    world.moved(&made.partner_id, PlacementStatus::Live, None).await;
    for trouble in UNKNOWN {
        world.next(Call::TakeDown, trouble).await;
        let lost = us.take_down(placement.placement_id, &made.partner_id).await;
        assert!(matches!(lost, Err(DistributorError::Unknown(_))), "{trouble:?}: {lost:?}");
    }
    let asked = us.take_down(placement.placement_id, &made.partner_id).await.unwrap();
    assert_eq!(asked.status, Some(PlacementStatus::TakedownRequested));
    assert_eq!(us.take_down(placement.placement_id, &made.partner_id).await.unwrap(), asked, "asked twice, done once");
    let none = us.take_down(placement.placement_id, "rel_unknown").await;
    assert!(matches!(none, Err(DistributorError::Refused(_))), "{none:?}");
}
