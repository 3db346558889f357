import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ORDER, pressButton, sdk, start } from './support.mjs';

/** @type {Awaited<ReturnType<typeof start>>} */
let it;
before(async () => {
  it = await start();
});
after(() => it.close());
beforeEach(async () => {
  await it.control('POST', '/reset');
  it.shop.received = [];
});

const now = () => Math.floor(Date.now() / 1000);

test('a session is what was ordered, and has no payment intent before anybody tries to pay', async () => {
  const session = await it.order({ expires_at: now() + 3600 });
  assert.match(session.id, /^cs_test_a1\w{58}$/);
  assert.equal(session.object, 'checkout.session');
  assert.equal(session.livemode, false);
  assert.deepEqual([session.status, session.payment_status, session.payment_intent], ['open', 'unpaid', null]);
  assert.deepEqual([session.amount_total, session.currency], [699, 'eur']);
  assert.deepEqual(session.metadata, { purchase_id: 'purchase-1' });
  assert.equal(session.client_reference_id, 'purchase-1');
  assert.equal(session.adaptive_pricing?.enabled, false);
  assert.ok(session.url?.startsWith(`${it.double.url}/c/pay/${session.id}`));
  assert.match(session.lastResponse.requestId, /^req_/);
  assert.deepEqual((await it.stripe.checkout.sessions.retrieve(session.id)).id, session.id);
  const items = await it.stripe.checkout.sessions.listLineItems(session.id);
  assert.deepEqual(items.data.map((item) => [item.description, item.amount_total]), [['5 Credits', 699]]);
});

test('a buyer who pays comes back to the shop, and the money is in the intent, the charge and the books', async () => {
  const session = await it.order();
  const page = await (await fetch(String(session.url))).text();
  assert.match(page, /<html lang="de">/);
  for (const shown of ['5 Credits', '6,99', 'demo@example.com', 'data-testid="pay"', 'data-testid="decline"', 'data-testid="pay_later"', 'data-testid="cancel"']) {
    assert.ok(page.includes(shown), shown);
  }
  const answer = await pressButton(String(session.url), 'pay');
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.get('location'), `http://127.0.0.1:3000/checkout/success?session_id=${session.id}`);
  const paid = await it.stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent.latest_charge'] });
  assert.deepEqual([paid.status, paid.payment_status, paid.url], ['complete', 'paid', null]);
  const intent = /** @type {any} */ (paid.payment_intent);
  assert.deepEqual([intent.status, intent.amount_received, intent.metadata.purchase_id], ['succeeded', 699, 'purchase-1']);
  assert.deepEqual([intent.latest_charge.paid, intent.latest_charge.amount, intent.latest_charge.payment_intent], [true, 699, intent.id]);
  assert.equal((await it.stripe.charges.retrieve(intent.latest_charge.id)).status, 'succeeded');
  const listed = await it.stripe.checkout.sessions.list({ payment_intent: intent.id });
  assert.deepEqual(listed.data.map(({ id }) => id), [session.id]);
  await it.control('GET', '/idle');
  assert.deepEqual(it.shop.types(), ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded', 'checkout.session.completed']);
  const { totals, sessions } = await it.control('GET', '/books');
  assert.deepEqual(totals, { eur: { sessions: 1, paid: 1, received: 699, refunded: 0, disputed: 0, net: 699 } });
  assert.equal(sessions[0].client_reference_id, 'purchase-1');
});

test('a second click on pay charges nobody twice', async () => {
  const session = await it.order();
  await pressButton(String(session.url), 'pay');
  const again = await pressButton(String(session.url), 'pay');
  assert.equal(again.status, 303);
  assert.match(String(again.headers.get('location')), /success\?session_id=cs_test_/);
  assert.equal((await it.control('GET', '/books')).totals.eur.received, 699);
});

