//! How many requests a client may make, by class of route (spec/07-operations, "Limits").
//!
//! The limits are those of the whole: each instance that serves takes its share of them ([`RateLimits::share_among`]) and counts in
//! its own memory, so that a request costs no round trip. Behind a balancer that spreads requests evenly the shares add up to the
//! limits; behind one that sends a client always to the same instance that client has a share. Never is it more than the limits.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use poem::http::Method;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// A class of routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Guessable or costly: registering, signing in, mails.
    Auth,
    /// The rest of the API, and pages.
    General,
    /// Messages of providers, which come in bursts.
    Webhook,
    /// Health: asked by machines all the time, never limited.
    Health,
}

impl Class {
    /// The class of a route.
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Self {
        if path.starts_with("/webhooks/") {
            Self::Webhook
        } else if path == "/health" || path.starts_with("/health/") {
            Self::Health
        } else if method == Method::POST
            && path.starts_with("/api/v1/auth/")
            && !matches!(path, "/api/v1/auth/refresh" | "/api/v1/auth/logout")
        {
            Self::Auth
        } else {
            Self::General
        }
    }
}

/// Requests a minute, and as many at once.
const AUTH_PER_MINUTE: u32 = 60;
/// Requests a second; [`GENERAL_BURST`] at once.
const GENERAL_PER_SECOND: u32 = 100;
/// Requests at once.
const GENERAL_BURST: u32 = 500;
/// Requests a second, and as many at once.
const WEBHOOK_PER_SECOND: u32 = 10_000;
/// After so many requests the counts of clients that have been quiet are dropped.
const TIDY_EVERY: u32 = 10_000;

type Limiter = DefaultKeyedRateLimiter<IpAddr>;

/// One instance's share.
struct Share {
    instances: u32,
    auth: Limiter,
    general: Limiter,
    webhook: Limiter,
}

/// Counts requests.
pub struct RateLimits {
    share: RwLock<Share>,
    seen: AtomicU32,
    clock: DefaultClock,
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Share {
    fn of(instances: u32) -> Self {
        let of = |limit: u32| at_least_one(limit / instances.max(1));
        Self {
            instances,
            auth: RateLimiter::keyed(Quota::per_minute(of(AUTH_PER_MINUTE))),
            general: RateLimiter::keyed(Quota::per_second(of(GENERAL_PER_SECOND)).allow_burst(of(GENERAL_BURST))),
            webhook: RateLimiter::keyed(Quota::per_second(of(WEBHOOK_PER_SECOND))),
        }
    }
}

impl Default for RateLimits {
    /// All of the limits, for who serves alone.
    fn default() -> Self {
        Self { share: RwLock::new(Share::of(1)), seen: AtomicU32::new(0), clock: DefaultClock::default() }
    }
}

impl RateLimits {
    /// So many instances serve, this one among them: takes its share. What was counted until then is forgotten when their number
    /// changes. Says whether it did.
    pub fn share_among(&self, instances: u32) -> bool {
        let mut share = self.share.write().unwrap_or_else(PoisonError::into_inner);
        let changed = share.instances != instances;
        if changed {
            *share = Share::of(instances);
        }
        changed
    }

    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub fn check(&self, class: Class, client: IpAddr) -> Result<(), Duration> {
        let share = self.share.read().unwrap_or_else(PoisonError::into_inner);
        let limiter = match class {
            Class::Auth => &share.auth,
            Class::General => &share.general,
            Class::Webhook => &share.webhook,
            Class::Health => return Ok(()),
        };
        if self.seen.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            for limiter in [&share.auth, &share.general, &share.webhook] {
                limiter.retain_recent();
            }
        }
        limiter.check_key(&household(client)).map_err(|not_until| not_until.wait_time_from(self.clock.now()))
    }
}

/// An IPv6 client has a whole /64 to itself.
fn household(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_path() {
        let class = |path| Class::of(&Method::POST, path);
        assert_eq!(class("/api/v1/auth/login"), Class::Auth);
        assert_eq!(class("/api/v1/auth/refresh"), Class::General);
        assert_eq!(class("/webhooks/hyperswitch"), Class::Webhook);
        assert_eq!(Class::of(&Method::GET, "/health/ready"), Class::Health);
        assert_eq!(Class::of(&Method::GET, "/api/v1/marketplace/products"), Class::General);
    }

    #[test]
    fn a_client_is_limited_and_its_neighbour_is_not() {
        let limits = RateLimits::default();
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for _ in 0..AUTH_PER_MINUTE {
            assert!(limits.check(Class::Auth, ip("2001:db8::1")).is_ok());
        }
        let wait = limits.check(Class::Auth, ip("2001:db8::2")).unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60), "{wait:?}");
        assert!(limits.check(Class::Auth, ip("2001:db8:0:1::1")).is_ok());
        assert!(limits.check(Class::General, ip("2001:db8::1")).is_ok());
    }

    #[test]
    fn instances_share_the_limits() {
        let client = "192.0.2.1".parse().unwrap();
        let all = [RateLimits::default(), RateLimits::default(), RateLimits::default()];
        let taken = |limits: &RateLimits| (0..AUTH_PER_MINUTE).filter(|_| limits.check(Class::Auth, client).is_ok()).count();
        for limits in &all {
            assert!(limits.share_among(3));
            assert!(!limits.share_among(3), "nothing is forgotten while nothing changes");
        }
        assert_eq!(all.iter().map(taken).sum::<usize>(), usize::try_from(AUTH_PER_MINUTE).unwrap());
        let many = RateLimits::default();
        many.share_among(1_000_000);
        assert!(many.check(Class::Auth, client).is_ok(), "nobody is locked out");
    }
}
