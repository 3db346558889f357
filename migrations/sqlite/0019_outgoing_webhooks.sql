-- Webhooks out: endpoints of the platform, the events that they are told, and each delivery. An event is written in the
-- transaction of its effect, and only while an enabled endpoint wants it.
-- migrations/postgres has the same tables, columns and constraint names.

-- event_types: separated by blanks; without any, all. secrets_json: several while one is being rotated; none once the
-- endpoint is removed. failing_since: the first failed attempt after the last one that succeeded.
CREATE TABLE webhook_endpoints (
    id            TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    secrets_json  TEXT    NOT NULL,
    event_types   TEXT,
    created_at    INTEGER NOT NULL,
    failing_since INTEGER,
    disabled_at   INTEGER,
    disabled_note TEXT    NOT NULL DEFAULT '',
    removed_at    INTEGER,
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_endpoints_secrets_json_check
        CHECK (CASE WHEN json_valid(secrets_json) THEN json_type(secrets_json) = 'array' ELSE FALSE END),
    CONSTRAINT webhook_endpoints_removed_check CHECK (removed_at IS NULL OR disabled_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER webhook_endpoints_snapshot BEFORE UPDATE ON webhook_endpoints
WHEN (OLD.id, OLD.url, OLD.created_at) IS NOT (NEW.id, NEW.url, NEW.created_at) OR OLD.removed_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'webhook_endpoints_snapshot: an endpoint keeps its address, and a removed one stays as it is');
END;
CREATE TRIGGER webhook_endpoints_keep BEFORE DELETE ON webhook_endpoints
BEGIN SELECT RAISE(ABORT, 'webhook_endpoints_keep: an endpoint is never deleted'); END;

-- What an event is about: a ledger entry, or a hold. payload_json is written at the first attempt, and stays.
CREATE TABLE webhook_events (
    id           TEXT    NOT NULL,
    tenant_id    TEXT    NOT NULL,
    type         TEXT    NOT NULL,
    entry_id     TEXT,
    hold_id      TEXT,
    payload_json TEXT,
    created_at   INTEGER NOT NULL,
    CONSTRAINT webhook_events_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_events_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id),
    CONSTRAINT webhook_events_entry_fkey FOREIGN KEY (entry_id) REFERENCES ledger_entries (id),
    CONSTRAINT webhook_events_hold_fkey FOREIGN KEY (tenant_id, hold_id) REFERENCES holds (tenant_id, id),
    CONSTRAINT webhook_events_type_check CHECK (type IN (
        'purchase.paid', 'purchase.refunded', 'purchase.disputed', 'balance.low', 'hold.expired', 'spend.reversed',
        'grant.made')),
    CONSTRAINT webhook_events_subject_check CHECK (
        (hold_id IS NOT NULL) = (type = 'hold.expired') AND (entry_id IS NULL) = (type = 'hold.expired')),
    CONSTRAINT webhook_events_payload_json_check CHECK (
        payload_json IS NULL OR CASE WHEN json_valid(payload_json) THEN json_type(payload_json) = 'object' ELSE FALSE END)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER webhook_events_snapshot BEFORE UPDATE ON webhook_events
WHEN (OLD.id, OLD.tenant_id, OLD.type, OLD.entry_id, OLD.hold_id, OLD.created_at)
     IS NOT (NEW.id, NEW.tenant_id, NEW.type, NEW.entry_id, NEW.hold_id, NEW.created_at)
     OR (OLD.payload_json IS NOT NULL AND NEW.payload_json IS NOT OLD.payload_json)
BEGIN SELECT RAISE(ABORT, 'webhook_events_snapshot: each attempt sends the same event'); END;
CREATE TRIGGER webhook_events_keep BEFORE DELETE ON webhook_events
BEGIN SELECT RAISE(ABORT, 'webhook_events_keep: an event is never deleted'); END;

-- With none of next_attempt_at, delivered_at and given_up_at, it waits until its endpoint is enabled again.
CREATE TABLE webhook_deliveries (
    event_id        TEXT    NOT NULL,
    endpoint_id     TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    leased_until    INTEGER,
    delivered_at    INTEGER,
    given_up_at     INTEGER,
    last_status     INTEGER,
    note            TEXT    NOT NULL DEFAULT '',
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (event_id, endpoint_id),
    CONSTRAINT webhook_deliveries_event_fkey FOREIGN KEY (event_id) REFERENCES webhook_events (id),
    CONSTRAINT webhook_deliveries_endpoint_fkey FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoints (id),
    CONSTRAINT webhook_deliveries_state_check CHECK (
        (next_attempt_at IS NOT NULL) + (delivered_at IS NOT NULL) + (given_up_at IS NOT NULL) <= 1)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_deliveries_due_idx ON webhook_deliveries (endpoint_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;

CREATE TRIGGER webhook_deliveries_keep BEFORE DELETE ON webhook_deliveries
BEGIN SELECT RAISE(ABORT, 'webhook_deliveries_keep: a delivery is never deleted'); END;

-- A mail tells the operator of an endpoint that was switched off. SQLite cannot change a table's constraints, so the mails
-- are copied once.
CREATE TABLE new_mails (
    kind            TEXT    NOT NULL,
    subject_id      TEXT    NOT NULL,
    tenant_id       TEXT,
    created_at      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    sent_at         INTEGER,
    note            TEXT    NOT NULL DEFAULT '',
    leased_until    INTEGER,
    first_sent_at   INTEGER,
    copies          INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT mails_pkey PRIMARY KEY (kind, subject_id),
    CONSTRAINT mails_kind_check CHECK (kind IN ('CONFIRMATION', 'WITHDRAWAL', 'WEBHOOK_ENDPOINT')),
    CONSTRAINT mails_tenant_check CHECK ((tenant_id IS NOT NULL) = (kind = 'CONFIRMATION')),
    CONSTRAINT mails_state_check CHECK (next_attempt_at IS NULL OR sent_at IS NULL)
) STRICT, WITHOUT ROWID;

INSERT INTO new_mails (kind, subject_id, tenant_id, created_at, attempts, next_attempt_at, sent_at, note, leased_until,
    first_sent_at, copies)
SELECT kind, subject_id, tenant_id, created_at, attempts, next_attempt_at, sent_at, note, leased_until, first_sent_at, copies
FROM mails;

DROP TABLE mails;
ALTER TABLE new_mails RENAME TO mails;

CREATE INDEX mails_next_idx ON mails (kind DESC, next_attempt_at) WHERE next_attempt_at IS NOT NULL;

CREATE TRIGGER mails_pkey BEFORE INSERT ON mails
WHEN EXISTS (SELECT 1 FROM mails WHERE kind = NEW.kind AND subject_id = NEW.subject_id)
BEGIN SELECT RAISE(ABORT, 'mails_pkey: there is a mail about that'); END;
