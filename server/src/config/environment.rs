//! Where settings come from.

use std::{collections::HashMap, env, path::Path};

use super::settings::WrongSettings;

/// The variables of the process, and of a `.env` file in the working folder where the process has none.
pub fn environment() -> Result<impl Fn(&str) -> Option<String>, WrongSettings> {
    let file = Path::new(".env");
    let mut lines = HashMap::new();
    if file.exists() {
        let unreadable = |error: dotenvy::Error| {
            // The error quotes the line, which may hold a secret.
            let what = match error {
                dotenvy::Error::Io(error) => error.to_string(),
                _ => "a line in it is not NAME=value; put values with spaces into quotes".to_owned(),
            };
            WrongSettings(vec![format!("The file .env cannot be read: {what}.")])
        };
        for line in dotenvy::from_path_iter(file).map_err(unreadable)? {
            let (name, value) = line.map_err(unreadable)?;
            lines.insert(name, value);
        }
    }
    Ok(move |name: &str| match env::var_os(name) {
        // The replacement character fails the check of this variable, so that the error names it.
        Some(value) => Some(value.to_string_lossy().into_owned()),
        None => lines.get(name).cloned(),
    })
}
