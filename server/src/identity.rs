//! Accounts, passwords, sessions, API keys, and the rate limits on attempts, mails and calls.

pub(crate) mod api_keys;
pub(crate) mod password_policy;
pub(crate) mod passwords;
mod rate_limits;
mod request_context;
mod session_loader;
mod sessions;

use std::{fmt, net::IpAddr, sync::Arc};

use billing::{
    account::{Account, EmailAddress, Principal, SessionLookup},
    clock::{Clock, Entropy},
    ids::{TenantId, UserId},
    store::{AccountStore, SignUp},
};
use tower_sessions::{Session, session::Id};

pub use api_keys::{ApiKeySecret, KeyMode};
pub use rate_limits::CallLimit;
pub use request_context::{ClientAddr, RequireUser, identify, locale_cookie, locale_of};
pub use sessions::{Sessions, layer as session_layer};

use self::{passwords::Passwords, rate_limits::RateLimits, session_loader::SessionLoader};
use crate::http::problem::Problem;

/// The demo account's address. It exists in mock mode alone.
pub const DEMO_EMAIL: &str = "demo@example.com";
/// The demo account's password; no secret.
pub const DEMO_PASSWORD: &str = "demo-credits";

/// The session's member that holds the user's id.
const USER: &str = "user";
/// The session's member that holds the time of its last renewal, in seconds since 1970.
const PROLONGED: &str = "prolonged";
/// How often a session in use is prolonged.
const PROLONG_EVERY_SECONDS: i64 = 86_400;

/// Signing up, in and out; one for the process.
pub struct Identity {
    accounts: Arc<dyn AccountStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    sessions: SessionLoader,
    passwords: Passwords,
    limits: RateLimits,
    mock: bool,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("mock", &self.mock).finish_non_exhaustive()
    }
}

impl Identity {
    /// In mock mode the demo account can sign in; otherwise it cannot, even if it exists. Needs a Tokio runtime.
    pub fn new(accounts: Arc<dyn AccountStore>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, mock: bool) -> Self {
        let limits = RateLimits::new(clock.clone());
        let sessions = SessionLoader::start(accounts.clone(), clock.clone());
        Self { accounts, clock, entropy, sessions, passwords: Passwords::new(), limits, mock }
    }

    /// Creates an account and signs in. Its tenant is the one that the platform has named with that address, or a new one.
    pub async fn sign_up(
        &self,
        session: &Session,
        from: IpAddr,
        email: &str,
        password: String,
    ) -> Result<Principal, Problem> {
        let email: EmailAddress = email.parse().map_err(|_| Problem::INVALID_EMAIL)?;
        // First, because checking a password against the policy takes some milliseconds.
        self.limits.sign_up(from).map_err(|wait| Problem::TOO_MANY_ATTEMPTS.after(wait))?;
        if !password_policy::is_allowed(&password, &email) {
            return Err(Problem::WEAK_PASSWORD);
        }
        let principal = self.insert(email, password).await?.ok_or(Problem::EMAIL_TAKEN)?;
        self.start_session(session, &principal).await?;
        Ok(principal)
    }

    /// Signs in. Neither the answer nor its timing shows whether the address or the password is wrong.
    pub async fn sign_in(
        &self,
        session: &Session,
        from: IpAddr,
        email: &str,
        password: String,
    ) -> Result<Principal, Problem> {
        let attempt = self.limits.attempt(from, email);
        let too_many = |wait| Problem::TOO_MANY_ATTEMPTS.after(wait);
        attempt.check().map_err(too_many)?;
        let account = match email.parse::<EmailAddress>() {
            Ok(email) if self.admits(&email) => self.accounts.account_by_email(&email).await?,
            _ => None,
        };
        let permit = self.passwords.permit().await?;
        // Checked again, because other attempts may have failed while this one waited.
        attempt.check().map_err(too_many)?;
        let hash = account.as_ref().map(|account| account.password_hash.clone());
        let fits = permit.verify(password, hash).await?;
        match account {
            Some(account) if fits => {
                self.start_session(session, &account.principal).await?;
                Ok(account.principal)
            }
            _ => {
                attempt.failed();
                metrics::counter!("sign_in_failed_total").increment(1);
                Err(Problem::INVALID_CREDENTIALS)
            }
        }
    }

