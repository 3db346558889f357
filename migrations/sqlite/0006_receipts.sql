-- The receipts of paid purchases, numbered for each seller from 1 without a gap. migrations/postgres has the same.
--
-- The transaction that settles a purchase gives no number, or all purchases would wait for one another there. What waits
-- for a number is found by the index below, those paid first first.

ALTER TABLE purchases
    ADD COLUMN receipt_number INTEGER
        CONSTRAINT purchases_receipt_number_check CHECK (receipt_number IS NULL OR paid_at IS NOT NULL);

CREATE INDEX purchases_receipt_due_idx ON purchases (paid_at, id) WHERE paid_at IS NOT NULL AND receipt_number IS NULL;

-- One row for each seller. On PostgreSQL whoever gives numbers locks it; here there is one writer at a time.
CREATE TABLE receipt_sequences (
    seller_key  TEXT    NOT NULL,
    numbered_at INTEGER NOT NULL,
    CONSTRAINT receipt_sequences_pkey PRIMARY KEY (seller_key)
) STRICT, WITHOUT ROWID;

-- What a receipt says for good. The address's lines are separated by line feeds.
CREATE TABLE receipts (
    tenant_id             TEXT    NOT NULL,
    purchase_id           TEXT    NOT NULL,
    seller_key            TEXT    NOT NULL,
    number                INTEGER NOT NULL,
    issued_at             INTEGER NOT NULL,
    seller_name           TEXT    NOT NULL,
    seller_address        TEXT    NOT NULL,
    seller_vat_id         TEXT    NOT NULL,
    vat_rate_basis_points INTEGER NOT NULL,
    buyer_email           TEXT    NOT NULL,
    CONSTRAINT receipts_pkey PRIMARY KEY (tenant_id, purchase_id),
    CONSTRAINT receipts_number_key UNIQUE (seller_key, number),
    CONSTRAINT receipts_purchase_fkey FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases (tenant_id, id),
    CONSTRAINT receipts_sequence_fkey FOREIGN KEY (seller_key) REFERENCES receipt_sequences (seller_key),
    CONSTRAINT receipts_vat_rate_check CHECK (vat_rate_basis_points >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER receipts_pkey BEFORE INSERT ON receipts
WHEN EXISTS (SELECT 1 FROM receipts WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.purchase_id)
BEGIN SELECT RAISE(ABORT, 'receipts_pkey: the purchase has a receipt'); END;

CREATE TRIGGER receipts_gapless BEFORE INSERT ON receipts
WHEN NEW.number IS NOT (SELECT COALESCE(MAX(number), 0) + 1 FROM receipts WHERE seller_key = NEW.seller_key)
BEGIN SELECT RAISE(ABORT, 'receipts_gapless: the number does not follow the seller''s last one'); END;

CREATE TRIGGER receipts_purchase_fkey BEFORE INSERT ON receipts
WHEN NOT EXISTS (SELECT 1 FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id)
BEGIN SELECT RAISE(ABORT, 'receipts_purchase_fkey: the tenant has no such purchase'); END;

CREATE TRIGGER receipts_paid BEFORE INSERT ON receipts
WHEN EXISTS (SELECT 1 FROM purchases
             WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id AND paid_at IS NULL)
BEGIN SELECT RAISE(ABORT, 'receipts_paid: there is a receipt for what was paid alone'); END;

CREATE TRIGGER receipts_number AFTER INSERT ON receipts
BEGIN
    UPDATE purchases SET receipt_number = NEW.number, version = version + 1
    WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
END;

CREATE TRIGGER receipts_keep_update BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts_keep: a receipt is never changed'); END;

CREATE TRIGGER receipts_keep_delete BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts_keep: a receipt is never deleted'); END;

CREATE TRIGGER purchases_receipt BEFORE UPDATE OF receipt_number ON purchases
WHEN NEW.receipt_number IS NOT
     (SELECT number FROM receipts WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'purchases_receipt: a purchase has the number of its receipt'); END;
