import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startDouble } from '../server.mjs';
import { controlOf } from '../client.mjs';
import { SECRET, startShop } from './support.mjs';

const SERVER = fileURLToPath(new URL('../server.mjs', import.meta.url));
const run = (/** @type {string[]} */ ...args) => spawn(process.execPath, [SERVER, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });

test('from the command line it says where it is, delivers, and ends on SIGTERM in the midst of its work', { timeout: 20_000 }, async () => {
  const shop = await startShop();
  const child = run('--port', '0', '--webhook-url', shop.url, '--webhook-secret', SECRET);
  const [line] = await once(child.stdout, 'data');
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line))?.[0];
  assert.ok(url);
  const control = controlOf(url);
  await control('POST', '/events', { type: 'shop.counted', object: { id: 'thing_0', object: 'thing' } });
  assert.equal((await control('GET', '/idle')).idle, true);
  assert.deepEqual(shop.types(), ['shop.counted']);
  await control('POST', '/faults', { kind: 'hang', match: { path: '/v1/balance' } });
  fetch(`${url}/v1/balance`).catch(() => {});
  shop.answer = () => 500;
  await control('POST', '/events', { type: 'shop.counted', object: { id: 'thing_1', object: 'thing' } });
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await shop.close();
});

for (const [what, args, message] of /** @type {[string, string[], RegExp][]} */ ([
  ['a port that is none', ['--port', 'soon'], /--port is a number/],
  ['an option that it has not', ['--colour'], /--colour/],
  ['a webhook without a secret', ['--port', '0', '--webhook-url', 'http://127.0.0.1:1/w'], /signing secret/],
  ['a webhook elsewhere', ['--port', '0', '--webhook-url', 'http://example.com/w', '--webhook-secret', 'x'], /127\.0\.0\.1/],
])) {
  test(`${what} is an error that says so`, { timeout: 20_000 }, async () => {
    const child = run(...args);
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 1);
    assert.match(said, message);
  });
}

test('it listens on the loopback interface only', async () => {
  await assert.rejects(startDouble({ host: '0.0.0.0' }), /loopback interface only/);
});
