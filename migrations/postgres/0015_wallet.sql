-- The wallet: spends, holds, grants and their reversals, idempotency keys, the platform's names for tenants, API keys.
-- migrations/sqlite has the same tables, columns and constraint names.
--
-- A ledger entry belongs to a purchase, a spend or a grant: to exactly one, each by a foreign key of its own. Entries that
-- are there stay as they are, so no row is written, and the release before can go on beside this one
-- (docs/decisions/0012-migrations-beside-a-shop-that-serves.md). Checks are NOT VALID here and validated by 0016, which
-- keeps nobody waiting.

CREATE TABLE spends (
    id            TEXT COLLATE "C" NOT NULL,
    tenant_id     TEXT COLLATE "C" NOT NULL,
    hold_id       TEXT COLLATE "C",
    credits       BIGINT           NOT NULL,
    reference     TEXT COLLATE "C",
    description   TEXT,
    metadata_json TEXT             NOT NULL,
    created_at    BIGINT           NOT NULL,
    CONSTRAINT spends_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT spends_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT spends_credits_check CHECK (credits BETWEEN 1 AND 1000000000),
    CONSTRAINT spends_reference_check CHECK (length(reference) BETWEEN 1 AND 200),
    CONSTRAINT spends_metadata_json_check CHECK (jsonb_typeof(metadata_json::jsonb) = 'object')
);

CREATE INDEX spends_reference_idx ON spends (tenant_id, reference) WHERE reference IS NOT NULL;

CREATE TABLE grants (
    id         TEXT COLLATE "C" NOT NULL,
    tenant_id  TEXT COLLATE "C" NOT NULL,
    credits    BIGINT           NOT NULL,
    reason     TEXT             NOT NULL,
    granted_by TEXT             NOT NULL,
    created_at BIGINT           NOT NULL,
    CONSTRAINT grants_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT grants_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT grants_credits_check CHECK (credits BETWEEN 1 AND 1000000000),
    CONSTRAINT grants_reason_check CHECK (length(reason) BETWEEN 1 AND 500)
);

-- What was given back of a spend, or taken back of a grant. Each has one entry.
CREATE TABLE wallet_reversals (
    id         TEXT COLLATE "C" NOT NULL,
    tenant_id  TEXT COLLATE "C" NOT NULL,
    spend_id   TEXT COLLATE "C",
    grant_id   TEXT COLLATE "C",
    credits    BIGINT           NOT NULL,
    reason     TEXT             NOT NULL,
    created_at BIGINT           NOT NULL,
    CONSTRAINT wallet_reversals_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT wallet_reversals_spend_fkey FOREIGN KEY (tenant_id, spend_id) REFERENCES spends (tenant_id, id),
    CONSTRAINT wallet_reversals_grant_fkey FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id),
    CONSTRAINT wallet_reversals_source_check CHECK (num_nonnulls(spend_id, grant_id) = 1),
    CONSTRAINT wallet_reversals_credits_check CHECK (credits BETWEEN 1 AND 1000000000),
    CONSTRAINT wallet_reversals_reason_check CHECK (length(reason) BETWEEN 1 AND 500)
);

CREATE TRIGGER spends_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON spends
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('spends_append_only');
CREATE TRIGGER grants_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON grants
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('grants_append_only');
CREATE TRIGGER wallet_reversals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_reversals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('wallet_reversals_append_only');

-- A hold holds credits - captured while it is ACTIVE and expires_at lies ahead. EXPIRED is tidiness: an ACTIVE hold whose end
-- has passed counts the same.
CREATE TABLE holds (
    id            TEXT COLLATE "C" NOT NULL,
    tenant_id     TEXT COLLATE "C" NOT NULL,
    credits       BIGINT           NOT NULL,
    captured      BIGINT           NOT NULL,
    status        TEXT             NOT NULL,
    reference     TEXT COLLATE "C",
    description   TEXT,
    metadata_json TEXT             NOT NULL,
    created_at    BIGINT           NOT NULL,
    updated_at    BIGINT           NOT NULL,
    expires_at    BIGINT           NOT NULL,
    finished_at   BIGINT,
    CONSTRAINT holds_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT holds_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT holds_credits_check CHECK (credits > 0),
    CONSTRAINT holds_captured_check CHECK (captured BETWEEN 0 AND credits),
    CONSTRAINT holds_status_check CHECK (status IN ('ACTIVE', 'CAPTURED', 'RELEASED', 'EXPIRED')),
    CONSTRAINT holds_finished_check CHECK ((finished_at IS NOT NULL) = (status IN ('CAPTURED', 'RELEASED'))),
    CONSTRAINT holds_reference_check CHECK (length(reference) BETWEEN 1 AND 200),
    CONSTRAINT holds_metadata_json_check CHECK (jsonb_typeof(metadata_json::jsonb) = 'object')
);

