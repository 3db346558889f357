-- The data of the benchmark, and the functions that pgbench calls. Names are computed from numbers, as in
-- ../src/settle.rs.

CREATE SCHEMA bench;

CREATE FUNCTION bench.purchase_id(n BIGINT) RETURNS TEXT LANGUAGE SQL IMMUTABLE RETURN
    substr(lpad(to_hex(1700000000000 + n), 12, '0'), 1, 8) || '-' || substr(lpad(to_hex(1700000000000 + n), 12, '0'), 9)
    || '-7000-8000-' || lpad(to_hex(n), 12, '0');

CREATE FUNCTION bench.scattered(n BIGINT) RETURNS TEXT LANGUAGE SQL IMMUTABLE RETURN
    lpad(to_hex(n * 2654435761 % 4294967296), 8, '0');

CREATE FUNCTION bench.session_id(n BIGINT) RETURNS TEXT LANGUAGE SQL IMMUTABLE RETURN
    'cs_test_a1' || bench.scattered(n) || rpad('bench', 48, '0');

-- pgbench's ids sort after the shop's, so that the greatest one shows its progress.
CREATE FUNCTION bench.event_id(n BIGINT) RETURNS TEXT LANGUAGE SQL IMMUTABLE RETURN
    'ffffffff-ffff-7000-8000-' || lpad(to_hex(n), 12, '0');

CREATE FUNCTION bench.tenant_id(k BIGINT) RETURNS TEXT LANGUAGE SQL IMMUTABLE RETURN
    '018bcfe5-6800-7000-8000-' || lpad(to_hex(k), 12, '0');

-- Tenant 1000 is the hot one.
INSERT INTO tenants (id, created_at) SELECT bench.tenant_id(k), 1700000000000000 FROM generate_series(0, 1000) AS k;
INSERT INTO users (id, tenant_id, email, password_hash, created_at)
SELECT bench.tenant_id(k), bench.tenant_id(k), 'bench-' || k || '@example.com', 'none', 1700000000000000
FROM generate_series(0, 1000) AS k;

-- PENDING purchases with a checkout session, as an order leaves them; `tenant` is NULL for all but the hot one in turn.
CREATE FUNCTION bench.add(first BIGINT, count BIGINT, tenant TEXT, buyer TEXT) RETURNS VOID LANGUAGE SQL AS $$
    INSERT INTO purchases (id, tenant_id, ordered_by, order_key, provider, provider_ref, checkout_url, product_id, type,
        status, amount_cents, currency, credits_amount, metadata_json, created_at, updated_at, version, check_after)
    SELECT bench.purchase_id(n), COALESCE(tenant, bench.tenant_id(n % 1000)), COALESCE(buyer, bench.tenant_id(n % 1000)),
        'bench-' || bench.scattered(n), 'STRIPE', bench.session_id(n),
        'https://checkout.stripe.com/c/pay/' || bench.session_id(n), 'credits_5', 'CREDITS', 'PENDING', 699, 'EUR', 5,
        '{"product_name":"5 Credits","locale":"de"}', 1700000000000000 + n * 1000, 1700000000000000 + n * 1000, 1,
        1700000000000000 + n * 1000
    FROM generate_series(first, first + count - 1) AS n;
$$;

-- The settlement in one statement: that of ../pgbench/seven.sql without the round trips. The event is inserted once,
-- already closed.
CREATE FUNCTION bench.settle(n BIGINT, event_body BYTEA, now BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    sold purchases%ROWTYPE;
BEGIN
    SELECT * INTO STRICT sold FROM purchases WHERE provider_ref = bench.session_id(n);
    UPDATE purchases SET status = 'PAID', payment_ref = 'pi_3' || bench.scattered(n) || 'bench00000000000',
        updated_at = now, paid_at = now, version = version + 1
    WHERE tenant_id = sold.tenant_id AND id = sold.id AND version = sold.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'somebody else was quicker';
    END IF;
    INSERT INTO payment_events (id, provider, provider_event_id, event_type, api_version, livemode, payload, received_at,
        status, note, finished_at, attempts, next_attempt_at)
    VALUES (bench.event_id(n), 'STRIPE', 'evt_1' || bench.scattered(n) || 'bench00000000000', 'checkout.session.completed',
        '2026-07-29.dahlia', FALSE, event_body, now, 'APPLIED', 'applied', now, 1, now);
    -- A separate statement, so that the next one sees what others have committed while this one waited.
    PERFORM id FROM tenants WHERE id = sold.tenant_id FOR NO KEY UPDATE;
    INSERT INTO ledger_entries (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at, seq, balance_after)
    SELECT bench.event_id(n), sold.tenant_id, sold.id, 'PURCHASE', '', sold.credits_amount, now,
        COALESCE(newest.seq, 0) + 1, COALESCE(newest.balance_after, 0) + sold.credits_amount
    FROM (SELECT 1 AS one) AS always
    LEFT JOIN (SELECT seq, balance_after FROM ledger_entries WHERE tenant_id = sold.tenant_id ORDER BY seq DESC LIMIT 1)
        AS newest ON TRUE;
END $$;
