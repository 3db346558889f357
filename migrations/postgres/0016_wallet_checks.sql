-- The constraints that 0015 has added, upon the rows of before. Writers are not kept waiting: only other changes to the table.
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_spend_fkey;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_grant_fkey;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_kind_check;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_source_check;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_credits_check;
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_own_effect_check;
