-- The shop's tables. migrations/sqlite has the same tables, columns and constraint names.
--
-- Ids are UUIDv7 in lower-case text, so their byte order is the order of their making; COLLATE "C" keeps it. Instants
-- are microseconds since 1970, UTC. Amounts are cents.
--
-- Triggers, and not code alone, keep the rules, because a person at the psql prompt has no code.

CREATE FUNCTION refuse(rule TEXT, why TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%: %', rule, why USING ERRCODE = 'check_violation', CONSTRAINT = rule;
END $$;

-- A trigger whose argument names the rule that the statement breaks.
CREATE FUNCTION refuse_statement() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse(TG_ARGV[0], TG_OP || ' on ' || TG_TABLE_NAME || ' is never allowed');
    RETURN NULL;
END $$;

CREATE TABLE tenants (
    id         TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (id)
);

CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL,
    tenant_id     TEXT COLLATE "C" NOT NULL,
    email         TEXT COLLATE "C" NOT NULL,
    password_hash TEXT             NOT NULL,
    created_at    BIGINT           NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_tenant_key UNIQUE (tenant_id, id),
    CONSTRAINT users_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
);

CREATE TABLE sessions (
    token_hash TEXT COLLATE "C" NOT NULL,
    data       TEXT             NOT NULL,
    expires_at BIGINT           NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (token_hash)
);

CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- The primary key serves the history, newest first, and starts with the tenant; the bare id is for the provider's
-- notifications, which know no tenant.
CREATE TABLE purchases (
    id             TEXT COLLATE "C" NOT NULL,
    tenant_id      TEXT COLLATE "C" NOT NULL,
    ordered_by     TEXT COLLATE "C" NOT NULL,
    order_key      TEXT COLLATE "C",
    provider       TEXT             NOT NULL,
    provider_ref   TEXT COLLATE "C",
    checkout_url   TEXT,
    product_id     TEXT             NOT NULL,
    type           TEXT             NOT NULL,
    status         TEXT             NOT NULL,
    failure_reason TEXT,
    amount_cents   BIGINT           NOT NULL,
    currency       TEXT             NOT NULL,
    credits_amount BIGINT           NOT NULL,
    metadata_json  TEXT             NOT NULL,
    payment_ref    TEXT,
    created_at     BIGINT           NOT NULL,
    updated_at     BIGINT           NOT NULL,
    paid_at        BIGINT,
    failed_at      BIGINT,
    refunded_at    BIGINT,
    version        BIGINT           NOT NULL,
    CONSTRAINT purchases_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT purchases_id_key UNIQUE (id),
    CONSTRAINT purchases_order_key_key UNIQUE (tenant_id, order_key),
    CONSTRAINT purchases_provider_ref_key UNIQUE (provider_ref),
    CONSTRAINT purchases_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT purchases_ordered_by_fkey FOREIGN KEY (tenant_id, ordered_by) REFERENCES users (tenant_id, id),
    CONSTRAINT purchases_provider_check CHECK (provider = 'STRIPE'),
    CONSTRAINT purchases_checkout_check CHECK ((provider_ref IS NULL) = (checkout_url IS NULL)),
    CONSTRAINT purchases_type_check CHECK (type IN ('CREDITS', 'IZA_PASS')),
    CONSTRAINT purchases_status_check CHECK (status IN ('PENDING', 'PAID', 'FAILED', 'REFUNDED')),
    CONSTRAINT purchases_failure_reason_check
        CHECK (failure_reason IN ('EXPIRED', 'PAYMENT_FAILED', 'CANCELLED', 'PROVIDER_REJECTED')),
    CONSTRAINT purchases_amount_cents_check CHECK (amount_cents > 0),
    CONSTRAINT purchases_currency_check CHECK (currency = 'EUR'),
    CONSTRAINT purchases_credits_amount_check CHECK (credits_amount > 0),
    CONSTRAINT purchases_metadata_json_check CHECK (jsonb_typeof(metadata_json::jsonb) = 'object'),
    CONSTRAINT purchases_version_check CHECK (version > 0),
    CONSTRAINT purchases_state_check CHECK (
        (paid_at IS NOT NULL) = (status IN ('PAID', 'REFUNDED'))
        AND (failed_at IS NOT NULL) = (status = 'FAILED')
        AND (failure_reason IS NOT NULL) = (status = 'FAILED')
        AND (refunded_at IS NOT NULL) = (status = 'REFUNDED')
    )
);

