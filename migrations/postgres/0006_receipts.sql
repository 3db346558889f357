-- The receipts of paid purchases, numbered for each seller from 1 without a gap. migrations/sqlite has the same.
--
-- The transaction that settles a purchase gives no number, or all purchases would wait for one another there. What waits
-- for a number is found by the index below, those paid first first.

ALTER TABLE purchases
    ADD COLUMN receipt_number BIGINT
        CONSTRAINT purchases_receipt_number_check CHECK (receipt_number IS NULL OR paid_at IS NOT NULL);

CREATE INDEX purchases_receipt_due_idx ON purchases (paid_at, id) WHERE paid_at IS NOT NULL AND receipt_number IS NULL;

-- One row for each seller, locked by whoever gives numbers: the others wait until that transaction has ended.
CREATE TABLE receipt_sequences (
    seller_key  TEXT COLLATE "C" NOT NULL,
    numbered_at BIGINT           NOT NULL,
    CONSTRAINT receipt_sequences_pkey PRIMARY KEY (seller_key)
);

-- What a receipt says for good. The address's lines are separated by line feeds.
CREATE TABLE receipts (
    tenant_id             TEXT COLLATE "C" NOT NULL,
    purchase_id           TEXT COLLATE "C" NOT NULL,
    seller_key            TEXT COLLATE "C" NOT NULL,
    number                BIGINT           NOT NULL,
    issued_at             BIGINT           NOT NULL,
    seller_name           TEXT             NOT NULL,
    seller_address        TEXT             NOT NULL,
    seller_vat_id         TEXT             NOT NULL,
    vat_rate_basis_points BIGINT           NOT NULL,
    buyer_email           TEXT             NOT NULL,
    CONSTRAINT receipts_pkey PRIMARY KEY (tenant_id, purchase_id),
    CONSTRAINT receipts_number_key UNIQUE (seller_key, number),
    CONSTRAINT receipts_purchase_fkey FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases (tenant_id, id),
    CONSTRAINT receipts_sequence_fkey FOREIGN KEY (seller_key) REFERENCES receipt_sequences (seller_key),
    CONSTRAINT receipts_vat_rate_check CHECK (vat_rate_basis_points >= 0)
);

-- The last number is read after the seller's row is locked, so two inserts at once follow one another. A connection plans
-- these queries once, perhaps while there are no receipts yet, and would then read the whole table each time: hence no
-- sequential scans.
CREATE FUNCTION receipts_insert() RETURNS TRIGGER LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    last_number BIGINT := 0;
    sold        RECORD;
BEGIN
    PERFORM 1 FROM receipt_sequences WHERE seller_key = NEW.seller_key FOR NO KEY UPDATE;
    SELECT number INTO last_number FROM receipts WHERE seller_key = NEW.seller_key ORDER BY number DESC LIMIT 1;
    IF NEW.number IS DISTINCT FROM COALESCE(last_number, 0) + 1 THEN
        PERFORM refuse('receipts_gapless', 'the number does not follow the seller''s last one');
    END IF;
    -- A purchase that the tenant does not have is left to the foreign key.
    SELECT id, paid_at INTO sold FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
    IF sold.id IS NOT NULL AND sold.paid_at IS NULL THEN
        PERFORM refuse('receipts_paid', 'there is a receipt for what was paid alone');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION receipts_number() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE purchases SET receipt_number = NEW.number, version = version + 1
    WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
    RETURN NULL;
END $$;

CREATE FUNCTION purchases_receipt() RETURNS TRIGGER LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF NEW.receipt_number IS DISTINCT FROM
       (SELECT number FROM receipts WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.id)
    THEN
        PERFORM refuse('purchases_receipt', 'a purchase has the number of its receipt');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER receipts_insert BEFORE INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION receipts_insert();
CREATE TRIGGER receipts_number AFTER INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION receipts_number();
CREATE TRIGGER receipts_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON receipts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('receipts_keep');
CREATE TRIGGER purchases_receipt BEFORE UPDATE OF receipt_number ON purchases
    FOR EACH ROW EXECUTE FUNCTION purchases_receipt();
