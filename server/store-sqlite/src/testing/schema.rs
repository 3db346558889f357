//! Introspects the schema.

use std::collections::BTreeSet;

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use super::{TestDatabase, TestDatabaseError};

const COLUMNS: &str = "
SELECT t.name || '.' || c.name
    || CASE c.type WHEN 'BLOB' THEN ' bytes' ELSE ' ' || lower(c.type) END
    || CASE WHEN c.\"notnull\" THEN ' not null' ELSE '' END
FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
WHERE t.type = 'table' AND t.name NOT GLOB 'sqlite_*' AND t.name NOT GLOB '_sqlx_*'";

const INDEXES: &str = "
SELECT CASE WHEN sql LIKE 'CREATE UNIQUE %' THEN 'unique ' ELSE 'index ' END || tbl_name || '.' || name
FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL";

const TABLES: &str = "
SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_sqlx_*'";

impl TestDatabase {
    /// Columns with type and nullability, indexes and constraints, a line each; the same lines as PostgreSQL's of the
    /// same schema. What is unique by a constraint here may be so by an index there.
    pub async fn schema(&self) -> Result<BTreeSet<String>, TestDatabaseError> {
        let mut connection = self.url().parse::<SqliteConnectOptions>()?.connect().await?;
        let mut lines: BTreeSet<String> =
            sqlx::query_scalar(COLUMNS).fetch_all(&mut connection).await?.into_iter().collect();
        lines.extend(sqlx::query_scalar::<_, String>(INDEXES).fetch_all(&mut connection).await?);
        // SQLite has no list of constraints, but stores each table's present definition.
        for (table, definition) in sqlx::query_as::<_, (String, String)>(TABLES).fetch_all(&mut connection).await? {
            let words: Vec<&str> = definition.split_whitespace().collect();
            for constraint in words.windows(3).filter(|words| words[0] == "CONSTRAINT") {
                let kind = if constraint[2] == "UNIQUE" { "unique" } else { "constraint" };
                lines.insert(format!("{kind} {table}.{}", constraint[1]));
            }
        }
        connection.close().await?;
        Ok(lines)
    }
}
