-- Whether a tenant may order once more: it has not used the key before, fewer than open_max purchases are open, and fewer
-- than recent_max are newer than the id recent_after. Locks the tenant's row until the transaction ends, so that orders at
-- the same instant are counted one after the other: each query of a VOLATILE function sees what was committed while it
-- waited. Whoever inserts a purchase updates that row anyway (purchases_count_insert), and holds no lock before it.
--
-- The key is looked for under the lock. An insert that met a purchase of the same key would wait for whoever is changing
-- that purchase, while they wait for the tenant's row: a deadlock.
--
-- No sequential scans: a connection plans these queries once, perhaps while there are few purchases.
CREATE FUNCTION may_order(tenant TEXT, key TEXT, open_max BIGINT, recent_after TEXT, recent_max BIGINT)
    RETURNS BOOLEAN LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
BEGIN
    PERFORM 1 FROM tenants WHERE id = tenant FOR NO KEY UPDATE;
    RETURN NOT EXISTS (SELECT 1 FROM purchases WHERE tenant_id = tenant AND order_key = key)
        AND (SELECT count(*) FROM purchases WHERE tenant_id = tenant AND status = 'PENDING') < open_max
        AND (SELECT count(*) FROM purchases WHERE tenant_id = tenant AND id > recent_after) < recent_max;
END $$;
