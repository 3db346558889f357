//! Rate limits on wrong passwords, sign-ups and mails, by network and by account, and on calls, by API key. Only failed
//! sign-ins count, so that frequent sign-ins with the right password are never limited.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use billing::{clock::Clock, ids::ApiKeyId};
use governor::{Quota, RateLimiter, clock, middleware::NoOpMiddleware, state::keyed::DashMapStateStore};
use sha2::{Digest, Sha256};

/// The size of a burst, and the seconds after which one more is allowed.
const BY_NETWORK: (u32, u64) = (50, 5);
const BY_ACCOUNT: (u32, u64) = (10, 30);
const SIGN_UPS: (u32, u64) = (200, 5);
/// The limits on mails that a client causes without being signed in: from one network, and to one address.
const MAILS_FROM: (u32, u64) = (20, 60);
const MAILS_TO: (u32, u64) = (5, 600);

/// A client's network: the IPv4 address, or the /64 of an IPv6 address, since customers usually get a whole /64.
type Network = IpAddr;
/// The hash of the address as entered, so that unknown addresses are limited like known ones.
type AccountKey = [u8; 32];

/// The shop's clock as the limiter's clock, in time since 1970.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::try_from(self.0.now().duration_since(jiff::Timestamp::UNIX_EPOCH)).unwrap_or_default()
    }
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Duration>>;

/// All limits of this process.
pub struct RateLimits {
    by_network: Failures<Network>,
    by_account: Failures<AccountKey>,
    sign_ups: Limiter<Network>,
    mails_from: Limiter<Network>,
    mails_to: Limiter<AccountKey>,
}

impl RateLimits {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let ticks = Ticks(clock);
        Self {
            by_network: Failures::new(BY_NETWORK, ticks.clone()),
            by_account: Failures::new(BY_ACCOUNT, ticks.clone()),
            sign_ups: RateLimiter::dashmap_with_clock(quota(SIGN_UPS), ticks.clone()),
            mails_from: RateLimiter::dashmap_with_clock(quota(MAILS_FROM), ticks.clone()),
            mails_to: RateLimiter::dashmap_with_clock(quota(MAILS_TO), ticks),
        }
    }

    /// Counts a sign-up; an error says how long to wait.
    pub fn sign_up(&self, from: IpAddr) -> Result<(), Duration> {
        let allowed = self.sign_ups.check_key(&network(from));
        allowed.map_err(|not_until| not_until.wait_time_from(self.by_network.now()))
    }

    /// Counts a mail; an error says how long to wait.
    pub fn mail(&self, from: IpAddr, to: &str) -> Result<(), Duration> {
        let now = self.by_network.now();
        self.mails_from.check_key(&network(from)).map_err(|not_until| not_until.wait_time_from(now))?;
        self.mails_to.check_key(&account(to)).map_err(|not_until| not_until.wait_time_from(now))
    }

    /// An attempt to sign in.
    pub fn attempt(&self, from: IpAddr, email: &str) -> Attempt<'_> {
        Attempt { limits: self, network: network(from), account: account(email) }
    }

    /// Drops keys that are under their limits.
    pub fn forget_old(&self) {
        self.by_network.forget_old();
        self.by_account.forget_old();
        self.sign_ups.retain_recent();
        self.mails_from.retain_recent();
        self.mails_to.retain_recent();
    }
}

/// Limits the calls of each API key in this process.
pub struct CallLimit {
    calls: Limiter<ApiKeyId>,
    ticks: Ticks,
}

impl CallLimit {
    /// At most so many calls in each second.
    pub fn new(clock: Arc<dyn Clock>, per_second_max: NonZeroU32) -> Self {
        let ticks = Ticks(clock);
        Self { calls: RateLimiter::dashmap_with_clock(Quota::per_second(per_second_max), ticks.clone()), ticks }
    }

    /// Counts a call; an error says how long to wait.
    pub fn count(&self, key: ApiKeyId) -> Result<(), Duration> {
        let now = clock::Clock::now(&self.ticks);
        self.calls.check_key(&key).map_err(|not_until| not_until.wait_time_from(now))
    }

    /// Forgets keys that are at no limit.
    pub fn forget_old(&self) {
        self.calls.retain_recent();
    }
}

/// One attempt to sign in.
pub struct Attempt<'a> {
    limits: &'a RateLimits,
    network: Network,
    account: AccountKey,
}

impl Attempt<'_> {
    /// Whether the attempt may continue; an error says how long to wait.
    pub fn check(&self) -> Result<(), Duration> {
        let waits = [self.limits.by_network.wait(&self.network), self.limits.by_account.wait(&self.account)];
        waits.into_iter().flatten().max().map_or(Ok(()), Err)
    }

    /// Counts a failed attempt.
    pub fn failed(&self) {
        self.limits.by_network.count(self.network);
        self.limits.by_account.count(self.account);
    }
}

