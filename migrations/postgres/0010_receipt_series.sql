-- Series of receipt numbers, so that none is given twice after a back-up was restored. migrations/sqlite has the same.
--
-- A series is named after the second in which it was begun. receipts.seller_key, by which numbers are unique and without a
-- gap, is the seller's with the series' name after it; what came before the first series has neither.

CREATE TABLE receipt_series (
    seller_key TEXT COLLATE "C" NOT NULL,
    begun_at   BIGINT           NOT NULL,
    CONSTRAINT receipt_series_pkey PRIMARY KEY (seller_key, begun_at)
);

CREATE TRIGGER receipt_series_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON receipt_series
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('receipt_series_keep');

-- When the series of the receipt's number was begun, to name it by.
ALTER TABLE receipts ADD COLUMN series_begun_at BIGINT;
ALTER TABLE purchases ADD COLUMN receipt_series_begun_at BIGINT;

CREATE OR REPLACE FUNCTION receipts_number() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE purchases
    SET receipt_number = NEW.number, receipt_series_begun_at = NEW.series_begun_at, version = version + 1
    WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION purchases_receipt() RETURNS TRIGGER LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    issued RECORD;
BEGIN
    SELECT number, series_begun_at INTO issued
    FROM receipts WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.id;
    IF NEW.receipt_number IS DISTINCT FROM issued.number
       OR NEW.receipt_series_begun_at IS DISTINCT FROM issued.series_begun_at
    THEN
        PERFORM refuse('purchases_receipt', 'a purchase has the number of its receipt');
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER purchases_receipt ON purchases;
CREATE TRIGGER purchases_receipt BEFORE UPDATE OF receipt_number, receipt_series_begun_at ON purchases
    FOR EACH ROW EXECUTE FUNCTION purchases_receipt();
