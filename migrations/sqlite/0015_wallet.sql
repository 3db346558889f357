-- The wallet: spends, holds, grants and their reversals, idempotency keys, the platform's names for tenants, API keys.
-- migrations/postgres has the same tables, columns and constraint names.
--
-- A ledger entry belongs to a purchase, a spend or a grant: to exactly one. SQLite cannot change a table's constraints, so the
-- entries are copied once.

CREATE TABLE spends (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    hold_id       TEXT,
    credits       INTEGER NOT NULL,
    reference     TEXT,
    description   TEXT,
    metadata_json TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    CONSTRAINT spends_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT spends_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT spends_hold_fkey FOREIGN KEY (tenant_id, hold_id) REFERENCES holds (tenant_id, id),
    CONSTRAINT spends_credits_check CHECK (credits BETWEEN 1 AND 1000000000),
    CONSTRAINT spends_reference_check CHECK (length(reference) BETWEEN 1 AND 200),
    CONSTRAINT spends_metadata_json_check
        CHECK (CASE WHEN json_valid(metadata_json) THEN json_type(metadata_json) = 'object' ELSE FALSE END)
) STRICT, WITHOUT ROWID;

CREATE INDEX spends_reference_idx ON spends (tenant_id, reference) WHERE reference IS NOT NULL;

CREATE TABLE grants (
    id         TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL,
    credits    INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    granted_by TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT grants_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT grants_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT grants_credits_check CHECK (credits BETWEEN 1 AND 1000000000),
    CONSTRAINT grants_reason_check CHECK (length(reason) BETWEEN 1 AND 500)
) STRICT, WITHOUT ROWID;

-- What was given back of a spend, or taken back of a grant. Each has one entry.
CREATE TABLE wallet_reversals (
    id         TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL,
    spend_id   TEXT,
    grant_id   TEXT,
    credits    INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT wallet_reversals_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT wallet_reversals_spend_fkey FOREIGN KEY (tenant_id, spend_id) REFERENCES spends (tenant_id, id),
    CONSTRAINT wallet_reversals_grant_fkey FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id),
    CONSTRAINT wallet_reversals_source_check CHECK ((spend_id IS NULL) <> (grant_id IS NULL)),
    CONSTRAINT wallet_reversals_credits_check CHECK (credits BETWEEN 1 AND 1000000000),
    CONSTRAINT wallet_reversals_reason_check CHECK (length(reason) BETWEEN 1 AND 500)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER spends_pkey BEFORE INSERT ON spends
WHEN EXISTS (SELECT 1 FROM spends WHERE tenant_id = NEW.tenant_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'spends_pkey: there is a spend of that id'); END;
CREATE TRIGGER spends_hold_fkey BEFORE INSERT ON spends
WHEN NEW.hold_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM holds WHERE tenant_id = NEW.tenant_id AND id = NEW.hold_id)
BEGIN SELECT RAISE(ABORT, 'spends_hold_fkey: the tenant has no such hold'); END;
CREATE TRIGGER spends_tenant_fkey BEFORE INSERT ON spends
WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE id = NEW.tenant_id)
BEGIN SELECT RAISE(ABORT, 'spends_tenant_fkey: there is no such tenant'); END;
CREATE TRIGGER spends_append_only_update BEFORE UPDATE ON spends
BEGIN SELECT RAISE(ABORT, 'spends_append_only: a spend is never changed'); END;
CREATE TRIGGER spends_append_only_delete BEFORE DELETE ON spends
BEGIN SELECT RAISE(ABORT, 'spends_append_only: a spend is never deleted'); END;

