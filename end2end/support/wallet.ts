import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Shop } from './shop.ts';

const TENANT = '(SELECT tenant_id FROM users)';

/** Spends and holds the demo account's credits in the shop's database, as a platform does through its API. */
export class Wallet {
  readonly #shop: Shop;

  constructor(shop: Shop) {
    this.#shop = shop;
  }

  spend(credits: number, reference: string, description: string): void {
    const id = randomUUID();
    this.#execute(
      `INSERT INTO spends (id, tenant_id, credits, reference, description, metadata_json, created_at)
       VALUES ('${id}', ${TENANT}, ${credits}, '${reference}', '${description}', '{}', ${now()});
       INSERT INTO ledger_entries (id, tenant_id, seq, spend_id, kind, effect_ref, credits, balance_after, created_at)
       SELECT '${randomUUID()}', tenant_id, seq + 1, '${id}', 'SPEND', '${id}', -${credits}, balance_after - ${credits}, ${now()}
       FROM ledger_entries WHERE tenant_id = ${TENANT} ORDER BY seq DESC LIMIT 1;`,
    );
  }

  hold(credits: number, seconds: number, reference: string, description: string): void {
    this.#execute(
      `INSERT INTO holds (id, tenant_id, credits, captured, status, reference, description, metadata_json, created_at,
         updated_at, expires_at)
       VALUES ('${randomUUID()}', ${TENANT}, ${credits}, 0, 'ACTIVE', '${reference}', '${description}', '{}', ${now()},
         ${now()}, ${now() + seconds * 1_000_000});
       UPDATE tenants SET changes = changes + 1 WHERE id = ${TENANT};`,
    );
  }

  #execute(sql: string): void {
    execFileSync('sqlite3', ['-bail', '-cmd', '.timeout 5000', this.#shop.database, `BEGIN IMMEDIATE; ${sql} COMMIT;`]);
  }
}

/** In microseconds since 1970. */
function now(): number {
  return Date.now() * 1_000;
}
