-- no-transaction
-- An effect of a spend is booked once. CONCURRENTLY and IF NOT EXISTS: see 0011_event_purchase_idx.sql.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ledger_entries_spend_effect_key
    ON ledger_entries (tenant_id, spend_id, kind, effect_ref) WHERE spend_id IS NOT NULL;
