/**
 * 200 purchases at the real server over the Stripe double, with every fault switched on at random and the processes
 * killed now and then, end with exactly the credits that were sold. `SEED=… node --test` draws everything anew: what
 * buyers do, which faults strike and when a process is killed; only the clock is not drawn.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { control as controlDouble } from '../stripe-double/control.mjs';
import { startDouble } from '../stripe-double/server.mjs';
import { Chance } from './chance.mjs';
import { Customer } from './customer.mjs';
import { compare } from './reckoning.mjs';
import { Shop, makeDatabase, makeFolder, removeFolder } from './servers.mjs';
import { live, plan } from './story.mjs';
import { LIES, stormy, strikes } from './weather.mjs';

const SEED = process.env.SEED ?? '1';
const TENANTS = 20;
const PURCHASES = 200;
/** How many of a tenant's purchases are under way at once. */
const LANES = 2;
const KILLS_MIN = 3;
/** A machine that has much else to do starts a process slowly: it must not be kept from ever getting on. */
const KILLS_MAX = 10;
const WEBHOOK_SECRET = 'whsec_faults';
/** What the shop acts upon, and something that it does not. */
const EVENTS = [
  'checkout.session.completed', 'checkout.session.async_payment_succeeded', 'checkout.session.async_payment_failed', 'checkout.session.expired',
  'charge.refunded', 'refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated',
  'charge.dispute.created', 'charge.dispute.funds_withdrawn', 'charge.dispute.closed', 'charge.dispute.funds_reinstated',
  'charge.updated',
];
/** How long recovery may take once the faults are over. */
const RECOVERY_MS = 60_000;
/** How long a process may take over the provider's list of events. */
const BACKFILL_MS = 15_000;

test('200 purchases with every fault on, in one process on SQLite', { timeout: 300_000 }, async (t) => {
  const folder = await makeFolder();
  t.after(() => removeFolder(folder));
  await shopThrough(t, { folder, databaseUrl: `sqlite://${folder}/shop.db`, processes: 1 });
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
  await shopThrough(t, { folder, databaseUrl: database.url, processes: 2 });
});

/** @param {import('node:test').TestContext} t @param {{ folder: string, databaseUrl: string, processes: number }} where */
async function shopThrough(t, { folder, databaseUrl, processes }) {
  t.diagnostic(`SEED=${SEED}`);
  const began = Date.now();
  Customer.answers.clear();
  const chance = new Chance(SEED, 'weather');
  const double = await startDouble({ backoff: [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000], webhookTimeout: 3_000 });
  t.after(() => double.close());
  const control = controlOf(double);
  /** @type {Shop[]} */
  const shops = [];
  t.after(() => Promise.all(shops.map((shop) => shop.stop())));
  for (let n = 1; n <= processes; n += 1) {
    shops.push(await Shop.start(`shop ${n}`, { folder, databaseUrl, stripeUrl: double.url, publicUrl: 'http://127.0.0.1:3000', webhookSecret: WEBHOOK_SECRET }));
  }
  await tellWebhooks(control, shops);
  const customers = Array.from({ length: TENANTS }, (_, n) => new Customer(`buyer${n}@example.com`, shops, new Chance(SEED, `customer ${n}`)));
  // One by one: hashing a password takes a core.
  for (const customer of customers) await customer.signUp();

  await control('POST', '/faults', stormy(chance));
  const over = new AbortController();
  const misfortune = Promise.all([killNowAndThen(shops, over.signal), moveWebhooks(control, shops, over.signal)]);
  const lives = await Promise.all(customers.map((customer, n) => buy(customer, n, control)));
  over.abort();
  await misfortune;
  const storm = Date.now() - began;

  const struck = strikes((await control('GET', '/faults')).faults);
  await control('DELETE', '/faults');
  const recovery = await recover(shops, control);
  await comeAgain(customers, lives);
  await control('GET', '/idle?timeout_ms=10000');

  const differences = await lie(control, shops[0], customers[0], lives[0]);
  differences.push(...await reckon(double, control, customers, lives));
  const lies = await lookAtLies(double, shops[0]);
  differences.push(...lies.differences, ...recovery.differences, ...await lookAtEvents(shops[0]));
  const kills = shops.reduce((sum, shop) => sum + shop.kills, 0);
  summarise(t, { lives: lives.flat(), struck, kills, lies: lies.count, recovery, storm, whole: Date.now() - began });
  if (differences.length > 0) assert.fail(`SEED=${SEED}: the ledger and the double's books differ:\n${differences.join('\n')}`);
  for (const [fault, count] of Object.entries(struck)) assert(count > 0, `SEED=${SEED}: ${fault} never struck`);
  assert(kills >= KILLS_MIN, `SEED=${SEED}: only ${kills} kills`);
  assert.deepEqual(shops.flatMap((shop) => shop.alarms), [], `SEED=${SEED}: a server has raised an alarm`);
  const broken = [...Customer.answers.keys()].filter((answer) => answer.startsWith('500'));
  assert.deepEqual(broken, [], `SEED=${SEED}: a customer met an error of the shop's own`);
}

