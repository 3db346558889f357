//! The log lines of one test.

use std::fs;

use tempfile::NamedTempFile;
use tracing::{Dispatch, Level, subscriber::DefaultGuard};

/// Keeps the log lines of this thread. A test on a runtime of one thread sees its own lines alone.
pub struct Log {
    file: NamedTempFile,
    _capturing: DefaultGuard,
    _other: Dispatch,
}

impl Log {
    pub fn capture(level: Level) -> Self {
        let file = NamedTempFile::new().unwrap();
        let lines = || tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
        // While there is only one, `tracing` asks the thread that comes by a line first whether the line is of interest,
        // and other tests' threads have no subscriber.
        let other = Dispatch::new(lines().with_writer(std::io::sink).finish());
        let capturing = tracing::subscriber::set_default(lines().with_writer(file.reopen().unwrap()).finish());
        Self { file, _capturing: capturing, _other: other }
    }

    pub fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.file.path()).unwrap().lines().map(str::to_owned).collect()
    }
}
