// Clients that are generated from the document that the shop serves compile without a hand's help, and go through the
// whole flow.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startMockShop } from './mock-shop.mjs';

const run = promisify(execFile);
const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const GENERATED = here('generated');
const DOCUMENT = `${GENERATED}/openapi.json`;
const VENV = here('.venv');
const MINUTES = { timeout: 300_000 };

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

/** Runs a program in this folder; what it prints is in the error when it fails. */
async function runHere(/** @type {string} */ program, /** @type {string[]} */ args, env = {}) {
  const options = { cwd: here('.'), env: { ...process.env, ...env }, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await run(program, args, options).catch((error) => {
    throw new Error(`${program} ${args[0]} failed:\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

/** A virtual environment with the generator of Python clients, created on the first run. */
async function ensureVenv() {
  const stamp = `${VENV}/installed.txt`;
  const wanted = readFileSync(here('requirements.txt'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await runHere('python3', ['-m', 'venv', '--clear', VENV]);
  await runHere(`${VENV}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', '-r', here('requirements.txt')]);
  await writeFile(stamp, wanted);
}

/** Runs a flow against a shop of its own. */
async function flow(/** @type {string} */ program, /** @type {string[]} */ args, env = {}) {
  const shop = await startMockShop();
  try {
    return JSON.parse(await runHere(program, [...args, shop.url, shop.key], env));
  } finally {
    await shop.stop();
  }
}

before(async () => {
  await rm(GENERATED, { recursive: true, force: true });
  await mkdir(GENERATED);
  const shop = await startMockShop();
  try {
    await writeFile(DOCUMENT, await (await fetch(`${shop.url}/billing/openapi.json`)).text());
  } finally {
    await shop.stop();
  }
});
after(() => rm(GENERATED, { recursive: true, force: true }));

test('a TypeScript client by openapi-typescript and openapi-fetch compiles, and goes through the flow', MINUTES, async () => {
  await runHere('npx', ['openapi-typescript', DOCUMENT, '--output', `${GENERATED}/schema.d.ts`]);
  await runHere('npx', ['tsc', '--project', 'tsconfig.json']);
  assert.deepEqual(await flow(process.execPath, [`${GENERATED}/compiled/flow.js`]), SEEN);
});

test('a Python client by openapi-python-client compiles, and goes through the flow', MINUTES, async () => {
  await ensureVenv();
  const client = `${GENERATED}/shop_client`;
  const env = { PYTHONPATH: GENERATED, MYPYPATH: GENERATED, PATH: `${VENV}/bin:${process.env.PATH}` };
  const generate = ['generate', '--path', DOCUMENT, '--meta', 'none', '--output-path', client, '--fail-on-warning'];
  await runHere(`${VENV}/bin/openapi-python-client`, generate, env);
  await runHere(`${VENV}/bin/mypy`, ['--cache-dir', `${GENERATED}/mypy`, '--strict', here('flow.py')], env);
  assert.deepEqual(await flow(`${VENV}/bin/python`, [here('flow.py')], env), SEEN);
});
