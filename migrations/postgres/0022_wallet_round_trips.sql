-- Fewer round trips for a group of requests: one to lock and read, one to write. The functions of 0015 stay for the release
-- before, which may serve beside this one (docs/decisions/0012-migrations-beside-a-shop-that-serves.md).

-- Locks tenants in the order of their ids, and gives what they have; and whether any of the idempotency keys is known, and
-- which of the API keys are revoked, in each row, of which there is at least one. VOLATILE: the second query sees what was
-- committed while the first one waited. Without force_generic_plan PostgreSQL would plan the second query at every call, for
-- the number of ids in it, which takes six times as long as to run it; and as it is planned once, perhaps while there are few
-- entries, it must not settle for sequential scans.
CREATE FUNCTION lock_wallets(tenants_wanted TEXT[], keys_wanted TEXT[], api_keys_wanted TEXT[])
    RETURNS TABLE (tenant_id TEXT, seq BIGINT, balance_after BIGINT, low_balance BIGINT, has_holds BOOLEAN,
        keys_known BOOLEAN, revoked TEXT[])
    LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM 1 FROM tenants WHERE id = ANY (tenants_wanted) ORDER BY id FOR NO KEY UPDATE;
    RETURN QUERY
        SELECT tenants.id, newest.seq, newest.balance_after, platform_tenants.low_balance,
            EXISTS (SELECT 1 FROM holds WHERE holds.tenant_id = tenants.id AND status = 'ACTIVE'),
            known.keys, known.revoked
        FROM (SELECT
            EXISTS (SELECT 1 FROM idempotency_keys WHERE key = ANY (keys_wanted)) AS keys,
            ARRAY (SELECT id FROM api_keys WHERE id = ANY (api_keys_wanted) AND revoked_at IS NOT NULL) AS revoked
        ) AS known
        LEFT JOIN tenants ON tenants.id = ANY (tenants_wanted)
        LEFT JOIN LATERAL (
            SELECT entry.seq, entry.balance_after FROM ledger_entries AS entry
            WHERE entry.tenant_id = tenants.id ORDER BY entry.seq DESC LIMIT 1
        ) AS newest ON TRUE
        LEFT JOIN platform_tenants ON platform_tenants.tenant_id = tenants.id;
END $$;

-- Writes what was decided upon a group of requests, kind by kind, in the order of the parameters; NULL where there is
-- nothing. Each is a JSON array of rows, in their order, with the columns' names.
CREATE FUNCTION write_wallet(freed JSON, spent JSON, granted JSON, reversed JSON, booked JSON, made JSON, extended JSON,
    answered JSON) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF freed IS NOT NULL THEN
        PERFORM update_holds(freed);
    END IF;
    IF spent IS NOT NULL THEN
        INSERT INTO spends (id, tenant_id, hold_id, credits, reference, description, metadata_json, created_at)
        SELECT row.id, row.tenant_id, row.hold_id, row.credits, row.reference, row.description, row.metadata_json,
            row.created_at
        FROM json_populate_recordset(NULL::spends, spent) AS row;
    END IF;
    IF granted IS NOT NULL THEN
        INSERT INTO grants (id, tenant_id, credits, reason, granted_by, created_at)
        SELECT row.id, row.tenant_id, row.credits, row.reason, row.granted_by, row.created_at
        FROM json_populate_recordset(NULL::grants, granted) AS row;
    END IF;
    IF reversed IS NOT NULL THEN
        INSERT INTO wallet_reversals (id, tenant_id, spend_id, grant_id, credits, reason, created_at)
        SELECT row.id, row.tenant_id, row.spend_id, row.grant_id, row.credits, row.reason, row.created_at
        FROM json_populate_recordset(NULL::wallet_reversals, reversed) AS row;
    END IF;
    IF booked IS NOT NULL THEN
        INSERT INTO ledger_entries (id, tenant_id, seq, purchase_id, spend_id, grant_id, kind, effect_ref, credits,
            balance_after, created_at)
        SELECT row.id, row.tenant_id, row.seq, row.purchase_id, row.spend_id, row.grant_id, row.kind, row.effect_ref,
            row.credits, row.balance_after, row.created_at
        FROM json_populate_recordset(NULL::ledger_entries, booked) WITH ORDINALITY AS row
        -- Each entry follows from the one before.
        ORDER BY row.ordinality;
    END IF;
    IF made IS NOT NULL THEN
        INSERT INTO holds (id, tenant_id, credits, captured, status, reference, description, metadata_json, created_at,
            updated_at, expires_at, finished_at)
        SELECT row.id, row.tenant_id, row.credits, row.captured, row.status, row.reference, row.description,
            row.metadata_json, row.created_at, row.updated_at, row.expires_at, row.finished_at
        FROM json_populate_recordset(NULL::holds, made) WITH ORDINALITY AS row
        ORDER BY row.ordinality;
    END IF;
    IF extended IS NOT NULL THEN
        PERFORM update_holds(extended);
    END IF;
    IF answered IS NOT NULL THEN
        INSERT INTO idempotency_keys (key, tenant_id, fingerprint, done, outcome_json, created_at)
        SELECT row.key, row.tenant_id, row.fingerprint, row.done, row.outcome_json, row.created_at
        FROM json_populate_recordset(NULL::idempotency_keys, answered) AS row;
    END IF;
END $$;

-- Writes what has changed of holds that are there.
CREATE FUNCTION update_holds(changed JSON) RETURNS VOID LANGUAGE sql AS $$
    UPDATE holds SET credits = row.credits, captured = row.captured, status = row.status, updated_at = row.updated_at,
        expires_at = row.expires_at, finished_at = row.finished_at
    FROM json_populate_recordset(NULL::holds, changed) AS row
    WHERE holds.tenant_id = row.tenant_id AND holds.id = row.id
$$;
