-- Series of receipt numbers, so that none is given twice after a back-up was restored. migrations/postgres has the same.
--
-- A series is named after the second in which it was begun. receipts.seller_key, by which numbers are unique and without a
-- gap, is the seller's with the series' name after it; what came before the first series has neither.

CREATE TABLE receipt_series (
    seller_key TEXT    NOT NULL,
    begun_at   INTEGER NOT NULL,
    CONSTRAINT receipt_series_pkey PRIMARY KEY (seller_key, begun_at)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER receipt_series_pkey BEFORE INSERT ON receipt_series
WHEN EXISTS (SELECT 1 FROM receipt_series WHERE seller_key = NEW.seller_key AND begun_at = NEW.begun_at)
BEGIN SELECT RAISE(ABORT, 'receipt_series_pkey: the seller has begun that series'); END;

CREATE TRIGGER receipt_series_keep_update BEFORE UPDATE ON receipt_series
BEGIN SELECT RAISE(ABORT, 'receipt_series_keep: a series is never changed'); END;

CREATE TRIGGER receipt_series_keep_delete BEFORE DELETE ON receipt_series
BEGIN SELECT RAISE(ABORT, 'receipt_series_keep: a series is never deleted'); END;

-- When the series of the receipt's number was begun, to name it by.
ALTER TABLE receipts ADD COLUMN series_begun_at INTEGER;
ALTER TABLE purchases ADD COLUMN receipt_series_begun_at INTEGER;

DROP TRIGGER receipts_number;
CREATE TRIGGER receipts_number AFTER INSERT ON receipts
BEGIN
    UPDATE purchases
    SET receipt_number = NEW.number, receipt_series_begun_at = NEW.series_begun_at, version = version + 1
    WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
END;

DROP TRIGGER purchases_receipt;
CREATE TRIGGER purchases_receipt BEFORE UPDATE OF receipt_number, receipt_series_begun_at ON purchases
WHEN NEW.receipt_number IS NOT
     (SELECT number FROM receipts WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.id)
     OR NEW.receipt_series_begun_at IS NOT
     (SELECT series_begun_at FROM receipts WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'purchases_receipt: a purchase has the number of its receipt'); END;
