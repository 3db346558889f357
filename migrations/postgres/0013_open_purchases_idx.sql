-- no-transaction
-- A tenant's open purchases, to be counted at each order. CONCURRENTLY and IF NOT EXISTS: see 0011_event_purchase_idx.sql.
CREATE INDEX CONCURRENTLY IF NOT EXISTS purchases_open_idx ON purchases (tenant_id) WHERE status = 'PENDING';
