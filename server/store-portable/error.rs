//! From the driver's errors to the port's.

use billing::store::StoreError;

use crate::dialect;

pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => {
            let text = error.to_string();
            if let Some(rule) = dialect::broken_rule(error.as_ref()) {
                StoreError::Refused(rule)
            } else if dialect::is_passing(error.as_ref()) {
                StoreError::Unavailable(text)
            } else {
                StoreError::Internal(text)
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::Corrupt(error.to_string()),
        other => StoreError::Internal(other.to_string()),
    }
}