/**
 * The double's control API without HTTP in between: what buyers and banks do is not to be cut off.
 * @param {Awaited<ReturnType<typeof startDouble>>} double @returns {import('./story.mjs').Control}
 */
function controlOf(double) {
  return async (method, target, body) => {
    const [path, query = ''] = target.split('?', 2);
    return structuredClone(await controlDouble(double, { method, path: `/_${path}`, query, body: body === undefined ? '' : JSON.stringify(body) }));
  };
}

/** A tenant's purchases, some at the same time. @param {Customer} customer @param {number} n @param {import('./story.mjs').Control} control */
async function buy(customer, n, control) {
  const plans = Array.from({ length: PURCHASES / TENANTS }, (_, m) => plan(new Chance(SEED, `purchase ${n} ${m}`), `order-${n}-${m}`));
  /** @type {import('./story.mjs').Lived[]} */
  const lives = [];
  await Promise.all(Array.from({ length: LANES }, async () => {
    for (let next = plans.shift(); next; next = plans.shift()) lives.push(await live(next, customer, control));
  }));
  return lives;
}

/** @param {Shop[]} shops @param {AbortSignal} over */
async function killNowAndThen(shops, over) {
  const chance = new Chance(SEED, 'kills');
  for (let kills = 0; kills < KILLS_MAX && await waited(chance.whole(1_200, 3_500), over); kills += 1) {
    const shop = chance.of(shops);
    await shop.kill();
    await sleep(chance.whole(0, 400));
    await shop.start();
  }
}

/** Notifications go to one process, to another, or to all of them. @param {import('./story.mjs').Control} control @param {Shop[]} shops @param {AbortSignal} over */
async function moveWebhooks(control, shops, over) {
  const chance = new Chance(SEED, 'webhooks');
  while (shops.length > 1 && await waited(chance.whole(200, 800), over)) {
    await tellWebhooks(control, chance.happens(0.3) ? shops : [chance.of(shops)]);
  }
}

/** @param {import('./story.mjs').Control} control @param {Shop[]} shops */
const tellWebhooks = (control, shops) =>
  control('PUT', '/webhooks', { endpoints: shops.map(({ url }) => ({ url: `${url}/billing/webhook`, secret: WEBHOOK_SECRET, enabled_events: EVENTS })) });

/** `false` when it is over before. @param {number} milliseconds @param {AbortSignal} over */
const waited = (milliseconds, over) => sleep(milliseconds, true, { signal: over }).catch(() => false);

