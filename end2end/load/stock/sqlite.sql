-- PENDING purchases with a checkout session: @count of them, from number @first on, for the tenants from @tenant on in
-- turn, @tenants of them. Names are computed from numbers, as in ../src/settle.rs.

INSERT INTO tenants (id, created_at)
SELECT printf('018bcfe5-6800-7000-8000-%012x', value), 1700000000000000
FROM generate_series(@tenant, @tenant + @tenants - 1)
WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE id = printf('018bcfe5-6800-7000-8000-%012x', value));

INSERT INTO users (id, tenant_id, email, password_hash, created_at)
SELECT printf('018bcfe5-6800-7000-8000-%012x', value), printf('018bcfe5-6800-7000-8000-%012x', value),
    'bench-' || value || '@example.com', 'none', 1700000000000000
FROM generate_series(@tenant, @tenant + @tenants - 1)
WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = printf('018bcfe5-6800-7000-8000-%012x', value));

INSERT INTO purchases (id, tenant_id, ordered_by, order_key, provider, provider_ref, checkout_url, product_id, type,
    status, amount_cents, currency, credits_amount, metadata_json, created_at, updated_at, version, check_after)
SELECT substr(time, 1, 8) || '-' || substr(time, 9) || printf('-7000-8000-%012x', n), buyer, buyer,
    'bench-' || scattered, 'STRIPE', session, 'https://checkout.stripe.com/c/pay/' || session, 'credits_5', 'CREDITS',
    'PENDING', 699, 'EUR', 5, '{"product_name":"5 Credits","locale":"de"}', 1700000000000000 + n * 1000,
    1700000000000000 + n * 1000, 1, 1700000000000000 + n * 1000
FROM (
    SELECT value AS n, printf('%012x', 1700000000000 + value) AS time,
        printf('%08x', value * 2654435761 % 4294967296) AS scattered,
        printf('cs_test_a1%08xbench%043d', value * 2654435761 % 4294967296, 0) AS session,
        printf('018bcfe5-6800-7000-8000-%012x', @tenant + value % @tenants) AS buyer
    FROM generate_series(@first, @first + @count - 1)
);
