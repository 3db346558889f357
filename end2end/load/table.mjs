// table.mjs RESULTS RUNS SECONDS READERS COMMAND POSTGRES DISK
// Prints the table of docs/PERFORMANCE.md from what scripts/bench measured.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';

const [file, runs, seconds, readers, command, postgres, disk] = process.argv.slice(2);
/** The target ratios; figures without a target are only reported. */
const WANTED = {
  'settle spread seven': '0.7',
  'settle spread one': '0.5 aimed at',
  'settle hot seven': '0.7',
  'spend hot 64 spend-minimal': '2.4',
  'spend spread 64 spend-minimal': '1.5',
  'spend spread 8 spend-minimal': '1.0',
  'spend spread 1 spend-minimal': '0.6',
  'spend spread 64 alone': '2.5',
  'read balance bare': '0.8',
  'read shop bare': '0.25',
  'read history bare': '0.25',
};
const REFERENCES = {
  seven: 'pgbench, seven statements, our schema',
  one: 'pgbench, one statement, our schema',
  'seven-minimal': 'pgbench, seven statements, minimal schema',
  'one-minimal': 'pgbench, one statement, minimal schema',
  'spend-minimal': 'pgbench, a spend as one statement, minimal schema',
  alone: 'ours without coalescing',
  bare: 'bare axum handler',
};
const KINDS = { spread: '1,000 tenants', hot: 'one hot tenant', refused: 'refused (402)' };
const DATABASES = { postgres: 'PostgreSQL', sqlite: 'SQLite' };

// Run 0 is the warm-up.
const rows = readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).filter(({ run }) => run > 0);
const of = (figure, who) => rows.filter((row) => row.figure === figure && row.who === who);

const median = (numbers) => {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const spread = (numbers, text) =>
  `${text(median(numbers))} [${text(Math.min(...numbers))}–${text(Math.max(...numbers))}]`;
const rate = (number) => Math.round(number).toLocaleString('en-US');
const ratio = (number) => number.toFixed(2);

const nameOf = (figure, result) => {
  const [what, ...rest] = figure.split('/');
  if (what === 'settle' || what === 'spend') {
    const [database, kind, senders] = rest;
    return `${what}, ${DATABASES[database]}, ${KINDS[kind]}, ${senders} sender${senders === '1' ? '' : 's'}`;
  }
  return `read ${rest[0]}, ${result.bytes.toLocaleString('en-US')} bytes`;
};

console.log('| figure | ours, per second | p50 / p99, ms | reference | its figure | ratio | wanted |');
console.log('|---|---|---|---|---|---|---|');
for (const figure of new Set(rows.map((row) => row.figure))) {
  const ours = of(figure, 'ours');
  const rates = ours.map(({ result }) => result.rate);
  const percentile = (key) => median(ours.map(({ result }) => result[key])).toFixed(1);
  const latency = `${percentile('p50_ms')} / ${percentile('p99_ms')}`;
  const begin = `| ${nameOf(figure, ours[0].result)} | ${spread(rates, rate)} | ${latency}`;
  const whos = new Set(rows.filter((row) => row.figure === figure && row.who !== 'ours').map((row) => row.who));
  if (whos.size === 0) console.log(`${begin} | none | | | reported |`);
  for (const who of whos) {
    const theirs = of(figure, who).map(({ result }) => result.rate);
    // The ratio of each run, because a slow phase of the machine affects both sides.
    const ratios = rates.map((one, index) => one / theirs[index]);
    const [what, first, second] = figure.split('/');
    const kind = { settle: second, spend: `${second} ${figure.split('/')[3]}`, read: first }[what];
    const wanted = WANTED[`${what} ${kind} ${who}`] ?? 'reported';
    console.log(`${begin} | ${REFERENCES[who]} | ${spread(theirs, rate)} | ${spread(ratios, ratio)} | ${wanted} |`);
  }
}

const cpu = os.cpus();
const memory = Math.round(os.totalmem() / 2 ** 30);
const version = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' }).trim();
console.log(`
- Machine: ${cpu.length} × ${cpu[0].model}, ${memory} GiB memory, databases on ${disk.replace(/\s+/g, ', ')}
- Versions: ${version('rustc', '--version')}; ${postgres}; Linux ${os.release()}
- Command: \`BENCH_RUNS=${runs} BENCH_SECONDS=${seconds} ${command}\`; ${readers} connections read
- Figures are the median of ${runs} runs by turns, with the least and the greatest; a ratio is that of a run`);