struct Failures<K: Hash + Eq + Clone> {
    limiter: Limiter<K>,
    ticks: Ticks,
    blocked_until: Mutex<HashMap<K, Duration>>,
}

impl<K: Hash + Eq + Clone> Failures<K> {
    fn new(limit: (u32, u64), ticks: Ticks) -> Self {
        let limiter = RateLimiter::dashmap_with_clock(quota(limit), ticks.clone());
        Self { limiter, ticks, blocked_until: Mutex::default() }
    }

    fn now(&self) -> Duration {
        clock::Clock::now(&self.ticks)
    }

    fn wait(&self, key: &K) -> Option<Duration> {
        let blocked = self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = blocked.get(key)?.saturating_sub(self.now());
        (!wait.is_zero()).then_some(wait)
    }

    fn count(&self, key: K) {
        if let Err(not_until) = self.limiter.check_key(&key) {
            let now = self.now();
            let wait = not_until.wait_time_from(now);
            let mut blocked = self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner);
            blocked.insert(key, now + wait);
        }
    }

    fn forget_old(&self) {
        let now = self.now();
        self.blocked_until.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
        self.limiter.retain_recent();
    }
}

fn quota((burst, seconds): (u32, u64)) -> Quota {
    let every = Quota::with_period(Duration::from_secs(seconds));
    let one = Quota::per_second(NonZeroU32::MIN);
    every.unwrap_or(one).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

fn account(email: &str) -> AccountKey {
    Sha256::digest(email.trim().to_lowercase()).into()
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
    use std::sync::atomic::{AtomicI64, Ordering};

    use jiff::Timestamp;

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(1_000_000 + self.0.load(Ordering::SeqCst)).unwrap()
        }
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_account_is_blocked_from_everywhere_and_others_are_not() {
        let hand = Arc::new(Hand::default());
        let limits = RateLimits::new(hand.clone());
        for n in 0..=BY_ACCOUNT.0 {
            let attempt = limits.attempt(IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]), "kim@example.com");
            assert_eq!(attempt.check(), Ok(()), "{n}");
            attempt.failed();
        }
        let attempt = limits.attempt(address("10.1.1.1"), " KIM@example.com");
        assert_eq!(attempt.check(), Err(Duration::from_secs(BY_ACCOUNT.1)));
        assert_eq!(limits.attempt(address("10.1.1.1"), "lee@example.com").check(), Ok(()));
        limits.forget_old();
        assert!(attempt.check().is_err());
        hand.0.store(30, Ordering::SeqCst);
        assert_eq!(attempt.check(), Ok(()));
    }

    #[test]
    fn one_network_is_blocked_for_every_account() {
        let limits = RateLimits::new(Arc::new(Hand::default()));
        for n in 0..=BY_NETWORK.0 {
            limits.attempt(address(&format!("2001:db8::{n:x}")), &format!("{n}@example.com")).failed();
        }
        assert!(limits.attempt(address("2001:db8::ffff"), "kim@example.com").check().is_err());
        assert_eq!(limits.attempt(address("2001:db8:0:1::1"), "kim@example.com").check(), Ok(()));
    }

    #[test]
    fn mails_are_limited_by_network_and_by_recipient() {
        let limits = RateLimits::new(Arc::new(Hand::default()));
        for n in 0..MAILS_TO.0 {
            assert_eq!(limits.mail(IpAddr::from([10, 0, 1, u8::try_from(n).unwrap()]), "kim@example.com"), Ok(()));
        }
        assert!(limits.mail(address("10.0.2.1"), "KIM@example.com").is_err());
        for n in 0..MAILS_FROM.0 {
            assert_eq!(limits.mail(address("10.0.3.1"), &format!("{n}@example.com")), Ok(()));
        }
        assert!(limits.mail(address("10.0.3.1"), "lee@example.com").is_err());
    }

    #[test]
    fn looking_around_is_not_guessing() {
        let limits = RateLimits::new(Arc::new(Hand::default()));
        for _ in 0..1_000 {
            assert_eq!(limits.attempt(address("10.0.0.1"), "kim@example.com").check(), Ok(()));
        }
    }

    #[test]
    fn sign_ups_from_one_network_are_limited() {
        let limits = RateLimits::new(Arc::new(Hand::default()));
        for _ in 0..SIGN_UPS.0 {
            assert_eq!(limits.sign_up(address("10.0.0.1")), Ok(()));
        }
        assert_eq!(limits.sign_up(address("10.0.0.1")), Err(Duration::from_secs(SIGN_UPS.1)));
        assert_eq!(limits.sign_up(address("10.0.0.2")), Ok(()));
    }
}
