//! The reference for the shop's reads: the same answers from bare handlers, with the same framework and driver.

use std::{error::Error, net::SocketAddr, path::PathBuf, process::ExitCode};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
    serve::ListenerExt,
};
use bytes::Bytes;
use clap::Parser;
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Cli {
    #[arg(long)]
    listen: SocketAddr,
    #[arg(long)]
    database_url: String,
    /// The number of connections, as in the shop's pool.
    #[arg(long, default_value_t = 16)]
    connections: u32,
    /// The tenant whose balance `/balance` returns.
    #[arg(long)]
    tenant: String,
    /// The file with the answer of `/shop`.
    #[arg(long)]
    shop: PathBuf,
    /// The file with the answer of `/history`.
    #[arg(long)]
    history: PathBuf,
}

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a command speaks to who calls it")]
async fn main() -> ExitCode {
    match serve(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("reference: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(cli: Cli) -> Result<(), Box<dyn Error>> {
    // Without the pool's ping, so that one SELECT is one round trip.
    let pool = PgPoolOptions::new()
        .max_connections(cli.connections)
        .test_before_acquire(false)
        .connect(&cli.database_url)
        .await?;
    let (shop, history) = (page(&cli.shop)?, page(&cli.history)?);
    let router = Router::new()
        .route("/balance", get(balance))
        .with_state((pool, cli.tenant))
        .route("/shop", get(async move || html(shop.clone())))
        .route("/history", get(async move || html(history.clone())));
    let listener = TcpListener::bind(cli.listen).await?.tap_io(|stream| {
        // The shop sets it, too.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

fn page(file: &PathBuf) -> Result<Bytes, Box<dyn Error>> {
    Ok(std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?.into())
}

fn html(page: Bytes) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page)
}

/// The driver prepares it once for each connection.
async fn balance(State((pool, tenant)): State<(PgPool, String)>) -> Result<Json<Value>, StatusCode> {
    let newest = "SELECT balance_after FROM ledger_entries WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1";
    let credits: Option<i64> = sqlx::query_scalar(newest)
        .bind(tenant)
        .fetch_optional(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(json!({"credits": credits.unwrap_or_default()})))
}
