//! `server reset-password`.

use super::{CommandError, no_such_customer, parse_email};
use crate::{
    identity::{password_policy, passwords::Passwords},
    worker::Worker,
};

/// The characters of a generated password: 32 characters, five bits each, none of which is easily mistaken for another.
const CHARACTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// The groups of a generated password, and the characters of each: 100 bits in all.
const GROUPS: usize = 4;
const GROUP_LENGTH: usize = 5;

/// Sets a customer's password, and ends all of the customer's sessions. Without a `password`, generates one and returns
/// it in the report; it is shown nowhere else.
pub async fn reset_password(worker: &Worker, email: &str, password: Option<String>) -> Result<String, CommandError> {
    let email = parse_email(email)?;
    let account = worker.accounts.account_by_email(&email).await?.ok_or_else(|| no_such_customer(&email))?;
    let (password, told) = if let Some(password) = password {
        (password, String::new())
    } else {
        let password = random_password()?;
        let told = format!("The new password is {password}\n");
        (password, told)
    };
    if !password_policy::is_allowed(&password, &email) {
        return Err(CommandError::Refused(format!("{} Nothing was changed.", password_policy::RULE)));
    }
    let hash = Passwords::new().permit().await?.hash(password).await?;
    let user = account.principal.user_id;
    let ended = worker.accounts.set_password(user, &hash).await?.ok_or_else(|| no_such_customer(&email))?;
    tracing::info!(%user, ended, "a password was set by hand, and the user's sessions ended");
    Ok(format!("{told}The password is set, and {ended} sessions have ended.\n"))
}

fn random_password() -> Result<String, CommandError> {
    let mut bytes = [0; GROUPS * GROUP_LENGTH];
    getrandom::fill(&mut bytes)
        .map_err(|error| CommandError::Refused(format!("The operating system gives no randomness: {error}.")))?;
    // 32 divides 256, so each character is equally likely.
    let character = |byte: &u8| char::from(CHARACTERS[usize::from(*byte) % CHARACTERS.len()]);
    let groups = bytes.chunks(GROUP_LENGTH).map(|group| group.iter().map(character).collect::<String>());
    Ok(groups.collect::<Vec<_>>().join("-"))
}
