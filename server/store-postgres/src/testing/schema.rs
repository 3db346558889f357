//! Introspects the schema.

use std::collections::BTreeSet;

use sqlx::{ConnectOptions, Connection};

use super::{TestDatabase, TestDatabaseError};

/// SQLite stores a boolean as an integer.
const LINES: &str = "
SELECT table_name || '.' || column_name
    || CASE data_type WHEN 'bigint' THEN ' integer' WHEN 'boolean' THEN ' integer' WHEN 'bytea' THEN ' bytes'
        ELSE ' ' || data_type END
    || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx\\_%'
UNION ALL
SELECT CASE contype WHEN 'u' THEN 'unique ' ELSE 'constraint ' END || relname || '.' || conname
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u') AND relname NOT LIKE '\\_sqlx\\_%'
UNION ALL
SELECT CASE WHEN indexdef LIKE 'CREATE UNIQUE %' THEN 'unique ' ELSE 'index ' END || tablename || '.' || indexname
FROM pg_indexes
WHERE schemaname = 'public' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)";

impl TestDatabase {
    /// Columns with type and nullability, indexes and constraints, a line each; the same lines as SQLite's of the same
    /// schema. What is unique by a constraint here may be so by an index there.
    pub async fn schema(&self) -> Result<BTreeSet<String>, TestDatabaseError> {
        let mut connection = self.server.clone().database(&self.name).connect().await?;
        let lines: Vec<String> = sqlx::query_scalar(LINES).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok(lines.into_iter().collect())
    }
}
