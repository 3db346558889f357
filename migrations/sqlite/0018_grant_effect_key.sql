-- An effect of a grant is booked once.
CREATE UNIQUE INDEX ledger_entries_grant_effect_key
    ON ledger_entries (tenant_id, grant_id, kind, effect_ref) WHERE grant_id IS NOT NULL;

CREATE TRIGGER ledger_entries_grant_effect_key BEFORE INSERT ON ledger_entries
WHEN EXISTS (SELECT 1 FROM ledger_entries WHERE tenant_id = NEW.tenant_id AND grant_id = NEW.grant_id
             AND kind = NEW.kind AND effect_ref = NEW.effect_ref)
BEGIN SELECT RAISE(ABORT, 'ledger_entries_grant_effect_key: that effect is booked already'); END;
