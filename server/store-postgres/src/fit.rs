//! Checks that the server's `max_connections` is enough for all processes of the shop.

use crate::pool::Pool;

/// The name of the connection that listens, one per process. The pool's size follows.
const PREFIX: &str = "credit-shop/";

pub(crate) fn application_name(connections: u32) -> String {
    format!("{PREFIX}{connections}")
}

/// Logs a warning when all processes together may open more connections than the server allows.
pub(crate) async fn warn_when_too_many(pool: &Pool) -> Result<(), sqlx::Error> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'credit-shop/%'")
            .fetch_all(pool)
            .await?;
    let room: i32 = sqlx::query_scalar(
        "SELECT current_setting('max_connections')::INTEGER - current_setting('superuser_reserved_connections')::INTEGER
            - COALESCE(current_setting('reserved_connections', TRUE), '0')::INTEGER",
    )
    .fetch_one(pool)
    .await?;
    let (processes, wanted) = (names.len(), wanted(&names));
    if wanted > i64::from(room) {
        tracing::warn!(
            processes,
            wanted,
            room,
            "all processes of the shop together may open more connections than PostgreSQL lets in: lower \
             DATABASE_CONNECTIONS, or raise max_connections of the server"
        );
    }
    Ok(())
}

/// The sizes of all pools, and one connection for each that listens.
fn wanted(names: &[String]) -> i64 {
    let sizes = names.iter().filter_map(|name| name.strip_prefix(PREFIX)?.parse::<i64>().ok());
    sizes.map(|size| size + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::{application_name, wanted};

    #[test]
    fn each_process_wants_its_pool_and_a_connection_that_listens() {
        let names = [application_name(16), application_name(40), "credit-shop/many".to_owned()];
        assert_eq!(wanted(&names), 16 + 1 + 40 + 1);
    }
}
