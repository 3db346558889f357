//! Requests one URL.

use std::{path::Path, sync::Arc};

use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use url::Url;

use crate::{
    connection::{Connection, Failed, request},
    run::{Pace, run},
};

/// The URL, and the user.
#[derive(Args)]
pub struct Target {
    /// Path and query.
    #[arg(long)]
    path: String,
    /// The `Cookie` header.
    #[arg(long)]
    cookie: Option<String>,
}

impl Target {
    // Without Accept-Encoding, because bodies are compared by length, and compression is not measured.
    fn request(&self, shop: &Url) -> Result<Request<Full<Bytes>>, Failed> {
        let mut request = request(shop, "GET", &self.path).header("accept", "*/*");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        Ok(request.body(Full::default())?)
    }
}

/// Requests it until the time is up.
pub async fn measure(shop: &Url, pace: &Pace, target: &Target) -> Result<Value, Failed> {
    let request = target.request(shop)?;
    run(shop, pace, Arc::new(move || Some(request.clone())), StatusCode::OK).await
}

/// Requests it once, and saves the answer.
pub async fn save(shop: &Url, target: &Target, output: &Path) -> Result<Value, Failed> {
    let answer = Connection::open(shop).await?.send(target.request(shop)?, StatusCode::OK).await?;
    std::fs::write(output, &answer.body)?;
    Ok(json!({"bytes": answer.body.len()}))
}
