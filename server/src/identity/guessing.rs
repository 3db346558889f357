//! Limits on guessing, by address of the network and by account. Only failures count, so that nobody who knows the
//! password runs into them by signing in often.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use sha2::{Digest, Sha256};

/// Failures at once, and then one each that many seconds.
const BY_NETWORK: (u32, u64) = (50, 5);
const BY_ACCOUNT: (u32, u64) = (10, 30);
const SIGN_UPS: (u32, u64) = (200, 5);

/// A client's network: an IPv6 customer has a whole /64 to choose from.
type Network = IpAddr;
/// Of the address as it was typed, so that an unknown one is limited like a known one.
type AccountKey = [u8; 32];

/// All limits of this process.
pub struct Guessing {
    by_network: Failures<Network>,
    by_account: Failures<AccountKey>,
    sign_ups: DefaultKeyedRateLimiter<Network>,
}

impl Guessing {
    pub fn new() -> Self {
        Self {
            by_network: Failures::new(BY_NETWORK),
            by_account: Failures::new(BY_ACCOUNT),
            sign_ups: RateLimiter::keyed(quota(SIGN_UPS)),
        }
    }

    /// Counts a sign-up; an error says how long to wait.
    pub fn sign_up(&self, from: IpAddr) -> Result<(), Duration> {
        let allowed = self.sign_ups.check_key(&network(from));
        allowed.map_err(|not_until| not_until.wait_time_from(DefaultClock::default().now()))
    }

    /// An attempt to sign in.
    pub fn attempt(&self, from: IpAddr, email: &str) -> Attempt<'_> {
        let account = Sha256::digest(email.trim().to_lowercase()).into();
        Attempt { guessing: self, network: network(from), account }
    }

    /// Forgets whoever is at no limit.
    pub fn forget_old(&self) {
        self.by_network.forget_old();
        self.by_account.forget_old();
        self.sign_ups.retain_recent();
    }
}

/// One attempt to sign in.
pub struct Attempt<'a> {
    guessing: &'a Guessing,
    network: Network,
    account: AccountKey,
}

impl Attempt<'_> {
    /// Whether it may go on; an error says how long to wait.
    pub fn check(&self) -> Result<(), Duration> {
        let waits = [self.guessing.by_network.wait(&self.network), self.guessing.by_account.wait(&self.account)];
        waits.into_iter().flatten().max().map_or(Ok(()), Err)
    }

    /// It was a wrong guess.
    pub fn failed(&self) {
        self.guessing.by_network.count(self.network);
        self.guessing.by_account.count(self.account);
    }
}

struct Failures<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    blocked_until: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq + Clone> Failures<K> {
    fn new(limit: (u32, u64)) -> Self {
        Self { limiter: RateLimiter::keyed(quota(limit)), blocked_until: Mutex::default() }
    }

    fn wait(&self, key: &K) -> Option<Duration> {
        let blocked = self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = blocked.get(key)?.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }

    fn count(&self, key: K) {
        if let Err(not_until) = self.limiter.check_key(&key) {
            let wait = not_until.wait_time_from(DefaultClock::default().now());
            let mut blocked = self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner);
            blocked.insert(key, Instant::now() + wait);
        }
    }

    fn forget_old(&self) {
        let now = Instant::now();
        self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
        self.limiter.retain_recent();
    }
}

fn quota((burst, seconds): (u32, u64)) -> Quota {
    let every = Quota::with_period(Duration::from_secs(seconds));
    let one = Quota::per_second(NonZeroU32::MIN);
    every.unwrap_or(one).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

fn network(address: IpAddr) -> Network {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_account_is_blocked_from_everywhere_and_others_are_not() {
        let guessing = Guessing::new();
        for n in 0..=BY_ACCOUNT.0 {
            let attempt = guessing.attempt(IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]), "kim@example.com");
            assert_eq!(attempt.check(), Ok(()), "{n}");
            attempt.failed();
        }
        let wait = guessing.attempt(address("10.1.1.1"), " KIM@example.com").check();
        assert!(wait.is_err_and(|wait| wait <= Duration::from_secs(BY_ACCOUNT.1)));
        assert_eq!(guessing.attempt(address("10.1.1.1"), "lee@example.com").check(), Ok(()));
    }

    #[test]
    fn one_network_is_blocked_for_every_account() {
        let guessing = Guessing::new();
        for n in 0..=BY_NETWORK.0 {
            guessing.attempt(address(&format!("2001:db8::{n:x}")), &format!("{n}@example.com")).failed();
        }
        assert!(guessing.attempt(address("2001:db8::ffff"), "kim@example.com").check().is_err());
        assert_eq!(guessing.attempt(address("2001:db8:0:1::1"), "kim@example.com").check(), Ok(()));
    }

    #[test]
    fn looking_around_is_not_guessing() {
        let guessing = Guessing::new();
        for _ in 0..1_000 {
            assert_eq!(guessing.attempt(address("10.0.0.1"), "kim@example.com").check(), Ok(()));
        }
    }
}
