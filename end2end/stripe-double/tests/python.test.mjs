import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SECRET, start } from './support.mjs';

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const VENV = here('../.venv');
const REQUIREMENTS = here('requirements.txt');

/** A virtual environment with Stripe's Python SDK, created on the first run. */
function ensureVenv() {
  const stamp = `${VENV}/installed.txt`;
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  execFileSync('python3', ['-m', 'venv', '--clear', VENV], { stdio: 'pipe' });
  execFileSync(`${VENV}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS], { stdio: 'pipe' });
  writeFileSync(stamp, wanted);
}

/** @type {Awaited<ReturnType<typeof start>>} */
let it;
before(async () => {
  ensureVenv();
  it = await start();
});
after(() => it?.close());

test("Stripe's Python SDK drives the double and verifies its webhooks", { timeout: 60_000 }, async () => {
  const session = await it.paid();
  await it.control('GET', '/idle');
  const deliveries = it.shop.received.map(({ body, signature }) => ({ body, signature, secret: SECRET }));
  const forged = { ...deliveries[0], secret: 'whsec_other' };
  const input = [...deliveries, forged].map((one) => JSON.stringify(one)).join('\n');
  const seen = await new Promise((resolve, reject) => {
    const child = execFile(`${VENV}/bin/python`, [here('python_sdk.py'), it.double.url, session.id], (error, stdout, stderr) => {
      if (error) reject(new Error(stderr));
      else resolve(JSON.parse(stdout));
    });
    child.stdin?.end(input);
  });
  assert.deepEqual(seen, {
    created: ['open', 1299, true],
    expired: 'expired',
    paid: ['paid', 699, true],
    refund: ['succeeded', 99],
    refunds: 1,
    disputes: 0,
    events: ['refund.created', 'checkout.session.expired', 'checkout.session.completed'],
    livemode: false,
    refused: [400, 'parameter_unknown', 'nonsense'],
    reused: 400,
    verified: ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded', 'checkout.session.completed', 'refused'],
  });
});