test('a declined card leaves the session open, says so, and the buyer can pay after all', async () => {
  const session = await it.order();
  const answer = await pressButton(String(session.url), 'decline');
  assert.equal(answer.headers.get('location'), `/c/pay/${session.id}`);
  assert.match(await (await fetch(String(session.url))).text(), /role="alert"[^>]*>Ihre Karte wurde abgelehnt/);
  const open = await it.stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
  const intent = /** @type {any} */ (open.payment_intent);
  assert.deepEqual([open.status, open.payment_status], ['open', 'unpaid']);
  assert.deepEqual([intent.status, intent.last_payment_error.code, intent.amount_received], ['requires_payment_method', 'card_declined', 0]);
  await pressButton(String(session.url), 'pay');
  const paid = await it.stripe.checkout.sessions.retrieve(session.id);
  assert.deepEqual([paid.payment_status, paid.payment_intent], ['paid', intent.id]);
  await it.control('GET', '/idle');
  assert.deepEqual(it.shop.types().filter((type) => type.includes('failed')), ['charge.failed', 'payment_intent.payment_failed']);
});

for (const [outcome, status, received] of /** @type {const} */ ([['succeeded', 'paid', 699], ['failed', 'unpaid', 0]])) {
  test(`a payment under way that has ${outcome}`, async () => {
    const session = await it.order();
    assert.match(String((await pressButton(String(session.url), 'pay_later')).headers.get('location')), /checkout\/success/);
    const waiting = await it.stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] });
    assert.deepEqual([waiting.status, waiting.payment_status, /** @type {any} */ (waiting.payment_intent).status], ['complete', 'unpaid', 'processing']);
    assert.match(await (await fetch(String(session.url))).text(), /data-testid="settle_succeeded"/);
    await pressButton(String(session.url), `settle_${outcome}`);
    const settled = await it.stripe.checkout.sessions.retrieve(session.id);
    assert.equal(settled.payment_status, status);
    assert.equal((await it.control('GET', '/books')).totals.eur.received, received);
    await it.control('GET', '/idle');
    const completed = it.shop.received.find(({ event }) => event.type === 'checkout.session.completed');
    assert.equal(completed?.event.data.object.payment_status, 'unpaid');
    assert.equal(it.shop.types().at(-1), `checkout.session.async_payment_${outcome}`);
    await assert.rejects(it.control('POST', `/sessions/${session.id}/settle`), /does not wait/);
  });
}

test('an expired session cannot be paid, one that was paid cannot expire', async () => {
  const session = await it.order();
  const expired = await it.stripe.checkout.sessions.expire(session.id);
  assert.deepEqual([expired.status, expired.url, expired.payment_intent], ['expired', null, null]);
  assert.equal((await pressButton(String(session.url), 'pay')).headers.get('location'), `/c/pay/${session.id}`);
  assert.match(await (await fetch(String(session.url))).text(), /data-testid="expired"/);
  await assert.rejects(it.control('POST', `/sessions/${session.id}/pay`), /This session is expired/);
  assert.equal((await it.control('GET', '/books')).totals.eur.received, 0);
  await assert.rejects(it.stripe.checkout.sessions.expire(session.id), { statusCode: 400, type: 'StripeInvalidRequestError' });
  const { id } = await it.paid();
  await assert.rejects(it.stripe.checkout.sessions.expire(id), /has a status of complete/);
});

test('time alone expires a session, once its hour has come', async () => {
  const session = await it.order({ expires_at: now() + 1810 });
  await it.control('POST', '/clock', { advance_seconds: 1700 });
  assert.equal((await it.stripe.checkout.sessions.retrieve(session.id)).status, 'open');
  await it.control('POST', '/clock', { advance_seconds: 200 });
  assert.equal((await it.stripe.checkout.sessions.retrieve(session.id)).status, 'expired');
  await it.control('GET', '/idle');
  assert.deepEqual(it.shop.types(), ['checkout.session.expired']);
  // Receivers check the signature's time against their own clock.
  const [, signedAt] = /^t=(\d+)/.exec(it.shop.received[0].signature) ?? [];
  assert.ok(Math.abs(Number(signedAt) - now()) < 30);
});