CREATE TRIGGER grants_pkey BEFORE INSERT ON grants
WHEN EXISTS (SELECT 1 FROM grants WHERE tenant_id = NEW.tenant_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'grants_pkey: there is a grant of that id'); END;
CREATE TRIGGER grants_tenant_fkey BEFORE INSERT ON grants
WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE id = NEW.tenant_id)
BEGIN SELECT RAISE(ABORT, 'grants_tenant_fkey: there is no such tenant'); END;
CREATE TRIGGER grants_append_only_update BEFORE UPDATE ON grants
BEGIN SELECT RAISE(ABORT, 'grants_append_only: a grant is never changed'); END;
CREATE TRIGGER grants_append_only_delete BEFORE DELETE ON grants
BEGIN SELECT RAISE(ABORT, 'grants_append_only: a grant is never deleted'); END;

CREATE TRIGGER wallet_reversals_pkey BEFORE INSERT ON wallet_reversals
WHEN EXISTS (SELECT 1 FROM wallet_reversals WHERE tenant_id = NEW.tenant_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'wallet_reversals_pkey: there is a reversal of that id'); END;
CREATE TRIGGER wallet_reversals_spend_fkey BEFORE INSERT ON wallet_reversals
WHEN NEW.spend_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM spends WHERE tenant_id = NEW.tenant_id AND id = NEW.spend_id)
BEGIN SELECT RAISE(ABORT, 'wallet_reversals_spend_fkey: the tenant has no such spend'); END;
CREATE TRIGGER wallet_reversals_grant_fkey BEFORE INSERT ON wallet_reversals
WHEN NEW.grant_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM grants WHERE tenant_id = NEW.tenant_id AND id = NEW.grant_id)
BEGIN SELECT RAISE(ABORT, 'wallet_reversals_grant_fkey: the tenant has no such grant'); END;
CREATE TRIGGER wallet_reversals_append_only_update BEFORE UPDATE ON wallet_reversals
BEGIN SELECT RAISE(ABORT, 'wallet_reversals_append_only: a reversal is never changed'); END;
CREATE TRIGGER wallet_reversals_append_only_delete BEFORE DELETE ON wallet_reversals
BEGIN SELECT RAISE(ABORT, 'wallet_reversals_append_only: a reversal is never deleted'); END;

-- A hold holds credits - captured while it is ACTIVE and expires_at lies ahead. EXPIRED is tidiness: an ACTIVE hold whose end
-- has passed counts the same.
CREATE TABLE holds (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    credits       INTEGER NOT NULL,
    captured      INTEGER NOT NULL,
    status        TEXT    NOT NULL,
    reference     TEXT,
    description   TEXT,
    metadata_json TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    finished_at   INTEGER,
    CONSTRAINT holds_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT holds_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT holds_credits_check CHECK (credits > 0),
    CONSTRAINT holds_captured_check CHECK (captured BETWEEN 0 AND credits),
    CONSTRAINT holds_status_check CHECK (status IN ('ACTIVE', 'CAPTURED', 'RELEASED', 'EXPIRED')),
    CONSTRAINT holds_finished_check CHECK ((finished_at IS NOT NULL) = (status IN ('CAPTURED', 'RELEASED'))),
    CONSTRAINT holds_reference_check CHECK (length(reference) BETWEEN 1 AND 200),
    CONSTRAINT holds_metadata_json_check
        CHECK (CASE WHEN json_valid(metadata_json) THEN json_type(metadata_json) = 'object' ELSE FALSE END)
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_active_idx ON holds (tenant_id, expires_at) WHERE status = 'ACTIVE';
CREATE INDEX holds_expiry_idx ON holds (expires_at) WHERE status = 'ACTIVE';

CREATE TRIGGER holds_pkey BEFORE INSERT ON holds
WHEN EXISTS (SELECT 1 FROM holds WHERE tenant_id = NEW.tenant_id AND id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'holds_pkey: there is a hold of that id'); END;
CREATE TRIGGER holds_tenant_fkey BEFORE INSERT ON holds
WHEN NOT EXISTS (SELECT 1 FROM tenants WHERE id = NEW.tenant_id)
BEGIN SELECT RAISE(ABORT, 'holds_tenant_fkey: there is no such tenant'); END;

CREATE TRIGGER holds_snapshot BEFORE UPDATE ON holds
WHEN (OLD.id, OLD.tenant_id, OLD.reference, OLD.description, OLD.metadata_json, OLD.created_at)
     IS NOT (NEW.id, NEW.tenant_id, NEW.reference, NEW.description, NEW.metadata_json, NEW.created_at)
     OR NEW.captured < OLD.captured OR NEW.credits < OLD.credits
BEGIN SELECT RAISE(ABORT, 'holds_snapshot: what a hold is for never changes, and what was captured stays captured'); END;

CREATE TRIGGER holds_finished BEFORE UPDATE ON holds WHEN OLD.finished_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'holds_finished: a finished hold never changes'); END;

