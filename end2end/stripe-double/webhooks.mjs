/**
 * Delivers events like Stripe: signed by Stripe's SDK, and retried after any answer but a 2xx. First attempts are sent
 * in sequence, so that without faults an app gets events in order. Retries do not delay them.
 *
 * @typedef {object} Endpoint
 * @property {string} id
 * @property {string} url
 * @property {string[]} secrets several during a rotation; each signs
 * @property {string[]} enabled_events types, or `*`
 * @property {string} [api_version] the version that this endpoint was created with
 */
import { setMaxListeners } from 'node:events';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import Stripe from 'stripe';
import { distort } from './faults.mjs';
import { invalid } from './errors.mjs';
import { isLoopback } from './loopback.mjs';
import { newId } from './objects.mjs';
import { shapeEvent } from './versions.mjs';

const KEPT_DELIVERIES = 5000;

/** @param {string} payload @param {string[]} secrets @param {number} timestamp */
export function sign(payload, secrets, timestamp) {
  const { webhooks } = Stripe;
  const headers = secrets.map((secret) => webhooks.generateTestHeaderString({ payload, secret, timestamp }));
  return [`t=${timestamp}`, ...headers.map((header) => header.split(',').find((part) => part.startsWith('v1=')))].join(',');
}

/** @param {any} given @returns {Endpoint} */
export function readEndpoint(given) {
  const { url, secret, secrets = secret ? String(secret).split(',') : [], enabled_events = ['*'], api_version } = given;
  if (typeof url !== 'string' || !URL.canParse(url) || !url.startsWith('http://') || !isLoopback(new URL(url).hostname)) {
    throw invalid(`The double delivers to http://127.0.0.1, [::1] or localhost only, not to '${url}'.`, { param: 'url' });
  }
  if (!Array.isArray(secrets) || secrets.length === 0) throw invalid('A webhook endpoint needs its signing secret.', { param: 'secret' });
  return { id: newId('we_1'), url, secrets, enabled_events, api_version };
}

/** A signal for all pauses and deliveries under way, without a limit on its listeners. */
function stopSignal() {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}

export class Webhooks {
  /**
   * @param {object} options
   * @param {import('./faults.mjs').Faults} options.faults
   * @param {(event: any) => import('./state.mjs').World} options.worldOf
   * @param {string} options.apiVersion
   * @param {number[]} options.backoff milliseconds before each further attempt
   * @param {number} options.timeout milliseconds that an endpoint has to answer
   */
  constructor({ faults, worldOf, apiVersion, backoff, timeout }) {
    this.faults = faults;
    this.worldOf = worldOf;
    this.apiVersion = apiVersion;
    this.backoff = backoff;
    this.timeout = timeout;
    this.agent = new http.Agent({ keepAlive: true });
    /** @type {Endpoint[]} */
    this.endpoints = [];
    this.stop = stopSignal();
    /** @type {any[]} */
    this.deliveries = [];
    /** For each endpoint, resolves when its next first attempt may be sent. @type {Map<string, Promise<void>>} */
    this.lines = new Map();
    /**
     * For each endpoint, the deliveries that are held back until the next one is sent.
     * @type {Map<string, (() => void)[]>}
     */
    this.held = new Map();
    this.underWay = 0;
  }

  /** Cancels everything that is under way. */
  clear() {
    this.stop.abort();
    this.stop = stopSignal();
    this.deliveries = [];
    this.lines.clear();
    this.held.clear();
    this.underWay = 0;
  }

  /** @param {any} event */
  enqueue(event) {
    const endpoints = this.endpoints.filter(({ enabled_events: types }) => types.includes('*') || types.includes(event.type));
    event.pending_webhooks = endpoints.length;
    for (const endpoint of endpoints) this.#line(endpoint, event);
  }

  /** @param {Endpoint} endpoint @param {any} event */
  #line(endpoint, event) {
    const { signal } = this.stop;
    this.underWay += 1;
    const before = this.lines.get(endpoint.id) ?? Promise.resolve();
    this.lines.set(endpoint.id, before.then(() => this.#first(endpoint, event, signal)));
  }

  /**
   * Makes the first attempt. Resolves when the next event may be sent.
   * @param {Endpoint} endpoint
   * @param {any} event
   * @param {AbortSignal} signal
   */
  async #first(endpoint, event, signal) {
    if (signal.aborted) return;
    const faults = this.faults.forWebhook(event.type);
    const has = (/** @type {string} */ kind) => faults.find((fault) => fault.kind === kind);
    const done = () => {
      if (!signal.aborted) this.underWay -= 1;
    };
    if (has('drop')) {
      this.#record(endpoint, event, { attempt: 1, outcome: 'dropped', status: 0, faults });
      return done();
    }
    const go = () => this.#attempts(endpoint, event, signal, faults, done);
    const late = has('delay');
    const overtaken = has('reorder');
    if (overtaken) {
      this.#hold(endpoint, overtaken.delay_ms, signal, go);
      return;
    }
    if (late) {
      sleep(late.delay_ms, undefined, { signal }).then(go, () => {});
      return;
    }
    const attempt = go();
    const twin = has('double') && this.#send(endpoint, event, signal, { attempt: 1, faults });
    await Promise.all([attempt, twin]);
    for (const release of this.held.get(endpoint.id)?.splice(0) ?? []) release();
  }

