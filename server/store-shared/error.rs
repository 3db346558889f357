//! Converts the driver's errors into the port's.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use billing::store::StoreError;

use crate::error_codes;

/// When the database last failed in a way from which open connections may not recover: a full disk, an I/O error, or a
/// database that became read-only or stops. Global, because errors carry no reference to their pool.
static STORAGE_FAILED_AT: Mutex<Option<Instant>> = Mutex::new(None);

/// Whether a connection of this age is older than the last storage failure. The pool closes such a connection: its file
/// may be open read-only, or its server may have become a standby.
pub(crate) fn is_suspect(age: Duration) -> bool {
    let failed_at = *STORAGE_FAILED_AT.lock().unwrap_or_else(PoisonError::into_inner);
    failed_at.is_some_and(|at| predates(age, at.elapsed()))
}

/// How long before this question the pool may have measured a connection's age, on a busy machine, and how long the
/// connection may have taken to open.
const MEASURED_BEFORE_MAX: Duration = Duration::from_millis(50);

/// Whether a connection of this age may be older than what happened so long ago. One that is a little younger counts too.
pub(crate) fn predates(age: Duration, happened_ago: Duration) -> bool {
    happened_ago <= age + MEASURED_BEFORE_MAX
}

pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => {
            let text = error.to_string();
            if let Some(rule) = error_codes::broken_rule(error.as_ref()) {
                StoreError::Refused(rule)
            } else if error_codes::is_storage_failure(error.as_ref()) {
                *STORAGE_FAILED_AT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                StoreError::Unavailable(text)
            } else if error_codes::is_passing(error.as_ref()) {
                StoreError::Unavailable(text)
            } else {
                StoreError::Internal(text)
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::BeginFailed
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(error.to_string()),
        other => StoreError::Internal(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_was_opened_just_before_is_older_however_late_the_question() {
        let millis = Duration::from_millis;
        assert!(predates(millis(11), millis(10)));
        // The same, but the thread was interrupted after it had measured the age.
        assert!(predates(millis(11), millis(50)));
        assert!(!predates(millis(11), millis(500)));
    }
}
