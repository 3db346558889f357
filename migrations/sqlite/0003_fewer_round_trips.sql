-- As migrations/postgres, but for what saves round trips in a transaction: SQLite is in the process and has none.

-- Who is signed in by a session, where a query can see it.
ALTER TABLE sessions ADD COLUMN user_id TEXT CONSTRAINT sessions_user_fkey REFERENCES users (id);
UPDATE sessions SET user_id = (SELECT id FROM users WHERE users.id = json_extract(sessions.data, '$.user'));
