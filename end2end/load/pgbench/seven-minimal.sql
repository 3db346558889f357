-- seven.sql, in the minimal schema.
\set i :i + 1
\set n :first + :i * :clients + :client_id
BEGIN;
INSERT INTO minimal.payment_events (id, event_type, payload, received_at, status) VALUES (bench.event_id(:n), 'checkout.session.completed', :payload, :now, 'RECEIVED');
SELECT id, tenant_id, provider_ref, product_id, status, amount_cents, currency, credits_amount, payment_ref, created_at, updated_at, paid_at, version FROM minimal.purchases WHERE provider_ref = bench.session_id(:n) \gset
UPDATE minimal.purchases SET status = 'PAID', payment_ref = 'pi_3' || bench.scattered(:n) || 'bench00000000000', updated_at = :now, paid_at = :now, version = version + 1 WHERE id = :id AND version = :version;
SELECT id AS locked FROM minimal.tenants WHERE id = :tenant_id FOR NO KEY UPDATE \gset
SELECT COALESCE(max(seq), 0) AS seq, COALESCE(max(balance_after), 0) AS balance FROM (SELECT seq, balance_after FROM minimal.ledger_entries WHERE tenant_id = :tenant_id ORDER BY seq DESC LIMIT 1) AS newest \gset
INSERT INTO minimal.ledger_entries (id, tenant_id, purchase_id, credits, created_at, seq, balance_after) VALUES (bench.event_id(:n), :tenant_id, :id, :credits_amount::BIGINT, :now, :seq::BIGINT + 1, :balance::BIGINT + :credits_amount::BIGINT);
UPDATE minimal.payment_events SET status = 'APPLIED', finished_at = :now WHERE id = bench.event_id(:n);
COMMIT;