/**
 * Lets what is under way arrive, and does by hand what the worker would do in minutes and hours.
 * @param {Shop[]} shops @param {import('./story.mjs').Control} control
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
    const report = await shop.byHand('reconcile');
    const [fetched, taken, moved] = [/^(\d+) missed events fetched$/m, /^(\d+) events taken up/m, /, (\d+) changed\.$/m].map((line) => Number(line.exec(report)?.[1]));
    changed += fetched + taken + moved;
    const waiting = await events(shop, 'RECEIVED');
    if (fetched + taken + moved === 0) {
      return { rounds, changed, took: Date.now() - began, differences: waiting.map((line) => `reconcile does not reach ${line}`) };
    }
    assert(Date.now() < deadline, `SEED=${SEED}: reconcile finds something to change again and again:\n${report}`);
  }
}

/** Whose order was never answered tries once more with the same key, on a better day. @param {Customer[]} customers @param {import('./story.mjs').Lived[][]} lives */
async function comeAgain(customers, lives) {
  for (const [n, customer] of customers.entries()) {
    for (const { plan: { key, product }, ordered } of lives[n]) if (!ordered) await customer.order(key, product, 1);
  }
}

/**
 * @param {Awaited<ReturnType<typeof startDouble>>} double @param {import('./story.mjs').Control} control
 * @param {Customer[]} customers @param {import('./story.mjs').Lived[][]} lives
 */
async function reckon(double, control, customers, lives) {
  const { sessions } = await control('GET', '/books');
  const lines = new Map();
  for (const line of sessions) lines.set(line.client_reference_id, [...(lines.get(line.client_reference_id) ?? []), line]);
  const isPaymentUnderWay = (/** @type {any} */ line) => double.state.worlds.test.intents.get(line.payment_intent)?.status === 'processing';
  // Stripe keeps a 500 under its key for a day, so such an order stays open until it is closed.
  const cannotOpen = (/** @type {string} */ id) => double.api.idempotency.entries.get(`test purchase-${id}`)?.answer?.status === 500;
  const differences = [];
  const known = new Set();
  for (const [n, customer] of customers.entries()) {
    const statement = await customer.statement();
    for (const { id } of statement.receipts) known.add(id);
    differences.push(...compare(statement, { lives: lives[n], lines, isPaymentUnderWay, cannotOpen }).map((text) => `${customer.email}: ${text}`));
  }
  for (const id of lines.keys()) if (!known.has(id)) differences.push(`the double has a session for ${id}, which is no purchase`);
  return differences;
}

/**
 * A notification that lied has booked nothing, and somebody is asked to look. Gives how many still wait for that.
 * @param {Awaited<ReturnType<typeof startDouble>>} double @param {Shop} shop
 */
