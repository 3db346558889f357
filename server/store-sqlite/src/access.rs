//! The file's permissions: it contains names, addresses and password hashes.

use std::{io, path::Path};

/// Creates the file if necessary, and restricts it to its owner. SQLite gives the journal beside it the same
/// permissions.
#[cfg(unix)]
pub(crate) async fn keep_private(file: &Path) -> io::Result<()> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    const OWNER_ALONE: u32 = 0o600;
    let opened = tokio::fs::OpenOptions::new().append(true).create(true).mode(OWNER_ALONE).open(file).await?;
    let others_may = opened.metadata().await?.permissions().mode() & 0o077 != 0;
    if others_may && let Err(error) = opened.set_permissions(Permissions::from_mode(OWNER_ALONE)).await {
        let file = file.display();
        tracing::warn!(%file, %error, "others can read the database, and its permissions cannot be changed");
    }
    for journal in ["-wal", "-shm"] {
        let mut journal_file = file.as_os_str().to_owned();
        journal_file.push(journal);
        // Usually there is no journal.
        let _ = tokio::fs::set_permissions(Path::new(&journal_file), Permissions::from_mode(OWNER_ALONE)).await;
    }
    Ok(())
}

/// Other systems have other kinds of permissions, so SQLite creates the file.
#[cfg(not(unix))]
#[expect(clippy::unused_async, reason = "the same call as on Unix")]
pub(crate) async fn keep_private(_: &Path) -> io::Result<()> {
    Ok(())
}
