-- Whether a tenant may order once more: fewer than open_max purchases are open, and fewer than recent_max are newer than the
-- id recent_after. Locks the tenant's row until the transaction ends, so that orders at the same instant are counted one
-- after the other: each query of a VOLATILE function sees what was committed while it waited. Whoever inserts a purchase
-- updates that row anyway (purchases_count_insert), and holds no lock before it.
--
-- No sequential scans: a connection plans these queries once, perhaps while there are few purchases.
CREATE FUNCTION may_order(tenant TEXT, open_max BIGINT, recent_after TEXT, recent_max BIGINT)
    RETURNS BOOLEAN LANGUAGE plpgsql VOLATILE SET enable_seqscan = off AS $$
BEGIN
    PERFORM 1 FROM tenants WHERE id = tenant FOR NO KEY UPDATE;
    RETURN (SELECT count(*) FROM purchases WHERE tenant_id = tenant AND status = 'PENDING') < open_max
        AND (SELECT count(*) FROM purchases WHERE tenant_id = tenant AND id > recent_after) < recent_max;
END $$;
