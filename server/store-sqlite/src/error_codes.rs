//! The meaning of SQLite's error codes.

use sqlx::error::DatabaseError;

/// The constraint or trigger that refused a write. Messages of triggers are `name: why`; SQLite's own name the CHECK,
/// or the columns of a unique key.
pub(crate) fn broken_rule(error: &dyn DatabaseError) -> Option<String> {
    const CONSTRAINT: i32 = 19;
    const CONSTRAINT_TRIGGER: i32 = 1811;
    let code: i32 = error.code()?.parse().ok()?;
    if code & 0xff != CONSTRAINT {
        return None;
    }
    let message = error.message();
    let name = if code == CONSTRAINT_TRIGGER {
        message.split(':').next()
    } else {
        message.rsplit("constraint failed: ").next()
    };
    Some(name.unwrap_or(message).to_owned())
}

/// The primary result code: <https://sqlite.org/rescode.html>.
fn primary_code(error: &dyn DatabaseError) -> Option<i32> {
    Some(error.code()?.parse::<i32>().ok()? & 0xff)
}

/// Whether the same statement may succeed later: the file is locked by another process.
pub(crate) fn is_passing(error: &dyn DatabaseError) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const PROTOCOL: i32 = 15;
    matches!(primary_code(error), Some(BUSY | LOCKED | PROTOCOL))
}

/// Whether the disk failed, is full, or is read-only. SQLite reports an unreadable page as CORRUPT too.
pub(crate) fn is_storage_failure(error: &dyn DatabaseError) -> bool {
    const READONLY: i32 = 8;
    const IOERR: i32 = 10;
    const CORRUPT: i32 = 11;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    matches!(primary_code(error), Some(READONLY | IOERR | CORRUPT | FULL | CANTOPEN))
}

/// Whether a statement names a table that does not exist.
pub(crate) fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.message().starts_with("no such table")
}

/// SQLite has no roles: a process that may write the file may do everything.
pub(crate) fn is_denied(_: &dyn DatabaseError) -> bool {
    false
}
