//! `server webhooks`.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use billing::{
    Webhooks,
    ids::{WebhookEndpointId, WebhookEventId},
    outgoing_webhook::{Delivery, DeliveryState, WebhookEndpoint, WebhookEventType},
};
use clap::Subcommand;
use url::Url;

use super::{CommandError, LINES_MAX};
use crate::webhooks::address;

/// 256 bits, as the specification advises at least 192.
const SECRET_BYTES: usize = 32;

/// The subcommands of `server webhooks`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// A line for each endpoint, or what is to become of one.
    Endpoints {
        /// What is to become of one.
        #[command(subcommand)]
        action: Option<EndpointAction>,
    },
    /// A line for each of the newest deliveries.
    Deliveries {
        /// Those alone that have failed and are not delivered.
        #[arg(long)]
        failed: bool,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Makes deliveries due now, also those that were made or given up.
    Replay {
        /// An event's id, for all its deliveries; or EVENT/ENDPOINT, for one.
        id: String,
    },
}

/// The subcommands of `server webhooks endpoints`.
#[derive(Debug, Subcommand)]
pub enum EndpointAction {
    /// Adds an endpoint, and prints its secret.
    Add {
        /// Where requests go.
        url: String,
        /// What it is to hear of; may be repeated. Without it: everything.
        #[arg(long = "event", value_name = "TYPE")]
        event_types: Vec<WebhookEventType>,
    },
    /// Gives an endpoint a new secret, and prints it; the old one signs beside it for a day.
    Rotate {
        /// Which endpoint.
        id: String,
    },
    /// Removes an endpoint.
    Remove {
        /// Which endpoint.
        id: String,
    },
    /// Switches an endpoint on that was switched off.
    Enable {
        /// Which endpoint.
        id: String,
    },
}

/// The answer to a command. A secret stands alone on standard output, for scripts to take; what else there is to say
/// about it goes to standard error.
#[expect(clippy::print_stderr, reason = "standard output is for the secret")]
pub async fn run(command: Command, webhooks: &Webhooks, allow_private: bool) -> Result<String, CommandError> {
    let new = match command {
        Command::Deliveries { failed, limit } => return deliveries(webhooks, failed, limit).await,
        Command::Replay { id } => return replay(webhooks, &id).await,
        Command::Endpoints { action: None } => return endpoints(webhooks).await,
        Command::Endpoints { action: Some(EndpointAction::Remove { id }) } => return remove(webhooks, &id).await,
        Command::Endpoints { action: Some(EndpointAction::Enable { id }) } => return enable(webhooks, &id).await,
        Command::Endpoints { action: Some(EndpointAction::Rotate { id }) } => rotate(webhooks, &id).await?,
        Command::Endpoints { action: Some(EndpointAction::Add { url, event_types }) } => {
            add(webhooks, &url, event_types, allow_private).await?
        }
    };
    eprint!("{}", new.message);
    Ok(new.secret)
}

/// A secret for standard output, alone, and what is to be said beside it on standard error.
#[derive(Debug)]
pub struct NewSecret {
    /// `whsec_…`, with an end of line.
    pub secret: String,
    /// A sentence about the endpoint.
    pub message: String,
}

fn new_secret() -> Result<String, CommandError> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| CommandError::Refused(format!("There is no randomness: {error}.")))?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

fn endpoint_id(id: &str) -> Result<WebhookEndpointId, CommandError> {
    id.parse().map_err(|_| no_such_endpoint(id))
}

fn no_such_endpoint(id: &str) -> CommandError {
    CommandError::Refused(format!("There is no webhook endpoint {id}: `server webhooks endpoints` lists them."))
}

/// A line for each endpoint.
pub async fn endpoints(webhooks: &Webhooks) -> Result<String, CommandError> {
    let endpoints = webhooks.endpoints().await?;
    let mut report = String::new();
    for endpoint in &endpoints {
        let _ = writeln!(report, "{}", endpoint_line(endpoint));
    }
    let _ = writeln!(report, "{} endpoints.", endpoints.len());
    Ok(report)
}

fn endpoint_line(endpoint: &WebhookEndpoint) -> String {
    let types = endpoint.event_types.as_ref().map_or_else(
        || "all events".to_owned(),
        |types| types.iter().map(|event_type| event_type.as_str()).collect::<Vec<_>>().join(" "),
    );
    let state = match (&endpoint.disabled, endpoint.failing_since) {
        (Some(disabled), _) => format!("off since {}: {}", disabled.at, disabled.note),
        (None, Some(since)) => format!("on, failing since {since}"),
        (None, None) => "on".to_owned(),
    };
    format!("{} {}: {types}; {state}", endpoint.id, endpoint.url)
}

