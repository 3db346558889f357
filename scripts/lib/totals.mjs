// totals.mjs cargo LOG        sums cargo's "test result" lines
// totals.mjs playwright JSON  sums Playwright's report
// totals.mjs tap LOG          reads the closing lines of node's test runner
// Prints "PASSED FAILED IGNORED"; without a result, prints nothing and exits 1.
import { readFileSync } from 'node:fs';

const [runner, path] = process.argv.slice(2);
const text = readFileSync(path, 'utf8');

function cargo() {
  const lines = [...text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm)];
  if (lines.length === 0) process.exit(1);
  return [1, 2, 3].map((column) => lines.reduce((sum, line) => sum + Number(line[column]), 0));
}

function playwright() {
  const { stats, errors } = JSON.parse(text);
  return [stats.expected, stats.unexpected + stats.flaky + errors.length, stats.skipped];
}

function tap() {
  const closing = (name) => text.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? process.exit(1);
  return ['pass', 'fail', 'skipped'].map(closing);
}

console.log({ cargo, playwright, tap }[runner]().join(' '));
