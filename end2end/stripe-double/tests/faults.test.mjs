import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { ORDER, sdk, start } from './support.mjs';

/** @type {Awaited<ReturnType<typeof start>>} */
let it;
before(async () => {
  it = await start();
});
after(() => it.close());
beforeEach(() => it.control('POST', '/reset'));

const KEY = { idempotencyKey: 'checkout-purchase-1' };
const CREATE = { method: 'POST', path: '^/v1/checkout/sessions$' };
const fault = (/** @type {any} */ rule) => it.control('POST', '/faults', rule);
const made = async () => (await it.control('GET', '/books')).sessions.length;

test('500: nothing was done, and the same call again succeeds', async () => {
  await fault({ kind: '500', match: CREATE });
  await assert.rejects(it.order({}, KEY), { statusCode: 500, type: 'StripeAPIError' });
  assert.equal(await made(), 0);
  await it.order({}, KEY);
  assert.equal(await made(), 1);
});

test('500 after the work: the same key finds it done', async () => {
  await fault({ kind: '500', match: CREATE, after: true });
  await assert.rejects(it.order({}, KEY), { statusCode: 500 });
  assert.equal(await made(), 1);
  assert.equal((await it.order({}, KEY)).lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal(await made(), 1);
});

test('a sticky 500 is given again under its key, as Stripe documents', async () => {
  await fault({ kind: '500', match: CREATE, sticky: true });
  await assert.rejects(it.order({}, KEY), { statusCode: 500 });
  await assert.rejects(it.order({}, KEY), { statusCode: 500 });
  assert.equal(await made(), 0);
  await it.order({}, { idempotencyKey: 'another' });
});

test('a sticky 500 after the work hides for good what was done', async () => {
  await fault({ kind: '500', match: CREATE, sticky: true, after: true });
  await assert.rejects(it.order({}, KEY), { statusCode: 500 });
  await assert.rejects(it.order({}, KEY), { statusCode: 500 });
  assert.equal(await made(), 1);
});

test('429 says when to come again', async () => {
  await fault({ kind: '429', match: CREATE, retry_after: 7 });
  await assert.rejects(it.order(), (/** @type {any} */ error) => error.type === 'StripeRateLimitError' && error.headers['retry-after'] === '7');
  assert.equal(await made(), 0);
});

test('html_502: an answer that is no JSON', async () => {
  await fault({ kind: 'html_502', match: CREATE });
  await assert.rejects(it.order(), /Invalid JSON/);
  const headers = { authorization: 'Bearer sk_test_double' };
  await fault({ kind: 'html_502', match: { path: '/v1/balance' } });
  const answer = await fetch(`${it.double.url}/v1/balance`, { headers });
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [502, 'text/html']);
});

// The SDK retries a call once if its connection was closed, so that two resets make it fail.
for (const [kind, times, count] of /** @type {const} */ ([['reset_before', 2, 0], ['reset_after', 2, 1], ['truncate', 1, 1]])) {
  test(`${kind}: the connection breaks, ${count ? 'the work was done' : 'nothing was done'}, and the same key makes one session`, async () => {
    await fault({ kind, match: CREATE, times });
    await assert.rejects(it.order({}, KEY), { type: 'StripeConnectionError' });
    assert.equal(await made(), count);
    const session = await it.order({}, KEY);
    assert.equal(session.lastResponse.headers['idempotent-replayed'], count ? 'true' : undefined);
    assert.equal(await made(), 1);
  });
}

for (const [done, count] of /** @type {const} */ ([[false, 0], [true, 1]])) {
  test(`hang ${done ? 'after' : 'before'} the work: there is never an answer`, async () => {
    await fault({ kind: 'hang', match: CREATE, after: done });
    const impatient = sdk(it.double, 'sk_test_double', { timeout: 700 });
    await assert.rejects(impatient.checkout.sessions.create(ORDER, KEY), /timed out|Request aborted/);
    assert.equal(await made(), count);
    await it.order({}, KEY);
    assert.equal(await made(), 1);
  });
}

