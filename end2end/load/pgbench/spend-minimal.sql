-- A spend as one statement, in the minimal schema: what a program without our rules would do.
\set tenant random(:first, :first + :tenants - 1)
WITH taken AS (
    UPDATE minimal.balances SET balance = balance - 1
    WHERE tenant_id = bench.tenant_id(:tenant) AND balance >= 1
    RETURNING tenant_id, balance
)
INSERT INTO minimal.spends (tenant_id, credits, balance_after, created_at)
SELECT tenant_id, -1, balance, :now FROM taken;
