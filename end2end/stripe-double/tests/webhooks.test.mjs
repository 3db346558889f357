import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Stripe from 'stripe';
import { SECRET, start } from './support.mjs';

/** @type {Awaited<ReturnType<typeof start>>} */
let it;
before(async () => {
  it = await start();
});
after(() => it.close());
beforeEach(async () => {
  await it.control('POST', '/reset');
  await it.control('PUT', '/webhooks', { endpoints: [{ url: it.shop.url, secret: SECRET }] });
  it.shop.received = [];
  it.shop.answer = () => 200;
});

const { webhooks } = Stripe;
const send = (type = 'shop.counted', n = 0) => it.control('POST', '/events', { type, object: { id: `thing_${n}`, object: 'thing', n } });
const idle = async () => assert.deepEqual(await it.control('GET', '/idle'), { idle: true, under_way: 0 });
const fault = (/** @type {any} */ rule) => it.control('POST', '/faults', rule);
const outcomes = async () => (await it.control('GET', '/deliveries')).deliveries.map(({ outcome }) => outcome);
const numbers = () => it.shop.received.map(({ event }) => event.data.object.n);

test('a delivery is verified by the SDK, is in the event list by then, and another secret does not verify it', async () => {
  let listed = 0;
  it.shop.answer = async () => {
    listed = (await it.stripe.events.list()).data.length;
    return 200;
  };
  await send();
  await idle();
  assert.equal(listed, 1);
  const [{ body, signature }] = it.shop.received;
  const event = webhooks.constructEvent(body, signature, SECRET);
  assert.deepEqual([event.type, event.livemode, event.api_version, event.pending_webhooks], ['shop.counted', false, '2026-09-30.endive', 1]);
  assert.throws(() => webhooks.constructEvent(body, signature, 'whsec_other'), /No signatures found/);
  assert.throws(() => webhooks.constructEvent(body.replace('thing_0', 'thing_1'), signature, SECRET), /No signatures found/);
  assert.equal((await it.stripe.events.retrieve(event.id)).pending_webhooks, 0);
});

test('while a secret is being replaced, both sign', async () => {
  await it.control('PUT', '/webhooks', { endpoints: [{ url: it.shop.url, secret: 'whsec_old,whsec_new' }] });
  await send();
  await idle();
  const [{ body, signature }] = it.shop.received;
  assert.equal(signature.match(/v1=/g)?.length, 2);
  for (const secret of ['whsec_old', 'whsec_new']) assert.ok(webhooks.constructEvent(body, signature, secret));
});

test('an endpoint gets the types it asked for, and secrets are never shown', async () => {
  await it.control('PUT', '/webhooks', { endpoints: [{ url: it.shop.url, secret: SECRET, enabled_events: ['checkout.session.completed'] }] });
  await it.paid();
  await idle();
  assert.deepEqual(it.shop.types(), ['checkout.session.completed']);
  assert.ok(!JSON.stringify(await it.control('GET', '/')).includes(SECRET));
});

test('events come in order, one after the other, however slow the shop is', async () => {
  let atOnce = 0;
  let most = 0;
  it.shop.answer = async (_, count) => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise((resolve) => setTimeout(resolve, count % 2 ? 30 : 1));
    atOnce -= 1;
    return 200;
  };
  for (let n = 0; n < 8; n += 1) await send('shop.counted', n);
  await idle();
  assert.deepEqual([numbers(), most], [[0, 1, 2, 3, 4, 5, 6, 7], 1]);
});

test('what is not taken with a 2xx comes again, and holds nobody up', async () => {
  let refusals = 2;
  it.shop.answer = (event) => (event.data.object.n === 0 && refusals-- > 0 ? 500 : 200);
  await send('shop.counted', 0);
  await send('shop.counted', 1);
  await idle();
  assert.deepEqual(numbers(), [0, 1, 0, 0]);
  assert.deepEqual(await outcomes(), [500, 200, 500, 200]);
});

test('a shop that never takes it is given up at last', async () => {
  it.shop.answer = () => 302;
  const { id } = await send();
  await idle();
  assert.deepEqual(await outcomes(), [302, 302, 302, 302, 'given up']);
  assert.equal((await it.stripe.events.list({ delivery_success: false })).data[0].id, id);
});

test('an event can be sent again by hand', async () => {
  const { id } = await send();
  await it.control('POST', `/events/${id}/deliver`, { times: 2 });
  await idle();
  assert.deepEqual(it.shop.received.map(({ event }) => event.id), [id, id, id]);
});

test('fault drop: the event is in the list and never comes', async () => {
  await fault({ kind: 'drop', match: { webhook: 'counted' } });
  await send();
  await send('shop.other');
  await idle();
  assert.deepEqual(it.shop.types(), ['shop.other']);
  assert.equal((await it.stripe.events.list()).data.length, 2);
});

test('fault drop takes no event away that is only sent again', async () => {
  it.shop.answer = () => 500;
  await send('shop.counted', 0);
  while (it.shop.received.length < 1) await new Promise((resolve) => setTimeout(resolve, 2));
  await fault({ kind: 'drop', match: { webhook: true } });
  await idle();
  it.shop.answer = () => 200;
  await send('shop.counted', 1);
  await idle();
  assert.deepEqual([...new Set(numbers())], [0]);
});

test('fault double: it comes twice', async () => {
  await fault({ kind: 'double', match: { webhook: true } });
  const { id } = await send();
  await idle();
  assert.deepEqual(it.shop.received.map(({ event }) => event.id), [id, id]);
});

