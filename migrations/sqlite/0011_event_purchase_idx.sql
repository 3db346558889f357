-- A tenant's events, newest first.
CREATE INDEX payment_events_purchase_idx ON payment_events (tenant_id, id) WHERE tenant_id IS NOT NULL;
