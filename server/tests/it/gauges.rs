//! The gauges for the operator.

use server::gauges;

use crate::shop::TestShop;

/// The value of a series, if it exists.
fn value(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')))?;
    line[series.len()..].trim().parse().ok()
}

/// Metrics are global, so only this test takes samples.
#[test]
fn what_waits_shows_and_what_is_unknown_is_not_zero() {
    let test = crate::RUNTIME.spawn(async {
        let database = store_sqlite::testing::TestDatabase::create().await.unwrap();
        let shop = TestShop::open(&database.url()).await;
        shop.clock.stop();
        let now = |series: &str| value(&shop.state.metrics.render(), series);
        assert_eq!(now("backlog_sampled_timestamp_seconds"), Some(0.0), "nothing is known before the first sample");
        assert_eq!(now("receipts_due"), None);
        for counter in [
            r#"webhook_rejected_total{reason="body"}"#,
            r#"billing_mails_total{outcome="given_up"}"#,
            r#"webhook_received_total{outcome="deferred"}"#,
            "cross_site_rejected_total",
            "sign_in_failed_total",
        ] {
            assert!(now(counter).is_some(), "{counter} is there from the start");
        }
        assert!(shop.state.metrics.render().contains(r#"build_info{version=""#));
        assert!(now("process_start_time_seconds").is_some_and(|start| start > 1_700_000_000.0));

        let kim = shop.customer("kim@example.com").await;
        kim.order("credits_1").await;
        kim.buy("credits_5").await;
        shop.clock.advance(jiff::SignedDuration::from_secs(90));
        gauges::sample(shop.state.store.as_ref(), &shop.state.streams, shop.state.clock.as_ref()).await;
        for (series, expected) in [
            (r#"payment_events_open{status="received"}"#, 0.0),
            (r#"payment_events_open{status="attention"}"#, 0.0),
            ("purchases_pending_oldest_age_seconds", 90.0),
            ("receipts_due", 1.0),
            ("mails_due", 1.0),
            ("mails_due_oldest_age_seconds", 90.0),
            ("balance_streams_open", 0.0),
        ] {
            assert_eq!(now(series), Some(expected), "{series}");
        }
        assert!(now("backlog_sampled_timestamp_seconds").is_some_and(|at| at > 1_700_000_000.0));
        let max = now("database_pool_connections_max").unwrap();
        let open = [r#"database_pool_connections{state="used"}"#, r#"database_pool_connections{state="idle"}"#];
        let open: f64 = open.into_iter().map(|series| now(series).unwrap()).sum();
        assert!(open >= 1.0 && open <= max, "{open} of {max}");

        let stream = kim.start(crate::shop::bare(axum::http::Method::GET, "/billing/balance/stream")).await;
        gauges::sample(shop.state.store.as_ref(), &shop.state.streams, shop.state.clock.as_ref()).await;
        assert_eq!(now("balance_streams_open"), Some(1.0));
        drop(stream);
        database.remove().await.unwrap();
    });
    crate::RUNTIME.block_on(test).unwrap();
}
