-- Credits to spend, and the same tenants in the minimal schema. Tenants 0 to 1000 have credits; tenant 1001 has none.

INSERT INTO tenants (id, created_at) VALUES (bench.tenant_id(1001), 1700000000000000);
INSERT INTO platform_tenants (tenant_id, external_id, created_at)
SELECT bench.tenant_id(k), 'bench-' || k, 1700000000000000 FROM generate_series(0, 1001) AS k;
INSERT INTO grants (id, tenant_id, credits, reason, granted_by, created_at)
SELECT bench.tenant_id(k), bench.tenant_id(k), 1000000000, 'bench', 'bench', 1700000000000000
FROM generate_series(0, 1000) AS k;
INSERT INTO ledger_entries (id, tenant_id, grant_id, kind, effect_ref, credits, created_at)
SELECT bench.tenant_id(k), bench.tenant_id(k), bench.tenant_id(k), 'GRANT', bench.tenant_id(k), 1000000000, 1700000000000000
FROM generate_series(0, 1000) AS k;

-- A balance and its entries: a primary key each, and an index to read a tenant's entries by.
CREATE TABLE minimal.balances (tenant_id TEXT PRIMARY KEY, balance BIGINT);
INSERT INTO minimal.balances SELECT bench.tenant_id(k), 1000000000 FROM generate_series(0, 1000) AS k;
CREATE TABLE minimal.spends (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id TEXT,
    credits BIGINT,
    balance_after BIGINT,
    created_at BIGINT
);
CREATE INDEX spends_by_tenant ON minimal.spends (tenant_id, id);
