/**
 * 200 purchases at the real server and the Stripe double, with every kind of fault injected at random and processes
 * killed, must end with exactly the credits that were sold. `SEED=… node --test` sets the seed of everything random:
 * what buyers do, which faults are injected, when a process is killed. Only the timing differs between two runs of one
 * seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { control as controlDouble } from '../stripe-double/control.mjs';
import { startDouble } from '../stripe-double/server.mjs';
import { Prng } from './prng.mjs';
import { Buyer } from './buyer.mjs';
import { reconcile } from './reconciliation.mjs';
import { Shop, makeDatabase, makeFolder, removeFolder } from './servers.mjs';
import { drawScenario, runScenario } from './scenario.mjs';
import { TAMPERING, faultRules, hitsByFault } from './fault-profile.mjs';
import { isJustified, isTampered } from './tampering.mjs';

const SEED = process.env.SEED ?? '1';
const TENANTS = 20;
const PURCHASES = 200;
/** How many of a tenant's purchases run at once. */
const CONCURRENT_PER_TENANT = 2;
const KILLS_MIN = 3;
/** On a busy machine a process starts slowly; without a limit, it would be killed again and again. */
const KILLS_MAX = 10;
const WEBHOOK_SECRET = 'whsec_faults';
/** The types that the shop acts on, and one that it ignores. */
const EVENTS = [
  'checkout.session.completed', 'checkout.session.async_payment_succeeded', 'checkout.session.async_payment_failed', 'checkout.session.expired',
  'charge.refunded', 'refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated',
  'charge.dispute.created', 'charge.dispute.funds_withdrawn', 'charge.dispute.closed', 'charge.dispute.funds_reinstated',
  'charge.updated',
];
/** How long recovery may take once the faults are over. */
const RECOVERY_MS = 60_000;

test('200 purchases with every fault on, in one process on SQLite', { timeout: 300_000 }, async (t) => {
  const folder = await makeFolder();
  t.after(() => removeFolder(folder));
  await buyUnderFaults(t, { folder, databaseUrl: `sqlite://${folder}/shop.db`, processes: 1 });
});

test('200 purchases with every fault on, in two processes on PostgreSQL', { timeout: 300_000 }, async (t) => {
  const url = process.env.TEST_POSTGRES_URL;
  assert(url, 'TEST_POSTGRES_URL names a PostgreSQL; scripts/test starts one');
  const folder = await makeFolder();
  const database = await makeDatabase(url);
  t.after(async () => {
    await database.drop();
    await removeFolder(folder);
  });
  await buyUnderFaults(t, { folder, databaseUrl: database.url, processes: 2 });
});

/**
 * @param {import('node:test').TestContext} t
 * @param {{ folder: string, databaseUrl: string, processes: number }} where
 */
