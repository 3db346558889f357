-- leased_until tells a mail that a process is sending from one that is put off. first_sent_at keeps when a mail was first sent
-- while another copy is owed; copies counts those that were asked for.
ALTER TABLE mails ADD COLUMN leased_until BIGINT;
ALTER TABLE mails ADD COLUMN first_sent_at BIGINT;
ALTER TABLE mails ADD COLUMN copies BIGINT NOT NULL DEFAULT 0;
