import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Shop, freePort } from './shop.ts';

const PLATFORM = fileURLToPath(new URL('../example-platform/server.mjs', import.meta.url));
const START_MS = 10_000;

/** The example platform, beside a shop. */
export class Platform {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
  }

  /** The platform hears of purchases by webhook, or asks the shop for the balance again and again. */
  static async start(shop: Shop, { webhooks }: { webhooks: boolean }): Promise<Platform> {
    const scopes = ['tenants:write', 'balance:read', 'spend'].flatMap((scope) => ['--scope', scope]);
    const key = await shop.command('keys', 'create', '--name', 'example-platform', ...scopes);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const secret = webhooks ? await shop.command('webhooks', 'endpoints', 'add', `${url}/webhooks`) : '';
    const env = { PATH: process.env.PATH, SHOP_URL: shop.url, SHOP_API_KEY: key, WEBHOOK_SECRET: secret, PORT: String(port) };
    const child = spawn(process.execPath, [PLATFORM], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    const platform = new Platform(url, child);
    const deadline = Date.now() + START_MS;
    while (Date.now() < deadline && child.exitCode === null) {
      if (await fetch(platform.url).catch(() => null)) return platform;
      await new Promise((done) => setTimeout(done, 50));
    }
    await platform.stop();
    throw new Error('The example platform did not start: npm ci --prefix end2end/example-platform installs what it needs');
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = new Promise((done) => this.#process.once('exit', done));
    this.#process.kill('SIGTERM');
    await exited;
  }
}