CREATE INDEX holds_active_idx ON holds (tenant_id, expires_at) WHERE status = 'ACTIVE';
CREATE INDEX holds_expiry_idx ON holds (expires_at) WHERE status = 'ACTIVE';

-- What the tenant's holds hold at an instant, but for one of them.
CREATE FUNCTION held_credits(tenant TEXT, at BIGINT, but_for TEXT) RETURNS BIGINT LANGUAGE sql STABLE AS $$
    SELECT COALESCE(sum(credits - captured), 0)::BIGINT FROM holds
    WHERE tenant_id = tenant AND status = 'ACTIVE' AND expires_at > at AND id IS DISTINCT FROM but_for
$$;

CREATE FUNCTION holds_write() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    held_before BIGINT := 0;
    held_after  BIGINT := 0;
    balance     BIGINT;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (OLD.id, OLD.tenant_id, OLD.reference, OLD.description, OLD.metadata_json, OLD.created_at)
           IS DISTINCT FROM
           (NEW.id, NEW.tenant_id, NEW.reference, NEW.description, NEW.metadata_json, NEW.created_at)
           OR NEW.captured < OLD.captured OR NEW.credits < OLD.credits
        THEN
            PERFORM refuse('holds_snapshot', 'what a hold is for never changes, and what was captured stays captured');
        END IF;
        IF OLD.finished_at IS NOT NULL THEN
            PERFORM refuse('holds_finished', 'a finished hold never changes');
        END IF;
        IF OLD.status = 'ACTIVE' AND OLD.expires_at > NEW.updated_at THEN
            held_before := OLD.credits - OLD.captured;
        END IF;
    END IF;
    IF NEW.status = 'ACTIVE' AND NEW.expires_at > NEW.updated_at THEN
        held_after := NEW.credits - NEW.captured;
    END IF;
    IF held_after > held_before THEN
        PERFORM 1 FROM tenants WHERE id = NEW.tenant_id FOR NO KEY UPDATE;
        SELECT balance_after INTO balance
        FROM ledger_entries WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1;
        IF COALESCE(balance, 0) - held_credits(NEW.tenant_id, NEW.updated_at, NEW.id) < held_after THEN
            PERFORM refuse('holds_available', 'no more is set aside than is available');
        END IF;
        IF held_before = 0 AND (
            SELECT count(*) FROM holds
            WHERE tenant_id = NEW.tenant_id AND status = 'ACTIVE' AND expires_at > NEW.updated_at AND id <> NEW.id
        ) >= 100 THEN
            PERFORM refuse('holds_limit', 'a tenant has at most 100 active holds');
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER holds_write BEFORE INSERT OR UPDATE ON holds FOR EACH ROW EXECUTE FUNCTION holds_write();
CREATE TRIGGER holds_keep BEFORE DELETE OR TRUNCATE ON holds
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('holds_keep');

ALTER TABLE spends ADD CONSTRAINT spends_hold_fkey FOREIGN KEY (tenant_id, hold_id) REFERENCES holds (tenant_id, id);

ALTER TABLE ledger_entries
    ALTER COLUMN purchase_id DROP NOT NULL,
    ADD COLUMN spend_id TEXT COLLATE "C",
    ADD COLUMN grant_id TEXT COLLATE "C",
    DROP CONSTRAINT ledger_entries_kind_check,
    DROP CONSTRAINT ledger_entries_credits_check,
    ADD CONSTRAINT ledger_entries_spend_fkey
        FOREIGN KEY (tenant_id, spend_id) REFERENCES spends (tenant_id, id) NOT VALID,
    ADD CONSTRAINT ledger_entries_grant_fkey
        FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id) NOT VALID,
    ADD CONSTRAINT ledger_entries_kind_check CHECK (kind IN (
        'PURCHASE', 'REFUND', 'REFUND_REVERSAL', 'DISPUTE', 'DISPUTE_REVERSAL',
        'SPEND', 'SPEND_REVERSAL', 'GRANT', 'GRANT_REVERSAL')) NOT VALID,
    ADD CONSTRAINT ledger_entries_source_check CHECK (
        num_nonnulls(purchase_id, spend_id, grant_id) = 1
        AND (spend_id IS NOT NULL) = (kind IN ('SPEND', 'SPEND_REVERSAL'))
        AND (grant_id IS NOT NULL) = (kind IN ('GRANT', 'GRANT_REVERSAL'))
    ) NOT VALID,
    ADD CONSTRAINT ledger_entries_credits_check CHECK (
        CASE WHEN kind IN ('PURCHASE', 'SPEND_REVERSAL', 'GRANT') THEN credits > 0
             WHEN kind IN ('SPEND', 'GRANT_REVERSAL') THEN credits < 0
             WHEN kind IN ('REFUND', 'DISPUTE') THEN credits <= 0
             ELSE credits >= 0 END
    ) NOT VALID,
    ADD CONSTRAINT ledger_entries_own_effect_check
        CHECK (kind NOT IN ('SPEND', 'GRANT') OR effect_ref = COALESCE(spend_id, grant_id)) NOT VALID;