    /// Counts a mail that a client causes, possibly without being signed in. Refuses it when too many were sent to this
    /// address or were caused from this network.
    pub fn may_write_to(&self, from: IpAddr, email: &EmailAddress) -> Result<(), Problem> {
        self.limits.mail(from, email.as_str()).map_err(|wait| Problem::TOO_MANY_ATTEMPTS.after(wait))
    }

    /// Ends the session, if there is one.
    pub async fn sign_out(&self, session: &Session) -> Result<(), Problem> {
        session.flush().await.map_err(|error| session_problem(&error))
    }

    /// Looks up the session's user and balance. Renews a session in use, so that it does not expire.
    pub async fn lookup(&self, session: &Session) -> Result<Option<SessionLookup>, Problem> {
        let Some(id) = session.id() else { return Ok(None) };
        // One query instead of two, because the session layer would load the session without user and balance.
        let Some(found) = self.sessions.load(sessions::token_hash(id)).await? else {
            // Loading it lets the session layer notice that the session has ended, and remove the cookie.
            session.load().await.map_err(|error| session_problem(&error))?;
            return Ok(None);
        };
        if !self.admits(&found.principal.email) {
            return Ok(None);
        }
        let data: serde_json::Value = serde_json::from_str(&found.data).unwrap_or_default();
        let prolonged = data.get(PROLONGED).and_then(serde_json::Value::as_i64);
        let now = self.clock.now().as_second();
        if prolonged.is_none_or(|then| now - then >= PROLONG_EVERY_SECONDS) {
            session.insert(PROLONGED, now).await.map_err(|error| session_problem(&error))?;
        }
        Ok(Some(found))
    }

    /// Looks up a session by its id; `None` once it has ended.
    pub async fn lookup_by_id(&self, session: Id) -> Result<Option<SessionLookup>, Problem> {
        self.sessions.load(sessions::token_hash(session)).await
    }

    /// Creates the demo account, unless it exists. Two processes may call this concurrently.
    pub async fn create_demo_account(&self) -> Result<(), Problem> {
        let Ok(email) = DEMO_EMAIL.parse::<EmailAddress>() else { return Err(Problem::INTERNAL) };
        if self.accounts.account_by_email(&email).await?.is_none() {
            self.insert(email, DEMO_PASSWORD.to_owned()).await?;
        }
        Ok(())
    }

    /// Deletes expired sessions, and drops rate-limit entries that no longer matter.
    pub async fn clean_up(&self) {
        self.limits.forget_old();
        match self.accounts.delete_expired_sessions(self.clock.now()).await {
            Ok(removed) => tracing::debug!(removed, "removed sessions that had ended"),
            Err(error) => tracing::warn!(%error, "sessions that have ended could not be removed"),
        }
    }

    /// Whether this address may sign in. The demo account's password is public, so it may only in mock mode.
    fn admits(&self, email: &EmailAddress) -> bool {
        self.mock || email.as_str() != DEMO_EMAIL
    }

    /// `None` when another account has this address.
    async fn insert(&self, email: EmailAddress, password: String) -> Result<Option<Principal>, Problem> {
        let password_hash = self.passwords.permit().await?.hash(password).await?;
        let now = self.clock.now();
        let mut principal = Principal {
            tenant_id: TenantId::new(now, self.entropy.as_ref()),
            user_id: UserId::new(now, self.entropy.as_ref()),
            email,
        };
        let account = Account { principal: principal.clone(), password_hash, created_at: now };
        Ok(match self.accounts.insert_account(&account).await? {
            SignUp::Created(tenant) => {
                principal.tenant_id = tenant;
                Some(principal)
            }
            SignUp::EmailTaken => None,
        })
    }

    /// Changes the session's id at each sign-in, against session fixation.
    async fn start_session(&self, session: &Session, principal: &Principal) -> Result<(), Problem> {
        let started = async {
            session.clear().await;
            session.cycle_id().await?;
            session.insert(USER, principal.user_id).await?;
            session.insert(PROLONGED, self.clock.now().as_second()).await
        };
        started.await.map_err(|error| session_problem(&error))
    }
}

fn session_problem(error: &tower_sessions::session::Error) -> Problem {
    tracing::error!(%error, "the session failed");
    Problem::DATABASE_UNAVAILABLE
}