/// Adds an endpoint for events of those types, or of all.
pub async fn add(
    webhooks: &Webhooks,
    url: &str,
    event_types: Vec<WebhookEventType>,
    allow_private: bool,
) -> Result<NewSecret, CommandError> {
    let parsed = Url::parse(url).map_err(|error| CommandError::Refused(format!("{url} is no address: {error}.")))?;
    address::check_url(&parsed, allow_private)
        .map_err(|wrong| CommandError::Refused(format!("{url} cannot be an endpoint: {wrong}.")))?;
    let event_types = (!event_types.is_empty()).then(|| event_types.into_iter().collect());
    let secret = new_secret()?;
    let endpoint = webhooks.add_endpoint(parsed.into(), event_types, secret.clone()).await?;
    tracing::info!(endpoint = %endpoint.id, "a webhook endpoint was added by hand");
    let message =
        format!("Endpoint {} is on. Its secret stands on standard output, and is not shown again.\n", endpoint.id);
    Ok(NewSecret { secret: format!("{secret}\n"), message })
}

/// Gives an endpoint a new secret; the old one signs beside it for a day.
pub async fn rotate(webhooks: &Webhooks, id: &str) -> Result<NewSecret, CommandError> {
    let endpoint = endpoint_id(id)?;
    let secret = new_secret()?;
    if webhooks.endpoint(endpoint).await?.is_none() {
        return Err(no_such_endpoint(id));
    }
    if !webhooks.rotate_secret(endpoint, secret.clone()).await? {
        return Err(CommandError::Refused("Somebody else changed that endpoint just now: nothing was changed.".into()));
    }
    tracing::info!(%endpoint, "a webhook secret was rotated by hand");
    let message =
        format!("Endpoint {endpoint} has a new secret. What is sent is signed with the old one too for a day.\n");
    Ok(NewSecret { secret: format!("{secret}\n"), message })
}

/// Removes an endpoint with its secrets.
pub async fn remove(webhooks: &Webhooks, id: &str) -> Result<String, CommandError> {
    let endpoint = endpoint_id(id)?;
    if !webhooks.remove_endpoint(endpoint).await? {
        return Err(no_such_endpoint(id));
    }
    tracing::info!(%endpoint, "a webhook endpoint was removed by hand");
    Ok(format!("Endpoint {endpoint} is removed.\n"))
}

/// Switches an endpoint on; what waited for it is due now.
pub async fn enable(webhooks: &Webhooks, id: &str) -> Result<String, CommandError> {
    let endpoint = endpoint_id(id)?;
    if webhooks.enable_endpoint(endpoint).await? {
        tracing::info!(%endpoint, "a webhook endpoint was switched on by hand");
        return Ok(format!("Endpoint {endpoint} is on; a running shop delivers what has waited for it.\n"));
    }
    match webhooks.endpoint(endpoint).await? {
        Some(_) => Err(CommandError::Refused(format!("Endpoint {endpoint} is on already: nothing was changed."))),
        None => Err(no_such_endpoint(id)),
    }
}

/// A line for each of the newest deliveries, or of those alone that have failed and are not delivered.
pub async fn deliveries(webhooks: &Webhooks, failed: bool, limit: u32) -> Result<String, CommandError> {
    let deliveries = webhooks.deliveries(failed, limit.clamp(1, LINES_MAX)).await?;
    let mut report = String::new();
    for delivery in &deliveries {
        let _ = writeln!(report, "{}", delivery_line(delivery));
    }
    let _ = writeln!(report, "{} deliveries.", deliveries.len());
    Ok(report)
}

fn delivery_line(delivery: &Delivery) -> String {
    let state = match delivery.state {
        DeliveryState::Due(at) => format!("due {at}"),
        DeliveryState::Suspended => "waits until its endpoint is on".to_owned(),
        DeliveryState::Delivered(at) => format!("delivered {at}"),
        DeliveryState::GivenUp(at) => format!("given up {at}"),
    };
    let event = &delivery.event;
    format!(
        "{}/{} {} {} tenant {}: {state}, {} attempts {}",
        event.id,
        delivery.endpoint_id,
        event.created_at,
        event.event_type,
        event.tenant_id,
        delivery.attempts,
        delivery.note
    )
}

/// Makes the deliveries of an event due now, or one of them, which is named by event and endpoint with a `/` between.
pub async fn replay(webhooks: &Webhooks, id: &str) -> Result<String, CommandError> {
    let none = || CommandError::Refused(format!("There is no event or delivery {id}: nothing was changed."));
    let (event, endpoint) = match id.split_once('/') {
        Some((event, endpoint)) => (event, Some(endpoint.parse::<WebhookEndpointId>().map_err(|_| none())?)),
        None => (id, None),
    };
    let event: WebhookEventId = event.parse().map_err(|_| none())?;
    match webhooks.replay(event, endpoint).await? {
        0 => Err(CommandError::Refused(format!(
            "Nothing was changed: there is no event or delivery {id}, or its endpoint is off, or it is being sent."
        ))),
        replayed => {
            tracing::info!(%event, replayed, "webhooks were made due by hand");
            Ok(format!("{replayed} deliveries are due now; a running shop sends them.\n"))
        }
    }
}