-- Numbers an entry and adds up its balance, unless the statement has done so itself; then it must have done it right.
-- Each query in here sees what was committed when it begins, and the newest entry is read after the tenant's row is
-- locked, so two inserts at once follow one another.
CREATE OR REPLACE FUNCTION ledger_entries_insert() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    newest_seq     BIGINT := 0;
    newest_balance BIGINT := 0;
    sold           RECORD;
    spent          RECORD;
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
    -- A source that the tenant does not have is left to the foreign key.
    IF NEW.purchase_id IS NOT NULL THEN
        SELECT status, credits_amount INTO sold
        FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
        IF sold.status NOT IN ('PAID', 'REFUNDED') OR (NEW.kind = 'PURCHASE' AND sold.credits_amount <> NEW.credits) THEN
            PERFORM refuse('ledger_entries_sold', 'only what was sold is credited, and only once it is paid');
        END IF;
    ELSIF NEW.kind = 'SPEND' THEN
        SELECT credits, hold_id INTO spent FROM spends WHERE tenant_id = NEW.tenant_id AND id = NEW.spend_id;
        IF spent.credits <> -NEW.credits THEN
            PERFORM refuse('ledger_entries_spent', 'an entry takes what the spend says');
        END IF;
        IF NEW.balance_after < held_credits(NEW.tenant_id, NEW.created_at, spent.hold_id) THEN
            PERFORM refuse('ledger_entries_available', 'a spend takes no more than is available');
        END IF;
    ELSIF NEW.kind = 'GRANT' THEN
        IF NEW.credits <> (SELECT credits FROM grants WHERE tenant_id = NEW.tenant_id AND id = NEW.grant_id) THEN
            PERFORM refuse('ledger_entries_granted', 'an entry gives what the grant says');
        END IF;
    ELSIF NEW.kind IN ('SPEND_REVERSAL', 'GRANT_REVERSAL') THEN
        PERFORM ledger_entries_check_reversal(NEW.tenant_id, NEW.effect_ref, NEW.spend_id, NEW.grant_id, NEW.credits);
    END IF;
    RETURN NEW;
END $$;

-- A reversal's entry moves what the reversal says, and all reversals of a spend or grant together no more than it.
CREATE FUNCTION ledger_entries_check_reversal(tenant TEXT, reversal TEXT, spend TEXT, granted TEXT, moved BIGINT)
    RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM wallet_reversals
        WHERE tenant_id = tenant AND id = reversal AND credits = abs(moved)
            AND spend_id IS NOT DISTINCT FROM spend AND grant_id IS NOT DISTINCT FROM granted
    ) THEN
        PERFORM refuse('ledger_entries_reversal', 'an entry moves what the reversal says');
    END IF;
    IF spend IS NOT NULL AND moved > (
        SELECT -sum(credits) FROM ledger_entries WHERE tenant_id = tenant AND spend_id = spend
    ) OR granted IS NOT NULL AND -moved > (
        SELECT sum(credits) FROM ledger_entries WHERE tenant_id = tenant AND grant_id = granted
    ) THEN
        PERFORM refuse('ledger_entries_reversed', 'no more is reversed than was spent or granted');
    END IF;
END $$;

-- The answer to each request, by its idempotency key. Keys of what was done stay; a refusal's may be deleted.
CREATE TABLE idempotency_keys (
    key          TEXT COLLATE "C" NOT NULL,
    tenant_id    TEXT COLLATE "C" NOT NULL,
    fingerprint  TEXT             NOT NULL,
    done         BOOLEAN          NOT NULL,
    outcome_json TEXT             NOT NULL,
    created_at   BIGINT           NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key),
    CONSTRAINT idempotency_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT idempotency_keys_key_check CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_done_check CHECK (done IN (FALSE, TRUE))
);

CREATE INDEX idempotency_keys_refused_idx ON idempotency_keys (created_at) WHERE NOT done;

