//! Readiness, and starting before the database does.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    process::Command,
    time::{sleep, timeout},
};

use crate::shop::TestShop;

on_both_databases! { anybody_who_asks_does_not_make_the_database_write_each_time }

async fn anybody_who_asks_does_not_make_the_database_write_each_time(shop: TestShop) {
    let visitor = shop.visitor();
    assert_eq!(visitor.get("/readyz").await.status, StatusCode::OK);
    // A new check would find the database closed.
    shop.stores.store.close().await;
    assert_eq!(visitor.get("/readyz").await.status, StatusCode::OK);
    sleep(Duration::from_millis(1_100)).await;
    visitor.get("/readyz").await.assert_problem(503, "database_unavailable");
}

#[tokio::test]
async fn a_database_that_starts_later_than_the_shop_is_waited_for() {
    let database = store_postgres::testing::TestDatabase::create().await.unwrap();
    let mut url: url::Url = database.url().parse().unwrap();
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    // A port on which nothing listens yet.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    url.set_port(Some(address.port())).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.arg("migrate").env_clear().env("DATABASE_URL", url.as_str()).env("DATABASE_WAIT_SECONDS", "20");
    command.current_dir(folder.path()).kill_on_drop(true);
    let run = tokio::spawn(async move { timeout(Duration::from_secs(30), command.output()).await.unwrap().unwrap() });
    sleep(Duration::from_secs(2)).await;
    assert!(!run.is_finished(), "it waits");
    let listener = TcpListener::bind(address).await.unwrap();
    let door = tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut upstream = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut upstream).await });
        }
    });
    let output = run.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("waiting for the database"), "{said}");
    door.abort();
    database.remove().await.unwrap();
}
