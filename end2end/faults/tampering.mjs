/**
 * Decides which tampered events may be applied.
 */
import { TAMPERING } from './fault-profile.mjs';

/**
 * @typedef {{ event: string, status: number, faults: string[], at: number }} Delivery `status`: of the shop's answer,
 *   even if that got lost
 * @typedef {{ path: string, at: number, listed: string[] }} Call `listed`: the ids in the answer, if it arrived whole
 * @typedef {{ status: string, note: string, attempts: number, payment_status: string }} Stored the event as the shop
 *   has it
 */

/** @param {Delivery} delivery */
export const isTampered = ({ faults }) => faults.some((kind) => TAMPERING.includes(kind));

/** @param {Delivery} delivery */
const isAccepted = ({ status }) => status === 200;

/**
 * Whether the shop has handled a tampered event correctly. A wrong value must raise attention, unless the purchase was
 * settled before, or the shop has also read the untampered event, from another delivery or from the list of events.
 * @param {string} id @param {Stored} stored @param {Delivery[]} deliveries @param {Call[]} calls
 */
export function isJustified(id, { status, note, attempts, payment_status }, deliveries, calls) {
  if (status === 'ATTENTION') return true;
  // The success page or the worker has settled the purchase before, or nothing is paid.
  if (status === 'APPLIED' && note === 'nothing new') return true;
  if (payment_status === 'unpaid') return true;
  const own = deliveries.filter(({ event }) => event === id);
  if (own.some((one) => isAccepted(one) && !isTampered(one))) return true;
  // The backfill applies the event that it has read from the list, and closes the stored one. An event that was closed
  // at the first attempt was closed before its first delivery was answered, so the list was read before that.
  const answered = own.filter(isAccepted).map(({ at }) => at);
  const until = attempts > 1 ? Infinity : Math.min(...answered);
  return status === 'APPLIED' && note === 'applied' && calls.some((call) => call.path === '/v1/events' && call.at <= until && call.listed.includes(id));
}