CREATE FUNCTION purchases_insert() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'PENDING' OR NEW.version <> 1 THEN
        PERFORM refuse('purchases_start', 'a purchase begins PENDING, at version 1');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION purchases_update() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.tenant_id, OLD.ordered_by, OLD.order_key, OLD.provider, OLD.product_id, OLD.type, OLD.amount_cents,
        OLD.currency, OLD.credits_amount, OLD.metadata_json, OLD.created_at)
       IS DISTINCT FROM
       (NEW.id, NEW.tenant_id, NEW.ordered_by, NEW.order_key, NEW.provider, NEW.product_id, NEW.type, NEW.amount_cents,
        NEW.currency, NEW.credits_amount, NEW.metadata_json, NEW.created_at)
       OR (OLD.provider_ref IS NOT NULL AND NEW.provider_ref IS DISTINCT FROM OLD.provider_ref)
       OR (OLD.paid_at IS NOT NULL AND NEW.paid_at IS DISTINCT FROM OLD.paid_at)
    THEN
        PERFORM refuse('purchases_snapshot', 'what was sold, and its checkout session, never change');
    END IF;
    IF OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN
       (('PENDING', 'PAID'), ('PENDING', 'FAILED'), ('FAILED', 'PAID'), ('PAID', 'REFUNDED'))
    THEN
        PERFORM refuse('purchases_move', 'a purchase does not make that move');
    END IF;
    IF NEW.version IS DISTINCT FROM OLD.version + 1 THEN
        PERFORM refuse('purchases_version', 'each change counts the version one up');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER purchases_insert BEFORE INSERT ON purchases FOR EACH ROW EXECUTE FUNCTION purchases_insert();
CREATE TRIGGER purchases_update BEFORE UPDATE ON purchases FOR EACH ROW EXECUTE FUNCTION purchases_update();
CREATE TRIGGER purchases_keep BEFORE DELETE OR TRUNCATE ON purchases
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('purchases_keep');

-- Only ever added to. Entry n carries the balance of entry n - 1 plus its own credits: the newest entry is the balance.
CREATE TABLE ledger_entries (
    id            TEXT COLLATE "C" NOT NULL,
    tenant_id     TEXT COLLATE "C" NOT NULL,
    seq           BIGINT           NOT NULL,
    purchase_id   TEXT COLLATE "C" NOT NULL,
    kind          TEXT             NOT NULL,
    effect_ref    TEXT COLLATE "C" NOT NULL DEFAULT '',
    credits       BIGINT           NOT NULL,
    balance_after BIGINT           NOT NULL,
    created_at    BIGINT           NOT NULL,
    CONSTRAINT ledger_entries_pkey PRIMARY KEY (tenant_id, seq),
    CONSTRAINT ledger_entries_id_key UNIQUE (id),
    CONSTRAINT ledger_entries_effect_key UNIQUE (tenant_id, purchase_id, kind, effect_ref),
    CONSTRAINT ledger_entries_purchase_fkey
        FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases (tenant_id, id),
    CONSTRAINT ledger_entries_kind_check
        CHECK (kind IN ('PURCHASE', 'REFUND', 'REFUND_REVERSAL', 'DISPUTE', 'DISPUTE_REVERSAL')),
    CONSTRAINT ledger_entries_credits_check CHECK (
        CASE kind WHEN 'PURCHASE' THEN credits > 0
                  WHEN 'REFUND' THEN credits <= 0
                  WHEN 'DISPUTE' THEN credits <= 0
                  ELSE credits >= 0 END
    ),
    CONSTRAINT ledger_entries_effect_ref_check CHECK ((effect_ref = '') = (kind = 'PURCHASE'))
);

