-- The constraint that 0019 has added, upon the rows of before. Writers are not kept waiting.
ALTER TABLE mails VALIDATE CONSTRAINT mails_kind_check;
