-- The schema of a program without our rules: plain tables, no constraints but primary keys, no triggers, and an index
-- for each of the two look-ups that a settle makes. pgbench settles the same purchases in it as the shop in its own
-- schema. Needs the functions of postgres.sql.

CREATE SCHEMA minimal;

CREATE TABLE minimal.tenants (id TEXT PRIMARY KEY);

CREATE TABLE minimal.purchases (
    id TEXT PRIMARY KEY,
    tenant_id TEXT,
    provider_ref TEXT,
    product_id TEXT,
    status TEXT,
    amount_cents BIGINT,
    currency TEXT,
    credits_amount BIGINT,
    payment_ref TEXT,
    created_at BIGINT,
    updated_at BIGINT,
    paid_at BIGINT,
    version BIGINT
);
CREATE INDEX purchases_by_session ON minimal.purchases (provider_ref);

-- The primary key is the provider's id, so an event is stored once.
CREATE TABLE minimal.payment_events (
    id TEXT PRIMARY KEY,
    event_type TEXT,
    payload BYTEA,
    received_at BIGINT,
    status TEXT,
    finished_at BIGINT
);

CREATE TABLE minimal.ledger_entries (
    id TEXT PRIMARY KEY,
    tenant_id TEXT,
    purchase_id TEXT,
    credits BIGINT,
    created_at BIGINT,
    seq BIGINT,
    balance_after BIGINT
);
CREATE INDEX ledger_entries_by_tenant ON minimal.ledger_entries (tenant_id, seq);

INSERT INTO minimal.tenants SELECT bench.tenant_id(k) FROM generate_series(0, 1000) AS k;

CREATE FUNCTION minimal.add(first BIGINT, count BIGINT, tenant TEXT) RETURNS VOID LANGUAGE SQL AS $$
    INSERT INTO minimal.purchases (id, tenant_id, provider_ref, product_id, status, amount_cents, currency,
        credits_amount, created_at, updated_at, version)
    SELECT bench.purchase_id(n), COALESCE(tenant, bench.tenant_id(n % 1000)), bench.session_id(n), 'credits_5', 'PENDING',
        699, 'EUR', 5, 1700000000000000 + n * 1000, 1700000000000000 + n * 1000, 1
    FROM generate_series(first, first + count - 1) AS n;
$$;

-- The settlement in one statement, like bench.settle in the shop's schema.
CREATE FUNCTION minimal.settle(n BIGINT, event_body BYTEA, now BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    sold minimal.purchases%ROWTYPE;
BEGIN
    SELECT * INTO STRICT sold FROM minimal.purchases WHERE provider_ref = bench.session_id(n);
    UPDATE minimal.purchases SET status = 'PAID', payment_ref = 'pi_3' || bench.scattered(n) || 'bench00000000000',
        updated_at = now, paid_at = now, version = version + 1
    WHERE id = sold.id AND version = sold.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another client was faster';
    END IF;
    INSERT INTO minimal.payment_events (id, event_type, payload, received_at, status, finished_at)
    VALUES (bench.event_id(n), 'checkout.session.completed', event_body, now, 'APPLIED', now);
    PERFORM id FROM minimal.tenants WHERE id = sold.tenant_id FOR NO KEY UPDATE;
    INSERT INTO minimal.ledger_entries (id, tenant_id, purchase_id, credits, created_at, seq, balance_after)
    SELECT bench.event_id(n), sold.tenant_id, sold.id, sold.credits_amount, now, COALESCE(newest.seq, 0) + 1,
        COALESCE(newest.balance_after, 0) + sold.credits_amount
    FROM (SELECT 1 AS one) AS always
    LEFT JOIN (SELECT seq, balance_after FROM minimal.ledger_entries WHERE tenant_id = sold.tenant_id
        ORDER BY seq DESC LIMIT 1) AS newest ON TRUE;
END $$;
