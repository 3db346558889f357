// The jobs: credits are held at the click, and captured or released at the end.
import { createHash, randomUUID } from 'node:crypto';
import { Refused } from './wallet.mjs';

/** What a picture costs. */
export const PRICE = 2;
const HOLD_SECONDS = 120;
const DRAWING_MS = 1_500;

/** Begins a job. A `Refused` says that the credits are not there; then there is no job. */
export async function start(wallet, user, prompt, fails) {
  const id = randomUUID();
  const hold = { credits: PRICE, ttl_seconds: HOLD_SECONDS, reference: id, description: `Picture: ${prompt}` };
  const held = await wallet.hold(user.tenant, hold, `${id}:hold`);
  user.learn(held);
  const job = { id, prompt, status: 'drawing', picture: null };
  user.jobs.unshift(job);
  finish(wallet, user, job, held.hold.id, fails).catch((error) => {
    // The last call may have been booked. A real platform keeps the job, and repeats the call with the same key later.
    job.status = 'unknown';
    console.error(`job ${id}: ${error.message}`);
  });
}

async function finish(wallet, user, job, hold, fails) {
  await new Promise((done) => setTimeout(done, DRAWING_MS));
  if (fails) {
    user.learn(await wallet.release(user.tenant, hold, `${job.id}:release`));
    job.status = 'failed';
    return;
  }
  const picture = draw(job.prompt);
  try {
    user.learn(await wallet.capture(user.tenant, hold, `${job.id}:capture`));
  } catch (error) {
    // The hold's time is over, and by now the credits are spent elsewhere: no credits, no picture.
    if (error instanceof Refused && ['hold_expired', 'insufficient_credits'].includes(error.problem.code)) {
      job.status = 'unpaid';
      return;
    }
    throw error;
  }
  job.picture = picture;
  job.status = 'done';
}

/** Circles, placed and coloured by the prompt. */
function draw(prompt) {
  const bytes = createHash('sha256').update(prompt).digest();
  const circles = Array.from({ length: 8 }, (_, n) => {
    const [x, y, size, hue] = bytes.subarray(n * 4, n * 4 + 4);
    return `<circle cx="${(x * 320) / 255}" cy="${(y * 200) / 255}" r="${20 + size / 4}" fill="hsl(${(hue * 360) / 255} 70% 55% / 0.7)"/>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 200"><rect width="320" height="200" fill="#fff"/>${circles.join('')}</svg>`;
}
