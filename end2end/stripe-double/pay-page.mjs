/**
 * The hosted payment page: plain HTML and forms without script, for people and for browser tests. The buttons' values
 * of `action` are the same in both languages.
 *
 * @typedef {import('./state.mjs').State} State
 */

const TEXTS = {
  en: {
    title: 'Pay', test: 'Stripe double: no money moves', pay: 'Pay', decline: 'Pay with a card that is declined', later: 'Pay later (SEPA Direct Debit)',
    cancel: 'Cancel and go back', declined: 'Your card was declined. Please try another one.', email: 'E-mail', card: 'Card ending in',
    done: 'You are all done here', doneText: 'You have already completed your payment.', back: 'Back to the shop',
    waiting: 'The bank has not answered yet.', arrive: 'Let the payment arrive', fail: 'Let the payment fail',
    expired: 'This payment page has expired', missing: 'There is no such payment page', quantity: 'Quantity',
  },
  de: {
    title: 'Bezahlen', test: 'Stripe-Double: es fließt kein Geld', pay: 'Bezahlen', decline: 'Mit abgelehnter Karte bezahlen', later: 'Später bezahlen (SEPA-Lastschrift)',
    cancel: 'Abbrechen und zurück', declined: 'Ihre Karte wurde abgelehnt. Bitte versuchen Sie eine andere.', email: 'E-Mail', card: 'Karte mit der Endung',
    done: 'Hier ist alles erledigt', doneText: 'Sie haben die Zahlung schon abgeschlossen.', back: 'Zurück zum Shop',
    waiting: 'Die Bank hat noch nicht geantwortet.', arrive: 'Zahlung eingehen lassen', fail: 'Zahlung scheitern lassen',
    expired: 'Diese Zahlungsseite ist abgelaufen', missing: 'Diese Zahlungsseite gibt es nicht', quantity: 'Anzahl',
  },
};

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1a1f36}main{max-width:28rem;margin:2rem auto;padding:2rem;background:#fff;border:1px solid #d8dee8;border-radius:8px}
.test{background:#ffde92;color:#5c3c00;text-align:center;margin:0;padding:.25rem}.amount{font-size:2rem;font-weight:600;margin:.25rem 0}h1{font-size:1.1rem;margin:0}dt{color:#596171}dd{margin:0 0 .5rem}
button{display:block;width:100%;padding:.7rem;margin:.6rem 0;font:inherit;border-radius:6px;border:1px solid #8792a2;background:#fff;color:#1a1f36;cursor:pointer}button.main{background:#0a5fd9;border-color:#0a5fd9;color:#fff;font-weight:600}
[role=alert]{color:#a41c12;font-weight:600}`;

/** @param {unknown} text */
const escape = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** @param {any} session */
const languageOf = (session) => (session?.locale?.startsWith('de') ? 'de' : 'en');

/** @param {'de' | 'en'} language @param {string} content */
function page(language, content) {
  const texts = TEXTS[language];
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${texts.title}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><p class="test">${texts.test}</p><main>
${content}
</main></body></html>
`;
}

/** @param {any} session @param {string} action @param {string} label @param {string} [look] */
const button = (session, action, label, look = '') =>
  `<form method="post" action="/c/pay/${session.id}"><button name="action" value="${action}" class="${look}" data-testid="${action}">${escape(label)}</button></form>`;

/** The URL to which the buyer returns after paying. @param {any} session */
const successUrl = (session) => session.success_url.replaceAll('{CHECKOUT_SESSION_ID}', session.id).replaceAll('%7BCHECKOUT_SESSION_ID%7D', session.id);

/** @param {any} session @param {any[]} lineItems @param {any} intent */
function openPage(session, lineItems, intent) {
  const language = languageOf(session);
  const texts = TEXTS[language];
  const amount = new Intl.NumberFormat(language, { style: 'currency', currency: session.currency });
  // The smallest unit is a hundredth, except in currencies without decimals.
  const digits = amount.resolvedOptions().maximumFractionDigits ?? 2;
  const price = amount.format(session.amount_total / 10 ** digits);
  const refused = intent?.last_payment_error ? `<p role="alert" data-testid="declined">${texts.declined}</p>` : '';
  const items = lineItems.map((item) => `<h1 data-testid="product">${escape(item.description)}${item.quantity > 1 ? ` <small>${texts.quantity} ${item.quantity}</small>` : ''}</h1>`);
  const email = session.customer_email ? `<dt>${texts.email}</dt><dd data-testid="email">${escape(session.customer_email)}</dd>` : '';
  const methods = session.payment_method_types;
  return page(language, `${items.join('\n')}
<p class="amount" data-testid="amount">${escape(price)}</p>
<dl>${email}<dt>${texts.card}</dt><dd>4242</dd></dl>
${refused}
${button(session, 'pay', `${texts.pay} ${price}`, 'main')}
${button(session, 'decline', texts.decline)}
${methods.includes('sepa_debit') ? button(session, 'pay_later', texts.later) : ''}
${session.cancel_url ? `<p><a href="${escape(session.cancel_url)}" data-testid="cancel">${texts.cancel}</a></p>` : ''}`);
}

/** @param {any} session @param {any} intent */
function donePage(session, intent) {
  const language = languageOf(session);
  const texts = TEXTS[language];
  const waiting = session.payment_status === 'unpaid' && intent?.status === 'processing';
  const choice = waiting
    ? `<p>${texts.waiting}</p>${button(session, 'settle_succeeded', texts.arrive, 'main')}${button(session, 'settle_failed', texts.fail)}`
    : `<p>${texts.doneText}</p>`;
  return page(language, `<h1>${texts.done}</h1>${choice}<p><a href="${escape(successUrl(session))}" data-testid="back">${texts.back}</a></p>`);
}

/** @param {any} session */
function expiredPage(session) {
  const texts = TEXTS[languageOf(session)];
  const back = session.cancel_url ? `<p><a href="${escape(session.cancel_url)}" data-testid="back">${texts.back}</a></p>` : '';
  return page(languageOf(session), `<h1 data-testid="expired">${texts.expired}</h1>${back}`);
}

/** Renders the page. @param {State} state @param {string} id @returns {{ status: number, html: string }} */
export function showPage(state, id) {
  const world = Object.values(state.worlds).find(({ sessions }) => sessions.has(id));
  if (!world) return { status: 404, html: page('en', `<h1>${TEXTS.en.missing}</h1>`) };
  const session = world.sessions.get(id);
  const intent = world.intents.get(session.payment_intent);
  if (session.status === 'expired') return { status: 200, html: expiredPage(session) };
  if (session.status === 'complete') return { status: 200, html: donePage(session, intent) };
  return { status: 200, html: openPage(session, world.behind.get(id)?.lineItems ?? [], intent) };
}

/**
 * Handles a button. Returns the URL to redirect to.
 * @param {State} state
 * @param {string} id
 * @param {string | null} action
 */
export function press(state, id, action) {
  const { world, found: session } = state.find('sessions', id);
  const here = `/c/pay/${id}`;
  if (action === 'settle_succeeded' || action === 'settle_failed') {
    state.settleLater(world, session, action === 'settle_succeeded');
    return here;
  }
  // A second click on an outdated page changes nothing.
  if (session.status === 'expired') return here;
  if (session.status === 'complete') return successUrl(session);
  if (action === 'decline') {
    state.decline(world, session);
    return here;
  }
  if (action === 'pay') state.pay(world, session);
  else if (action === 'pay_later') state.payLater(world, session);
  else return here;
  return successUrl(session);
}
