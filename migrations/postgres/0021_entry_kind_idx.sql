-- no-transaction
-- A tenant's entries of a kind that is rare beside spends. Spends are most of a ledger and are found without it, so they
-- are left out, and writing one costs no more. CONCURRENTLY and IF NOT EXISTS: see 0011_event_purchase_idx.sql.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ledger_entries_kind_idx ON ledger_entries (tenant_id, kind, seq)
    WHERE kind <> 'SPEND';
