-- no-transaction
-- What 0024 puts in the place of ledger_entries_effect_key, which has a row of no use for each spend and grant. CONCURRENTLY and
-- IF NOT EXISTS: see 0011_event_purchase_idx.sql.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ledger_entries_purchase_effect_key
    ON ledger_entries (tenant_id, purchase_id, kind, effect_ref) WHERE purchase_id IS NOT NULL;
