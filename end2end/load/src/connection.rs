//! One kept-alive connection.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

/// Why a request failed or had another answer than expected.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The address is not one that can be connected to.
    #[error("not an address to connect to: {0}")]
    Address(Url),
    /// Nothing listens at the address.
    #[error("no connection: {0}")]
    Connect(#[source] io::Error),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    /// The answer is an error.
    #[error("answered {status}: {body}")]
    Status {
        /// Its status.
        status: StatusCode,
        /// The beginning of its body.
        body: String,
    },
    /// The request itself is malformed.
    #[error("not a request: {0}")]
    Request(#[from] http::Error),
    /// A sender panicked.
    #[error("a sender ended badly: {0}")]
    Sender(#[from] tokio::task::JoinError),
    /// A file cannot be read or written.
    #[error("{0}")]
    File(#[from] io::Error),
    /// The answer is not the expected one.
    #[error("unexpected: {0}")]
    Unexpected(String),
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A connection that sends one request after the other.
#[derive(Debug)]
pub struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    /// Connects.
    pub async fn open(shop: &Url) -> Result<Self, Failed> {
        let (Some(host), Some(port)) = (shop.host_str(), shop.port_or_known_default()) else {
            return Err(Failed::Address(shop.clone()));
        };
        let stream = TcpStream::connect((host, port)).await.map_err(Failed::Connect)?;
        stream.set_nodelay(true).map_err(Failed::Connect)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // If the connection fails, its current request fails too.
        drop(tokio::spawn(connection));
        Ok(Self(sender))
    }

    /// Sends a request and reads the whole answer. Another status than `expected` is an error.
    pub async fn send(&mut self, request: Request<Full<Bytes>>, expected: StatusCode) -> Result<Answer, Failed> {
        self.0.ready().await?;
        let answer = self.0.send_request(request).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        if parts.status == expected {
            Ok(Answer { headers: parts.headers, body })
        } else {
            let begin = &body[..body.len().min(300)];
            Err(Failed::Status { status: parts.status, body: String::from_utf8_lossy(begin).into_owned() })
        }
    }
}

/// The headers of every request.
pub fn request(shop: &Url, method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", shop.authority())
}
