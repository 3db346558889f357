import type { Browser } from '@playwright/test';
import { HtmlValidate, StaticConfigLoader } from 'html-validate';
import { expect, test as mock } from '../support/test.ts';
import { test as selling } from '../support/stripe.ts';
import { type Leg, customerTour, mockTour, travel } from '../support/tour.ts';

const validator = new HtmlValidate(new StaticConfigLoader({ root: true, extends: ['html-validate:standard'] }));

/** Visits each stop in a language, and validates the HTML that the server sent. */
async function read(browser: Browser, baseURL: string, locale: string, legs: Leg[]) {
  await travel(browser, { baseURL, locale }, legs, async (_, { name }, document) => {
    const html = await document.text();
    expect(html, `${name} is a document from its first sign to its last`).toMatch(/^<!DOCTYPE html>.*<\/html>\s*$/is);
    const { results } = await validator.validateString(html);
    const faults = results.flatMap(({ messages }) => messages);
    expect(faults.map(({ line, column, ruleId, message }) => `${line}:${column} ${ruleId}: ${message}`), name).toEqual([]);
  });
}

for (const locale of ['de-DE', 'en-GB']) {
  mock(`pages without a purchase are valid HTML, ${locale}`, async ({ browser, shop }) => {
    await read(browser, shop.url, locale, await mockTour(browser, shop, locale));
  });

  selling(`pages of a customer are valid HTML, ${locale}`, async ({ browser, shop, stripe }) => {
    await read(browser, shop.url, locale, await customerTour(browser, shop.url, locale, stripe));
  });
}
