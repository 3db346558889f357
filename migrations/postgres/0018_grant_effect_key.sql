-- no-transaction
-- An effect of a grant is booked once. CONCURRENTLY and IF NOT EXISTS: see 0011_event_purchase_idx.sql.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ledger_entries_grant_effect_key
    ON ledger_entries (tenant_id, grant_id, kind, effect_ref) WHERE grant_id IS NOT NULL;