CREATE TRIGGER holds_limit_insert BEFORE INSERT ON holds
WHEN NEW.status = 'ACTIVE' AND NEW.expires_at > NEW.updated_at AND
    (SELECT count(*) FROM holds
     WHERE tenant_id = NEW.tenant_id AND status = 'ACTIVE' AND expires_at > NEW.updated_at) >= 100
BEGIN SELECT RAISE(ABORT, 'holds_limit: a tenant has at most 100 active holds'); END;

CREATE TRIGGER holds_limit_update BEFORE UPDATE ON holds
WHEN NEW.status = 'ACTIVE' AND NEW.expires_at > NEW.updated_at
    AND NOT (OLD.status = 'ACTIVE' AND OLD.expires_at > NEW.updated_at) AND
    (SELECT count(*) FROM holds
     WHERE tenant_id = NEW.tenant_id AND status = 'ACTIVE' AND expires_at > NEW.updated_at) >= 100
BEGIN SELECT RAISE(ABORT, 'holds_limit: a tenant has at most 100 active holds'); END;

CREATE TRIGGER holds_keep BEFORE DELETE ON holds
BEGIN SELECT RAISE(ABORT, 'holds_keep: a hold is never deleted'); END;

CREATE TABLE new_ledger_entries (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    purchase_id   TEXT,
    kind          TEXT    NOT NULL,
    effect_ref    TEXT    NOT NULL DEFAULT '',
    credits       INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    spend_id      TEXT,
    grant_id      TEXT,
    CONSTRAINT ledger_entries_pkey PRIMARY KEY (tenant_id, seq),
    CONSTRAINT ledger_entries_id_key UNIQUE (id),
    CONSTRAINT ledger_entries_effect_key UNIQUE (tenant_id, purchase_id, kind, effect_ref),
    CONSTRAINT ledger_entries_purchase_fkey
        FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases (tenant_id, id),
    CONSTRAINT ledger_entries_spend_fkey FOREIGN KEY (tenant_id, spend_id) REFERENCES spends (tenant_id, id),
    CONSTRAINT ledger_entries_grant_fkey FOREIGN KEY (tenant_id, grant_id) REFERENCES grants (tenant_id, id),
    CONSTRAINT ledger_entries_kind_check CHECK (kind IN (
        'PURCHASE', 'REFUND', 'REFUND_REVERSAL', 'DISPUTE', 'DISPUTE_REVERSAL',
        'SPEND', 'SPEND_REVERSAL', 'GRANT', 'GRANT_REVERSAL')),
    CONSTRAINT ledger_entries_source_check CHECK (
        (purchase_id IS NOT NULL) + (spend_id IS NOT NULL) + (grant_id IS NOT NULL) = 1
        AND (spend_id IS NOT NULL) = (kind IN ('SPEND', 'SPEND_REVERSAL'))
        AND (grant_id IS NOT NULL) = (kind IN ('GRANT', 'GRANT_REVERSAL'))
    ),
    CONSTRAINT ledger_entries_credits_check CHECK (
        CASE WHEN kind IN ('PURCHASE', 'SPEND_REVERSAL', 'GRANT') THEN credits > 0
             WHEN kind IN ('SPEND', 'GRANT_REVERSAL') THEN credits < 0
             WHEN kind IN ('REFUND', 'DISPUTE') THEN credits <= 0
             ELSE credits >= 0 END
    ),
    CONSTRAINT ledger_entries_effect_ref_check CHECK ((effect_ref = '') = (kind = 'PURCHASE')),
    CONSTRAINT ledger_entries_own_effect_check
        CHECK (kind NOT IN ('SPEND', 'GRANT') OR effect_ref = COALESCE(spend_id, grant_id))
) STRICT, WITHOUT ROWID;

