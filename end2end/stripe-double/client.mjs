/**
 * The control API from JavaScript, for tests and scripts: `await double('POST', '/refunds', { session, amount: 100 })`.
 * Throws the double's message if the answer is an error.
 */

/** @param {string} url the double's address */
export function controlOf(url) {
  return async (/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body) => {
    const response = await fetch(`${url}/_${path}`, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const answer = /** @type {any} */ (await response.json());
    if (!response.ok) throw new Error(`${method} /_${path}: ${response.status} ${answer.error?.message}`);
    return answer;
  };
}