  /**
   * Holds a delivery back until the next event is sent.
   * @param {Endpoint} endpoint
   * @param {number} longest
   * @param {AbortSignal} signal
   * @param {() => void} go
   */
  #hold(endpoint, longest, signal, go) {
    let gone = false;
    const release = () => {
      if (!gone && !signal.aborted) go();
      gone = true;
    };
    this.held.set(endpoint.id, [...(this.held.get(endpoint.id) ?? []), release]);
    sleep(longest, undefined, { signal }).then(release, () => {});
  }

  /**
   * Sends an event, and starts retries if necessary. Resolves after the first answer.
   * @param {Endpoint} endpoint
   * @param {any} event
   * @param {AbortSignal} signal
   * @param {any[]} faults
   * @param {() => void} done
   */
  async #attempts(endpoint, event, signal, faults, done) {
    const delivered = () => {
      event.pending_webhooks = Math.max(0, event.pending_webhooks - 1);
      done();
    };
    if (await this.#send(endpoint, event, signal, { attempt: 1, faults })) return delivered();
    const retry = async () => {
      for (const [index, pause] of this.backoff.entries()) {
        await sleep(pause, undefined, { signal });
        const struck = this.faults.forWebhook(event.type, { isRetry: true });
        if (await this.#send(endpoint, event, signal, { attempt: index + 2, faults: struck })) return delivered();
      }
      this.#record(endpoint, event, { attempt: this.backoff.length + 1, outcome: 'given up', status: 0, faults: [] });
      done();
    };
    retry().catch(() => {});
  }

  /**
   * @param {Endpoint} endpoint
   * @param {any} event
   * @param {AbortSignal} signal
   * @param {{ attempt: number, faults: any[] }} how
   */
  async #send(endpoint, event, signal, { attempt, faults }) {
    const version = faults.find(({ kind }) => kind === 'api_version')?.version ?? endpoint.api_version;
    let body = version ? shapeEvent(event, version, this.worldOf(event), this.apiVersion) : event;
    for (const fault of faults) body = distort(body, fault);
    let payload = JSON.stringify(body, null, 2);
    // Always the real time and not the double's, because receivers check it against their own clock.
    const timestamp = Math.floor(Date.now() / 1000);
    const forged = faults.some(({ kind }) => kind === 'bad_signature');
    const signature = sign(payload, forged ? ['whsec_of_somebody_else'] : endpoint.secrets, timestamp);
    if (faults.some(({ kind }) => kind === 'truncate')) payload = payload.slice(0, payload.length / 2);
    const hangUp = faults.some(({ kind }) => kind === 'reset_after');
    const { outcome, status } = await this.#post(endpoint.url, payload, signature, signal, hangUp);
    if (!signal.aborted) this.#record(endpoint, event, { attempt, outcome, status, faults });
    return typeof outcome === 'number' && outcome >= 200 && outcome < 300;
  }

  /**
   * @param {string} url
   * @param {string} payload
   * @param {string} signature
   * @param {AbortSignal} signal
   * @param {boolean} hangUp
   * @returns {Promise<{ outcome: number | string, status: number }>} the status is 0 without an answer
   */
  #post(url, payload, signature, signal, hangUp) {
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(payload),
      'stripe-signature': signature,
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
    };
    return new Promise((resolve) => {
      const options = { method: 'POST', headers, agent: this.agent, timeout: this.timeout, signal };
      const request = http.request(url, options, (response) => {
        response.resume();
        if (hangUp) {
          // The endpoint has processed the event, but its answer is lost.
          request.destroy();
          resolve({ outcome: 'reset_after', status: response.statusCode ?? 0 });
          return;
        }
        const status = response.statusCode ?? 0;
        response.on('end', () => resolve({ outcome: status, status }));
        response.on('error', (error) => resolve({ outcome: error.message, status: 0 }));
      });
      request.on('timeout', () => request.destroy(new Error('timed out')));
      request.on('error', (error) => resolve({ outcome: error.message || String(/** @type {any} */ (error).code), status: 0 }));
      request.end(payload);
    });
  }

  /**
   * @param {Endpoint} endpoint
   * @param {any} event
   * @param {{ attempt: number, outcome: number | string, status: number, faults: any[] }} what
   */
  #record(endpoint, event, { attempt, outcome, status, faults }) {
    this.deliveries.push({ endpoint: endpoint.id, event: event.id, type: event.type, attempt, outcome, status, faults: faults.map(({ kind }) => kind), at: Date.now() });
    if (this.deliveries.length > KEPT_DELIVERIES) this.deliveries.shift();
  }

  /**
   * Waits until every event is delivered, dropped or given up. `false` on timeout.
   * @param {number} timeout milliseconds
   */
  async idle(timeout) {
    const until = Date.now() + timeout;
    while (this.underWay > 0 && Date.now() < until) await sleep(10);
    return this.underWay === 0;
  }

  close() {
    this.clear();
    this.agent.destroy();
  }
}