INSERT INTO new_ledger_entries (id, tenant_id, seq, purchase_id, kind, effect_ref, credits, balance_after, created_at)
SELECT id, tenant_id, seq, purchase_id, kind, effect_ref, credits, balance_after, created_at
FROM ledger_entries ORDER BY tenant_id, seq;

DROP TABLE ledger_entries;
ALTER TABLE new_ledger_entries RENAME TO ledger_entries;

CREATE TRIGGER ledger_entries_id_key BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_id_key: there is an entry of that id'); END;

CREATE TRIGGER ledger_entries_effect_key BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE tenant_id = NEW.tenant_id AND purchase_id = NEW.purchase_id
             AND kind = NEW.kind AND effect_ref = NEW.effect_ref)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_effect_key: that effect is booked already'); END;

CREATE TRIGGER ledger_entries_chain BEFORE INSERT ON ledger_entries
WHEN (NEW.seq, NEW.balance_after) IS NOT (
    COALESCE((SELECT seq FROM ledger_entries WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1), 0) + 1,
    COALESCE((SELECT balance_after FROM ledger_entries WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1), 0)
        + NEW.credits)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_chain: the entry does not follow from the one before'); END;

CREATE TRIGGER ledger_entries_purchase_fkey BEFORE INSERT ON ledger_entries
WHEN NEW.purchase_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_purchase_fkey: the tenant has no such purchase'); END;

CREATE TRIGGER ledger_entries_spend_fkey BEFORE INSERT ON ledger_entries
WHEN NEW.spend_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM spends WHERE tenant_id = NEW.tenant_id AND id = NEW.spend_id)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_spend_fkey: the tenant has no such spend'); END;

CREATE TRIGGER ledger_entries_grant_fkey BEFORE INSERT ON ledger_entries
WHEN NEW.grant_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM grants WHERE tenant_id = NEW.tenant_id AND id = NEW.grant_id)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_grant_fkey: the tenant has no such grant'); END;

CREATE TRIGGER ledger_entries_sold BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id
             AND (status NOT IN ('PAID', 'REFUNDED') OR (NEW.kind = 'PURCHASE' AND credits_amount <> NEW.credits)))
BEGIN SELECT RAISE(ABORT, 'ledger_entries_sold: only what was sold is credited, and only once it is paid'); END;

CREATE TRIGGER ledger_entries_spent BEFORE INSERT ON ledger_entries
WHEN NEW.kind = 'SPEND' AND EXISTS (
    SELECT 1 FROM spends WHERE tenant_id = NEW.tenant_id AND id = NEW.spend_id AND credits <> -NEW.credits)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_spent: an entry takes what the spend says'); END;

CREATE TRIGGER ledger_entries_available BEFORE INSERT ON ledger_entries
WHEN NEW.kind = 'SPEND' AND NEW.balance_after < COALESCE((
    SELECT sum(credits - captured) FROM holds
    WHERE tenant_id = NEW.tenant_id AND status = 'ACTIVE' AND expires_at > NEW.created_at
        AND id IS NOT (SELECT hold_id FROM spends WHERE tenant_id = NEW.tenant_id AND id = NEW.spend_id)), 0)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_available: a spend takes no more than is available'); END;

CREATE TRIGGER ledger_entries_granted BEFORE INSERT ON ledger_entries
WHEN NEW.kind = 'GRANT' AND EXISTS (
    SELECT 1 FROM grants WHERE tenant_id = NEW.tenant_id AND id = NEW.grant_id AND credits <> NEW.credits)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_granted: an entry gives what the grant says'); END;

