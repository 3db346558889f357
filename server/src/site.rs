//! The built front end: where it is, and whether it is there.

use std::path::Path;

use crate::startup_error::StartupError;

/// The front end's folder in the site's root. Must match `[[workspace.metadata.leptos]]`, as must [`NAME`].
pub const PKG: &str = "pkg";
/// The name of its files.
pub const NAME: &str = "shop";
/// The files without which pages have no style or do not become interactive.
const ENDINGS: [&str; 3] = ["js", "wasm", "css"];

/// Checks that the front end's files exist.
pub fn check(root: &Path) -> Result<(), StartupError> {
    let folder = root.join(PKG);
    let missing = if folder.is_dir() {
        let files = ENDINGS.map(|ending| folder.join(format!("{NAME}.{ending}")));
        files.into_iter().find(|file| !file.is_file())
    } else {
        Some(folder)
    };
    missing.map_or(Ok(()), |missing| {
        Err(StartupError(format!(
            "LEPTOS_SITE_ROOT: {} is missing, so pages would have no style. Build the front end by scripts/run or by \
             `cargo leptos build`, or set LEPTOS_SITE_ROOT to the folder that holds it (now {}).",
            missing.display(),
            root.display()
        )))
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::check;

    #[test]
    fn what_is_missing_of_the_front_end_is_named() {
        let root = tempfile::tempdir().unwrap();
        let said = |missing: &str| {
            let refused = check(root.path()).unwrap_err().0;
            let path = root.path().join(missing).display().to_string();
            assert!(refused.starts_with(&format!("LEPTOS_SITE_ROOT: {path} is missing,")), "{refused}");
            assert!(refused.contains("cargo leptos build"), "{refused}");
        };
        said("pkg");
        fs::create_dir(root.path().join("pkg")).unwrap();
        for name in ["shop.js", "shop.wasm", "shop.css"] {
            said(&format!("pkg/{name}"));
            fs::write(root.path().join("pkg").join(name), "").unwrap();
        }
        assert_eq!(check(root.path()), Ok(()));
        assert!(check(&root.path().join("nowhere")).is_err());
    }
}