async function buyUnderFaults(t, { folder, databaseUrl, processes }) {
  t.diagnostic(`SEED=${SEED}`);
  const began = Date.now();
  Buyer.answers.clear();
  const prng = new Prng(SEED, 'faults');
  const double = await startDouble({ backoff: [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000], webhookTimeout: 3_000 });
  t.after(() => double.close());
  const control = controlOf(double);
  /** @type {Shop[]} */
  const shops = [];
  t.after(() => Promise.all(shops.map((shop) => shop.stop())));
  for (let n = 1; n <= processes; n += 1) {
    shops.push(await Shop.start(`shop ${n}`, { folder, databaseUrl, stripeUrl: double.url, publicUrl: 'http://127.0.0.1:3000', webhookSecret: WEBHOOK_SECRET }));
  }
  await setEndpoints(control, shops);
  const buyers = Array.from({ length: TENANTS }, (_, n) => new Buyer(`buyer${n}@example.com`, shops, new Prng(SEED, `buyer ${n}`)));
  // In turn, because hashing a password occupies a core.
  for (const buyer of buyers) await buyer.signUp();

  await control('POST', '/faults', faultRules(prng));
  const over = new AbortController();
  const disruptions = Promise.all([killAtRandom(shops, over.signal), rerouteWebhooks(control, shops, over.signal)]);
  const runs = await Promise.all(buyers.map((buyer, n) => buy(buyer, n, control)));
  over.abort();
  await disruptions;
  const faultsMs = Date.now() - began;

  const hits = hitsByFault((await control('GET', '/faults')).faults);
  await control('DELETE', '/faults');
  const recovery = await recover(shops, control);
  await retryUnanswered(buyers, runs);
  await control('GET', '/idle?timeout_ms=10000');

  const differences = await payTampered(control, shops[0], buyers[0], runs[0]);
  differences.push(...await reconcileAll(double, control, buyers, runs));
  const tampered = await checkTamperedEvents(double, shops[0]);
  differences.push(...tampered.differences, ...recovery.differences, ...await checkStoredEvents(shops[0]));
  const kills = shops.reduce((sum, shop) => sum + shop.kills, 0);
  summarise(t, { runs: runs.flat(), hits, kills, tampered: tampered.count, recovery, faultsMs, totalMs: Date.now() - began });
  if (differences.length > 0) assert.fail(`SEED=${SEED}: the ledger differs from the double's books:\n${differences.join('\n')}`);
  for (const [fault, count] of Object.entries(hits)) assert(count > 0, `SEED=${SEED}: ${fault} was never injected`);
  assert(kills >= KILLS_MIN, `SEED=${SEED}: only ${kills} kills`);
  assert.deepEqual(shops.flatMap((shop) => shop.loggedErrors), [], `SEED=${SEED}: a server logged an error`);
  const broken = [...Buyer.answers.keys()].filter((answer) => answer.startsWith('500'));
  assert.deepEqual(broken, [], `SEED=${SEED}: a buyer got a 500`);
}

/**
 * The double's control API without HTTP, so that faults do not affect the actions of buyers and banks.
 * @param {Awaited<ReturnType<typeof startDouble>>} double @returns {import('./scenario.mjs').Control}
 */
function controlOf(double) {
  return async (method, target, body) => {
    const [path, query = ''] = target.split('?', 2);
    return structuredClone(await controlDouble(double, { method, path: `/_${path}`, query, body: body === undefined ? '' : JSON.stringify(body) }));
  };
}

/**
 * Runs a tenant's scenarios, some of them concurrently.
 * @param {Buyer} buyer
 * @param {number} n
 * @param {import('./scenario.mjs').Control} control
 */
async function buy(buyer, n, control) {
  const scenarios = Array.from({ length: PURCHASES / TENANTS }, (_, m) => drawScenario(new Prng(SEED, `purchase ${n} ${m}`), `order-${n}-${m}`));
  /** @type {import('./scenario.mjs').Run[]} */
  const runs = [];
  await Promise.all(Array.from({ length: CONCURRENT_PER_TENANT }, async () => {
    for (let next = scenarios.shift(); next; next = scenarios.shift()) runs.push(await runScenario(next, buyer, control));
  }));
  return runs;
}

/** @param {Shop[]} shops @param {AbortSignal} over */
async function killAtRandom(shops, over) {
  const prng = new Prng(SEED, 'kills');
  for (let kills = 0; kills < KILLS_MAX && await waited(prng.integer(1_200, 3_500), over); kills += 1) {
    const shop = prng.pick(shops);
    await shop.kill();
    await sleep(prng.integer(0, 400));
    await shop.start();
  }
}

/**
 * Sends webhooks to one process, to another, or to all of them.
 * @param {import('./scenario.mjs').Control} control
 * @param {Shop[]} shops
 * @param {AbortSignal} over
 */
async function rerouteWebhooks(control, shops, over) {
  const prng = new Prng(SEED, 'webhooks');
  while (shops.length > 1 && await waited(prng.integer(200, 800), over)) {
    await setEndpoints(control, prng.chance(0.3) ? shops : [prng.pick(shops)]);
  }
}

/** @param {import('./scenario.mjs').Control} control @param {Shop[]} shops */
const setEndpoints = (control, shops) =>
  control('PUT', '/webhooks', { endpoints: shops.map(({ url }) => ({ url: `${url}/billing/webhook`, secret: WEBHOOK_SECRET, enabled_events: EVENTS })) });

