// Generates clients from the document that a shop serves, into a folder of their own, and compiles them.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const GENERATED = here('generated');
const DOCUMENT = `${GENERATED}/openapi.json`;
const VENV = here('.venv');
const PYTHON_ENV = { PYTHONPATH: GENERATED, MYPYPATH: GENERATED, PATH: `${VENV}/bin:${process.env.PATH}` };

/** Runs a program in this folder; what it prints is in the error when it fails. */
export async function runHere(/** @type {string} */ program, /** @type {string[]} */ args, env = {}) {
  const options = { cwd: here('.'), env: { ...process.env, ...env }, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await run(program, args, options).catch((error) => {
    throw new Error(`${program} ${args[0]} failed:\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

/** A virtual environment with the generator of Python clients, created on the first run. */
async function ensureVenv() {
  const stamp = `${VENV}/installed.txt`;
  const wanted = readFileSync(here('requirements.txt'), 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  await runHere('python3', ['-m', 'venv', '--clear', VENV]);
  await runHere(`${VENV}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', '-r', here('requirements.txt')]);
  await writeFile(stamp, wanted);
}

/** Fetches the document, and writes the programs that the page shows beside the clients that they use. */
export async function prepare(/** @type {string} */ shopUrl, /** @type {Record<string, string>} */ programs) {
  await remove();
  await mkdir(GENERATED);
  await writeFile(DOCUMENT, await (await fetch(`${shopUrl}/billing/openapi.json`)).text());
  for (const [name, text] of Object.entries(programs)) await writeFile(`${GENERATED}/${name}`, text);
}

export const remove = () => rm(GENERATED, { recursive: true, force: true });

/** A program in this folder, compiled, to be run by Node. */
export const compiled = (/** @type {string} */ program) => `${GENERATED}/compiled/${program}`;

export async function generateTypeScript() {
  await runHere('npx', ['openapi-typescript', DOCUMENT, '--output', `${GENERATED}/schema.d.ts`]);
  await runHere('npx', ['tsc', '--project', 'tsconfig.json']);
}

export async function generatePython(/** @type {string[]} */ programs) {
  await ensureVenv();
  const client = `${GENERATED}/shop_client`;
  const generate = ['generate', '--path', DOCUMENT, '--meta', 'none', '--output-path', client, '--fail-on-warning'];
  await runHere(`${VENV}/bin/openapi-python-client`, generate, PYTHON_ENV);
  await runHere(`${VENV}/bin/mypy`, ['--cache-dir', `${GENERATED}/mypy`, '--strict', ...programs], PYTHON_ENV);
}

export const runPython = (/** @type {string[]} */ args, env = {}) =>
  runHere(`${VENV}/bin/python`, args, { ...PYTHON_ENV, ...env });
