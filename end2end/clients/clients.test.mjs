// Clients that are generated from the document that the shop serves compile without a hand's help, and go through the
// whole flow. What docs/PLATFORM.md shows works as it stands there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { SERVER } from '../faults/servers.mjs';
import { compiled, generatePython, generateTypeScript, prepare, remove, runHere, runPython } from './generate.mjs';
import { startMockShop } from './mock-shop.mjs';

const MINUTES = { timeout: 300_000 };
const PAGE = readFileSync(new URL('../../docs/PLATFORM.md', import.meta.url), 'utf8');
/** The code blocks of the page in that language, one after the other. */
const shown = (/** @type {string} */ language) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text).join('');

/** What each flow sees. */
const SEEN = {
  upserted: [201, 200, true],
  poor: [402, [4, 0]],
  joined: true,
  bought: 'PAID',
  held: [5, 4, 1],
  captured: [[4, 3, 1], [2, 1, 1]],
  beyond: [409, 'exceeds_hold'],
  released: ['RELEASED', [2, 0, 2]],
  spent: [[1, 0, 1], true, 'true'],
  refused: [402, 'insufficient_credits'],
  toppedUp: 'PAID',
  reversed: [2, [8, 0, 8]],
  balance: [8, 0, 8],
  entries: [['SPEND_REVERSAL', 2], ['SPEND', -5], ['PURCHASE', 10], ['SPEND', -1], ['SPEND', -2], ['SPEND', -1], ['PURCHASE', 5]],
};

/** @typedef {Awaited<ReturnType<typeof startMockShop>>} MockShop */

/** Uses a shop of its own. @template T @param {(shop: MockShop) => Promise<T>} use */
async function withShop(use) {
  const shop = await startMockShop();
  try {
    return await use(shop);
  } finally {
    await shop.stop();
  }
}

/** A call of the platform API. @param {MockShop} shop @param {string} path @param {object} [body] */
async function call(shop, path, body) {
  const headers = { authorization: `Bearer ${shop.key}`, 'content-type': 'application/json', 'idempotency-key': 'welcome' };
  const method = path.includes('/') ? (body ? 'POST' : 'GET') : 'PUT';
  const answer = await fetch(`${shop.url}/v1/tenants/${path}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.json();
}

/** Runs a program of the page for a user with ten credits, and returns what the user then has. */
const balanceAfter = (/** @type {(env: Record<string, string>) => Promise<string>} */ program) =>
  withShop(async (shop) => {
    await call(shop, 'user-1', {});
    await call(shop, 'user-1/grants', { credits: 10, reason: 'Welcome' });
    const said = await program({ SHOP_URL: shop.url, SHOP_API_KEY: shop.key });
    return [(await call(shop, 'user-1/balance')).balance, said];
  });

before(() => withShop((shop) => prepare(shop.url, { 'shown.ts': shown('ts'), 'shown.py': shown('python') })));
after(remove);

test('a TypeScript client by openapi-typescript and openapi-fetch compiles, and goes through the flow', MINUTES, async () => {
  await generateTypeScript();
  const seen = await withShop(({ url, key }) => runHere(process.execPath, [compiled('flow.js'), url, key]));
  assert.deepEqual(JSON.parse(seen), SEEN);
  const run = (/** @type {Record<string, string>} */ env) => runHere(process.execPath, [compiled('generated/shown.js')], env);
  assert.deepEqual(await balanceAfter(run), [8, ''], "the page's program captures a hold of 2");
});

test('a Python client by openapi-python-client compiles, and goes through the flow', MINUTES, async () => {
  await generatePython(['flow.py', 'generated/shown.py']);
  const seen = await withShop(({ url, key }) => runPython(['flow.py', url, key]));
  assert.deepEqual(JSON.parse(seen), SEEN);
  const run = (/** @type {Record<string, string>} */ env) => runPython(['generated/shown.py'], env);
  assert.deepEqual(await balanceAfter(run), [9, 'Left: 9\n'], "the page's program spends 1");
});

test("the page's shell commands do what it says", MINUTES, () =>
  withShop(async (shop) => {
    await symlink(SERVER, `${shop.folder}/server`);
    const script = shown('sh').replaceAll('http://127.0.0.1:3000', shop.url);
    const env = { ...shop.environment, PATH: `${shop.folder}:${process.env.PATH}` };
    const said = await runHere('bash', ['-euo', 'pipefail', '-c', script], env);
    const codes = [...said.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);
    assert.deepEqual(codes, ['insufficient_credits'], said);
    assert.match(said, /"spend":\{[^}]*"credits":3,/);
    assert.match(said, /"my-platform": [^\n]*revoked/);
    assert.equal((await call(shop, 'user-1/balance')).available, 7);
  }));
