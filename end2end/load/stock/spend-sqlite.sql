-- Credits to spend. Tenants 0 to 1000 have credits.

INSERT INTO tenants (id, created_at)
SELECT printf('018bcfe5-6800-7000-8000-%012x', value), 1700000000000000 FROM generate_series(0, 1000)
WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE id = printf('018bcfe5-6800-7000-8000-%012x', value));
INSERT INTO platform_tenants (tenant_id, external_id, created_at)
SELECT printf('018bcfe5-6800-7000-8000-%012x', value), 'bench-' || value, 1700000000000000 FROM generate_series(0, 1000);
INSERT INTO grants (id, tenant_id, credits, reason, granted_by, created_at)
SELECT tenant_id, tenant_id, 1000000000, 'bench', 'bench', 1700000000000000 FROM platform_tenants;
INSERT INTO ledger_entries (id, tenant_id, seq, grant_id, kind, effect_ref, credits, balance_after, created_at)
SELECT id, tenant_id,
    1 + (SELECT count(*) FROM ledger_entries AS entry WHERE entry.tenant_id = grants.tenant_id),
    id, 'GRANT', id, credits,
    credits + COALESCE((SELECT balance_after FROM ledger_entries AS entry WHERE entry.tenant_id = grants.tenant_id
        ORDER BY seq DESC LIMIT 1), 0),
    created_at
FROM grants;
