-- The wordings that buyers have agreed to, kept as evidence: a purchase's metadata names one of them.
CREATE TABLE consent_texts (
    version TEXT COLLATE "C" NOT NULL,
    locale  TEXT COLLATE "C" NOT NULL,
    text    TEXT             NOT NULL,
    CONSTRAINT consent_texts_pkey PRIMARY KEY (version),
    CONSTRAINT consent_texts_text_check CHECK (text <> '')
);

CREATE TRIGGER consent_texts_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_texts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_statement('consent_texts_keep');
