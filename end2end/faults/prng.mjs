/**
 * A seeded pseudo-random number generator (mulberry32). The same seed and name give the same numbers, however many
 * other generators draw in between.
 */

export class Prng {
  #state;

  /** @param {string} seed @param {string} name one for each stream of numbers */
  constructor(seed, name) {
    // FNV-1a of both.
    this.#state = [...`${seed}/${name}`].reduce((hash, character) => Math.imul(hash ^ character.charCodeAt(0), 16777619), 2166136261) >>> 0;
  }

  /** In [0, 1). */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer from `min` to `max`, both included. @param {number} min @param {number} max */
  integer(min, max) {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability;
  }

  /** @template T @param {readonly T[]} items @returns {T} */
  pick(items) {
    return items[this.integer(0, items.length - 1)];
  }

  /** A name, by weight. @template {string} N @param {Record<N, number>} weights @returns {N} */
  weighted(weights) {
    const names = /** @type {N[]} */ (Object.keys(weights));
    let left = this.next() * names.reduce((sum, name) => sum + weights[name], 0);
    return names.find((name) => (left -= weights[name]) < 0) ?? names[0];
  }
}
