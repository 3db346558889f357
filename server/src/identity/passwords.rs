//! Passwords: argon2id, a few at a time, off the threads that serve requests.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{self, SaltString},
};
use billing::account::{EmailAddress, NOBODYS_PASSWORD};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::problem::Problem;

const CHARACTERS_MIN: usize = 10;
const CHARACTERS_MAX: usize = 128;
/// How long a request waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Whether a new password is allowed: 10 to 128 characters, and not the address itself.
pub fn is_strong(password: &str, email: &EmailAddress) -> bool {
    let length = password.chars().count();
    (CHARACTERS_MIN..=CHARACTERS_MAX).contains(&length) && password.trim().to_lowercase() != email.as_str()
}

/// Hands out turns: each hash takes 19 MiB and a core.
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { turns: Arc::new(Semaphore::new(cores)) }
    }

    pub async fn turn(&self) -> Result<Turn, Problem> {
        match tokio::time::timeout(WAIT_MAX, Arc::clone(&self.turns).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Turn { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(Problem::BUSY),
        }
    }
}

/// The right to hash once.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl Turn {
    pub async fn hash(self, password: String) -> Result<String, Problem> {
        let hash = move || {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).map_err(|_| password_hash::Error::Crypto)?;
            let salt = SaltString::encode_b64(&salt)?;
            Ok(Argon2::default().hash_password(password.as_bytes(), &salt)?.to_string())
        };
        self.run(hash).await
    }

    /// Whether the password fits; with no hash to fit, it never does, and takes as long.
    pub async fn verify(self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let verify = move || {
            let known = hash.is_some();
            // With no account there is a hash to verify against too, so that it takes as long.
            let hash = hash.unwrap_or_else(|| NOBODYS_PASSWORD.to_owned());
            match Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(&hash)?) {
                Ok(()) => Ok(known),
                Err(password_hash::Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.run(verify).await
    }

    /// The turn goes into the thread, so that a request that gives up does not free it early.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let outcome = tokio::task::spawn_blocking(move || {
            let _turn = self;
            work()
        });
        match outcome.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(Problem::INTERNAL)
            }
            Err(error) => {
                tracing::error!(%error, "hashing a password was cut short");
                Err(Problem::INTERNAL)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_fits() {
        let passwords = Passwords::new();
        let hash = passwords.turn().await.unwrap().hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for (password, hash, fits) in [
            ("correct horse", Some(hash.clone()), true),
            ("correct horse ", Some(hash), false),
            ("correct horse", None, false),
        ] {
            let verified = passwords.turn().await.unwrap().verify(password.to_owned(), hash).await;
            assert_eq!(verified, Ok(fits));
        }
    }

    #[test]
    fn a_password_is_long_enough_and_not_the_address() {
        let email = "kim.long@example.com".parse().unwrap();
        for good in ["0123456789", "ääääääääää", &"x".repeat(128)] {
            assert!(is_strong(good, &email), "{good}");
        }
        for weak in ["", "012345678", "Kim.Long@example.com", &"x".repeat(129)] {
            assert!(!is_strong(weak, &email), "{weak}");
        }
    }
}