/** Waits; `false` if it is aborted. @param {number} milliseconds @param {AbortSignal} over */
const waited = (milliseconds, over) => sleep(milliseconds, true, { signal: over }).catch(() => false);

/**
 * Waits for pending deliveries, and runs `server reconcile`, which does the worker's work at once.
 * @param {Shop[]} shops @param {import('./scenario.mjs').Control} control
 */
async function recover(shops, control) {
  await control('GET', '/idle?timeout_ms=10000');
  const [shop] = shops;
  const deadline = Date.now() + RECOVERY_MS;
  const began = Date.now();
  let rounds = 0;
  let changed = 0;
  for (;;) {
    rounds += 1;
    const report = await shop.command('reconcile');
    const [fetched, taken, moved] = [/^(\d+) missed events fetched$/m, /^(\d+) events taken up/m, /, (\d+) changed\.$/m].map((line) => Number(line.exec(report)?.[1]));
    changed += fetched + taken + moved;
    const waiting = await events(shop, 'RECEIVED');
    if (fetched + taken + moved === 0) {
      return { rounds, changed, took: Date.now() - began, differences: waiting.map((line) => `reconcile leaves ${line}`) };
    }
    assert(Date.now() < deadline, `SEED=${SEED}: reconcile never ends:\n${report}`);
  }
}

/**
 * Sends each order that got no answer again with its key, now without faults.
 * @param {Buyer[]} buyers
 * @param {import('./scenario.mjs').Run[][]} runs
 */
async function retryUnanswered(buyers, runs) {
  for (const [n, buyer] of buyers.entries()) {
    for (const { scenario: { key, product }, order } of runs[n]) if (!order) await buyer.order(key, product, 1);
  }
}

/**
 * @param {Awaited<ReturnType<typeof startDouble>>} double @param {import('./scenario.mjs').Control} control
 * @param {Buyer[]} buyers @param {import('./scenario.mjs').Run[][]} runs
 */
async function reconcileAll(double, control, buyers, runs) {
  const { sessions } = await control('GET', '/books');
  const lines = new Map();
  for (const line of sessions) lines.set(line.client_reference_id, [...(lines.get(line.client_reference_id) ?? []), line]);
  const isPaymentUnderWay = (/** @type {any} */ line) => double.state.worlds.test.intents.get(line.payment_intent)?.status === 'processing';
  // Stripe keeps a 500 under its idempotency key for a day, so such an order stays open until the worker closes it.
  const cannotOpen = (/** @type {string} */ id) => double.api.idempotency.entries.get(`test purchase-${id}`)?.answer?.status === 500;
  const differences = [];
  const known = new Set();
  for (const [n, buyer] of buyers.entries()) {
    const statement = await buyer.statement();
    for (const { id } of statement.receipts) known.add(id);
    differences.push(...reconcile(statement, { runs: runs[n], lines, isPaymentUnderWay, cannotOpen }).map((text) => `${buyer.email}: ${text}`));
  }
  for (const id of lines.keys()) if (!known.has(id)) differences.push(`the double has a session for ${id}, which is no purchase`);
  return differences;
}

/**
 * Checks that no tampered event was applied without a reason. Counts those that need attention.
 * @param {Awaited<ReturnType<typeof startDouble>>} double @param {Shop} shop
 */
