import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { start } from './support.mjs';

/** @type {Awaited<ReturnType<typeof start>>} */
let it;
before(async () => {
  it = await start();
});
after(() => it.close());
beforeEach(() => it.control('POST', '/reset'));

/** @param {number} count */
const send = async (count, type = 'shop.counted') => {
  for (let n = 0; n < count; n += 1) await it.control('POST', '/events', { type, object: { id: `thing_${n}`, object: 'thing', n } });
};
const numbers = (/** @type {any} */ page) => page.data.map((/** @type {any} */ event) => event.data.object.n);

test('events come newest first, page by page, in both directions', async () => {
  await send(25);
  const first = await it.stripe.events.list({ limit: 10 });
  assert.deepEqual([numbers(first).at(0), numbers(first).at(-1), first.has_more], [24, 15, true]);
  const second = await it.stripe.events.list({ limit: 10, starting_after: first.data.at(-1)?.id });
  const third = await it.stripe.events.list({ limit: 10, starting_after: second.data.at(-1)?.id });
  assert.deepEqual([numbers(third), third.has_more], [[4, 3, 2, 1, 0], false]);
  const back = await it.stripe.events.list({ limit: 3, ending_before: second.data[0].id });
  assert.deepEqual([numbers(back), back.has_more], [[17, 16, 15], true]);
  const newest = await it.stripe.events.list({ limit: 50, ending_before: second.data[0].id });
  assert.deepEqual([newest.data.length, newest.has_more], [10, false]);
  const all = [];
  for await (const event of it.stripe.events.list({ limit: 7 })) all.push(event.id);
  assert.equal(new Set(all).size, 25);
});

test('events are found by type, by several, and by time', async () => {
  await send(2);
  await it.paid();
  const types = async (/** @type {any} */ filter) => (await it.stripe.events.list(filter)).data.map(({ type }) => type);
  assert.deepEqual(await types({ type: 'checkout.session.completed' }), ['checkout.session.completed']);
  assert.deepEqual(await types({ types: ['charge.succeeded', 'shop.counted'] }), ['charge.succeeded', 'shop.counted', 'shop.counted']);
  assert.deepEqual(await types({ type: 'charge.*' }), ['charge.succeeded']);
  await it.control('POST', '/clock', { advance_seconds: 100 });
  await send(1, 'shop.late');
  const { data: [late] } = await it.stripe.events.list({ limit: 1 });
  assert.deepEqual(await types({ created: { gte: late.created } }), ['shop.late']);
  assert.deepEqual(await types({ created: { gt: late.created } }), []);
  assert.equal((await types({ created: { lt: late.created } })).length, 6);
  assert.equal((await types({ created: { lte: late.created } })).length, 7);
});

test('an event can be had by its id, for thirty days', async () => {
  await send(1);
  const { data: [event] } = await it.stripe.events.list();
  assert.deepEqual(/** @type {any} */ (await it.stripe.events.retrieve(event.id)).data.object.n, 0);
  await it.control('POST', '/clock', { advance_seconds: 30 * 24 * 3600 + 60 });
  assert.equal((await it.stripe.events.list()).data.length, 0);
  await assert.rejects(it.stripe.events.retrieve(event.id), { statusCode: 404 });
});

test('a filter, cursor or limit that makes no sense is refused', async () => {
  await assert.rejects(it.stripe.events.list({ limit: 101 }), { statusCode: 400, param: 'limit' });
  await assert.rejects(it.stripe.events.list({ starting_after: 'evt_none' }), { code: 'resource_missing' });
  await assert.rejects(it.stripe.events.list(/** @type {any} */ ({ nonsense: 1 })), { code: 'parameter_unknown' });
  await assert.rejects(it.stripe.events.list({ type: 'a', types: ['b'] }), /both/);
});
