#!/usr/bin/env node
/** The Stripe double: `node server.mjs --help`, or `startDouble(options)` from a test. */
import http from 'node:http';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Api } from './api.mjs';
import { createClock } from './clock.mjs';
import { control } from './control.mjs';
import { StripeError } from './errors.mjs';
import { Faults } from './faults.mjs';
import { Idempotency } from './idempotency.mjs';
import { isLoopback } from './loopback.mjs';
import { press, showPage } from './pay-page.mjs';
import { State } from './state.mjs';
import { Webhooks, readEndpoint } from './webhooks.mjs';

const API_VERSION = '2026-09-30.endive';
const BODY_LIMIT_BYTES = 1024 * 1024;
const SWEEP_MS = 1000;
const BACKOFF_MS = [100, 300, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000];

/**
 * @typedef {object} Options
 * @property {number} [port] 0, the default, takes a free one
 * @property {string} [host] loopback only
 * @property {string} [publicUrl] the public URL of the hosted page, if it differs from the listen address
 * @property {{ url: string, secret?: string, secrets?: string[], enabled_events?: string[], api_version?: string }[]}
 *   [webhooks]
 * @property {string} [apiVersion] the API version of the account's events
 * @property {number[]} [backoff] milliseconds before each further delivery attempt
 * @property {number} [webhookTimeout] milliseconds
 */

/** @param {Options} [options] */
export async function startDouble({
  port = 0, host = '127.0.0.1', publicUrl, webhooks: endpoints = [], apiVersion = API_VERSION, backoff = BACKOFF_MS, webhookTimeout = 10_000,
} = {}) {
  if (!isLoopback(host)) throw new Error(`The double listens on the loopback interface only, not on ${host}.`);
  const clock = createClock();
  const faults = new Faults();
  const idempotency = new Idempotency(clock);
  const webhooks = new Webhooks({ faults, apiVersion, backoff, timeout: webhookTimeout, worldOf: (event) => state.world(event.livemode) });
  webhooks.endpoints = endpoints.map(readEndpoint);
  const state = new State({ clock, apiVersion, onEvent: (event) => webhooks.enqueue(event) });
  const api = new Api({ state, faults, idempotency });
  const hanging = new Set();
  const reset = () => {
    webhooks.clear();
    state.reset();
    faults.remove();
    idempotency.clear();
    clock.reset();
    api.calls = [];
    for (const socket of hanging) socket.destroy();
  };
  const parts = { state, faults, webhooks, api, clock, reset };
  const server = http.createServer((request, response) => {
    answer(parts, hanging, request, response).catch((error) => {
      if (!(error instanceof StripeError)) console.error(error);
      if (response.headersSent) response.destroy();
      else json(response, error instanceof StripeError ? error.status : 500, { error: { message: error.message } });
    });
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const url = `http://${host.includes(':') ? `[${host.replace(/[[\]]/g, '')}]` : host}:${address.port}`;
  state.publicUrl = publicUrl ?? url;
  const sweeper = setInterval(() => state.sweep(), SWEEP_MS);
  const close = async () => {
    clearInterval(sweeper);
    webhooks.close();
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  return { url, host, port: address.port, ...parts, close };
}

/** @param {http.ServerResponse} response @param {number} status @param {any} body */
function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body, null, 2));
}

/** @param {http.IncomingMessage} request */
async function readBody(request) {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > BODY_LIMIT_BYTES) throw new StripeError(413, { message: 'The body is too large.' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * @param {any} parts
 * @param {Set<import('node:net').Socket>} hanging
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
async function answer(parts, hanging, request, response) {
  const [path, query = ''] = (request.url ?? '/').split('?', 2);
  const method = request.method ?? 'GET';
  const body = await readBody(request);
  if (path.startsWith('/_/')) return json(response, 200, await control(parts, { method, path, query, body }));
  if (path.startsWith('/v1/')) {
    const reply = await parts.api.serve({ method, path, query, headers: request.headers, body });
    return send(reply, hanging, request.socket, response);
  }
  const session = /^\/c\/pay\/(\w+)$/.exec(path)?.[1];
  if (session && method === 'POST') {
    const next = press(parts.state, session, new URLSearchParams(body).get('action'));
    return response.writeHead(303, { location: next }).end();
  }
  if (session) {
    const { status, html } = showPage(parts.state, session);
    return response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
  }
  return json(response, 404, { error: { message: `The double has no ${path}.` } });
}

/**
 * Writes an answer of the API, or breaks the connection for a fault.
 * @param {import('./api.mjs').Reply} reply
 * @param {Set<import('node:net').Socket>} hanging
 * @param {import('node:net').Socket} socket
 * @param {http.ServerResponse} response
 */
function send({ status, headers, body, cut }, hanging, socket, response) {
  if (cut === 'hang') {
    hanging.add(socket);
    socket.once('close', () => hanging.delete(socket));
    return;
  }
  if (cut === 'reset') {
    socket.resetAndDestroy();
    return;
  }
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  if (cut === 'half') response.write(bytes.subarray(0, bytes.length / 2), () => socket.destroy());
  else response.end(bytes);
}

const HELP = `Usage: node server.mjs [--port 12111] [--webhook-url http://127.0.0.1:3000/billing/webhook --webhook-secret whsec_…]…
  --port            where to listen, on the loopback interface (12111)
  --public-url      where browsers find the payment page (the address itself)
  --webhook-url     where events go; may be given several times
  --webhook-secret  its signing secret, or several by comma; once for all addresses, or once for each
  --api-version     the version that events are shaped by (${API_VERSION})`;

/** @param {string[]} args */
async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '12111' }, 'public-url': { type: 'string' }, 'api-version': { type: 'string', default: API_VERSION },
      'webhook-url': { type: 'string', multiple: true, default: [] }, 'webhook-secret': { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port is a number up to 65535, not '${values.port}'.`);
  const secrets = values['webhook-secret'];
  const webhooks = values['webhook-url'].map((url, index) => ({ url, secret: secrets[index] ?? secrets[0] }));
  const double = await startDouble({ port, publicUrl: values['public-url'], apiVersion: values['api-version'], webhooks });
  console.log(`Stripe double at ${double.url} (key sk_test_double)`);
  const stop = () => double.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
