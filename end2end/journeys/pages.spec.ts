import { expect, signIn, test } from '../support/test.ts';

test.describe('an unknown address', () => {
  test.use({ allowedInConsole: [/status of 404/] });

  test('has a page of its own with status 404 and a way back', async ({ page }) => {
    const answer = await page.goto('/nowhere');
    expect(answer?.status()).toBe(404);
    await expect(page.getByRole('heading', { name: 'Seite nicht gefunden' })).toBeVisible();
    await page.getByRole('link', { name: 'Zum Shop' }).click();
    await expect(page.getByRole('heading', { name: 'Credits kaufen' })).toBeVisible();
  });
});

test('every page says that no real money moves', async ({ page }) => {
  await signIn(page);
  for (const path of ['/', '/?buy=credits_1', '/signin', '/signup']) {
    await page.goto(path);
    await expect(page.getByText('Testbetrieb: Es fließt kein echtes Geld.')).toBeVisible();
  }
});

test('pages forbid foreign scripts, frames and inline code', async ({ page }) => {
  const answer = await page.goto('/');
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toMatch(/script-src 'nonce-[^']+'/);
  expect(policy).not.toContain("'unsafe-inline'");
  expect(policy).not.toContain("'unsafe-eval'");
});