CREATE FUNCTION idempotency_keys_keep() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' OR OLD.done THEN
        PERFORM refuse('idempotency_keys_keep', 'the answer to a request that was done stays as it was');
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER idempotency_keys_keep BEFORE UPDATE OR DELETE ON idempotency_keys
    FOR EACH ROW EXECUTE FUNCTION idempotency_keys_keep();

-- The platform's names for tenants.
CREATE TABLE platform_tenants (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    email       TEXT COLLATE "C",
    name        TEXT,
    low_balance BIGINT,
    created_at  BIGINT           NOT NULL,
    CONSTRAINT platform_tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT platform_tenants_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT platform_tenants_external_id_key UNIQUE (external_id),
    CONSTRAINT platform_tenants_external_id_check CHECK (length(external_id) BETWEEN 1 AND 200)
);

CREATE INDEX platform_tenants_email_idx ON platform_tenants (email) WHERE email IS NOT NULL;

CREATE TABLE api_keys (
    id           TEXT COLLATE "C" NOT NULL,
    name         TEXT             NOT NULL,
    prefix       TEXT COLLATE "C" NOT NULL,
    secret_hash  TEXT COLLATE "C" NOT NULL,
    scopes       TEXT             NOT NULL,
    daily_cap    BIGINT,
    created_at   BIGINT           NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_secret_hash_key UNIQUE (secret_hash),
    CONSTRAINT api_keys_daily_cap_check CHECK (daily_cap > 0)
);

CREATE UNIQUE INDEX api_keys_name_key ON api_keys (name) WHERE revoked_at IS NULL;

CREATE FUNCTION api_keys_update() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.name, OLD.prefix, OLD.secret_hash, OLD.scopes, OLD.daily_cap, OLD.created_at, OLD.expires_at)
       IS DISTINCT FROM
       (NEW.id, NEW.name, NEW.prefix, NEW.secret_hash, NEW.scopes, NEW.daily_cap, NEW.created_at, NEW.expires_at)
       OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
    THEN
        PERFORM refuse('api_keys_snapshot', 'what a key may do never changes, and a revoked key stays revoked');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER api_keys_update BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION api_keys_update();
CREATE TRIGGER api_keys_keep BEFORE DELETE OR TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('api_keys_keep');

-- What keys with a daily cap have spent; day counts from 1 January 1970, UTC.
CREATE TABLE api_key_usage (
    api_key_id TEXT COLLATE "C" NOT NULL,
    day        BIGINT           NOT NULL,
    credits    BIGINT           NOT NULL,
    CONSTRAINT api_key_usage_pkey PRIMARY KEY (api_key_id, day),
    CONSTRAINT api_key_usage_key_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys (id),
    CONSTRAINT api_key_usage_credits_check CHECK (credits >= 0)
);

-- Locks tenants in the order given, and gives what they have. VOLATILE: the second query sees what was committed while the
-- first one waited. No sequential scans: a connection plans these queries once, perhaps while there are few entries.
CREATE FUNCTION lock_wallets(tenants_wanted TEXT[])
    RETURNS TABLE (tenant_id TEXT, seq BIGINT, balance_after BIGINT, low_balance BIGINT)
    LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
BEGIN
    PERFORM 1 FROM tenants WHERE id = ANY (tenants_wanted) ORDER BY id FOR NO KEY UPDATE;
    RETURN QUERY
        SELECT tenants.id, newest.seq, newest.balance_after, platform_tenants.low_balance
        FROM tenants
        LEFT JOIN LATERAL (
            SELECT entry.seq, entry.balance_after FROM ledger_entries AS entry
            WHERE entry.tenant_id = tenants.id ORDER BY entry.seq DESC LIMIT 1
        ) AS newest ON TRUE
        LEFT JOIN platform_tenants ON platform_tenants.tenant_id = tenants.id
        WHERE tenants.id = ANY (tenants_wanted);
END $$;

-- Locks API keys in the order of their ids, and gives what they have spent on a day.
CREATE FUNCTION lock_api_key_usage(keys_wanted TEXT[], of_day BIGINT) RETURNS TABLE (id TEXT, credits BIGINT)
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM api_keys WHERE api_keys.id = ANY (keys_wanted) ORDER BY api_keys.id FOR NO KEY UPDATE;
    RETURN QUERY
        SELECT api_keys.id, COALESCE(usage.credits, 0)
        FROM api_keys LEFT JOIN api_key_usage AS usage ON usage.api_key_id = api_keys.id AND usage.day = of_day
        WHERE api_keys.id = ANY (keys_wanted);
END $$;
