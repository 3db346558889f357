//! Who is signed in by which session: one question for many who ask at once.

use crate::{SqliteStore, portable::OwnerRow};

impl SqliteStore {
    /// Of the sessions that have not ended by `now`, in microseconds since 1970.
    pub(crate) async fn owners(&self, token_hashes: &[String], now: i64) -> Result<Vec<OwnerRow>, sqlx::Error> {
        let token_hashes = serde_json::Value::from(token_hashes).to_string();
        sqlx::query_as!(
            OwnerRow,
            r#"SELECT sessions.token_hash AS "token_hash!", sessions.data AS "data!", users.id AS "id!",
                users.tenant_id AS "tenant_id!", users.email AS "email!", newest.seq AS "seq?",
                newest.balance_after AS "balance_after?", tenants.changes AS "changes!"
            FROM sessions
            JOIN users ON users.id = sessions.user_id
            JOIN tenants ON tenants.id = users.tenant_id
            LEFT JOIN ledger_entries AS newest ON newest.tenant_id = users.tenant_id
                AND newest.seq = (SELECT max(seq) FROM ledger_entries WHERE tenant_id = users.tenant_id)
            WHERE sessions.token_hash IN (SELECT value FROM json_each($1)) AND sessions.expires_at > $2"#,
            token_hashes,
            now
        )
        .fetch_all(self.reader())
        .await
    }
}
