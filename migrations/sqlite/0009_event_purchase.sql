-- The purchase that an event is about, once that is known; events from before have none. As migrations/postgres, without a
-- foreign key.
ALTER TABLE payment_events ADD COLUMN tenant_id TEXT;
ALTER TABLE payment_events ADD COLUMN purchase_id TEXT
    CONSTRAINT payment_events_purchase_check CHECK ((tenant_id IS NULL) = (purchase_id IS NULL));