test('delay: late, and done though nobody waits for it any more', { timeout: 20_000 }, async () => {
  await fault({ kind: 'delay', match: CREATE, delay_ms: 1500 });
  await assert.rejects(sdk(it.double, 'sk_test_double', { timeout: 700 }).checkout.sessions.create(ORDER, KEY), /timed out|Request aborted/);
  assert.equal(await made(), 0);
  while ((await made()) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const started = Date.now();
  await fault({ kind: 'delay', match: { path: '/v1/balance' }, delay_ms: 120, after: true });
  await it.stripe.balance.retrieve();
  assert.ok(Date.now() - started >= 115);
});

test('wrong_…: one answer lies, the next tells the truth', async () => {
  const { id } = await it.order();
  for (const [kind, field, value] of [['wrong_amount', 'amount_total', 799], ['wrong_currency', 'currency', 'usd'], ['wrong_livemode', 'livemode', true]]) {
    await fault({ kind, match: { method: 'GET', path: String(id) } });
    const lie = /** @type {any} */ (await it.stripe.checkout.sessions.retrieve(id));
    assert.equal(lie[field], value);
    const truth = /** @type {any} */ (await it.stripe.checkout.sessions.retrieve(id));
    assert.notEqual(truth[field], value);
  }
});

test('wrong_amount as a session is made: it is wrong for good, in payment, books and events', async () => {
  await fault({ kind: 'wrong_amount', match: CREATE, by: 1 });
  const session = await it.paid();
  assert.deepEqual([session.amount_total, (await it.control('GET', '/books')).totals.eur.received], [700, 700]);
  const { data: [event] } = await it.stripe.events.list({ type: 'checkout.session.completed' });
  assert.equal(/** @type {any} */ (event.data.object).amount_total, 700);
});

test('api_version: an answer is shaped by an older version', async () => {
  const session = await it.paid();
  await fault({ kind: 'api_version', match: { path: '/v1/payment_intents' }, version: '2020-08-27' });
  const intent = /** @type {any} */ (await it.stripe.paymentIntents.retrieve(session.payment_intent));
  assert.deepEqual([intent.latest_charge, intent.charges.data.length], [undefined, 1]);
});

test('chance is drawn from the seed: the same seed, the same faults', async () => {
  const run = async (/** @type {number} */ seed) => {
    await it.control('POST', '/reset');
    const { id } = await fault({ kind: '500', match: { path: '/v1/balance' }, probability: 0.4, seed });
    const struck = [];
    for (let n = 0; n < 40; n += 1) struck.push(await it.stripe.balance.retrieve().then(() => 0, () => 1));
    const { faults } = await it.control('GET', '/faults');
    assert.deepEqual([faults[0].id, faults[0].hits], [id, struck.reduce((sum, one) => sum + one, 0)]);
    return struck.join('');
  };
  const first = await run(7);
  assert.equal(first, await run(7));
  assert.notEqual(first, await run(8));
  const hits = first.split('1').length - 1;
  assert.ok(hits > 5 && hits < 30, `${hits} of 40`);
});

test('a fault strikes as often as it should, after those it lets by, and ends when it is taken back', async () => {
  await fault({ kind: '500', match: { method: 'GET', path: '/v1/balance' }, skip: 1, times: 2 });
  const ask = () => it.stripe.balance.retrieve().then(() => 'ok', () => 'failed');
  assert.deepEqual([await ask(), await ask(), await ask(), await ask()], ['ok', 'failed', 'failed', 'ok']);
  const { id } = await fault({ kind: '500', times: null });
  assert.equal(await ask(), 'failed');
  await it.control('DELETE', `/faults/${id}`);
  assert.equal(await ask(), 'ok');
});

test('a fault that cannot be is refused', async () => {
  await assert.rejects(fault({ kind: 'earthquake' }), /no fault 'earthquake'/);
  await assert.rejects(fault({ kind: 'drop', match: { path: '/v1' } }), /no fault 'drop' of that kind/);
  await assert.rejects(fault({ kind: '500', match: { webhook: true } }), /no fault '500' of that kind/);
  await assert.rejects(fault({ kind: '500', match: { path: '(' } }), /400 Not a regular expression/);
  await assert.rejects(fault({ kind: '500', probability: 2 }), /probability/);
  await assert.rejects(fault({ kind: '500', delay: 3 }), /no option 'delay'/);
  await assert.rejects(fault({ kind: '500', match: { url: '/' } }), /not by 'url'/);
});
