//! The addresses of the database.

use std::fs;

use secrecy::SecretString;
use url::Url;

use super::reader::Reader;

const DEFAULT: &str = "sqlite://data/shop.db";
const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// `DATABASE_URL` and `DATABASE_DIRECT_URL`.
pub(super) fn both(reader: &mut Reader<'_>) -> (SecretString, Option<SecretString>) {
    let main = reader.get("DATABASE_URL").unwrap_or_else(|| DEFAULT.to_owned());
    if is_postgres(&main) {
        check_postgres(reader, "DATABASE_URL", &main);
    } else if !main.starts_with("sqlite:") {
        reader.complain(
            "DATABASE_URL is wrong: set it to sqlite://path/to/file.db or to postgres://user:password@host/database.",
        );
    }
    let direct = reader.get("DATABASE_DIRECT_URL");
    match &direct {
        Some(direct) if !is_postgres(direct) => reader.complain(
            "DATABASE_DIRECT_URL is wrong: set it to postgres://user:password@host/database, the server itself, or unset it.",
        ),
        Some(_) if !is_postgres(&main) => reader.complain(
            "DATABASE_DIRECT_URL is set, but DATABASE_URL leads to no PostgreSQL: unset it, or set DATABASE_URL to the pooler.",
        ),
        Some(direct) => check_postgres(reader, "DATABASE_DIRECT_URL", direct),
        None => {}
    }
    (SecretString::from(main), direct.map(SecretString::from))
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// Checks the URL without connecting. No message shows its user name or password.
fn check_postgres(reader: &mut Reader<'_>, name: &str, url: &str) {
    let Ok(url) = Url::parse(url) else {
        reader.complain(format!("{name} is wrong: write it like postgres://user:password@host:5432/database."));
        return;
    };
    for (key, value) in url.query_pairs() {
        match &*key {
            "sslmode" | "ssl-mode" if !SSL_MODES.contains(&&*value.to_lowercase()) => {
                reader.complain(format!("{name} is wrong: its {key} is one of {}.", SSL_MODES.join(", ")));
            }
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => {
                if let Err(fault) = check_certificate(&value) {
                    reader.complain(format!(
                        "{name} is wrong: its {key} {value} {fault}. Name the file that holds the certificate of who signed \
                         the server's."
                    ));
                }
            }
            _ => {}
        }
    }
}

fn check_certificate(file: &str) -> Result<(), String> {
    let content = fs::read(file).map_err(|error| format!("cannot be read ({error})"))?;
    let is_pem = String::from_utf8_lossy(&content).contains("-----BEGIN CERTIFICATE-----");
    if is_pem { Ok(()) } else { Err("holds no certificate in PEM's form".to_owned()) }
}
