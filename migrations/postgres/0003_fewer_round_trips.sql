-- Fewer questions to the database: a change in one statement, and who asks with what they have in another.

-- Numbers an entry and adds up its balance, unless the statement has done so itself; then it must have done it right.
-- Each query in here sees what was committed when it begins, and the newest entry is read after the tenant's row is
-- locked, so two inserts at once follow one another.
CREATE OR REPLACE FUNCTION ledger_entries_insert() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    newest_seq     BIGINT := 0;
    newest_balance BIGINT := 0;
    sold           RECORD;
BEGIN
    PERFORM 1 FROM tenants WHERE id = NEW.tenant_id FOR NO KEY UPDATE;
    SELECT seq, balance_after INTO newest_seq, newest_balance
    FROM ledger_entries WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1;
    newest_seq := COALESCE(newest_seq, 0);
    newest_balance := COALESCE(newest_balance, 0);
    NEW.seq := COALESCE(NEW.seq, newest_seq + 1);
    NEW.balance_after := COALESCE(NEW.balance_after, newest_balance + NEW.credits);
    IF NEW.seq <> newest_seq + 1 OR NEW.balance_after <> newest_balance + NEW.credits THEN
        PERFORM refuse('ledger_entries_chain', 'the entry does not follow from the one before');
    END IF;
    -- A purchase that the tenant does not have is left to the foreign key.
    SELECT status, credits_amount INTO sold FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
    IF sold.status NOT IN ('PAID', 'REFUNDED') OR (NEW.kind = 'PURCHASE' AND sold.credits_amount <> NEW.credits) THEN
        PERFORM refuse('ledger_entries_sold', 'only what was sold is credited, and only once it is paid');
    END IF;
    RETURN NEW;
END $$;

-- The processes tell one another, several changes at a time: a transaction that notifies holds a lock of the whole
-- database until its commit is on the disk, so bookings of all tenants would wait for one another.
DROP TRIGGER ledger_entries_notify ON ledger_entries;
DROP FUNCTION ledger_entries_notify();

-- Who is signed in by a session, where a query can see it.
ALTER TABLE sessions
    ADD COLUMN user_id TEXT COLLATE "C" CONSTRAINT sessions_user_fkey REFERENCES users (id);
UPDATE sessions SET user_id = (SELECT id FROM users WHERE users.id = sessions.data::jsonb ->> 'user');

-- Counts what has changed among a tenant's purchases, so that a page made of them can be used again for as long as
-- nothing has. What only recovery looks at does not count: its rows are of many tenants, locked in any order.
ALTER TABLE tenants ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;

CREATE FUNCTION purchases_count_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tenants SET changes = changes + 1 WHERE id = NEW.tenant_id;
    RETURN NULL;
END $$;

CREATE TRIGGER purchases_count_insert AFTER INSERT ON purchases
    FOR EACH ROW EXECUTE FUNCTION purchases_count_change();
CREATE TRIGGER purchases_count_update AFTER UPDATE ON purchases FOR EACH ROW
    WHEN (
        (OLD.status, OLD.failure_reason, OLD.provider_ref, OLD.checkout_url, OLD.payment_ref, OLD.reversals_json)
        IS DISTINCT FROM
        (NEW.status, NEW.failure_reason, NEW.provider_ref, NEW.checkout_url, NEW.payment_ref, NEW.reversals_json)
    )
    EXECUTE FUNCTION purchases_count_change();