CREATE TRIGGER ledger_entries_reversal BEFORE INSERT ON ledger_entries
WHEN NEW.kind IN ('SPEND_REVERSAL', 'GRANT_REVERSAL') AND NOT EXISTS (
    SELECT 1 FROM wallet_reversals WHERE tenant_id = NEW.tenant_id AND id = NEW.effect_ref
        AND credits = abs(NEW.credits) AND spend_id IS NEW.spend_id AND grant_id IS NEW.grant_id)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_reversal: an entry moves what the reversal says'); END;

CREATE TRIGGER ledger_entries_reversed BEFORE INSERT ON ledger_entries
WHEN NEW.kind = 'SPEND_REVERSAL' AND NEW.credits > (
        SELECT -sum(credits) FROM ledger_entries WHERE tenant_id = NEW.tenant_id AND spend_id = NEW.spend_id)
    OR NEW.kind = 'GRANT_REVERSAL' AND -NEW.credits > (
        SELECT sum(credits) FROM ledger_entries WHERE tenant_id = NEW.tenant_id AND grant_id = NEW.grant_id)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_reversed: no more is reversed than was spent or granted'); END;

CREATE TRIGGER ledger_entries_append_only_update BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries_append_only: an entry is never changed'); END;

CREATE TRIGGER ledger_entries_append_only_delete BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries_append_only: an entry is never deleted'); END;

CREATE TRIGGER holds_available_insert BEFORE INSERT ON holds
WHEN NEW.status = 'ACTIVE' AND NEW.expires_at > NEW.updated_at AND
    COALESCE((SELECT balance_after FROM ledger_entries WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1), 0)
    - COALESCE((SELECT sum(credits - captured) FROM holds
                WHERE tenant_id = NEW.tenant_id AND status = 'ACTIVE' AND expires_at > NEW.updated_at), 0)
    < NEW.credits - NEW.captured
BEGIN SELECT RAISE(ABORT, 'holds_available: no more is set aside than is available'); END;

CREATE TRIGGER holds_available_update BEFORE UPDATE ON holds
WHEN NEW.status = 'ACTIVE' AND NEW.expires_at > NEW.updated_at
    AND NEW.credits - NEW.captured > CASE WHEN OLD.status = 'ACTIVE' AND OLD.expires_at > NEW.updated_at
        THEN OLD.credits - OLD.captured ELSE 0 END
    AND COALESCE((SELECT balance_after FROM ledger_entries WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1), 0)
    - COALESCE((SELECT sum(credits - captured) FROM holds WHERE tenant_id = NEW.tenant_id AND status = 'ACTIVE'
                AND expires_at > NEW.updated_at AND id <> NEW.id), 0)
    < NEW.credits - NEW.captured
BEGIN SELECT RAISE(ABORT, 'holds_available: no more is set aside than is available'); END;

