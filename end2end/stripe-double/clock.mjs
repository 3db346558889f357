/**
 * The double's clock, in whole seconds as Stripe counts. It can be put forward, so that a session of 24 hours expires
 * now; it never goes back but by `reset`.
 *
 * @typedef {{ now(): number, offset(): number, advance(seconds: number): void, reset(): void }} Clock
 */

/** @returns {Clock} */
export function createClock() {
  let offset = 0;
  return {
    now: () => Math.floor(Date.now() / 1000) + offset,
    offset: () => offset,
    advance: (seconds) => {
      offset += seconds;
    },
    reset: () => {
      offset = 0;
    },
  };
}
