-- no-transaction
-- A tenant's events, newest first. CONCURRENTLY, so that notifications are taken in meanwhile: alone in its file, since such
-- a statement runs in no transaction. IF NOT EXISTS, since an attempt can have built it and died before it was noted down;
-- one that died amid building leaves an index that is not used, until REINDEX INDEX CONCURRENTLY.
CREATE INDEX CONCURRENTLY IF NOT EXISTS payment_events_purchase_idx ON payment_events (tenant_id, id)
    WHERE tenant_id IS NOT NULL;
