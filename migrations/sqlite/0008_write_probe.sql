-- What readiness writes to: a full disk and a database turned read-only answer reads all the same. migrations/postgres
-- has the same.
CREATE TABLE write_probe (
    id     INTEGER NOT NULL,
    probes INTEGER NOT NULL,
    CONSTRAINT write_probe_pkey PRIMARY KEY (id),
    CONSTRAINT write_probe_id_check CHECK (id = 1)
) STRICT, WITHOUT ROWID;

INSERT INTO write_probe (id, probes) VALUES (1, 0);
