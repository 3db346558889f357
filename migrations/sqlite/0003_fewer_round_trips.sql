-- As migrations/postgres, but for what saves round trips in a transaction: SQLite is in the process and has none.

-- Who is signed in by a session, where a query can see it.
ALTER TABLE sessions ADD COLUMN user_id TEXT CONSTRAINT sessions_user_fkey REFERENCES users (id);
UPDATE sessions SET user_id = (SELECT id FROM users WHERE users.id = json_extract(sessions.data, '$.user'));

-- Counts what has changed among a tenant's purchases, so that a page made of them can be used again for as long as
-- nothing has. What only recovery looks at does not count.
ALTER TABLE tenants ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER purchases_count_insert AFTER INSERT ON purchases
BEGIN UPDATE tenants SET changes = changes + 1 WHERE id = NEW.tenant_id; END;

CREATE TRIGGER purchases_count_update AFTER UPDATE ON purchases
WHEN (OLD.status, OLD.failure_reason, OLD.provider_ref, OLD.checkout_url, OLD.payment_ref, OLD.reversals_json)
     IS NOT
     (NEW.status, NEW.failure_reason, NEW.provider_ref, NEW.checkout_url, NEW.payment_ref, NEW.reversals_json)
BEGIN UPDATE tenants SET changes = changes + 1 WHERE id = NEW.tenant_id; END;
