//! What the database could not do.

/// An error of the database. Its text is for the log, never for the public.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or did not answer in time.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It refused a write that breaks a rule, named by the constraint or trigger.
    #[error("the database refused the write: {0}")]
    Refused(String),
    /// A stored row is invalid.
    #[error("a stored row makes no sense: {0}")]
    Corrupt(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Internal(String),
}
