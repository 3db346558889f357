-- leased_until tells a mail that a process is sending from one that is put off. first_sent_at keeps when a mail was first sent
-- while another copy is owed; copies counts those that were asked for.
ALTER TABLE mails ADD COLUMN leased_until INTEGER;
ALTER TABLE mails ADD COLUMN first_sent_at INTEGER;
ALTER TABLE mails ADD COLUMN copies INTEGER NOT NULL DEFAULT 0;
