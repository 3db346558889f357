import { Shop, freePort, makeFolder, removeFolder } from '../faults/servers.mjs';

/** Starts a shop in mock mode, with an empty database and an API key. */
export async function startMockShop() {
  const folder = await makeFolder();
  const unset = { publicUrl: '', stripeUrl: '', webhookSecret: '' };
  const shop = new Shop('mock', await freePort(), { folder, databaseUrl: `sqlite://${folder}/shop.db`, ...unset });
  Object.assign(shop.environment, { STRIPE_SECRET_KEY: '' });
  await shop.start();
  const scopes = ['tenants:write', 'balance:read', 'spend', 'grant'].flatMap((scope) => ['--scope', scope]);
  const key = (await shop.command('keys', 'create', '--name', 'platform', ...scopes)).trim();
  const stop = async () => {
    await shop.stop();
    await removeFolder(folder);
  };
  return { url: shop.url, key, folder, environment: shop.environment, stop };
}
