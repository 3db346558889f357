-- The shop's tables. migrations/postgres has the same tables, columns and constraint names.
--
-- Ids are UUIDv7 in lower-case text, so their byte order is the order of their making. Instants are microseconds since
-- 1970, UTC. Amounts are cents. Every table is STRICT, and WITHOUT ROWID, so that no hidden key can be replaced.
--
-- Triggers, and not code alone, keep the rules, because a person at the sqlite3 prompt has no code, and no foreign keys
-- unless asked for. REPLACE deletes rows without firing DELETE triggers: BEFORE INSERT refuses keys that exist.

CREATE TABLE tenants (
    id         TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT tenants_pkey PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_tenant_key UNIQUE (tenant_id, id),
    CONSTRAINT users_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    token_hash TEXT    NOT NULL,
    data       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (token_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- The primary key serves the history, newest first, and starts with the tenant; the bare id is for the provider's
-- notifications, which know no tenant.
CREATE TABLE purchases (
    id             TEXT    NOT NULL,
    tenant_id      TEXT    NOT NULL,
    ordered_by     TEXT    NOT NULL,
    order_key      TEXT,
    provider       TEXT    NOT NULL,
    provider_ref   TEXT,
    checkout_url   TEXT,
    product_id     TEXT    NOT NULL,
    type           TEXT    NOT NULL,
    status         TEXT    NOT NULL,
    failure_reason TEXT,
    amount_cents   INTEGER NOT NULL,
    currency       TEXT    NOT NULL,
    credits_amount INTEGER NOT NULL,
    metadata_json  TEXT    NOT NULL,
    payment_ref    TEXT,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    paid_at        INTEGER,
    failed_at      INTEGER,
    refunded_at    INTEGER,
    version        INTEGER NOT NULL,
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
    CONSTRAINT purchases_metadata_json_check
        CHECK (CASE WHEN json_valid(metadata_json) THEN json_type(metadata_json) = 'object' ELSE FALSE END),
    CONSTRAINT purchases_version_check CHECK (version > 0),
    CONSTRAINT purchases_state_check CHECK (
        (paid_at IS NOT NULL) = (status IN ('PAID', 'REFUNDED'))
        AND (failed_at IS NOT NULL) = (status = 'FAILED')
        AND (failure_reason IS NOT NULL) = (status = 'FAILED')
        AND (refunded_at IS NOT NULL) = (status = 'REFUNDED')
    )
) STRICT, WITHOUT ROWID;

CREATE TRIGGER purchases_id_key BEFORE INSERT ON purchases
WHEN EXISTS (SELECT 1 FROM purchases WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'purchases_id_key: there is a purchase of that id'); END;

CREATE TRIGGER purchases_order_key_key BEFORE INSERT ON purchases
WHEN EXISTS (SELECT 1 FROM purchases WHERE tenant_id = NEW.tenant_id AND order_key = NEW.order_key)
BEGIN SELECT RAISE(ABORT, 'purchases_order_key_key: the tenant has used that order key'); END;

CREATE TRIGGER purchases_provider_ref_key_insert BEFORE INSERT ON purchases
WHEN EXISTS (SELECT 1 FROM purchases WHERE provider_ref = NEW.provider_ref)
BEGIN SELECT RAISE(ABORT, 'purchases_provider_ref_key: another purchase has that checkout session'); END;

CREATE TRIGGER purchases_provider_ref_key_update BEFORE UPDATE ON purchases
WHEN NEW.provider_ref IS NOT OLD.provider_ref AND EXISTS (SELECT 1 FROM purchases WHERE provider_ref = NEW.provider_ref)
BEGIN SELECT RAISE(ABORT, 'purchases_provider_ref_key: another purchase has that checkout session'); END;

CREATE TRIGGER purchases_ordered_by_fkey BEFORE INSERT ON purchases
WHEN NOT EXISTS (SELECT 1 FROM users WHERE tenant_id = NEW.tenant_id AND id = NEW.ordered_by)
BEGIN SELECT RAISE(ABORT, 'purchases_ordered_by_fkey: the tenant has no such user'); END;

CREATE TRIGGER purchases_start BEFORE INSERT ON purchases
WHEN NEW.status <> 'PENDING' OR NEW.version <> 1
BEGIN SELECT RAISE(ABORT, 'purchases_start: a purchase begins PENDING, at version 1'); END;

CREATE TRIGGER purchases_snapshot BEFORE UPDATE ON purchases
WHEN (OLD.id, OLD.tenant_id, OLD.ordered_by, OLD.order_key, OLD.provider, OLD.product_id, OLD.type, OLD.amount_cents,
      OLD.currency, OLD.credits_amount, OLD.metadata_json, OLD.created_at)
     IS NOT
     (NEW.id, NEW.tenant_id, NEW.ordered_by, NEW.order_key, NEW.provider, NEW.product_id, NEW.type, NEW.amount_cents,
      NEW.currency, NEW.credits_amount, NEW.metadata_json, NEW.created_at)
     OR (OLD.provider_ref IS NOT NULL AND NEW.provider_ref IS NOT OLD.provider_ref)
     OR (OLD.paid_at IS NOT NULL AND NEW.paid_at IS NOT OLD.paid_at)
BEGIN SELECT RAISE(ABORT, 'purchases_snapshot: what was sold, and its checkout session, never change'); END;

CREATE TRIGGER purchases_move BEFORE UPDATE ON purchases
WHEN OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN
     (VALUES ('PENDING', 'PAID'), ('PENDING', 'FAILED'), ('FAILED', 'PAID'), ('PAID', 'REFUNDED'))
BEGIN SELECT RAISE(ABORT, 'purchases_move: a purchase does not make that move'); END;

CREATE TRIGGER purchases_version BEFORE UPDATE ON purchases
WHEN NEW.version IS NOT OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'purchases_version: each change counts the version one up'); END;

CREATE TRIGGER purchases_keep BEFORE DELETE ON purchases
BEGIN SELECT RAISE(ABORT, 'purchases_keep: a purchase is never deleted'); END;

-- Only ever added to. Entry n carries the balance of entry n - 1 plus its own credits: the newest entry is the balance.
CREATE TABLE ledger_entries (
    id            TEXT    NOT NULL,
    tenant_id     TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    purchase_id   TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    effect_ref    TEXT    NOT NULL DEFAULT '',
    credits       INTEGER NOT NULL,
    balance_after INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
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
) STRICT, WITHOUT ROWID;

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
WHEN NOT EXISTS (SELECT 1 FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_purchase_fkey: the tenant has no such purchase'); END;

CREATE TRIGGER ledger_entries_sold BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id
             AND (status NOT IN ('PAID', 'REFUNDED') OR (NEW.kind = 'PURCHASE' AND credits_amount <> NEW.credits)))
BEGIN SELECT RAISE(ABORT, 'ledger_entries_sold: only what was sold is credited, and only once it is paid'); END;

CREATE TRIGGER ledger_entries_append_only_update BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries_append_only: an entry is never changed'); END;

CREATE TRIGGER ledger_entries_append_only_delete BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE(ABORT, 'ledger_entries_append_only: an entry is never deleted'); END;

CREATE TABLE payment_events (
    id                TEXT    NOT NULL,
    provider          TEXT    NOT NULL,
    provider_event_id TEXT    NOT NULL,
    event_type        TEXT    NOT NULL,
    api_version       TEXT,
    livemode          INTEGER NOT NULL,
    payload           BLOB    NOT NULL,
    received_at       INTEGER NOT NULL,
    status            TEXT    NOT NULL,
    note              TEXT    NOT NULL,
    finished_at       INTEGER,
    CONSTRAINT payment_events_pkey PRIMARY KEY (id),
    CONSTRAINT payment_events_provider_event_key UNIQUE (provider, provider_event_id),
    CONSTRAINT payment_events_provider_check CHECK (provider = 'STRIPE'),
    CONSTRAINT payment_events_livemode_check CHECK (livemode IN (FALSE, TRUE)),
    CONSTRAINT payment_events_status_check CHECK (status IN ('RECEIVED', 'APPLIED', 'IGNORED', 'ATTENTION')),
    CONSTRAINT payment_events_finished_check CHECK ((finished_at IS NULL) = (status = 'RECEIVED'))
) STRICT, WITHOUT ROWID;

CREATE INDEX payment_events_status_idx ON payment_events (status, received_at);

CREATE TRIGGER payment_events_pkey BEFORE INSERT ON payment_events
WHEN EXISTS (SELECT 1 FROM payment_events WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'payment_events_pkey: there is an event of that id'); END;

CREATE TRIGGER payment_events_provider_event_key BEFORE INSERT ON payment_events
WHEN EXISTS (SELECT 1 FROM payment_events
             WHERE provider = NEW.provider AND provider_event_id = NEW.provider_event_id)
BEGIN SELECT RAISE(ABORT, 'payment_events_provider_event_key: that event is stored already'); END;

CREATE TRIGGER payment_events_as_it_came BEFORE UPDATE ON payment_events
WHEN (OLD.id, OLD.provider, OLD.provider_event_id, OLD.event_type, OLD.api_version, OLD.livemode, OLD.payload,
      OLD.received_at)
     IS NOT
     (NEW.id, NEW.provider, NEW.provider_event_id, NEW.event_type, NEW.api_version, NEW.livemode, NEW.payload,
      NEW.received_at)
BEGIN SELECT RAISE(ABORT, 'payment_events_as_it_came: an event is kept as it came'); END;

CREATE TRIGGER payment_events_finished BEFORE UPDATE ON payment_events
WHEN OLD.status <> 'RECEIVED' AND NEW.status = 'RECEIVED'
BEGIN SELECT RAISE(ABORT, 'payment_events_finished: a finished event is not received again'); END;

CREATE TRIGGER payment_events_keep BEFORE DELETE ON payment_events
BEGIN SELECT RAISE(ABORT, 'payment_events_keep: an event is never deleted'); END;
