-- The wordings that buyers have agreed to, kept as evidence: a purchase's metadata names one of them.
CREATE TABLE consent_texts (
    version TEXT NOT NULL,
    locale  TEXT NOT NULL,
    text    TEXT NOT NULL,
    CONSTRAINT consent_texts_pkey PRIMARY KEY (version),
    CONSTRAINT consent_texts_text_check CHECK (text <> '')
) STRICT, WITHOUT ROWID;

-- SQLite's REPLACE deletes without telling a DELETE trigger.
CREATE TRIGGER consent_texts_pkey BEFORE INSERT ON consent_texts
WHEN EXISTS (SELECT 1 FROM consent_texts WHERE version = NEW.version)
BEGIN SELECT RAISE(ABORT, 'consent_texts_pkey: there is a wording of that version'); END;

CREATE TRIGGER consent_texts_keep_update BEFORE UPDATE ON consent_texts
BEGIN SELECT RAISE(ABORT, 'consent_texts_keep: a wording is never changed'); END;

CREATE TRIGGER consent_texts_keep_delete BEFORE DELETE ON consent_texts
BEGIN SELECT RAISE(ABORT, 'consent_texts_keep: a wording is never deleted'); END;
