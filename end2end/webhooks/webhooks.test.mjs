import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';

const run = promisify(execFile);
const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const ROOT = here('../..');
const SERVER = process.env.SHOP_SERVER ?? join(resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target'), 'debug/server');
const VENV = here('.venv');
const REQUIREMENTS = here('requirements.txt');

/** The Python library in a folder of its own, made on the first run. */
function ensureVenv() {
  const stamp = `${VENV}/installed.txt`;
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  execFileSync('python3', ['-m', 'venv', '--clear', VENV], { stdio: 'pipe' });
  execFileSync(`${VENV}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS], { stdio: 'pipe' });
  writeFileSync(stamp, wanted);
}

/** @typedef {{ body: string, headers: Record<string, string> }} Told */

/** @type {string} */
let folder;
/** @type {import('node:child_process').ChildProcess} */
let shop;
/** @type {string} */
let shopUrl;
/** @type {import('node:http').Server} */
let receiver;
/** @type {Told[]} */
const told = [];
const environment = () => ({
  PATH: process.env.PATH,
  DATABASE_URL: `sqlite://${folder}/shop.db`,
  LISTEN_ADDR: '127.0.0.1:0',
  LEPTOS_SITE_ROOT: folder,
  WEBHOOK_ALLOW_PRIVATE: 'yes',
});
const server = (/** @type {string[]} */ ...command) => run(SERVER, command, { cwd: folder, env: environment() });

before(async () => {
  ensureVenv();
  folder = await mkdtemp(join(tmpdir(), 'shop-webhooks-'));
  await mkdir(join(folder, 'pkg'));
  for (const ending of ['js', 'wasm', 'css']) await writeFile(join(folder, 'pkg', `shop.${ending}`), '');
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      told.push({ body, headers: /** @type {Record<string, string>} */ (request.headers) });
      response.writeHead(204).end();
    });
  });
  await new Promise((listening) => receiver.listen(0, '127.0.0.1', () => listening(null)));
  shop = spawn(SERVER, [], { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: /** @type {import('node:stream').Readable} */ (shop.stdout) })) {
    const address = /^IZA Credits: (http:\/\/[^/]+)/.exec(line)?.[1];
    if (address) shopUrl = address;
    if (line.startsWith('Mock mode')) break;
  }
});

after(async () => {
  shop?.kill('SIGTERM');
  receiver?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function buy() {
  const post = async (/** @type {string} */ path, /** @type {object} */ body, cookie = '') => {
    const headers = { 'content-type': 'application/json', cookie };
    const answer = await fetch(shopUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer;
  };
  const account = { email: `kim${told.length}@example.com`, password: 'correct horse battery' };
  const cookies = (await post('/auth/accounts', account)).headers.getSetCookie();
  const cookie = cookies.map((one) => one.split(';')[0]).join('; ');
  const order = await (await post('/billing/checkout/session', { product_id: 'credits_5' }, cookie)).json();
  await post('/billing/checkout/complete', { session_id: order.session_id }, cookie);
  return order.purchase_id;
}

/** Waits for the next webhook. @param {number} count how many there are then */
async function arrived(count) {
  for (let waited = 0; told.length < count && waited < 20_000; waited += 50) await sleep(50);
  assert.equal(told.length, count);
  return told[count - 1];
}

const byNode = (/** @type {Told & { secret: string }} */ { secret, body, headers }) => {
  try {
    return /** @type {{ type: string }} */ (new Webhook(secret).verify(body, headers)).type;
  } catch {
    return 'refused';
  }
};

/** @param {(Told & { secret: string })[]} deliveries @returns {Promise<string[]>} */
async function byPython(deliveries) {
  const child = run(`${VENV}/bin/python`, [here('verify.py')]);
  child.child.stdin?.end(deliveries.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return JSON.parse((await child).stdout);
}

test('the official libraries of Node and Python believe what the shop sends, and nothing else', { timeout: 120_000 }, async () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (receiver.address());
  const added = await server('webhooks', 'endpoints', 'add', `http://127.0.0.1:${port}/hooks`, '--event', 'purchase.paid');
  assert.match(added.stdout, /^whsec_[A-Za-z0-9+/]{43}=\n$/, 'the secret alone');
  const first = added.stdout.trim();
  const purchase = await buy();
  const one = await arrived(1);
  assert.equal(JSON.parse(one.body).data.purchase_id, purchase);

  const endpoint = /Endpoint (\S+) /.exec(added.stderr)?.[1] ?? '';
  const second = (await server('webhooks', 'endpoints', 'rotate', endpoint)).stdout.trim();
  await buy();
  const two = await arrived(2);
  const deliveries = [
    { ...one, secret: first },
    { ...two, secret: first },
    { ...two, secret: second },
    { ...one, secret: second },
    { ...one, secret: first, body: one.body.replace('"credits":5', '"credits":6') },
    { ...one, secret: first, headers: { ...one.headers, 'webhook-id': two.headers['webhook-id'] } },
  ];
  const expected = ['purchase.paid', 'purchase.paid', 'purchase.paid', 'refused', 'refused', 'refused'];
  assert.deepEqual(deliveries.map(byNode), expected, 'Node');
  assert.deepEqual(await byPython(deliveries), expected, 'Python');

  const replayed = await server('webhooks', 'replay', one.headers['webhook-id']);
  assert.match(replayed.stdout, /^1 deliveries are due now/);
  const again = await arrived(3);
  assert.deepEqual([again.body, again.headers['webhook-id']], [one.body, one.headers['webhook-id']]);
  const list = (await server('webhooks', 'deliveries')).stdout;
  assert.equal(list.match(/: delivered /g)?.length, 2);
});

test('a command that did nothing exits with 1', { timeout: 60_000 }, async () => {
  for (const command of [
    ['endpoints', 'add', 'not an address'],
    ['endpoints', 'add', 'ftp://example.com'],
    ['endpoints', 'enable', 'nonsense'],
    ['replay', '0198f2a4-7b1c-7def-8a2b-0123456789ab'],
  ]) {
    const failed = await server('webhooks', ...command).catch((error) => error);
    assert.deepEqual([failed.code, failed.stdout], [1, ''], command.join(' '));
  }
  const unknown = await server('webhooks', 'endpoints', 'add', 'https://example.com', '--event', 'nonsense').catch((error) => error);
  assert.equal(unknown.code, 2);
});
