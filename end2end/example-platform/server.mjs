// A platform beside the credit shop: it sells pictures for credits. README.md says how to start it.
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie';
import { csrf } from 'hono/csrf';
import { Webhook } from 'standardwebhooks';
import * as jobs from './jobs.mjs';
import * as pages from './pages.mjs';
import { Refused, Wallet } from './wallet.mjs';

const { SHOP_URL, SHOP_API_KEY, WEBHOOK_SECRET, PORT = '3100' } = process.env;
if (!SHOP_URL || !SHOP_API_KEY) {
  console.error('SHOP_URL and SHOP_API_KEY are needed: see README.md.');
  process.exit(1);
}

const wallet = new Wallet(SHOP_URL, SHOP_API_KEY);
const webhook = WEBHOOK_SECRET ? new Webhook(WEBHOOK_SECRET) : null;
const style = readFileSync(new URL('style.css', import.meta.url), 'utf8');
const cookieSecret = randomUUID();
const COOKIE = 'example_platform_user';

/** A user, and what the shop has last said about the user's credits. In memory: this is an example. */
class User {
  jobs = [];
  funds = { seq: 0, available: 0, held: 0 };

  constructor(email) {
    this.email = email;
    // A real platform takes the user's id in its own database.
    this.tenant = `user-${createHash('sha256').update(email).digest('hex').slice(0, 16)}`;
  }

  /** Keeps the newest: answers and webhooks may overtake each other. */
  learn({ seq, available, held }) {
    if (seq >= this.funds.seq) this.funds = { seq, available, held };
  }

  async ask() {
    this.learn(await wallet.balance(this.tenant, this.funds.seq));
  }

  get state() {
    const { available, held } = this.funds;
    return [available, held, ...this.jobs.map((job) => job.status)].join(' ');
  }
}

/** By tenant. */
const users = new Map();
const app = new Hono();
app.use(csrf());

app.use(async (c, next) => {
  const tenant = await getSignedCookie(c, cookieSecret, COOKIE);
  c.set('user', users.get(tenant));
  await next();
});

app.get('/style.css', (c) => c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }));

app.post('/sign-in', async (c) => {
  const form = await c.req.parseBody();
  const user = new User(String(form.email).trim().toLowerCase());
  try {
    // Whoever signs up in the shop by this address gets this tenant's credits.
    await wallet.upsertTenant(user.tenant, { email: user.email });
  } catch (error) {
    if (error instanceof Refused && error.problem.code === 'invalid_email') return c.html(pages.signIn(true), 422);
    throw error;
  }
  if (!users.has(user.tenant)) users.set(user.tenant, user);
  await setSignedCookie(c, COOKIE, user.tenant, cookieSecret, { httpOnly: true, sameSite: 'Lax', path: '/' });
  return c.redirect('/', 303);
});

app.post('/sign-out', (c) => {
  deleteCookie(c, COOKIE, { path: '/' });
  return c.redirect('/', 303);
});

app.get('/', async (c) => {
  const user = c.get('user');
  if (!user) return c.html(pages.signIn(false));
  await user.ask();
  return c.html(pages.home(user, user.state, null));
});

// What open pages ask every second. With webhooks, the shop is not asked each time.
app.get('/state', async (c) => {
  const user = c.get('user');
  if (!user) return c.text('signed out', 401);
  if (!webhook) await user.ask();
  return c.text(user.state);
});

app.post('/jobs', async (c) => {
  const user = c.get('user');
  if (!user) return c.redirect('/', 303);
  const form = await c.req.parseBody();
  const prompt = String(form.prompt ?? '').trim().slice(0, 100);
  if (!prompt) return c.redirect('/', 303);
  try {
    await jobs.start(wallet, user, prompt, form.fails !== undefined);
  } catch (error) {
    if (!(error instanceof Refused) || error.problem.code !== 'insufficient_credits') throw error;
    await user.ask();
    return c.html(pages.home(user, user.state, error.problem), 402);
  }
  return c.redirect('/', 303);
});

app.get('/jobs/:file', (c) => {
  const job = c.get('user')?.jobs.find(({ id }) => `${id}.svg` === c.req.param('file'));
  if (!job?.picture) return c.text('There is no such picture.', 404);
  return c.body(job.picture, 200, { 'content-type': 'image/svg+xml', 'content-security-policy': "default-src 'none'" });
});

// A webhook tells that something has moved; what it says may be older than what is known.
app.post('/webhooks', async (c) => {
  if (!webhook) return c.text('WEBHOOK_SECRET is not set.', 503);
  let event;
  try {
    event = webhook.verify(await c.req.text(), c.req.header());
  } catch {
    return c.text('The signature is wrong.', 401);
  }
  users.get(event.data.external_id)?.learn(event.data);
  return c.body(null, 204);
});

app.onError((error, c) => {
  console.error(error.message);
  return c.text('The credit shop cannot be reached, or refuses the call. Nothing was charged; try again later.', 503);
});

const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) }, ({ port }) => {
  console.log(`Example platform: http://127.0.0.1:${port}/`);
});
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
