-- The purchase that an event is about, once that is known; events from before have none.
--
-- Nothing here reads or rewrites the table. NOT VALID leaves the rows of before unread: they have neither column. There is no
-- foreign key: adding one would lock purchases as well, and each settlement would pay for a check. Who writes the columns
-- has just read that purchase, and purchases are never deleted.
ALTER TABLE payment_events
    ADD COLUMN tenant_id TEXT COLLATE "C",
    ADD COLUMN purchase_id TEXT COLLATE "C",
    ADD CONSTRAINT payment_events_purchase_check CHECK ((tenant_id IS NULL) = (purchase_id IS NULL)) NOT VALID;
