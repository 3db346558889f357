//! `server keys`: the API keys of platforms.

use std::{collections::BTreeSet, fmt::Write};

use billing::{
    Platform,
    api_key::{ApiKey, Scope},
    clock::{Clock, Entropy},
    ids::ApiKeyId,
    money::Credits,
};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};

use super::CommandError;
use crate::{
    identity::{ApiKeySecret, KeyMode},
    system::{SystemClock, SystemEntropy},
};

const NAME_CHARACTERS_MAX: usize = 100;

/// The subcommands of `server keys`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a key and prints it, this once; what else there is to say goes to standard error.
    Create {
        /// What to call it: 1 to 100 characters, as no other key that is not revoked.
        #[arg(long)]
        name: String,
        /// What it may do: tenants:write, balance:read, spend or grant; several, each with --scope.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<Scope>,
        /// For how many days it works; without end unless given.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        expires: Option<u32>,
        /// How many credits it may spend in a day (UTC).
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        daily_cap: Option<u32>,
    },
    /// A line for each key, newest first.
    List,
    /// Revokes a key for good, at once in every process.
    Revoke {
        /// Its name, or how it begins.
        name_or_prefix: String,
    },
}

/// The answer to a command about the API keys of shops of that mode. A new key stands alone on standard output, for
/// scripts to take; what else there is to say about it goes to standard error.
#[expect(clippy::print_stderr, reason = "standard output is for the key")]
pub async fn run(command: Command, platform: &Platform, mode: KeyMode) -> Result<String, CommandError> {
    match command {
        Command::Create { name, scopes, expires, daily_cap } => {
            let scopes = scopes.into_iter().collect();
            let wanted = NewKey { name, scopes, expires_days: expires, daily_cap };
            let created = create(platform, mode, (&SystemClock, &SystemEntropy), wanted).await?;
            eprint!("{}", created.report);
            Ok(format!("{}\n", created.secret.expose()))
        }
        Command::List => list(platform, SystemClock.now()).await,
        Command::Revoke { name_or_prefix } => revoke(platform, &name_or_prefix).await,
    }
}

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What the operator calls it.
    pub name: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// For how many days it works; without end unless given.
    pub expires_days: Option<u32>,
    /// How many credits it may spend in a day (UTC), if that is limited.
    pub daily_cap: Option<u32>,
}

/// A key that was made.
#[derive(Debug)]
pub struct CreatedKey {
    /// The key itself, which is shown this once.
    pub secret: ApiKeySecret,
    /// What it may do, and for how long.
    pub report: String,
}

/// Makes a key for shops of that mode.
pub async fn create(
    platform: &Platform,
    mode: KeyMode,
    (clock, entropy): (&dyn Clock, &dyn Entropy),
    wanted: NewKey,
) -> Result<CreatedKey, CommandError> {
    let characters = wanted.name.chars().count();
    if !(1..=NAME_CHARACTERS_MAX).contains(&characters)
        || wanted.name.trim() != wanted.name
        || wanted.name.contains(char::is_control)
    {
        return Err(CommandError::Refused(format!(
            "A name has 1 to {NAME_CHARACTERS_MAX} characters, no control character, and no blank at its ends."
        )));
    }
    if wanted.scopes.is_empty() {
        return Err(CommandError::Refused("Name what the key may do: --scope SCOPE.".to_owned()));
    }
    let secret = ApiKeySecret::generate(mode)
        .map_err(|error| CommandError::Refused(format!("The operating system gives no randomness: {error}.")))?;
    let now = clock.now();
    let key = ApiKey {
        id: ApiKeyId::new(now, entropy),
        name: wanted.name,
        prefix: secret.prefix(),
        secret_hash: secret.hash(),
        scopes: wanted.scopes,
        daily_cap: wanted.daily_cap.map(|credits| Credits(credits.into())),
        created_at: now,
        expires_at: wanted.expires_days.map(|days| now + SignedDuration::from_hours(i64::from(days) * 24)),
        revoked_at: None,
        last_used_at: None,
    };
    if !platform.add_api_key(&key).await? {
        return Err(CommandError::Refused(format!(
            "There is a key {:?} that is not revoked: choose another name, or revoke it first.",
            key.name
        )));
    }
    tracing::info!(key = %key.id, "an API key was made by hand");
    let report = format!("{}\nThe key is shown this once: keep it where the platform finds it.\n", line(&key, now));
    Ok(CreatedKey { secret, report })
}

/// A line for each key, newest first.
pub async fn list(platform: &Platform, now: Timestamp) -> Result<String, CommandError> {
    let keys = platform.api_keys().await?;
    let mut report = String::new();
    for key in &keys {
        let _ = writeln!(report, "{}", line(key, now));
    }
    let _ = writeln!(report, "{} keys.", keys.len());
    Ok(report)
}

/// Revokes the one key of that name or prefix that is not revoked yet.
pub async fn revoke(platform: &Platform, name_or_prefix: &str) -> Result<String, CommandError> {
    let keys = platform.api_keys().await?;
    let open = || keys.iter().filter(|key| key.revoked_at.is_none());
    let named: Vec<_> = open().filter(|key| key.name == name_or_prefix).collect();
    let begins = |key: &&ApiKey| is_prefix(name_or_prefix) && key.prefix.starts_with(name_or_prefix);
    let found = if named.is_empty() { open().filter(begins).collect() } else { named };
    let [key] = found[..] else {
        let many = if found.is_empty() { "No".to_owned() } else { found.len().to_string() };
        return Err(CommandError::Refused(format!(
            "{many} keys that are not revoked have the name or prefix {name_or_prefix:?}: nothing was changed. `server keys \
             list` shows which there are."
        )));
    };
    platform.revoke_api_key(key.id).await?;
    tracing::info!(key = %key.id, "an API key was revoked by hand");
    Ok(format!("The key {:?} ({}…) is revoked: every process refuses it from now on.\n", key.name, key.prefix))
}

/// Whether a text tells more of a key than its mode.
fn is_prefix(text: &str) -> bool {
    [KeyMode::Live, KeyMode::Test]
        .iter()
        .any(|mode| text.len() > mode.prefix().len() && text.starts_with(mode.prefix()))
}

fn line(key: &ApiKey, now: Timestamp) -> String {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(end)) if end <= now => format!("expired {end}"),
        (None, Some(end)) => format!("works until {end}"),
        (None, None) => "works".to_owned(),
    };
    let cap = key.daily_cap.map(|cap| format!(", {} credits a day at most", cap.0)).unwrap_or_default();
    let used =
        key.last_used_at.map_or_else(|| "never used".to_owned(), |hour| format!("last used in the hour of {hour}"));
    format!("{}… {:?}: {}{cap}; {state}; made {}; {used}", key.prefix, key.name, scopes.join(" "), key.created_at)
}
