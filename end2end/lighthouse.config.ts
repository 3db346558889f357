import { defineConfig } from '@playwright/test';
import journeys from './playwright.config.ts';

/** `npm run lighthouse` prints the scores of the pages that a buyer sees. One page at a time: the machine is measured, too. */
export default defineConfig({ ...journeys, testDir: 'lighthouse', fullyParallel: false, workers: 1, timeout: 180_000 });
