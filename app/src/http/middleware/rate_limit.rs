//! How many requests a client may make, by class of route (spec/07-operations, "Limits").
//!
//! Counts live in this process's memory: one instance per database at this stage.

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use poem::http::Method;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
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

/// Counts requests.
pub struct RateLimits {
    auth: Limiter,
    general: Limiter,
    webhook: Limiter,
    seen: AtomicU32,
    clock: DefaultClock,
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            auth: RateLimiter::keyed(Quota::per_minute(at_least_one(AUTH_PER_MINUTE))),
            general: RateLimiter::keyed(Quota::per_second(at_least_one(GENERAL_PER_SECOND)).allow_burst(at_least_one(GENERAL_BURST))),
            webhook: RateLimiter::keyed(Quota::per_second(at_least_one(WEBHOOK_PER_SECOND))),
            seen: AtomicU32::new(0),
            clock: DefaultClock::default(),
        }
    }
}

impl RateLimits {
    /// Counts a request.
    ///
    /// # Errors
    /// How long to wait, when it is one too many.
    pub fn check(&self, class: Class, client: IpAddr) -> Result<(), Duration> {
        let limiter = match class {
            Class::Auth => &self.auth,
            Class::General => &self.general,
            Class::Webhook => &self.webhook,
            Class::Health => return Ok(()),
        };
        if self.seen.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            for limiter in [&self.auth, &self.general, &self.webhook] {
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
}