test('fault delay: it comes late, and others overtake it', async () => {
  await fault({ kind: 'delay', match: { webhook: true }, delay_ms: 600 });
  await send('shop.counted', 0);
  await send('shop.counted', 1);
  await idle();
  assert.deepEqual(numbers(), [1, 0]);
  assert.ok(it.shop.received[1].at - it.shop.received[0].at > 100);
});

test('fault reorder: it comes after the next one, or after a while if there is none', async () => {
  await fault({ kind: 'reorder', match: { webhook: true }, delay_ms: 5000 });
  await send('shop.counted', 0);
  await send('shop.counted', 1);
  await idle();
  assert.deepEqual(numbers(), [1, 0]);
  await fault({ kind: 'reorder', match: { webhook: true }, delay_ms: 30 });
  await send('shop.counted', 2);
  await idle();
  assert.deepEqual(numbers(), [1, 0, 2]);
});

test('fault reset_after: the shop did its work, and is told again', async () => {
  await fault({ kind: 'reset_after', match: { webhook: true } });
  await send();
  await idle();
  assert.deepEqual([it.shop.received.length, await outcomes()], [2, ['reset_after', 200]]);
});

for (const kind of ['bad_signature', 'truncate']) {
  test(`fault ${kind}: what comes cannot be verified, and comes again as it should`, async () => {
    const verifies = ({ body, signature }) => {
      try {
        return Boolean(webhooks.constructEvent(body, signature, SECRET));
      } catch {
        return false;
      }
    };
    it.shop.answer = () => (verifies(it.shop.received.at(-1)) ? 200 : 400);
    await fault({ kind, match: { webhook: true } });
    await send();
    await idle();
    assert.deepEqual(it.shop.received.map(verifies), [false, true]);
  });
}

for (const [kind, options, field, value] of /** @type {const} */ ([
  ['wrong_amount', { by: -1 }, 'amount_total', 698], ['wrong_currency', { currency: 'chf' }, 'currency', 'chf'], ['wrong_livemode', {}, 'livemode', true],
])) {
  test(`fault ${kind}: an event says what is not so, with a good signature`, async () => {
    await fault({ kind, match: { webhook: 'session.completed' }, ...options });
    const { id } = await it.paid();
    await idle();
    const last = it.shop.received.at(-1);
    const event = /** @type {any} */ (webhooks.constructEvent(String(last?.body), String(last?.signature), SECRET));
    assert.equal(event.data.object[field], value);
    if (field === 'livemode') assert.equal(event.livemode, true);
    assert.notEqual(/** @type {any} */ (await it.stripe.checkout.sessions.retrieve(id))[field], value);
  });
}

test('fault api_version: an event is shaped as an older version, or one that nobody knows yet, shapes it', async () => {
  const shaped = async (/** @type {string} */ version) => {
    it.shop.received = [];
    await fault({ kind: 'api_version', match: { webhook: true }, version, times: null });
    const { id } = await it.paid();
    await it.control('POST', '/refunds', { session: id, amount: 100 });
    await it.control('POST', '/disputes', { session: id, amount: 100 });
    await idle();
    await it.control('DELETE', '/faults');
    for (const { event } of it.shop.received) assert.equal(event.api_version, version);
    return (/** @type {string} */ type) => it.shop.received.find(({ event }) => event.type === type)?.event.data.object;
  };
  const of2020 = await shaped('2020-03-02');
  assert.deepEqual(of2020('charge.refunded').refunds.data.map(({ amount }) => amount), [100]);
  assert.match(of2020('charge.refunded').payment_intent, /^pi_/);
  assert.deepEqual([of2020('payment_intent.succeeded').latest_charge, of2020('payment_intent.succeeded').charges.data.length], [undefined, 1]);
  assert.deepEqual([of2020('checkout.session.completed').status, of2020('checkout.session.completed').payment_status], [undefined, undefined]);
  const of2021 = await shaped('2021-08-27');
  assert.deepEqual([of2021('checkout.session.completed').status, of2021('checkout.session.completed').payment_status], [undefined, 'paid']);
  const of2017 = await shaped('2017-04-06');
  assert.equal(of2017('charge.refunded').payment_intent, undefined);
  assert.equal(of2017('charge.dispute.created').payment_intent, undefined);
  assert.match(of2017('charge.dispute.created').balance_transaction, /^txn_/);
  const ofSomeday = await shaped('2031-01-01.quokka');
  assert.equal(ofSomeday('checkout.session.completed').payment_status, 'paid');
  assert.deepEqual([ofSomeday('charge.refunded').outcome, ofSomeday('charge.refunded').fraud_details], [undefined, 'none']);
  assert.ok(ofSomeday('refund.created').not_known_yet);
});

test('an endpoint made with another version gets its events so, while the list keeps the account\'s', async () => {
  await it.control('PUT', '/webhooks', { endpoints: [{ url: it.shop.url, secret: SECRET, api_version: '2020-08-27' }] });
  await it.paid();
  await idle();
  assert.ok(it.shop.received.every(({ event }) => event.api_version === '2020-08-27'));
  assert.ok((await it.stripe.events.list()).data.every((event) => event.api_version === '2026-09-30.endive'));
});

test('the double delivers to this machine only', async () => {
  await assert.rejects(it.control('PUT', '/webhooks', { endpoints: [{ url: 'http://192.0.2.1/webhook', secret: SECRET }] }), /127\.0\.0\.1/);
  await assert.rejects(it.control('PUT', '/webhooks', { endpoints: [{ url: it.shop.url }] }), /signing secret/);
});
