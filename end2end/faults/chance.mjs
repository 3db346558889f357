/**
 * Chance that can be repeated: the same seed and name give the same draws, whatever else happens meanwhile.
 */

export class Chance {
  #state;

  /** @param {string} seed @param {string} name what it decides about; each name draws by itself */
  constructor(seed, name) {
    // FNV-1a of both.
    this.#state = [...`${seed}/${name}`].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 16777619), 2166136261) >>> 0;
  }

  /** At least 0, below 1 (mulberry32). */
  draw() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number, both ends included. @param {number} least @param {number} most */
  whole(least, most) {
    return least + Math.floor(this.draw() * (most - least + 1));
  }

  /** @param {number} probability */
  happens(probability) {
    return this.draw() < probability;
  }

  /** @template T @param {readonly T[]} items @returns {T} */
  of(items) {
    return items[this.whole(0, items.length - 1)];
  }

  /** One of the names, each as often as its number says. @template {string} N @param {Record<N, number>} weights @returns {N} */
  among(weights) {
    const names = /** @type {N[]} */ (Object.keys(weights));
    let left = this.draw() * names.reduce((sum, name) => sum + weights[name], 0);
    return names.find((name) => (left -= weights[name]) < 0) ?? names[0];
  }
}
