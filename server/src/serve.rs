//! Accepting connections, with limits on headers and time, and closing them when the process stops.

use std::{future::ready, io, net::SocketAddr, pin::pin, time::Duration};

use axum::{
    Extension, Router,
    extract::ConnectInfo,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
};
use futures::FutureExt;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::shutdown::Shutdown;

/// How long a client may take to send its headers.
const HEADER_TIME_MAX: Duration = Duration::from_secs(10);
const HEADERS_MAX: usize = 64;
const HEADER_BYTES_MAX: usize = 32 * 1024;
/// How long requests may go on after the process was asked to stop.
const GRACE: Duration = Duration::from_secs(10);
/// The length of the listener's queue of clients that are not accepted yet; Tokio's default.
const BACKLOG: usize = 1024;
/// The pause after a failed `accept`, for example when no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves until the shutdown, and then gives running requests some time to finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: &Shutdown) {
    let Shutdown { draining, stopping, .. } = shutdown;
    let router = router.layer(map_response({
        let draining = draining.clone();
        move |response| ready(close_after(response, draining.is_cancelled()))
    }));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(connection(stream, peer, router.clone(), stopping.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                if !is_the_clients(&error) {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    // Clients may be waiting in the listener's queue. Closing the listener would reset their connections.
    for _ in 0..BACKLOG {
        let Some(Ok((stream, peer))) = listener.accept().now_or_never() else { break };
        connections.spawn(connection(stream, peer, router.clone(), stopping.clone()));
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections were cut off");
    }
}

/// While draining, tells the client to close the connection, so that its next request goes to another process.
fn close_after(mut response: Response, draining: bool) -> Response {
    if draining {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, stopping: CancellationToken) {
    // Server-sent events are small, and must not be delayed until more data follows.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection has no TCP_NODELAY");
    }
    let service = TowerToHyperService::new(router.layer(Extension(ConnectInfo(peer))));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
