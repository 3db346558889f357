//! The two schemas, side by side.

use std::{collections::BTreeSet, fs, path::Path};

/// Tables, columns and constraints of all migrations of one database, by name.
fn names(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
    let mut names = BTreeSet::new();
    for file in fs::read_dir(folder).unwrap() {
        let sql = fs::read_to_string(file.unwrap().path()).unwrap();
        let mut table = None;
        for line in sql.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["CREATE", "TABLE", name, ..] => table = Some((*name).to_owned()),
                ["CREATE", "INDEX", "CONCURRENTLY", "IF", "NOT", "EXISTS", name, ..]
                | ["CREATE", "INDEX", name, ..] => assert!(names.insert(format!("index {name}"))),
                [end, ..] if end.starts_with(')') && !line.starts_with(' ') => table = None,
                ["CONSTRAINT", name, ..] if table.is_some() => assert!(names.insert(format!("constraint {name}"))),
                [column, kind, ..]
                    if ["TEXT", "TEXT,", "INTEGER", "INTEGER,", "BIGINT", "BIGINT,", "BLOB", "BYTEA", "BOOLEAN"]
                        .contains(kind) =>
                {
                    if let Some(table) = &table {
                        assert!(names.insert(format!("{table}.{column}")));
                    }
                }
                _ => {}
            }
        }
    }
    names
}

#[test]
fn both_databases_have_the_same_tables_columns_and_constraints() {
    let sqlite = names("sqlite");
    assert!(sqlite.contains("purchases.amount_cents") && sqlite.contains("constraint ledger_entries_effect_key"));
    assert_eq!(sqlite, names("postgres"));
}
