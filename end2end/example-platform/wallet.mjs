// The calls of the platform API that this platform makes. All of them can be repeated: a write carries an
// Idempotency-Key, and the same key has one effect.

const ATTEMPTS = 6;
const TIMEOUT_MS = 10_000;

/** What the shop has refused: a problem (RFC 9457) with a stable `code`. */
export class Refused extends Error {
  constructor(problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

export class Wallet {
  #shop;
  #key;

  constructor(shop, key) {
    this.#shop = shop;
    this.#key = key;
  }

  upsertTenant = (tenant, profile) => this.#call('PUT', `/v1/tenants/${tenant}`, profile);
  balance = (tenant, minSeq) => this.#call('GET', `/v1/tenants/${tenant}/balance?min_seq=${minSeq}`);
  hold = (tenant, hold, key) => this.#call('POST', `/v1/tenants/${tenant}/holds`, hold, key);
  capture = (tenant, hold, key) => this.#call('POST', `/v1/tenants/${tenant}/holds/${hold}/capture`, {}, key);
  release = (tenant, hold, key) => this.#call('POST', `/v1/tenants/${tenant}/holds/${hold}/release`, undefined, key);

  // Without an answer, or after 429 and 5xx, nothing is known or nothing was done: the same call with the same key finds out.
  async #call(method, path, body, key) {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#send(method, path, body, key).catch((error) => ({ status: 0, error }));
      if (answer.ok) return answer.json();
      const problem = answer.status ? await answer.json().catch(() => ({ code: `http_${answer.status}` })) : null;
      const again = !problem || answer.status >= 500 || problem.code === 'rate_limited' || problem.code === 'in_progress';
      if (!again) throw new Refused(problem);
      if (attempt === ATTEMPTS) throw problem ? new Refused(problem) : answer.error;
      const seconds = Number(answer.headers?.get('retry-after') ?? 0) || 0.2 * 2 ** attempt;
      await new Promise((done) => setTimeout(done, seconds * 1000));
    }
  }

  #send(method, path, body, key) {
    const headers = { authorization: `Bearer ${this.#key}` };
    if (body) headers['content-type'] = 'application/json';
    if (key) headers['idempotency-key'] = key;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return fetch(this.#shop + path, { method, headers, body: body && JSON.stringify(body), signal });
  }
}
