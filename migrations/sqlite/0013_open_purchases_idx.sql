-- A tenant's open purchases, to be counted at each order.
CREATE INDEX purchases_open_idx ON purchases (tenant_id) WHERE status = 'PENDING';