async function checkTamperedEvents(double, shop) {
  const { deliveries } = double.webhooks;
  const differences = [];
  let count = 0;
  for (const id of new Set(deliveries.filter(isTampered).map(({ event }) => event))) {
    const [, heading = '', body = ''] = /^([^]*?)\n(\{[^]*)$/.exec(await shop.command('events', 'show', id)) ?? [];
    const object = body && JSON.parse(body).data.object;
    const sent = double.state.worlds.test.events.find((event) => event.id === id).data.object;
    // An event is stored once, so the untampered one may be the stored one.
    if (!object || ['amount_total', 'currency', 'livemode'].every((name) => object[name] === sent[name])) continue;
    const [, status = '', attempts = '', note = ''] = /, (\w+) after (\d+) attempts: (.*)$/m.exec(heading) ?? [];
    if (status === 'ATTENTION') count += 1;
    const stored = { status, note, attempts: Number(attempts), payment_status: object.payment_status };
    if (!isJustified(id, stored, deliveries, double.api.calls)) differences.push(`${id} is tampered with, and became ${status}: ${note}`);
  }
  return { count, differences };
}

/**
 * Without other faults and without the success page, checks that a payment with a tampered event is booked only when
 * the shop asks the provider.
 * @param {import('./scenario.mjs').Control} control
 * @param {Shop} shop
 * @param {Buyer} buyer
 * @param {import('./scenario.mjs').Run[]} runs are added to
 */
async function payTampered(control, shop, buyer, runs) {
  const differences = [];
  await setEndpoints(control, [shop]);
  for (const kind of TAMPERING) {
    const scenario = { ...drawScenario(new Prng(SEED, kind), `order-${kind}`), payment: 'pays', reversal: 'nothing' };
    const order = await buyer.order(scenario.key, scenario.product);
    assert(order, 'without faults every order is answered');
    await control('POST', '/faults', { kind, match: { webhook: '^checkout\\.session\\.completed$' }, times: 1 });
    await control('POST', `/sessions/${order.session_id}/pay`, {});
    await control('GET', '/idle?timeout_ms=10000');
    const { receipts } = await buyer.statement();
    const { status, entries } = receipts.find(({ id }) => id === order.purchase_id);
    if (status !== 'PENDING' || entries.length > 0) differences.push(`upon ${kind}, ${order.purchase_id} became ${status} ${JSON.stringify(entries)}`);
    const [newest = ''] = await events(shop, 'ATTENTION');
    if (!newest.endsWith(`the session's ${kind.slice('wrong_'.length)} is not ${kind === 'wrong_livemode' ? "the key's" : "the purchase's"}`)) {
      differences.push(`upon ${kind}, no attention: ${newest}`);
    }
    runs.push({ scenario, order, wasWhollyRefunded: false });
  }
  await shop.command('reconcile');
  return differences;
}

/** The stored events with a status, a line each, newest first. @param {Shop} shop @param {string} status */
async function events(shop, status) {
  const list = await shop.command('events', 'list', '--status', status, '--limit', '1000');
  return list.split('\n').filter((line) => line.includes(' evt_'));
}

/**
 * Checks that no event with an effect is ignored, and that none needs attention without a reason.
 * @param {Shop} shop
 */
async function checkStoredEvents(shop) {
  const ignored = (await events(shop, 'IGNORED')).filter((line) => !/ charge\.updated( purchase \S+)? not a type of event/.test(line));
  // Old versions of the API lack payment_status.
  const attention = (await events(shop, 'ATTENTION')).filter((line) => !/ checkout\.session\.\w+( purchase \S+)? (the session's (amount|currency|livemode) is not|no usable payment_status)/.test(line));
  return [...ignored, ...attention].map((line) => `unexpected: ${line}`);
}

/** @param {import('node:test').TestContext} t @param {any} what */
function summarise(t, { runs, hits, kills, tampered, recovery, faultsMs, totalMs }) {
  const tally = (/** @type {string[]} */ names) => {
    /** @type {Record<string, number>} */
    const counts = {};
    for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
    return format(counts);
  };
  const format = (/** @type {Record<string, number>} */ counts) => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ');
  t.diagnostic(`${runs.length} purchases: ${tally(runs.map((/** @type {any} */ run) => (run.order ? run.scenario.payment : 'never answered')))}`);
  t.diagnostic(`reversals: ${tally(runs.map((/** @type {any} */ run) => run.scenario.reversal))}`);
  t.diagnostic(`faults injected: ${format(hits)}`);
  t.diagnostic(`answers to buyers: ${format(Object.fromEntries(Buyer.answers))}`);
  t.diagnostic(`${kills} kills; ${tampered} tampered events in attention; recovery: ${recovery.changed} changes in ${recovery.rounds} rounds, ${Math.round(recovery.took / 1_000)} s`);
  t.diagnostic(`${Math.round(faultsMs / 1_000)} s with faults, ${Math.round(totalMs / 1_000)} s in all`);
}
