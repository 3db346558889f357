import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from '@playwright/test';
import gifenc from 'gifenc';
import { PNG } from 'pngjs';
import { consentBox, expect, orderButton, products, signIn, test } from '../support/test.ts';

const WALK = fileURLToPath(new URL('../../docs/screenshots/walk.gif', import.meta.url));
const SIZE = { width: 1040, height: 720 };
/** The size of a GIF's palette. */
const COLOURS_MAX = 256;

test.use({ viewport: SIZE, reducedMotion: 'reduce', isMobile: true });

/** The frames, and how long each is shown. */
class Film {
  readonly #gif = gifenc.GIFEncoder();

  async show(page: Page, milliseconds: number): Promise<void> {
    const { data, width, height } = PNG.sync.read(await page.screenshot());
    const palette = gifenc.quantize(data, COLOURS_MAX);
    this.#gif.writeFrame(gifenc.applyPalette(data, palette), width, height, { palette, delay: milliseconds });
  }

  /** Shows the pointer, and clicks. */
  async click(page: Page, target: Locator): Promise<void> {
    await target.scrollIntoViewIfNeeded();
    const handle = await target.evaluateHandle((element) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      const pointer = document.createElement('div');
      Object.assign(pointer.style, {
        position: 'fixed', left: `${left + Math.min(width / 2, 60)}px`, top: `${top + height / 2}px`, width: '28px', height: '28px',
        margin: '-14px', borderRadius: '50%', background: 'rgb(230 120 0 / 0.45)', border: '2px solid rgb(230 120 0)', zIndex: '99',
      });
      // Inside the modal dialog, which covers everything else.
      (element.closest('dialog') ?? document.body).append(pointer);
      return pointer;
    });
    await this.show(page, 900);
    await handle.evaluate((pointer) => pointer.remove());
    await target.click();
  }

  async save(): Promise<void> {
    this.#gif.finish();
    await writeFile(WALK, this.#gif.bytes());
  }
}

test('a walk through a purchase', async ({ page }) => {
  const film = new Film();
  await signIn(page);
  await film.show(page, 1_500);
  await film.click(page, products(page).getByRole('link', { name: '10 Credits kaufen' }));
  await expect(orderButton(page)).toBeVisible();
  await film.show(page, 1_800);
  await film.click(page, consentBox(page));
  await film.show(page, 600);
  await film.click(page, orderButton(page));
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await film.show(page, 2_200);
  await film.click(page, page.getByRole('link', { name: 'Beleg ansehen' }));
  await expect(page.getByRole('button', { name: 'Drucken' })).toBeVisible();
  await film.show(page, 3_000);
  await film.save();
});
