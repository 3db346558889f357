import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SERVER = process.env.SHOP_SERVER ?? join(resolve(ROOT, process.env.CARGO_TARGET_DIR ?? 'target'), 'debug/server');
const SITE = resolve(ROOT, process.env.LEPTOS_SITE_ROOT ?? 'target/site');
const START_MS = 20_000;
const STOP_MS = 15_000;

/** The webhook endpoint and its signing secret. */
export interface Webhook {
  url: string;
  secret: string;
}

/** A server with an empty database, in mock mode unless its settings say otherwise. */
export class Shop {
  readonly url: string;
  /** The address of the admin listener: metrics and the developer's mailbox. */
  readonly adminUrl: string;
  readonly webhook: Webhook;
  readonly #server: ChildProcess;
  readonly #folder: string;
  readonly #env: Record<string, string | undefined>;
  #log = '';

  private constructor(url: string, adminUrl: string, webhook: Webhook, env: Record<string, string | undefined>, folder: string) {
    this.url = url;
    this.adminUrl = adminUrl;
    this.webhook = webhook;
    this.#env = env;
    this.#folder = folder;
    const server = spawn(SERVER, [], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#server = server;
    for (const stream of [server.stdout, server.stderr]) stream?.on('data', (text) => (this.#log += text));
  }

  static async start(settings: Record<string, string> = {}): Promise<Shop> {
    if (!existsSync(SERVER)) throw new Error(`No server at ${SERVER}: build it first, scripts/test does`);
    const [port, adminPort] = await Promise.all([freePort(), freePort()]);
    const url = `http://127.0.0.1:${port}`;
    const folder = await mkdtemp(join(tmpdir(), 'shop-journey-'));
    const webhook = { url: `${url}/billing/webhook`, secret: `whsec_${randomUUID()}` };
    // Without the developer's own settings: the folder has no .env, and this is the whole environment.
    const env = {
      PATH: process.env.PATH,
      DATABASE_URL: `sqlite://${folder}/shop.db`,
      LISTEN_ADDR: `127.0.0.1:${port}`,
      ADMIN_ADDR: `127.0.0.1:${adminPort}`,
      PUBLIC_URL: url,
      STRIPE_WEBHOOK_SECRET: webhook.secret,
      LEPTOS_SITE_ROOT: SITE,
      RUST_BACKTRACE: '1',
      // The journeys order faster than real buyers.
      OPEN_PURCHASES_MAX: '100000',
      ORDERS_PER_MINUTE_MAX: '100000',
      ...settings,
    };
    const shop = new Shop(url, `http://127.0.0.1:${adminPort}`, webhook, env, folder);
    await shop.#ready();
    return shop;
  }

  /** The database, for what no page can do. */
  get database(): string {
    return join(this.#folder, 'shop.db');
  }

  /** The server's log so far. */
  get log(): string {
    return this.#log;
  }

  /** Runs a command of the server, such as `keys create`, and returns what it prints on standard output. */
  async command(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(SERVER, args, { cwd: this.#folder, env: this.#env });
    return stdout.trim();
  }

  /** Stops the server with SIGTERM, and returns its exit code. Open streams must not delay it. */
  async stop(): Promise<number | null> {
    const server = this.#server;
    if (server.exitCode === null && server.signalCode === null) {
      const exited = new Promise((done) => server.once('exit', done));
      const killTimer = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
      server.kill('SIGTERM');
      await exited;
      clearTimeout(killTimer);
    }
    await rm(this.#folder, { recursive: true, force: true });
    return server.exitCode;
  }

  /** Sends a signed notification, like Stripe. */
  async notify(event: object): Promise<Response> {
    const payload = JSON.stringify(event);
    const seconds = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', this.webhook.secret).update(`${seconds}.${payload}`).digest('hex');
    return fetch(this.webhook.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': `t=${seconds},v1=${signature}` },
      body: payload,
    });
  }

  async #ready() {
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && this.#server.exitCode === null) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 50));
    }
    const log = this.#log;
    await this.stop();
    throw new Error(`The server did not become ready:\n${log}`);
  }
}

/** Stripe's event for a paid session. */
export function checkoutCompleted(session: { id: string; purchase: string; cents: number }): object {
  return {
    id: `evt_${randomUUID()}`,
    object: 'event',
    type: 'checkout.session.completed',
    created: Math.floor(Date.now() / 1000),
    livemode: false,
    data: {
      object: {
        id: session.id,
        object: 'checkout.session',
        mode: 'payment',
        status: 'complete',
        payment_status: 'paid',
        amount_total: session.cents,
        currency: 'eur',
        livemode: false,
        client_reference_id: session.purchase,
        metadata: { purchase_id: session.purchase },
        payment_intent: `pi_${randomUUID()}`,
      },
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === 'object' ? done(address.port) : fail(new Error('no port'))));
    });
  });
}
