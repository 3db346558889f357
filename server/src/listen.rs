//! Binds the two listeners: the shop's and the operator's.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

use crate::{
    config::{Settings, default_admin_addr, local_url},
    startup_error::StartupError,
};

/// Listens for customers.
pub async fn shop(settings: &Settings) -> Result<(TcpListener, SocketAddr), StartupError> {
    bound("LISTEN_ADDR", settings.listen_addr).await
}

/// Listens for the operator. If the default port is taken, uses a free one.
pub async fn admin(settings: &Settings) -> Result<(TcpListener, SocketAddr), StartupError> {
    let (listener, address) = match settings.admin_addr {
        Some(address) => bound("ADMIN_ADDR", address).await?,
        None => default_admin(default_admin_addr(settings.listen_addr)).await?,
    };
    tracing::info!("metrics are at {}metrics", shown(address));
    if !address.ip().is_loopback() {
        tracing::info!("ADMIN_ADDR {address} can be reached from other machines: whoever reaches it reads the metrics");
    }
    Ok((listener, address))
}

async fn default_admin(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartupError> {
    match bound("ADMIN_ADDR", address).await {
        Err(_) if address.port() != 0 => {
            let (listener, other) = bound("ADMIN_ADDR", SocketAddr::new(address.ip(), 0)).await?;
            tracing::warn!(
                "{address} is taken by another program, so metrics and mailbox are at {other} until the next start: set \
                 ADMIN_ADDR to an address that is free"
            );
            Ok((listener, other))
        }
        other => other,
    }
}

/// The log message with the address of the developer's mailbox, which only this machine can open.
pub fn mailbox(admin_address: SocketAddr) -> String {
    let ip = admin_address.ip();
    if ip.is_loopback() || ip.is_unspecified() {
        format!("read them at {}dev/mailbox, or set SMTP_URL", shown(admin_address))
    } else {
        format!("to read them, set ADMIN_ADDR to 127.0.0.1:{}; or set SMTP_URL", admin_address.port())
    }
}

fn shown(address: SocketAddr) -> String {
    local_url(address).map_or_else(|| format!("{address}/"), String::from)
}

async fn bound(name: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartupError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok::<_, io::Error>((listener, address))
    };
    bound.await.map_err(|error| {
        StartupError(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{name} {address} is taken by another program: stop it, or set {name} to another address.")
            }
            io::ErrorKind::PermissionDenied => {
                format!("{name} {address} is not allowed to this user: set {name} to a port above 1023.")
            }
            _ => format!("{name} {address} cannot be used ({error}): set {name} to an address of this machine."),
        })
    })
}
