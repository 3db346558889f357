// Fails if a crate depends on another one against the rules (README.md, "A map of the house"). Reads `cargo metadata`;
// needs no build.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The workspace's crates that each of them may depend on. */
const ALLOWED = {
  billing: [],
  app: ['billing'],
  frontend: ['app'],
  'store-sqlite': ['billing', 'coalescing'],
  'store-postgres': ['billing', 'coalescing'],
  coalescing: [],
  server: ['billing', 'app', 'store-sqlite', 'store-postgres', 'coalescing'],
  load: [],
  'bind-wasm': [],
};
/** Crates that the domain must not depend on, directly or indirectly. */
const IO = /^(tokio|sqlx|axum|hyper|reqwest|leptos|async-stripe)([-_].*)?$/;
/** Dependencies that only some crates may have. */
const OWNED = [
  { what: /^sqlx/, owners: ['store-sqlite', 'store-postgres', 'load'] },
  { what: /^async-stripe/, owners: ['server'] },
  { what: /^axum/, owners: ['server', 'load'] },
];

const run = (program, ...args) => execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
const host = /^host: (.*)$/m.exec(run('rustc', '-vV'))[1];
const metadata = JSON.parse(run('cargo', 'metadata', '--format-version', '1', '--locked', '--filter-platform', host));
const byId = new Map(metadata.packages.map((crate) => [crate.id, crate]));
const members = metadata.workspace_members.map((id) => byId.get(id));
const ours = new Set(members.map((crate) => crate.name));
const wrong = [];

for (const crate of members) {
  const allowed = ALLOWED[crate.name];
  if (!allowed) wrong.push(`${crate.name} has no place in scripts/check-arrows.mjs yet`);
  for (const { name } of crate.dependencies) {
    if (ours.has(name) && name !== crate.name && !allowed?.includes(name)) {
      wrong.push(`${crate.name} must not depend on ${name}`);
    }
    for (const { what, owners } of OWNED) {
      if (what.test(name) && !owners.includes(crate.name)) {
        wrong.push(`${crate.name} must not depend on ${name}: that is for ${owners.join(', ')}`);
      }
    }
  }
}

const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
const isNormal = (dependency) => dependency.dep_kinds.some(({ kind }) => kind === null);
const paths = new Map([[members.find(({ name }) => name === 'billing').id, ['billing']]]);
for (const [id, path] of paths) {
  for (const dependency of nodes.get(id).deps.filter(isNormal)) {
    const next = [...path, byId.get(dependency.pkg).name];
    if (paths.has(dependency.pkg)) continue;
    paths.set(dependency.pkg, next);
    if (IO.test(next.at(-1))) wrong.push(`the domain must do no I/O: ${next.join(' -> ')}`);
  }
}

const outputName = metadata.metadata.leptos[0]['output-name'];
if (!readFileSync('.cargo/config.toml', 'utf8').includes(`LEPTOS_OUTPUT_NAME = "${outputName}"`)) {
  wrong.push('LEPTOS_OUTPUT_NAME in .cargo/config.toml is not the output-name of Cargo.toml');
}

for (const sentence of wrong) console.error(sentence);
if (wrong.length > 0) process.exit(1);
console.log(`${members.length} crates, ${paths.size - 1} dependencies of the domain: every arrow points the right way`);
