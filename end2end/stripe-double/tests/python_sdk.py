"""The double driven by Stripe's Python SDK: prints what it saw as JSON. Called by python.test.mjs."""
import json
import sys

import stripe

base, control_session = sys.argv[1], sys.argv[2]
client = stripe.StripeClient("sk_test_double", base_addresses={"api": base}, max_network_retries=0)
seen = {}

params = {
    "mode": "payment",
    "line_items": [{"price_data": {"currency": "eur", "unit_amount": 1299, "product_data": {"name": "10 Credits"}}, "quantity": 1}],
    "client_reference_id": "purchase-py",
    "metadata": {"purchase_id": "purchase-py"},
    "success_url": "http://127.0.0.1:3000/checkout/success?session_id={CHECKOUT_SESSION_ID}",
    "cancel_url": "http://127.0.0.1:3000/checkout/cancel",
}
session = client.v1.checkout.sessions.create(params=params, options={"idempotency_key": "py-1"})
again = client.v1.checkout.sessions.create(params=params, options={"idempotency_key": "py-1"})
seen["created"] = [session.status, session.amount_total, again.id == session.id]
seen["expired"] = client.v1.checkout.sessions.expire(session.id).status

paid = client.v1.checkout.sessions.retrieve(control_session, params={"expand": ["payment_intent.latest_charge"]})
charge = paid.payment_intent.latest_charge
seen["paid"] = [paid.payment_status, paid.payment_intent.amount_received, charge.paid]
refund = client.v1.refunds.create(params={"payment_intent": paid.payment_intent.id, "amount": 99})
seen["refund"] = [refund.status, client.v1.charges.retrieve(charge.id).amount_refunded]
seen["refunds"] = len(client.v1.refunds.list(params={"payment_intent": paid.payment_intent.id}).data)
seen["disputes"] = len(client.v1.disputes.list(params={"payment_intent": paid.payment_intent.id}).data)
page = client.v1.events.list(params={"limit": 2, "types": ["checkout.session.completed", "checkout.session.expired", "refund.created"]})
seen["events"] = [event.type for event in page.auto_paging_iter()]
seen["livemode"] = client.v1.balance.retrieve().livemode

try:
    client.v1.checkout.sessions.create(params={**params, "nonsense": "x"})
except stripe.InvalidRequestError as error:
    seen["refused"] = [error.http_status, error.code, error.param]
try:
    client.v1.checkout.sessions.create(params={**params, "client_reference_id": "other"}, options={"idempotency_key": "py-1"})
except stripe.IdempotencyError as error:
    seen["reused"] = error.http_status

# Deliveries as they arrived: one a line, {body, signature, secret}.
seen["verified"] = []
for line in sys.stdin:
    delivery = json.loads(line)
    try:
        event = client.construct_event(delivery["body"], delivery["signature"], delivery["secret"])
        seen["verified"].append(event.type)
    except stripe.SignatureVerificationError:
        seen["verified"].append("refused")

print(json.dumps(seen))