const refused = /** @type {[string, any, string, string][]} */ ([
  ['a parameter that Stripe does not know', { credits: 5 }, 'parameter_unknown', 'credits'],
  ['one deeper down', { payment_intent_data: { nonsense: 'x' } }, 'parameter_unknown', 'payment_intent_data[nonsense]'],
  ['no success address', { success_url: undefined }, 'parameter_missing', 'success_url'],
  ['no currency', { line_items: [{ price_data: { unit_amount: 5, product_data: { name: 'x' } } }] }, 'parameter_missing', 'line_items[0][price_data][currency]'],
  ['no address but words', { cancel_url: 'over there' }, 'url_invalid', 'cancel_url'],
  ['an e-mail without a domain', { customer_email: 'demo' }, 'email_invalid', 'customer_email'],
  ['an empty string', { client_reference_id: '' }, 'parameter_invalid_empty', 'client_reference_id'],
  ['half a cent', { line_items: [{ price_data: { currency: 'eur', unit_amount: 0.5, product_data: { name: 'x' } } }] }, 'parameter_invalid_integer', 'line_items[0][price_data][unit_amount]'],
]);
for (const [what, more, code, param] of refused) {
  test(`${what} is refused as Stripe refuses it`, async () => {
    await assert.rejects(it.order(more), { statusCode: 400, type: 'StripeInvalidRequestError', code, param });
  });
}

test('a session lives half an hour at least and a day at most', async () => {
  await assert.rejects(it.order({ expires_at: now() + 1700 }), /at least 30 minutes/);
  await assert.rejects(it.order({ expires_at: now() + 25 * 3600 }), /less than 24 hours/);
  await assert.rejects(it.order({ locale: 'tlh' }), /Invalid locale/);
  await assert.rejects(it.order({ mode: 'subscription' }), /mode payment only/);
});

test('a live key sees live objects only, and no key sees nothing', async () => {
  const live = sdk(it.double, 'sk_live_double');
  const session = await live.checkout.sessions.create(ORDER);
  assert.equal(session.livemode, true);
  assert.match(session.id, /^cs_live_/);
  await assert.rejects(it.stripe.checkout.sessions.retrieve(session.id), /No such checkout.session.*exists in live mode, but a test mode key/);
  await assert.rejects(sdk(it.double, 'nonsense').balance.retrieve(), { type: 'StripeAuthenticationError', statusCode: 401 });
  assert.equal((await live.balance.retrieve()).livemode, true);
  assert.equal((await it.stripe.accounts.retrieveCurrent()).object, 'account');
  assert.equal((await fetch(`${it.double.url}/v1/balance`)).status, 401);
});

test('what is not there is a 404, and what is no form is a 400', async () => {
  await assert.rejects(it.stripe.checkout.sessions.retrieve('cs_test_none'), { statusCode: 404, code: 'resource_missing' });
  await assert.rejects(it.stripe.paymentIntents.retrieve('pi_none'), { statusCode: 404, code: 'resource_missing' });
  await assert.rejects(it.stripe.checkout.sessions.retrieve((await it.order()).id, { expand: ['nonsense'] }), /cannot be expanded/);
  const headers = { authorization: 'Bearer sk_test_double', 'content-type': 'application/json', 'stripe-version': '2022-11-15' };
  const answer = await fetch(`${it.double.url}/v1/refunds`, { method: 'POST', headers, body: '{}' });
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get('stripe-version'), '2022-11-15');
  assert.equal((await fetch(`${it.double.url}/v1/nonsense`, { headers })).status, 404);
});

test('a name that is HTML stays text on the payment page', async () => {
  const session = await it.order({ line_items: [{ price_data: { currency: 'eur', unit_amount: 100, product_data: { name: '<script>alert(1)</script>' } } }] });
  const page = await (await fetch(String(session.url))).text();
  assert.ok(!page.includes('<script>') && page.includes('&#60;script&#62;'));
});