async function lookAtLies(double, shop) {
  const { deliveries } = double.webhooks;
  const isLie = (/** @type {any} */ { faults }) => faults.some((/** @type {string} */ kind) => LIES.includes(kind));
  const differences = [];
  let count = 0;
  for (const id of new Set(deliveries.filter(isLie).map(({ event }) => event))) {
    const [, heading = '', body = ''] = /^([^]*?)\n(\{[^]*)$/.exec(await shop.byHand('events', 'show', id)) ?? [];
    const stored = body && JSON.parse(body).data.object;
    const { object } = double.state.worlds.test.events.find((event) => event.id === id).data;
    if (!stored || ['amount_total', 'currency', 'livemode'].every((name) => stored[name] === object[name])) continue;
    const outcome = /, (\w+) after \d+ attempts: (.*)$/m.exec(heading)?.slice(1).join(': ') ?? '';
    const deliveredTruly = deliveries.some((one) => one.event === id && !isLie(one) && [200, 'reset_after'].includes(one.outcome));
    // A backfill that is under way while the lie comes has read the truth, and applies it to the event that is stored.
    const told = deliveries.filter(({ event }) => event === id).map(({ at }) => at);
    const listed = double.api.calls.some(({ path, status, at }) => path === '/v1/events' && status === 200 && told.some((time) => Math.abs(time - at) < BACKFILL_MS));
    if (outcome.startsWith('ATTENTION')) count += 1;
    // Whoever was settled before, by the return page or by the worker, has nothing more to be told; as long as nothing
    // is paid, nothing is wrong; and a further delivery of the same event may have told the truth.
    else if (outcome !== 'APPLIED: nothing new' && stored.payment_status !== 'unpaid' && !deliveredTruly && !(listed && outcome === 'APPLIED: applied')) differences.push(`${id} lied, and became ${outcome}`);
  }
  return { count, differences };
}

/**
 * In calm weather, and with nobody coming back, each lie about a payment by itself: nothing is booked, until the
 * provider is asked.
 * @param {import('./story.mjs').Control} control @param {Shop} shop @param {Customer} customer @param {import('./story.mjs').Lived[]} lives are added to
 */
async function lie(control, shop, customer, lives) {
  const differences = [];
  await tellWebhooks(control, [shop]);
  for (const kind of LIES) {
    const told = { ...plan(new Chance(SEED, kind), `order-${kind}`), payment: 'pays', moneyBack: 'nothing' };
    const ordered = await customer.order(told.key, told.product);
    assert(ordered, 'in calm weather every order is answered');
    await control('POST', '/faults', { kind, match: { webhook: '^checkout\\.session\\.completed$' }, times: 1 });
    await control('POST', `/sessions/${ordered.session_id}/pay`, {});
    await control('GET', '/idle?timeout_ms=10000');
    const { receipts } = await customer.statement();
    const { status, entries } = receipts.find(({ id }) => id === ordered.purchase_id);
    if (status !== 'PENDING' || entries.length > 0) differences.push(`upon ${kind}, ${ordered.purchase_id} became ${status} ${JSON.stringify(entries)}`);
    const [newest = ''] = await events(shop, 'ATTENTION');
    if (!newest.endsWith(`the session's ${kind.slice('wrong_'.length)} is not ${kind === 'wrong_livemode' ? "the key's" : "the purchase's"}`)) {
      differences.push(`upon ${kind}, nobody is asked to look: ${newest}`);
    }
    lives.push({ plan: told, ordered, wasWhollyRefunded: false });
  }
  await shop.byHand('reconcile');
  return differences;
}

/** Lines about the stored events of a status, the newest first. @param {Shop} shop @param {string} status */
async function events(shop, status) {
  const list = await shop.byHand('events', 'list', '--status', status, '--limit', '1000');
  return list.split('\n').filter((line) => line.includes(' evt_'));
}

/** Nothing is set aside that should have had an effect, and nobody is asked to look without a reason. @param {Shop} shop */
async function lookAtEvents(shop) {
  const ignored = (await events(shop, 'IGNORED')).filter((line) => !/ charge\.updated( purchase \S+)? not a type of event/.test(line));
  // Old versions of the API lack what decides.
  const looked = (await events(shop, 'ATTENTION')).filter((line) => !/ checkout\.session\.\w+( purchase \S+)? (the session's (amount|currency|livemode) is not|no usable payment_status)/.test(line));
  return [...ignored, ...looked].map((line) => `without a reason: ${line}`);
}

/** @param {import('node:test').TestContext} t @param {any} what */
function summarise(t, { lives, struck, kills, lies, recovery, storm, whole }) {
  const tally = (/** @type {string[]} */ names) => {
    /** @type {Record<string, number>} */
    const counts = {};
    for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
    return spell(counts);
  };
  const spell = (/** @type {Record<string, number>} */ counts) => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ');
  t.diagnostic(`${lives.length} purchases: ${tally(lives.map((/** @type {any} */ life) => (life.ordered ? life.plan.payment : 'never answered')))}`);
  t.diagnostic(`money back: ${tally(lives.map((/** @type {any} */ life) => life.plan.moneyBack))}`);
  t.diagnostic(`faults that struck: ${spell(struck)}`);
  t.diagnostic(`answers to customers: ${spell(Object.fromEntries(Customer.answers))}`);
  t.diagnostic(`${kills} kills; ${lies} lies to be looked at; recovery by hand: ${recovery.changed} changes in ${recovery.rounds} rounds, ${Math.round(recovery.took / 1_000)} s`);
  t.diagnostic(`${Math.round(storm / 1_000)} s of storm, ${Math.round(whole / 1_000)} s in all`);
}
