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

test('the same key and parameters give the first answer again, and make one session', async () => {
  const first = await it.order({}, KEY);
  const again = await it.order({}, KEY);
  assert.equal(again.id, first.id);
  assert.equal(first.lastResponse.headers['idempotent-replayed'], undefined);
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal(again.lastResponse.headers['original-request'], first.lastResponse.requestId);
  assert.equal((await it.stripe.checkout.sessions.list()).data.length, 1);
  const { calls } = await it.control('GET', `/calls?idempotency_key=${KEY.idempotencyKey}`);
  assert.deepEqual(calls.map(({ status, replayed }) => [status, replayed]), [[200, false], [200, true]]);
});

test('the answer is as it was, though the session has moved on', async () => {
  const { id } = await it.order({}, KEY);
  await it.control('POST', `/sessions/${id}/pay`);
  assert.equal((await it.order({}, KEY)).status, 'open');
});

test('a key with other parameters, or for another call, is refused', async () => {
  const { id } = await it.order({}, KEY);
  await assert.rejects(it.order({ client_reference_id: 'purchase-2' }, KEY), { statusCode: 400, type: 'StripeIdempotencyError' });
  await assert.rejects(it.stripe.checkout.sessions.expire(id, {}, KEY), { type: 'StripeIdempotencyError' });
  assert.equal((await it.stripe.checkout.sessions.list()).data.length, 1);
});

test('a key whose call is under way is a conflict, and free again afterwards', async () => {
  await it.control('POST', '/faults', { kind: 'delay', match: { method: 'POST', path: '/sessions$' }, delay_ms: 600 });
  const slow = it.order({}, KEY);
  while ((await it.control('GET', '/calls')).calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await assert.rejects(it.order({}, KEY), { statusCode: 409, code: 'idempotency_key_in_use' });
  assert.equal((await slow).id, (await it.order({}, KEY)).id);
});

test('what was refused for its parameters is not kept', async () => {
  await assert.rejects(it.order({ nonsense: 1 }, KEY), { code: 'parameter_unknown' });
  assert.match((await it.order({}, KEY)).id, /^cs_test_/);
});

test('a key is forgotten after a day', async () => {
  const first = await it.order({}, KEY);
  await it.control('POST', '/clock', { advance_seconds: 24 * 3600 - 60 });
  assert.equal((await it.order({}, KEY)).id, first.id);
  await it.control('POST', '/clock', { advance_seconds: 120 });
  assert.notEqual((await it.order({}, KEY)).id, first.id);
});

test('test and live keys do not share idempotency keys, and events name the call that caused them', async () => {
  const first = await it.order({}, KEY);
  const live = await sdk(it.double, 'sk_live_double').checkout.sessions.create(ORDER, KEY);
  assert.notEqual(live.id, first.id);
  const expired = await it.stripe.checkout.sessions.expire(first.id, {}, { idempotencyKey: 'expire-1' });
  const { data: [event] } = await it.stripe.events.list({ type: 'checkout.session.expired' });
  assert.deepEqual(event.request, { id: expired.lastResponse.requestId, idempotency_key: 'expire-1' });
});
