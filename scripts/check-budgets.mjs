// check-budgets.mjs FOLDER NAME compares the front end, as scripts/pack-site.mjs packed it, with its size budgets.
// Prints a table, and fails if a file is over its budget.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const [folder, name] = process.argv.slice(2);

// In bytes, by brotli. The page itself: end2end/journeys/light.spec.ts.
const BUDGETS = { wasm: 150_000, js: 10_000, css: 15_000 };

const files = readdirSync(folder);
const size = (file) => statSync(join(folder, file)).size;
const same = (a, b) => readFileSync(join(folder, a)).equals(readFileSync(join(folder, b)));

const rows = Object.entries(BUDGETS).map(([ending, budget]) => {
  const plain = `${name}.${ending}`;
  const file = files.find((file) => file.startsWith(`${name}.`) && file.endsWith(`.${ending}`) && file !== plain);
  if (!file || !same(file, plain)) throw new Error(`${folder}/${plain} is not packed: run scripts/pack-site.mjs first`);
  const missing = ['br', 'zst', 'gz'].find((encoding) => !files.includes(`${file}.${encoding}`));
  if (missing) throw new Error(`${folder}/${file}.${missing} is missing`);
  const [brotli, zstd, gzip] = ['br', 'zst', 'gz'].map((encoding) => size(`${file}.${encoding}`));
  return { file, bytes: size(file), brotli, zstd, gzip, budget };
});

console.table(rows);
const heavy = rows.filter(({ brotli, budget }) => brotli > budget);
for (const { file, brotli, budget } of heavy) {
  console.error(`${file} weighs ${brotli} bytes by brotli and may weigh ${budget}: ${brotli - budget} too many.`);
}
process.exitCode = heavy.length ? 1 : 0;
