/**
 * Stripe's `Idempotency-Key`: the first answer under a key is kept for a day, and is the answer to every further call
 * with the same parameters.
 */
import { StripeError } from './errors.mjs';

const KEPT_SECONDS = 24 * 3600;

/**
 * @typedef {{ fingerprint: string, at: number, answer: { status: number, body: any, requestId: string } | null }} Entry
 */

export class Idempotency {
  /** @param {import('./clock.mjs').Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
  }

  /**
   * Begins a call under a key: returns the answer to repeat, or marks the key as in use.
   * @param {string} scope whose key it is @param {string} key @param {string} fingerprint the call and its parameters
   */
  begin(scope, key, fingerprint) {
    if (key.length > 255) {
      throw new StripeError(400, { message: 'Idempotency keys can be up to 255 characters long.', type: 'idempotency_error' });
    }
    const name = `${scope} ${key}`;
    const known = this.entries.get(name);
    if (!known || known.at <= this.clock.now() - KEPT_SECONDS) {
      this.entries.set(name, { fingerprint, at: this.clock.now(), answer: null });
      return null;
    }
    if (known.fingerprint !== fingerprint) {
      throw new StripeError(400, {
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
        type: 'idempotency_error',
      });
    }
    if (!known.answer) {
      throw new StripeError(409, {
        message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}`,
        type: 'idempotency_error', code: 'idempotency_key_in_use',
      });
    }
    return known.answer;
  }

  /** @param {string} scope @param {string} key @param {NonNullable<Entry['answer']>} answer */
  keep(scope, key, answer) {
    const entry = this.entries.get(`${scope} ${key}`);
    if (entry) entry.answer = answer;
  }

  /**
   * Frees the key of a call that was refused before it had an effect, because Stripe does not keep such answers.
   * @param {string} scope
   * @param {string} key
   */
  release(scope, key) {
    this.entries.delete(`${scope} ${key}`);
  }

  clear() {
    this.entries.clear();
  }
}
