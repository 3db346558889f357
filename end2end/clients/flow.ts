// The whole flow with the generated TypeScript client; prints what it saw as JSON. Called by clients.test.mjs.
import { randomUUID } from 'node:crypto';
import createClient from 'openapi-fetch';
import type { components, paths } from './generated/schema.js';

const [baseUrl = '', apiKey = ''] = process.argv.slice(2);
const EXTERNAL_ID = 'ada';
const ADA = { email: 'ada@example.com', password: 'correct horse battery' };

const platform = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${apiKey}` } });
const path = { external_id: EXTERNAL_ID };
const keyed = (key: string = randomUUID()) => ({ path, header: { 'Idempotency-Key': key } });

type Funds = components['schemas']['Funds'];
const funds = ({ balance, held, available }: Funds) => [balance, held, available];

/** The data of an answer that must be there. */
function must<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

/** What the buyer does in a browser: a session cookie instead of an API key. */
async function signUp(): Promise<(productId: string) => Promise<string>> {
  const shop = createClient<paths>({ baseUrl });
  const { response, ...answer } = await shop.POST('/auth/accounts', { body: ADA });
  seen.joined = must(answer).tenant_id === tenant.id;
  const headers = { cookie: response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ') };
  return async (product_id) => {
    const { session_id } = must(await shop.POST('/billing/checkout/session', { body: { product_id }, headers }));
    return must(await shop.POST('/billing/checkout/complete', { body: { session_id }, headers })).purchase.status;
  };
}

const seen: Record<string, unknown> = {};
const body = { email: ADA.email, name: 'Ada' };
const first = await platform.PUT('/v1/tenants/{external_id}', { params: { path }, body });
const again = await platform.PUT('/v1/tenants/{external_id}', { params: { path }, body });
const { tenant } = must(first);
seen.upserted = [first.response.status, again.response.status, must(again).tenant.id === tenant.id];

const poor = await platform.POST('/v1/tenants/{external_id}/holds', { params: keyed(), body: { credits: 4 } });
seen.poor = [poor.response.status, poor.error && 'required' in poor.error ? [poor.error.required, poor.error.available] : null];

const buy = await signUp();
seen.bought = await buy('credits_5');

const held = must(
  await platform.POST('/v1/tenants/{external_id}/holds', { params: keyed(), body: { credits: 4, ttl_seconds: 60, reference: 'job-1' } }),
);
seen.held = funds(held);
const holdPath = (key?: string) => ({ ...keyed(key), path: { ...path, id: held.hold.id } });
const parts = [];
for (const credits of [1, 2]) {
  const options = { params: holdPath(), body: { credits, final: false } };
  parts.push(funds(must(await platform.POST('/v1/tenants/{external_id}/holds/{id}/capture', options))));
}
seen.captured = parts;
const tooMuch = { params: holdPath(), body: { credits: 2, final: false } };
const beyond = await platform.POST('/v1/tenants/{external_id}/holds/{id}/capture', tooMuch);
seen.beyond = [beyond.response.status, beyond.error?.code];
const released = must(await platform.POST('/v1/tenants/{external_id}/holds/{id}/release', { params: holdPath() }));
seen.released = [released.hold.status, funds(released)];

const spend = { params: keyed('spend-1'), body: { credits: 1, reference: 'job-2', metadata: { model: 'small' } } };
const spent = must(await platform.POST('/v1/tenants/{external_id}/spends', spend));
const repeated = await platform.POST('/v1/tenants/{external_id}/spends', spend);
seen.spent = [funds(spent), must(repeated).spend.id === spent.spend.id, repeated.response.headers.get('idempotent-replayed')];

const refused = await platform.POST('/v1/tenants/{external_id}/spends', { params: keyed('spend-2'), body: { credits: 5 } });
seen.refused = [refused.response.status, refused.error?.code];
seen.toppedUp = await buy('credits_10');
const second = must(await platform.POST('/v1/tenants/{external_id}/spends', { params: keyed('spend-3'), body: { credits: 5 } }));
const reversed = must(
  await platform.POST('/v1/tenants/{external_id}/spends/{id}/reversals', {
    params: { ...keyed(), path: { ...path, id: second.spend.id } },
    body: { credits: 2, reason: 'the picture was blank' },
  }),
);
seen.reversed = [reversed.spend.reversed, funds(reversed)];

const read = must(await platform.GET('/v1/tenants/{external_id}/balance', { params: { path, query: { min_seq: reversed.seq } } }));
seen.balance = funds(read);
const entries: [string, number][] = [];
let cursor: string | null | undefined;
do {
  const query = cursor ? { limit: 3, cursor } : { limit: 3 };
  const page = must(await platform.GET('/v1/tenants/{external_id}/entries', { params: { path, query } }));
  entries.push(...page.items.map(({ kind, credits }): [string, number] => [kind, credits]));
  cursor = page.next_cursor;
} while (cursor);
seen.entries = entries;
console.log(JSON.stringify(seen));