-- The answer to each request, by its idempotency key. Keys of what was done stay; a refusal's may be deleted.
CREATE TABLE idempotency_keys (
    key          TEXT    NOT NULL,
    tenant_id    TEXT    NOT NULL,
    fingerprint  TEXT    NOT NULL,
    done         INTEGER NOT NULL,
    outcome_json TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (key),
    CONSTRAINT idempotency_keys_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT idempotency_keys_key_check CHECK (length(key) BETWEEN 1 AND 255),
    CONSTRAINT idempotency_keys_done_check CHECK (done IN (FALSE, TRUE))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_refused_idx ON idempotency_keys (created_at) WHERE NOT done;

CREATE TRIGGER idempotency_keys_pkey BEFORE INSERT ON idempotency_keys
WHEN EXISTS (SELECT 1 FROM idempotency_keys WHERE key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'idempotency_keys_pkey: that key was used'); END;
CREATE TRIGGER idempotency_keys_keep_update BEFORE UPDATE ON idempotency_keys
BEGIN SELECT RAISE(ABORT, 'idempotency_keys_keep: the answer to a request stays as it was'); END;
CREATE TRIGGER idempotency_keys_keep_delete BEFORE DELETE ON idempotency_keys WHEN OLD.done
BEGIN SELECT RAISE(ABORT, 'idempotency_keys_keep: the answer to a request that was done stays'); END;

-- The platform's names for tenants.
CREATE TABLE platform_tenants (
    tenant_id   TEXT    NOT NULL,
    external_id TEXT    NOT NULL,
    email       TEXT,
    name        TEXT,
    low_balance INTEGER,
    created_at  INTEGER NOT NULL,
    CONSTRAINT platform_tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT platform_tenants_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT platform_tenants_external_id_key UNIQUE (external_id),
    CONSTRAINT platform_tenants_external_id_check CHECK (length(external_id) BETWEEN 1 AND 200)
) STRICT, WITHOUT ROWID;

CREATE INDEX platform_tenants_email_idx ON platform_tenants (email) WHERE email IS NOT NULL;

CREATE TRIGGER platform_tenants_pkey BEFORE INSERT ON platform_tenants
WHEN EXISTS (SELECT 1 FROM platform_tenants WHERE tenant_id = NEW.tenant_id)
BEGIN SELECT RAISE(ABORT, 'platform_tenants_pkey: the tenant has an external id'); END;
CREATE TRIGGER platform_tenants_external_id_key BEFORE INSERT ON platform_tenants
WHEN EXISTS (SELECT 1 FROM platform_tenants WHERE external_id = NEW.external_id)
BEGIN SELECT RAISE(ABORT, 'platform_tenants_external_id_key: another tenant has that external id'); END;

CREATE TABLE api_keys (
    id           TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    secret_hash  TEXT    NOT NULL,
    scopes       TEXT    NOT NULL,
    daily_cap    INTEGER,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_secret_hash_key UNIQUE (secret_hash),
    CONSTRAINT api_keys_daily_cap_check CHECK (daily_cap > 0)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX api_keys_name_key ON api_keys (name) WHERE revoked_at IS NULL;

CREATE TRIGGER api_keys_pkey BEFORE INSERT ON api_keys
WHEN EXISTS (SELECT 1 FROM api_keys WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'api_keys_pkey: there is a key of that id'); END;
CREATE TRIGGER api_keys_secret_hash_key BEFORE INSERT ON api_keys
WHEN EXISTS (SELECT 1 FROM api_keys WHERE secret_hash = NEW.secret_hash)
BEGIN SELECT RAISE(ABORT, 'api_keys_secret_hash_key: there is that key'); END;
CREATE TRIGGER api_keys_snapshot BEFORE UPDATE ON api_keys
WHEN (OLD.id, OLD.name, OLD.prefix, OLD.secret_hash, OLD.scopes, OLD.daily_cap, OLD.created_at, OLD.expires_at)
     IS NOT
     (NEW.id, NEW.name, NEW.prefix, NEW.secret_hash, NEW.scopes, NEW.daily_cap, NEW.created_at, NEW.expires_at)
     OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS NOT OLD.revoked_at)
BEGIN SELECT RAISE(ABORT, 'api_keys_snapshot: what a key may do never changes, and a revoked key stays revoked'); END;
CREATE TRIGGER api_keys_keep BEFORE DELETE ON api_keys
BEGIN SELECT RAISE(ABORT, 'api_keys_keep: a key is never deleted'); END;

-- What keys with a daily cap have spent; day counts from 1 January 1970, UTC.
CREATE TABLE api_key_usage (
    api_key_id TEXT    NOT NULL,
    day        INTEGER NOT NULL,
    credits    INTEGER NOT NULL,
    CONSTRAINT api_key_usage_pkey PRIMARY KEY (api_key_id, day),
    CONSTRAINT api_key_usage_key_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys (id),
    CONSTRAINT api_key_usage_credits_check CHECK (credits >= 0)
) STRICT, WITHOUT ROWID;
