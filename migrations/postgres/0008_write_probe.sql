-- What readiness writes to: a full disk and a database turned read-only answer reads all the same. migrations/sqlite
-- has the same.
CREATE TABLE write_probe (
    id     BIGINT NOT NULL,
    probes BIGINT NOT NULL,
    CONSTRAINT write_probe_pkey PRIMARY KEY (id),
    CONSTRAINT write_probe_id_check CHECK (id = 1)
);

INSERT INTO write_probe (id, probes) VALUES (1, 0);
