import { defineConfig } from '@playwright/test';
import journeys from './playwright.config.ts';

/**
 * `npm run lighthouse` prints the scores of the pages that a buyer sees: one at a time, because the load of the machine
 * affects them.
 */
export default defineConfig({ ...journeys, testDir: 'lighthouse', fullyParallel: false, workers: 1, timeout: 180_000 });
