-- Mails that are owed, each written in the transaction that writes what it is about; and withdrawals.

-- One mail of a kind about each subject: a purchase (CONFIRMATION) or a withdrawal. With neither next_attempt_at nor
-- sent_at, it is given up.
CREATE TABLE mails (
    kind            TEXT    NOT NULL,
    subject_id      TEXT    NOT NULL,
    tenant_id       TEXT,
    created_at      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER,
    sent_at         INTEGER,
    note            TEXT    NOT NULL DEFAULT '',
    CONSTRAINT mails_pkey PRIMARY KEY (kind, subject_id),
    CONSTRAINT mails_kind_check CHECK (kind IN ('CONFIRMATION', 'WITHDRAWAL')),
    CONSTRAINT mails_tenant_check CHECK ((tenant_id IS NOT NULL) = (kind = 'CONFIRMATION')),
    CONSTRAINT mails_state_check CHECK (next_attempt_at IS NULL OR sent_at IS NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX mails_due_idx ON mails (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

CREATE TRIGGER mails_pkey BEFORE INSERT ON mails
WHEN EXISTS (SELECT 1 FROM mails WHERE kind = NEW.kind AND subject_id = NEW.subject_id)
BEGIN SELECT RAISE(ABORT, 'mails_pkey: there is a mail about that'); END;

-- Declarations of withdrawal, kept as they came. The purchase is there where it is certain which it is.
CREATE TABLE withdrawals (
    id          TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    locale      TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    contract    TEXT    NOT NULL,
    email       TEXT    NOT NULL,
    tenant_id   TEXT,
    purchase_id TEXT,
    standing    TEXT    NOT NULL,
    CONSTRAINT withdrawals_pkey PRIMARY KEY (id),
    CONSTRAINT withdrawals_purchase_fkey FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases (tenant_id, id),
    CONSTRAINT withdrawals_purchase_check CHECK ((tenant_id IS NULL) = (purchase_id IS NULL)),
    CONSTRAINT withdrawals_standing_check
        CHECK (standing IN ('EFFECTIVE', 'DELIVERED', 'LATE', 'REFUNDED', 'UNPAID', 'UNCLEAR'))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER withdrawals_pkey BEFORE INSERT ON withdrawals
WHEN EXISTS (SELECT 1 FROM withdrawals WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'withdrawals_pkey: there is a declaration of that id'); END;

CREATE TRIGGER withdrawals_purchase_fkey BEFORE INSERT ON withdrawals
WHEN NEW.purchase_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM purchases WHERE tenant_id = NEW.tenant_id AND id = NEW.purchase_id)
BEGIN SELECT RAISE(ABORT, 'withdrawals_purchase_fkey: the tenant has no such purchase'); END;

CREATE TRIGGER withdrawals_keep_update BEFORE UPDATE ON withdrawals
BEGIN SELECT RAISE(ABORT, 'withdrawals_keep: a declaration is never changed'); END;

CREATE TRIGGER withdrawals_keep_delete BEFORE DELETE ON withdrawals
BEGIN SELECT RAISE(ABORT, 'withdrawals_keep: a declaration is never deleted'); END;
