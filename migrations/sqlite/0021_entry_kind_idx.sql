-- A tenant's entries of a kind that is rare beside spends. Spends are most of a ledger and are found without it, so they
-- are left out, and writing one costs no more.
CREATE INDEX ledger_entries_kind_idx ON ledger_entries (tenant_id, kind, seq) WHERE kind <> 'SPEND';
