/**
 * The double's clock, in whole seconds like Stripe's. It can be advanced, for example to expire a session; only `reset`
 * sets it back.
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
