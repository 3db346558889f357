-- One entry for each effect upon a purchase, as before; spends and grants have keys of their own since 0017 and 0018. SQLite,
-- which would have to copy the table, keeps the constraint.
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_effect_key;
ALTER INDEX ledger_entries_purchase_effect_key RENAME TO ledger_entries_effect_key;
