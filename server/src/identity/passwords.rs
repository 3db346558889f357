//! Password hashing with argon2id, limited in concurrency, on blocking threads.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{self, SaltString},
};
use billing::account::UNUSABLE_PASSWORD_HASH;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::problem::Problem;

/// How long a request waits for its permit.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Hashes passwords, and limits how many hashes are computed at once: each takes 19 MiB and a core.
pub struct Passwords {
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Waits until one more hash may be computed.
    pub async fn permit(&self) -> Result<HashPermit, Problem> {
        match tokio::time::timeout(WAIT_MAX, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(HashPermit { _permit: permit }),
            Ok(Err(_)) | Err(_) => Err(Problem::BUSY),
        }
    }
}

/// Allows one hash to be computed.
pub struct HashPermit {
    _permit: OwnedSemaphorePermit,
}

impl HashPermit {
    pub async fn hash(self, password: String) -> Result<String, Problem> {
        let hash = move || {
            let mut salt = [0; 16];
            getrandom::fill(&mut salt).map_err(|_| password_hash::Error::Crypto)?;
            let salt = SaltString::encode_b64(&salt)?;
            Ok(Argon2::default().hash_password(password.as_bytes(), &salt)?.to_string())
        };
        self.run(hash).await
    }

    /// Whether the password matches the hash. Without a hash it never does, and takes the same time.
    pub async fn verify(self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let verify = move || {
            let known = hash.is_some();
            // Without an account, verifies against a hash that no password matches, to take the same time.
            let hash = hash.unwrap_or_else(|| UNUSABLE_PASSWORD_HASH.to_owned());
            match Argon2::default().verify_password(password.as_bytes(), &PasswordHash::new(&hash)?) {
                Ok(()) => Ok(known),
                Err(password_hash::Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.run(verify).await
    }

    /// Moves the permit into the blocking thread, so that a cancelled request does not release it while the hash is
    /// being computed.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let outcome = tokio::task::spawn_blocking(move || {
            let _permit = self;
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
        let hash = passwords.permit().await.unwrap().hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for (password, hash, fits) in [
            ("correct horse", Some(hash.clone()), true),
            ("correct horse ", Some(hash), false),
            ("correct horse", None, false),
        ] {
            let verified = passwords.permit().await.unwrap().verify(password.to_owned(), hash).await;
            assert_eq!(verified, Ok(fits));
        }
    }
}
