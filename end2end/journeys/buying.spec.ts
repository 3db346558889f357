import type { Page } from '@playwright/test';
import { balance, buy, consentBox, expect, heldUp, historyRows, orderButton, orderDialog, placeOrder, products, purchases, signIn, test, withoutReload } from '../support/test.ts';

const SHELF = [
  { name: '1 Credit', price: '1,49 €', credits: '1 Credit' },
  { name: '5 Credits', price: '6,99 €', credits: '5 Credits' },
  { name: '10 Credits', price: '12,99 €', credits: '10 Credits' },
  { name: 'IZA Pass', price: '2,99 €', credits: '2 Credits' },
];

for (const { name, price, credits } of SHELF) {
  test(`${name} costs ${price} and brings ${credits}`, async ({ page }) => {
    await signIn(page);
    await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');

    await products(page).getByRole('link', { name: `${name} kaufen`, exact: true }).click();
    await expect(orderDialog(page)).toContainText(name);
    await expect(orderDialog(page)).toContainText(price);
    await expect(orderDialog(page)).toContainText(/inkl\. 19\s%/);
    await placeOrder(page);

    await expect(page).toHaveURL(/\/checkout\/success\?session_id=cs_mock_/);
    await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText(`${credits} für ${price}`);
    await expect(balance(page)).toHaveText(`Verfügbar: ${credits}`);
  });
}

test('without the box ticked nothing is ordered, and the buyer is led to it', async ({ page }) => {
  await signIn(page);
  await page.goto('/?buy=credits_5');
  await expect(consentBox(page)).not.toBeChecked();
  await orderButton(page).click();
  await expect(consentBox(page)).toBeFocused();
  expect(await consentBox(page).evaluate((box: HTMLInputElement) => box.validity.valueMissing)).toBe(true);
  expect(await purchases(page)).toHaveLength(0);
  await placeOrder(page);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
});

test('right above the order button stands what is bought, for how much, and when it comes', async ({ page }) => {
  await signIn(page);
  await page.goto('/?buy=credits_5');
  const facts = orderDialog(page).locator('dl');
  await expect(facts).toContainText(/Produkt.*5\sCredits.*Einzelpreis.*1,40\s€ je Credit, 0,46\s€ gespart.*Lieferung.*sofort.*Gesamtpreis.*6,99\s€.*inkl\. 19\s%/s);
  const next = await facts.evaluate((list) => list.nextElementSibling?.textContent);
  expect(next).toBe('Zahlungspflichtig bestellen');
});

test('a double click on the order button makes one purchase', async ({ page }) => {
  await signIn(page);
  await page.goto('/?buy=credits_5');
  await consentBox(page).check();
  await orderButton(page).dblclick();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
  expect(await purchases(page)).toHaveLength(1);
});

test('reloading the success page or going back to it credits nothing more', async ({ page }) => {
  await signIn(page);
  await buy(page, '5 Credits');
  const success = page.url();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');

  await page.goto('/');
  await expect(historyRows(page)).toHaveCount(1);
  await page.goBack();
  await expect(page).toHaveURL(success);
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
  expect(await purchases(page)).toHaveLength(1);
});

test('back from the payment page, the order form is there again and nothing was bought twice', async ({ page }) => {
  await signIn(page);
  await buy(page, '1 Credit');
  await page.goBack();
  await expect(orderButton(page)).toBeEnabled();
  await expect(balance(page)).toHaveText('Verfügbar: 1 Credit');
  expect(await purchases(page)).toHaveLength(1);
});

test('the order form works by keyboard: Enter opens it, Escape closes it, and focus goes back', async ({ page }) => {
  await signIn(page);
  const link = products(page).getByRole('link', { name: '10 Credits kaufen' });
  await link.focus();
  await page.keyboard.press('Enter');
  await expect(orderDialog(page)).toBeVisible();
  await expect(page).toHaveURL(/\?buy=credits_10$/);
  // Before hydration, the dialog is open but not modal.
  await expect(page.locator('dialog:modal')).toBeVisible();

  // With Tab, the focus stays in the form (or moves to the browser's own buttons).
  for (let presses = 0; presses < 6; presses += 1) {
    await page.keyboard.press('Tab');
    const where = await page.evaluate(() => {
      const focused = document.activeElement;
      return focused === document.body || Boolean(focused?.closest('dialog'));
    });
    expect(where, 'focus must not reach the page behind the form').toBe(true);
  }

  await page.keyboard.press('Escape');
  await expect(orderDialog(page)).toBeHidden();
  await expect(link).toBeFocused();
  await expect(page).toHaveURL(/\/$/);
  expect(await purchases(page)).toHaveLength(0);

  await page.keyboard.press('Enter');
  await consentBox(page).focus();
  await page.keyboard.press('Space');
  await orderButton(page).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
});

