/**
 * The shop's processes, which can be killed and restarted on the same database, and the operator's commands.
 */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const SERVER = process.env.SHOP_SERVER ?? join(resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target'), 'debug/server');
const START_MS = 60_000;
const LOG_CHARACTERS_KEPT = 200_000;

const run = promisify(execFile);

/**
 * @typedef {{ folder: string, databaseUrl: string, stripeUrl: string, publicUrl: string, webhookSecret: string }} Place
 *   `publicUrl` is one for all processes
 */

/** A folder for the processes of one test, with an empty front end. */
export async function makeFolder() {
  if (!existsSync(SERVER)) throw new Error(`No server at ${SERVER}: build it first, scripts/test does`);
  const folder = await mkdtemp(join(tmpdir(), 'shop-faults-'));
  await mkdir(join(folder, 'pkg'));
  for (const ending of ['js', 'wasm', 'css']) await writeFile(join(folder, 'pkg', `shop.${ending}`), '');
  return folder;
}

/** @param {string} folder */
export const removeFolder = (folder) => rm(folder, { recursive: true, force: true });

/** Creates a database on a running PostgreSQL. @param {string} url any database of it */
export async function makeDatabase(url) {
  const name = `faults_${randomUUID().replaceAll('-', '')}`;
  const sql = (/** @type {string} */ text) => run('psql', ['--no-psqlrc', '--quiet', url, '--command', text]);
  await sql(`CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, drop: () => sql(`DROP DATABASE ${name} WITH (FORCE)`) };
}

export class Shop {
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  /** Resolves when the process has ended and its output is read. @type {Promise<unknown>} */
  #closed = Promise.resolve();
  #log = '';

  /** @param {string} name @param {number} port @param {Place} place */
  constructor(name, port, { folder, databaseUrl, stripeUrl, publicUrl, webhookSecret }) {
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.folder = folder;
    this.kills = 0;
    // The whole environment; the folder has no .env, so the developer's own settings have no effect.
    this.environment = {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      LISTEN_ADDR: `127.0.0.1:${port}`,
      ADMIN_ADDR: '127.0.0.1:0',
      PUBLIC_URL: publicUrl,
      STRIPE_SECRET_KEY: 'sk_test_double',
      STRIPE_API_BASE: stripeUrl,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      LEPTOS_SITE_ROOT: folder,
      RUST_BACKTRACE: '1',
      // The scenarios order faster than real buyers.
      OPEN_PURCHASES_MAX: '100000',
      ORDERS_PER_MINUTE_MAX: '100000',
    };
  }

  /** @param {string} name @param {Place} place */
  static async start(name, place) {
    const shop = new Shop(name, await freePort(), place);
    await shop.start();
    return shop;
  }

  async start() {
    const started = spawn(SERVER, [], { cwd: this.folder, env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = started;
    this.#closed = new Promise((done) => started.once('close', done));
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (text) => (this.#log = (this.#log + text).slice(-LOG_CHARACTERS_KEPT)));
    }
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && started.exitCode === null && started.signalCode === null) {
      const answer = await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
      if (answer?.ok) return;
      await sleep(20);
    }
    await this.stop();
    await this.#closed;
    throw new Error(`The server ${this.name} did not start:\n${this.#log.slice(-4_000)}`);
  }

  /** Ends the process without warning, as a power failure does. */
  async kill() {
    this.kills += 1;
    await this.stop();
  }

  /** Stops the process by SIGKILL, because all committed data must be durable. */
  async stop() {
    const running = this.#process;
    this.#process = null;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    running.kill('SIGKILL');
    await this.#closed;
  }

  /** Panics and errors in the log, except for 5xx answers and events in attention. */
  get loggedErrors() {
    return this.#log.split('\n').filter((line) => /panicked| ERROR /.test(line) && !/tower_http::trace|a person has to look/.test(line));
  }

  /**
   * Runs a command of the server in the same environment, and returns its report. It may exit with 1 and a report: some
   * of the work is left undone, which is expected while faults are injected.
   * @param {string[]} words @returns {Promise<string>}
   */
  async command(...words) {
    const options = { cwd: this.folder, env: this.environment, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await run(SERVER, words, options).catch((error) => {
      if (error.code === 1 && error.stdout) return error;
      throw error;
    });
    return stdout;
  }
}

/**
 * A port below the ephemeral range: no outgoing connection can take it while its process is down.
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const probe = createServer();
    const isFree = await new Promise((done) => probe.once('error', () => done(false)).listen(port, '127.0.0.1', () => done(true)));
    await new Promise((done) => probe.close(done));
    if (isFree) return port;
  }
}
