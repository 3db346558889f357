/**
 * The processing of every API call: API key, idempotency key, handler, and faults.
 *
 * @typedef {{ method: string, path: string, query: string, headers: import('node:http').IncomingHttpHeaders, body:
 *   string }} Request
 * @typedef {{ status: number, headers: Record<string, string>, body: string, cut?: 'hang' | 'reset' | 'half' }} Reply
 *   `cut` says that the connection breaks: before the answer, without ever an answer, or in the middle of it
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { StripeError } from './errors.mjs';
import { distort } from './faults.mjs';
import { decodeForm } from './forms.mjs';
import { expand } from './lists.mjs';
import { newId } from './objects.mjs';
import { ROUTES } from './routes.mjs';
import { shapeAnswer } from './versions.mjs';

const KEPT_CALLS = 5000;
const SESSIONS = '/v1/checkout/sessions';
const HTML_502 = '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n';

export class Api {
  /**
   * @param {{ state: import('./state.mjs').State, faults: import('./faults.mjs').Faults, idempotency:
   *   import('./idempotency.mjs').Idempotency }} parts
   */
  constructor({ state, faults, idempotency }) {
    this.state = state;
    this.faults = faults;
    this.idempotency = idempotency;
    /** The calls so far, for GET /_/calls. @type {any[]} */
    this.calls = [];
  }

  /** @param {Request} request @returns {Promise<Reply>} */
  async serve(request) {
    const requestId = newId('req_', 14);
    const faults = this.faults.forCall(request.method, request.path);
    const key = request.headers['idempotency-key'];
    const call = { id: requestId, method: request.method, path: request.path, idempotency_key: key ?? null, status: 0, replayed: false, faults: faults.map(({ kind }) => kind), at: Date.now(), /** @type {string[]} */ listed: [] };
    this.calls.push(call);
    if (this.calls.length > KEPT_CALLS) this.calls.shift();
    const headers = {
      'content-type': 'application/json', 'request-id': requestId,
      'stripe-version': String(request.headers['stripe-version'] ?? this.state.apiVersion),
      ...(typeof key === 'string' && { 'idempotency-key': key }),
    };
    const broken = faults.find(({ kind, after }) => isBreak(kind) && !after);
    if (broken && !broken.sticky) {
      call.status = Number(broken.kind) || 0;
      return breakdown(broken, headers, requestId);
    }
    const answer = await this.#answer(request, requestId, faults);
    Object.assign(call, { status: answer.status, replayed: answer.replayed !== undefined });
    if (answer.replayed) Object.assign(headers, { 'idempotent-replayed': 'true', 'original-request': answer.replayed });
    const reply = await this.#finish(request, answer, headers, requestId, faults);
    // The ids that the app has read from a list; none if the connection broke.
    if (reply.status === 200 && !reply.cut && answer.body.object === 'list') call.listed = answer.body.data.map((/** @type {any} */ one) => one.id);
    return reply;
  }

  /**
   * Runs the handler once, or repeats its earlier answer.
   * @param {Request} request
   * @param {string} requestId
   * @param {any[]} faults
   */
  async #answer(request, requestId, faults) {
    const key = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    let scope = '';
    let locked = false;
    try {
      const world = this.state.world(livemodeOf(request.headers.authorization));
      scope = world.livemode ? 'live' : 'test';
      if (typeof key === 'string') {
        const known = this.idempotency.begin(scope, key, fingerprint(request));
        if (known) return { status: known.status, body: structuredClone(known.body), replayed: known.requestId };
        locked = true;
      }
      const late = faults.find(({ kind, after }) => kind === 'delay' && !after);
      if (late) await sleep(late.delay_ms);
      const sticky = faults.find(({ sticky: kept }) => kept);
      const answer = sticky && !sticky.after
        ? failure(requestId)
        : { status: 200, body: this.#work(request, world, requestId, faults) };
      if (locked) this.idempotency.keep(scope, String(key), { ...(sticky ? failure(requestId) : answer), requestId });
      return answer;
    } catch (error) {
      if (locked) this.idempotency.release(scope, String(key));
      if (error instanceof StripeError) return { status: error.status, body: error.body(requestId) };
      throw error;
    }
  }

  /**
   * @param {Request} request
   * @param {import('./state.mjs').World} world
   * @param {string} requestId
   * @param {any[]} faults
   */
  #work(request, world, requestId, faults) {
    const { method, path, query, headers, body } = request;
    const matching = ROUTES.map((route) => ({ route, found: route.path.exec(path) })).find(({ route, found }) => route.method === method && found);
    if (!matching) {
      throw new StripeError(404, { message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs; the double knows a part of it only.` });
    }
    if (body && !String(headers['content-type']).startsWith('application/x-www-form-urlencoded')) {
      throw new StripeError(400, { message: `Invalid request (check that your POST content type is application/x-www-form-urlencoded; it is ${headers['content-type']}).` });
    }
    const params = decodeForm(method === 'GET' ? query : body);
    this.state.cause = { id: requestId, idempotency_key: headers['idempotency-key'] ? String(headers['idempotency-key']) : null };
    try {
      const { object, expand: paths } = matching.route.handle({ state: this.state, world, params, id: decodeURIComponent(matching.found?.[1] ?? '') });
      // On creation the fault changes the session itself, so that later answers show it; elsewhere it changes only this
      // answer.
      if (createsSession(request)) for (const fault of faults) Object.assign(object, distort(object, fault));
      return expand(world, object, paths);
    } finally {
      this.state.cause = { id: null, idempotency_key: null };
    }
  }

  /**
   * @param {Request} request
   * @param {{ status: number, body: any }} answer
   * @param {Record<string, string>} headers
   * @param {string} requestId
   * @param {any[]} faults
   * @returns {Promise<Reply>}
   */
  async #finish(request, answer, headers, requestId, faults) {
    const late = faults.find(({ kind, after }) => kind === 'delay' && after);
    if (late) await sleep(late.delay_ms);
    const broken = faults.find(({ kind, after }) => isBreak(kind) && after);
    if (broken) return breakdown(broken, headers, requestId);
    let { body } = answer;
    for (const fault of answer.status === 200 ? faults : []) {
      if (!createsSession(request)) body = distort(body, fault);
      if (fault.kind === 'api_version') {
        const world = this.state.world(livemodeOf(request.headers.authorization));
        body = shapeAnswer(body, fault.version, world, this.state.apiVersion);
      }
    }
    const has = (/** @type {string} */ kind) => faults.some((fault) => fault.kind === kind);
    const cut = has('reset_after') ? 'reset' : has('truncate') ? 'half' : undefined;
    return { status: answer.status, headers, body: JSON.stringify(body, null, 2), cut };
  }
}

/** @param {Request} request */
const createsSession = ({ method, path }) => method === 'POST' && path === SESSIONS;

/** @param {Request} request */
const fingerprint = ({ method, path, body }) => JSON.stringify([method, path, [...new URLSearchParams(body)].sort()]);

/** Whether a fault replaces the answer. @param {string} kind */
const isBreak = (kind) => ['500', '429', 'hang', 'reset_before', 'html_502'].includes(kind);

/** @param {string} requestId */
function failure(requestId) {
  const error = new StripeError(500, { message: 'An unknown error occurred.', type: 'api_error' });
  return { status: error.status, body: error.body(requestId) };
}

/**
 * @param {import('./faults.mjs').Rule} fault
 * @param {Record<string, string>} headers
 * @param {string} requestId
 * @returns {Reply}
 */
function breakdown({ kind, retry_after: pause }, headers, requestId) {
  switch (kind) {
    case 'hang':
      return { status: 0, headers, body: '', cut: 'hang' };
    case 'reset_before':
      return { status: 0, headers, body: '', cut: 'reset' };
    case 'html_502':
      return { status: 502, headers: { 'content-type': 'text/html' }, body: HTML_502 };
    case '429': {
      const error = new StripeError(429, { message: 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.', code: 'rate_limit' });
      return { status: 429, headers: { ...headers, 'retry-after': String(pause), 'stripe-should-retry': 'true', 'stripe-rate-limited-reason': 'global-rate' }, body: JSON.stringify(error.body(requestId), null, 2) };
    }
    default: {
      const { status, body } = failure(requestId);
      return { status, headers, body: JSON.stringify(body, null, 2) };
    }
  }
}

/** Whether a key is a live one. Refuses anything but keys. @param {string | undefined} authorization */
function livemodeOf(authorization = '') {
  const [scheme, value = ''] = authorization.split(' ');
  const key = scheme === 'Basic' ? Buffer.from(value, 'base64').toString().split(':')[0] : value;
  if (!key) {
    throw new StripeError(401, { message: "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')." });
  }
  const mode = /^(?:sk|rk)_(test|live)_\w+$/.exec(key)?.[1];
  if (!mode) throw new StripeError(401, { message: `Invalid API Key provided: ${key.slice(0, 3)}***${key.slice(-2)}` });
  return mode === 'live';
}
