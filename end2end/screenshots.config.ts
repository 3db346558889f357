import { defineConfig } from '@playwright/test';
import journeys from './playwright.config.ts';

/** `npm run screenshots` writes the README's pictures into docs/screenshots/. */
export default defineConfig({ ...journeys, testDir: 'screenshots', fullyParallel: false, workers: 1 });
