//! Why the process does not start.

use std::fmt;

/// A sentence that says what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct StartupError(pub String);

impl std::error::Error for StartupError {}

impl fmt::Display for StartupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
