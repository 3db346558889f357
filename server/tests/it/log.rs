//! The log lines of one test.

use std::fs;

use tempfile::NamedTempFile;
use tracing::{Level, subscriber::DefaultGuard};

/// Keeps the log lines of this thread. A test on a runtime of one thread sees its own lines alone.
pub struct Log {
    file: NamedTempFile,
    _capturing: DefaultGuard,
}

impl Log {
    pub fn capture(level: Level) -> Self {
        let file = NamedTempFile::new().unwrap();
        let lines =
            tracing_subscriber::fmt().with_max_level(level).with_ansi(false).with_writer(file.reopen().unwrap());
        let capturing = tracing::subscriber::set_default(lines.finish());
        Self { file, _capturing: capturing }
    }

    pub fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.file.path()).unwrap().lines().map(str::to_owned).collect()
    }
}
