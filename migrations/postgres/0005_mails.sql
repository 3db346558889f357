-- Mails that are owed, each written by the statement that writes what it is about; and withdrawals.

-- One mail of a kind about each subject: a purchase (CONFIRMATION) or a withdrawal. With neither next_attempt_at nor
-- sent_at, it is given up.
CREATE TABLE mails (
    kind            TEXT             NOT NULL,
    subject_id      TEXT COLLATE "C" NOT NULL,
    tenant_id       TEXT COLLATE "C",
    created_at      BIGINT           NOT NULL,
    attempts        BIGINT           NOT NULL DEFAULT 0,
    next_attempt_at BIGINT,
    sent_at         BIGINT,
    note            TEXT             NOT NULL DEFAULT '',
    CONSTRAINT mails_pkey PRIMARY KEY (kind, subject_id),
    CONSTRAINT mails_kind_check CHECK (kind IN ('CONFIRMATION', 'WITHDRAWAL')),
    CONSTRAINT mails_tenant_check CHECK ((tenant_id IS NOT NULL) = (kind = 'CONFIRMATION')),
    CONSTRAINT mails_state_check CHECK (next_attempt_at IS NULL OR sent_at IS NULL)
);

CREATE INDEX mails_due_idx ON mails (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- Declarations of withdrawal, kept as they came. The purchase is there where it is certain which it is.
CREATE TABLE withdrawals (
    id          TEXT COLLATE "C" NOT NULL,
    received_at BIGINT           NOT NULL,
    locale      TEXT             NOT NULL,
    name        TEXT             NOT NULL,
    contract    TEXT             NOT NULL,
    email       TEXT             NOT NULL,
    tenant_id   TEXT COLLATE "C",
    purchase_id TEXT COLLATE "C",
    standing    TEXT             NOT NULL,
    CONSTRAINT withdrawals_pkey PRIMARY KEY (id),
    CONSTRAINT withdrawals_purchase_fkey FOREIGN KEY (tenant_id, purchase_id) REFERENCES purchases (tenant_id, id),
    CONSTRAINT withdrawals_purchase_check CHECK ((tenant_id IS NULL) = (purchase_id IS NULL)),
    CONSTRAINT withdrawals_standing_check
        CHECK (standing IN ('EFFECTIVE', 'DELIVERED', 'LATE', 'REFUNDED', 'UNPAID', 'UNCLEAR'))
);

CREATE TRIGGER withdrawals_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('withdrawals_keep');
