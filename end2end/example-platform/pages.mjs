// The platform's two pages. `html` escapes what is put in.
import { html, raw } from 'hono/html';
import { PRICE } from './jobs.mjs';

const STATUS = {
  drawing: 'Being drawn',
  done: `Done, ${PRICE} credits`,
  failed: 'Failed, nothing charged',
  unknown: 'The credit shop does not answer',
  unpaid: 'Not paid in time, nothing charged',
};

const document = (title, body) => html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/style.css">
  </head>
  <body>${body}</body>
</html>`;

export const signIn = (wrong) => document('Picture shop', html`
  <main>
    <h1>Pictures for credits</h1>
    <p>An example of a platform beside the credit shop. Any e-mail address will do; there is no password.</p>
    ${wrong ? html`<p role="alert" class="notice">That is no e-mail address.</p>` : ''}
    <form method="post" action="/sign-in">
      <label for="email">E-mail address</label>
      <input id="email" name="email" type="email" autocomplete="email" required>
      <button>Go on</button>
    </form>
  </main>`);

export const home = (user, state, short) => document('Make a picture', html`
  <header>
    <span>${user.email}</span>
    <form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>
  </header>
  <main>
    <h1>Make a picture</h1>
    <dl>
      <div><dt>Available</dt><dd id="available">${user.funds.available}</dd></div>
      <div><dt>Held for jobs</dt><dd id="held">${user.funds.held}</dd></div>
    </dl>
    ${short ? html`<div role="alert" class="notice">
      <p>A picture costs ${short.required} credits, and ${short.available} are available.</p>
      <a class="button" href="${short.top_up_url}" target="_blank" rel="noopener">Buy credits</a>
      <p>In the shop, sign up as ${user.email}: then the credits are yours here, too.</p>
    </div>` : ''}
    <form method="post" action="/jobs">
      <label for="prompt">What is in the picture?</label>
      <input id="prompt" name="prompt" required maxlength="100" autocomplete="off">
      <label class="tick"><input type="checkbox" name="fails"> Let the job fail</label>
      <button>Make it for ${PRICE} credits</button>
    </form>
    <h2>Your pictures</h2>
    ${user.jobs.length ? html`<ul>${user.jobs.map(picture)}</ul>` : html`<p>None yet.</p>`}
  </main>
  <script>
    // Asks how things stand, and loads the page anew when something has moved.
    setInterval(async () => {
      const answer = await fetch('/state').catch(() => null);
      if (answer?.ok && (await answer.text()) !== ${raw(JSON.stringify(state))}) location.replace('/');
    }, 1000);
  </script>`);

const picture = (job) => html`<li>
  ${job.picture ? html`<img src="/jobs/${job.id}.svg" alt="${job.prompt}" width="320" height="200">` : ''}
  <strong>${job.prompt}</strong> <span>${STATUS[job.status]}</span>
</li>`;
