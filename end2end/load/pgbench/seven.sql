-- The settlement as a typical program does it: seven statements in one transaction. Each client uses numbers of its
-- own.
\set i :i + 1
\set n :first + :i * :clients + :client_id
BEGIN;
INSERT INTO payment_events (id, provider, provider_event_id, event_type, api_version, livemode, payload, received_at, status, note, finished_at, attempts, next_attempt_at) VALUES (bench.event_id(:n), 'STRIPE', 'evt_1' || bench.scattered(:n) || 'bench00000000000', 'checkout.session.completed', '2026-07-29.dahlia', FALSE, :payload, :now, 'RECEIVED', '', NULL, 1, :now);
SELECT id, tenant_id, ordered_by, order_key, provider_ref, checkout_url, product_id, type, status, failure_reason, amount_cents, currency, credits_amount, metadata_json, payment_ref, reversals_json, created_at, updated_at, paid_at, failed_at, refunded_at, version FROM purchases WHERE provider_ref = bench.session_id(:n) \gset
UPDATE purchases SET status = 'PAID', payment_ref = 'pi_3' || bench.scattered(:n) || 'bench00000000000', updated_at = :now, paid_at = :now, version = version + 1 WHERE tenant_id = :tenant_id AND id = :id AND version = :version;
SELECT id AS locked FROM tenants WHERE id = :tenant_id FOR NO KEY UPDATE \gset
SELECT COALESCE(max(seq), 0) AS seq, COALESCE(max(balance_after), 0) AS balance FROM (SELECT seq, balance_after FROM ledger_entries WHERE tenant_id = :tenant_id ORDER BY seq DESC LIMIT 1) AS newest \gset
INSERT INTO ledger_entries (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at, seq, balance_after) VALUES (bench.event_id(:n), :tenant_id, :id, 'PURCHASE', '', :credits_amount::BIGINT, :now, :seq::BIGINT + 1, :balance::BIGINT + :credits_amount::BIGINT);
UPDATE payment_events SET status = 'APPLIED', note = 'applied', finished_at = :now WHERE id = bench.event_id(:n);
COMMIT;
