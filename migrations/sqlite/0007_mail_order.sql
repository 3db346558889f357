-- In the order that mails are sent in: acknowledgements of a withdrawal before confirmations, and of each those first that
-- are due longest. That W comes after C is all that the order knows of them.
DROP INDEX mails_due_idx;
CREATE INDEX mails_next_idx ON mails (kind DESC, next_attempt_at) WHERE next_attempt_at IS NOT NULL;
