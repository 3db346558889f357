import type { Page } from '@playwright/test';
import { balance, expect, orderButton, orderDialog, placeOrder, products, purchases, withoutReload } from '../support/test.ts';
import { live, order, payment, sessionOf, signUp, test } from '../support/stripe.ts';

// The browser logs the shop's 503.
test.use({ allowedInConsole: [/status of 503/] });

const opening = { method: 'POST', path: '^/v1/checkout/sessions$' };
const asking = { method: 'GET', path: '^/v1/checkout/sessions/' };
const ending = { method: 'POST', path: '/expire$' };

/** Faults of Stripe, and whether the session was opened before the fault. */
const FAULTS = [
  { name: 'answers nothing but errors', kind: '500', opened: true },
  { name: 'is too busy', kind: '429', opened: false },
  { name: 'never answers', kind: 'hang', opened: true },
];

/** Records the order button's texts from now on, because the test cannot read a page during a navigation. */
async function sayings(page: Page): Promise<string[]> {
  const said: string[] = [];
  await page.exposeFunction('say', (text: string) => said.push(text));
  await orderButton(page).evaluate((button: HTMLButtonElement) => {
    const { say } = window as unknown as { say: (text: string) => void };
    const observer = new MutationObserver(() => say(`${button.textContent} (${button.disabled ? 'disabled' : 'enabled'})`));
    observer.observe(button, { attributes: true, characterData: true, childList: true, subtree: true });
  });
  return said;
}

for (const { name, kind, opened } of FAULTS) {
  test(`while Stripe ${name}, the buyer is told, and one retry later has one purchase`, async ({ page, stripe, expectAccessible }) => {
    await signUp(page);
    await stripe.breaks({ kind, match: opening, ...(opened && { after: true }) });
    await page.goto('/');
    await products(page).getByRole('link', { name: '5 Credits kaufen', exact: true }).click();
    await live(page);
    const said = await sayings(page);
    await placeOrder(page);
    await expect(orderDialog(page)).toContainText('Der Zahlungsdienst ist gerade nicht erreichbar. Es wurde nichts abgebucht.', { timeout: 30_000 });
    expect(said).toContain('Wird bestellt … (disabled)');
    await expectAccessible(page);
    expect(await stripe.booked()).toHaveLength(opened ? 1 : 0);

    await stripe.mend();
    await placeOrder(page);
    const session = await sessionOf(page);
    await payment.pay(page).click();
    await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
    await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
    const made = await purchases(page);
    expect(made).toMatchObject([{ status: 'PAID' }]);
    expect(await stripe.booked()).toMatchObject([{ session, client_reference_id: made[0]?.id, received: 699 }]);
  });
}

test('who comes back from paying while Stripe cannot be asked sees the confirmation once it can', async ({ page, stripe }) => {
  await signUp(page);
  await stripe.fallSilent();
  await order(page, '5 Credits');
  await stripe.breaks({ kind: '500', match: asking });
  await payment.pay(page).click();
  await expect(page.getByRole('heading', { name: 'Zahlung wird verarbeitet' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('Der Zahlungsdienst antwortet gerade nicht. Wir fragen weiter nach.');
  await withoutReload(page, async () => {
    await stripe.mend();
    await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible({ timeout: 15_000 });
  });
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
});

test('a purchase that cannot be dropped while Stripe is down stays open, and is dropped later', async ({ page, stripe }) => {
  await signUp(page);
  const session = await order(page, '5 Credits');
  await payment.cancel(page).click();
  await stripe.breaks({ kind: '500', match: ending });
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(page.getByRole('main')).toContainText('Der Zahlungsdienst gibt gerade keine Auskunft.');
  await expect(page.getByRole('link', { name: 'Weiter zur Zahlung' })).toBeVisible();
  await stripe.mend();
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(page.getByRole('heading', { name: 'Kauf beendet' })).toBeVisible();
  await expect(page.getByRole('main')).not.toContainText('Der Zahlungsdienst gibt gerade keine Auskunft.');
  expect(await stripe.booked()).toMatchObject([{ session, status: 'expired' }]);
});