-- The previous entry is read after the tenant's row is locked, so two inserts at once follow one another.
CREATE FUNCTION ledger_entries_insert() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    newest ledger_entries%ROWTYPE;
    sold   purchases%ROWTYPE;
BEGIN
    PERFORM 1 FROM tenants WHERE id = NEW.tenant_id FOR NO KEY UPDATE;
    SELECT * INTO newest FROM ledger_entries WHERE tenant_id = NEW.tenant_id ORDER BY seq DESC LIMIT 1;
    IF (NEW.seq, NEW.balance_after)
       IS DISTINCT FROM (COALESCE(newest.seq, 0) + 1, COALESCE(newest.balance_after, 0) + NEW.credits)
    THEN
        PERFORM refuse('ledger_entries_chain', 'the entry does not follow from the one before');
    END IF;
    -- A purchase that the tenant does not have is left to the foreign key.
    SELECT * INTO sold FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id;
    IF sold.status NOT IN ('PAID', 'REFUNDED') OR (NEW.kind = 'PURCHASE' AND sold.credits_amount <> NEW.credits) THEN
        PERFORM refuse('ledger_entries_sold', 'only what was sold is credited, and only once it is paid');
    END IF;
    RETURN NEW;
END $$;

-- Told when the transaction commits, to every process that listens.
CREATE FUNCTION ledger_entries_notify() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('balance_changed', NEW.tenant_id);
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entries_insert BEFORE INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_entries_insert();
CREATE TRIGGER ledger_entries_notify AFTER INSERT ON ledger_entries
    FOR EACH ROW EXECUTE FUNCTION ledger_entries_notify();
CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('ledger_entries_append_only');

CREATE TABLE payment_events (
    id                TEXT COLLATE "C" NOT NULL,
    provider          TEXT             NOT NULL,
    provider_event_id TEXT COLLATE "C" NOT NULL,
    event_type        TEXT             NOT NULL,
    api_version       TEXT,
    livemode          BOOLEAN          NOT NULL,
    payload           BYTEA            NOT NULL,
    received_at       BIGINT           NOT NULL,
    status            TEXT             NOT NULL,
    note              TEXT             NOT NULL,
    finished_at       BIGINT,
    CONSTRAINT payment_events_pkey PRIMARY KEY (id),
    CONSTRAINT payment_events_provider_event_key UNIQUE (provider, provider_event_id),
    CONSTRAINT payment_events_provider_check CHECK (provider = 'STRIPE'),
    CONSTRAINT payment_events_livemode_check CHECK (livemode IN (FALSE, TRUE)),
    CONSTRAINT payment_events_status_check CHECK (status IN ('RECEIVED', 'APPLIED', 'IGNORED', 'ATTENTION')),
    CONSTRAINT payment_events_finished_check CHECK ((finished_at IS NULL) = (status = 'RECEIVED'))
);

CREATE INDEX payment_events_status_idx ON payment_events (status, received_at);

CREATE FUNCTION payment_events_update() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.provider, OLD.provider_event_id, OLD.event_type, OLD.api_version, OLD.livemode, OLD.payload,
        OLD.received_at)
       IS DISTINCT FROM
       (NEW.id, NEW.provider, NEW.provider_event_id, NEW.event_type, NEW.api_version, NEW.livemode, NEW.payload,
        NEW.received_at)
    THEN
        PERFORM refuse('payment_events_as_it_came', 'an event is kept as it came');
    END IF;
    IF OLD.status <> 'RECEIVED' AND NEW.status = 'RECEIVED' THEN
        PERFORM refuse('payment_events_finished', 'a finished event is not received again');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER payment_events_update BEFORE UPDATE ON payment_events
    FOR EACH ROW EXECUTE FUNCTION payment_events_update();
CREATE TRIGGER payment_events_keep BEFORE DELETE OR TRUNCATE ON payment_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('payment_events_keep');
