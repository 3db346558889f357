-- Webhooks out: endpoints of the platform, the events that they are told, and each delivery. An event is written in the
-- transaction of its effect, and only while an enabled endpoint wants it.
-- migrations/sqlite has the same tables, columns and constraint names.

-- event_types: separated by blanks; without any, all. secrets_json: several while one is being rotated; none once the
-- endpoint is removed. failing_since: the first failed attempt after the last one that succeeded.
CREATE TABLE webhook_endpoints (
    id            TEXT COLLATE "C" NOT NULL,
    url           TEXT             NOT NULL,
    secrets_json  TEXT             NOT NULL,
    event_types   TEXT,
    created_at    BIGINT           NOT NULL,
    failing_since BIGINT,
    disabled_at   BIGINT,
    disabled_note TEXT             NOT NULL DEFAULT '',
    removed_at    BIGINT,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_endpoints_secrets_json_check CHECK (jsonb_typeof(secrets_json::jsonb) = 'array'),
    CONSTRAINT webhook_endpoints_removed_check CHECK (removed_at IS NULL OR disabled_at IS NOT NULL)
);

CREATE FUNCTION webhook_endpoints_update() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.url, OLD.created_at) IS DISTINCT FROM (NEW.id, NEW.url, NEW.created_at)
       OR OLD.removed_at IS NOT NULL
    THEN
        PERFORM refuse('webhook_endpoints_snapshot', 'an endpoint keeps its address, and a removed one stays as it is');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER webhook_endpoints_update BEFORE UPDATE ON webhook_endpoints
    FOR EACH ROW EXECUTE FUNCTION webhook_endpoints_update();
CREATE TRIGGER webhook_endpoints_keep BEFORE DELETE OR TRUNCATE ON webhook_endpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('webhook_endpoints_keep');

-- What an event is about: a ledger entry, or a hold. payload_json is written at the first attempt, and stays.
CREATE TABLE webhook_events (
    id           TEXT COLLATE "C" NOT NULL,
    tenant_id    TEXT COLLATE "C" NOT NULL,
    type         TEXT             NOT NULL,
    entry_id     TEXT COLLATE "C",
    hold_id      TEXT COLLATE "C",
    payload_json TEXT,
    created_at   BIGINT           NOT NULL,
    CONSTRAINT webhook_events_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_events_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT webhook_events_entry_fkey FOREIGN KEY (entry_id) REFERENCES ledger_entries (id),
    CONSTRAINT webhook_events_hold_fkey FOREIGN KEY (tenant_id, hold_id) REFERENCES holds (tenant_id, id),
    CONSTRAINT webhook_events_type_check CHECK (type IN (
        'purchase.paid', 'purchase.refunded', 'purchase.disputed', 'balance.low', 'hold.expired', 'spend.reversed',
        'grant.made')),
    CONSTRAINT webhook_events_subject_check CHECK (
        (hold_id IS NOT NULL) = (type = 'hold.expired') AND (entry_id IS NULL) = (type = 'hold.expired')),
    CONSTRAINT webhook_events_payload_json_check CHECK (jsonb_typeof(payload_json::jsonb) = 'object')
);

CREATE FUNCTION webhook_events_update() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.id, OLD.tenant_id, OLD.type, OLD.entry_id, OLD.hold_id, OLD.created_at)
       IS DISTINCT FROM (NEW.id, NEW.tenant_id, NEW.type, NEW.entry_id, NEW.hold_id, NEW.created_at)
       OR (OLD.payload_json IS NOT NULL AND NEW.payload_json IS DISTINCT FROM OLD.payload_json)
    THEN
        PERFORM refuse('webhook_events_snapshot', 'each attempt sends the same event');
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER webhook_events_update BEFORE UPDATE ON webhook_events
    FOR EACH ROW EXECUTE FUNCTION webhook_events_update();
CREATE TRIGGER webhook_events_keep BEFORE DELETE OR TRUNCATE ON webhook_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('webhook_events_keep');

-- With none of next_attempt_at, delivered_at and given_up_at, it waits until its endpoint is enabled again.
CREATE TABLE webhook_deliveries (
    event_id        TEXT COLLATE "C" NOT NULL,
    endpoint_id     TEXT COLLATE "C" NOT NULL,
    created_at      BIGINT           NOT NULL,
    attempts        BIGINT           NOT NULL DEFAULT 0,
    next_attempt_at BIGINT,
    leased_until    BIGINT,
    delivered_at    BIGINT,
    given_up_at     BIGINT,
    last_status     BIGINT,
    note            TEXT             NOT NULL DEFAULT '',
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (event_id, endpoint_id),
    CONSTRAINT webhook_deliveries_event_fkey FOREIGN KEY (event_id) REFERENCES webhook_events (id),
    CONSTRAINT webhook_deliveries_endpoint_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id),
    CONSTRAINT webhook_deliveries_state_check CHECK (num_nonnulls(next_attempt_at, delivered_at, given_up_at) <= 1)
);

CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;

CREATE TRIGGER webhook_deliveries_keep BEFORE DELETE OR TRUNCATE ON webhook_deliveries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('webhook_deliveries_keep');

-- A mail tells the operator of an endpoint that was switched off. NOT VALID here, validated by 0020, which keeps nobody
-- waiting.
ALTER TABLE mails
    DROP CONSTRAINT mails_kind_check,
    ADD CONSTRAINT mails_kind_check CHECK (kind IN ('CONFIRMATION', 'WITHDRAWAL', 'WEBHOOK_ENDPOINT')) NOT VALID;