for (const { name, close } of [
  { name: 'its cross', close: (page: Page) => orderDialog(page).getByRole('link', { name: 'Schließen' }).click() },
  { name: 'a click beside it', close: (page: Page) => page.mouse.click(5, 300) },
]) {
  test(`the order form is closed by ${name}, on the same page`, async ({ page }) => {
    await signIn(page);
    await page.goto('/?buy=credits_10');
    await expect(page.locator('dialog:modal')).toBeVisible();
    await withoutReload(page, async () => {
      await orderDialog(page).getByRole('heading').click();
      await expect(orderDialog(page)).toBeVisible();
      await close(page);
      await expect(orderDialog(page)).toBeHidden();
      await expect(page).toHaveURL(/\/$/);
      await expect(products(page).getByRole('link', { name: '10 Credits kaufen' })).toBeFocused();
    });
  });
}

test('the order form opens at once, on the same page, and is filled when it has come', async ({ page, expectAccessible }) => {
  await signIn(page);
  const release = await heldUp(page, /\/api\/order_form/);
  await withoutReload(page, async () => {
    await products(page).getByRole('link', { name: '10 Credits kaufen' }).click();
    await expect(page.locator('dialog:modal')).toHaveAttribute('aria-busy', 'true');
    await expect(orderButton(page)).toHaveCount(0);
    await expectAccessible(page);
    release();
    await expect(orderButton(page)).toBeVisible();
    await expect(orderDialog(page)).toContainText('12,99 €');
    await expect(orderDialog(page)).not.toHaveAttribute('aria-busy');
    await expect(page.locator('dialog:modal')).toHaveCount(1);
  });
  await expect(orderDialog(page).getByRole('heading', { name: 'Bestellung' })).toBeFocused();
  await placeOrder(page);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
});

test('an order form that is closed before it has come stays closed', async ({ page }) => {
  await signIn(page);
  const release = await heldUp(page, /\/api\/order_form/);
  const answered = page.waitForResponse(/\/api\/order_form/);
  await products(page).getByRole('link', { name: '10 Credits kaufen' }).click();
  await expect(page.locator('dialog:modal')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/$/);
  release();
  await (await answered).finished();
  await expect(orderDialog(page)).toBeHidden();
  await expect(products(page).getByRole('link', { name: '10 Credits kaufen' })).toBeFocused();
});

test('going back closes the order form, and going forth opens it', async ({ page }) => {
  await signIn(page);
  await products(page).getByRole('link', { name: '10 Credits kaufen' }).click();
  await expect(orderButton(page)).toBeVisible();
  await page.goBack();
  await expect(orderDialog(page)).toBeHidden();
  await expect(page).toHaveURL(/\/$/);
  await page.goForward();
  await expect(orderDialog(page)).toContainText('12,99 €');
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/\/$/);
});

test.describe('an order form that cannot be had', () => {
  test.use({ allowedInConsole: [/ERR_FAILED/] });

  test('is gone to by its link', async ({ page }) => {
    await signIn(page);
    await page.route(/\/api\/order_form/, (route) => route.abort());
    await products(page).getByRole('link', { name: '10 Credits kaufen' }).click();
    await expect(orderButton(page)).toBeVisible();
    await expect(orderDialog(page)).toContainText('12,99 €');
  });
});

test.describe('a product that does not exist', () => {
  test.use({ allowedInConsole: [/status of 4\d\d/] });

  test('is refused with a sentence', async ({ page }) => {
    await signIn(page);
    await page.goto('/?buy=credits_7');
    await expect(orderDialog(page)).toContainText('Dieses Produkt gibt es nicht.');
    await expect(orderButton(page)).toHaveCount(0);
  });
});
