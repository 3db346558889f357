//! The meaning of PostgreSQL's error codes.

use sqlx::error::DatabaseError;

/// The constraint or trigger that refused a write; the triggers raise `check_violation` with their rule's name.
pub(crate) fn broken_rule(error: &dyn DatabaseError) -> Option<String> {
    let code = error.code()?;
    // Class 23: integrity constraint violation; 22003: a number out of range, such as an overflowing balance.
    let refused = code.starts_with("23") || code == "22003";
    refused.then(|| error.constraint().unwrap_or(error.message()).to_owned())
}

/// Whether the same statement may succeed later. Classes 08, 28, 53 and 57: connection, authorization, resources,
/// operator; 3D000: no such database; 40001 and 40P01: serialization and deadlock; 55P03: a lock that was not available
/// in time.
pub(crate) fn is_passing(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        ["08", "28", "53", "57"].iter().any(|class| code.starts_with(class))
            || ["3D000", "40001", "40P01", "55P03"].contains(&&*code)
    })
}

/// Whether the server is a read-only standby (25006), its disk fails (class 58, 53100), or it ends its connections
/// (57P01, 57P02).
pub(crate) fn is_storage_failure(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("58") || ["25006", "53100", "57P01", "57P02"].contains(&&*code))
}

/// Whether the error comes from rows of the statement, so that it may succeed for the others of them: a value or a
/// constraint (classes 21 to 23), a lock or a deadlock (40 and 55), or the time that all its locks took (57014).
pub(crate) fn is_of_its_rows(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        code == "57014" || ["21", "22", "23", "40", "55"].iter().any(|class| code.starts_with(class))
    })
}

/// Whether another transaction holds a lock: 55P03, or 40P01, a deadlock.
pub(crate) fn is_locked(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| ["55P03", "40P01"].contains(&&*code))
}

/// Whether a statement names a table that does not exist.
pub(crate) fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P01")
}

/// Whether the role lacks the permission.
pub(crate) fn is_denied(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42501")
}
