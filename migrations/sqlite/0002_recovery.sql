-- What refunds, disputes and recovery ask of the tables. migrations/postgres has the same.

-- What went back of a purchase's money, as the domain keeps it; and when a PENDING one is next asked about.
ALTER TABLE purchases ADD COLUMN reversals_json TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT purchases_reversals_json_check
        CHECK (CASE WHEN json_valid(reversals_json) THEN json_type(reversals_json) = 'object' ELSE FALSE END);
ALTER TABLE purchases ADD COLUMN check_after INTEGER NOT NULL DEFAULT 0;

CREATE INDEX purchases_check_after_idx ON purchases (check_after) WHERE status = 'PENDING';
CREATE INDEX purchases_payment_ref_idx ON purchases (payment_ref) WHERE payment_ref IS NOT NULL;

-- How often an event was taken up, and when it may be taken up next.
ALTER TABLE payment_events ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1
    CONSTRAINT payment_events_attempts_check CHECK (attempts > 0);
ALTER TABLE payment_events ADD COLUMN next_attempt_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX payment_events_due_idx ON payment_events (next_attempt_at) WHERE status = 'RECEIVED';

-- Up to which instant a provider's event list has been read.
CREATE TABLE provider_cursors (
    provider         TEXT    NOT NULL,
    backfilled_until INTEGER NOT NULL,
    CONSTRAINT provider_cursors_pkey PRIMARY KEY (provider),
    CONSTRAINT provider_cursors_provider_check CHECK (provider = 'STRIPE')
) STRICT, WITHOUT ROWID;
