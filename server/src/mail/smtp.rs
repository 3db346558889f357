//! The connection to a mail server.

use std::time::Duration;

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

/// The timeout of a mail server; shorter than the lease on a mail.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Connections to one mail server.
#[derive(Clone)]
pub struct Smtp(AsyncSmtpTransport<Tokio1Executor>);

/// Whether the URL is a valid address of a mail server.
pub fn is_address(url: &str) -> bool {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(url).is_ok()
}

/// A transport to the mail server at this URL; an error says what is wrong with it. Needs a Tokio runtime.
pub fn transport(url: &str) -> Result<Smtp, String> {
    let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| error.to_string())?;
    Ok(Smtp(builder.timeout(Some(TIMEOUT)).build()))
}

impl Smtp {
    /// Sends a message; an error has the server's answer.
    pub async fn send(&self, message: Message) -> Result<(), String> {
        self.0.send(message).await.map(|_| ()).map_err(|error| error.to_string())
    }
}
