// Fails when files of one crate import each other, directly or through others.
//     node scripts/check-circles.mjs [FOLDER OF A WORKSPACE]
// scripts/circles/imports.mjs says what an import is.
import { execFileSync } from 'node:child_process';
import { relative } from 'node:path';
import { circles } from './circles/graph.mjs';
import { importsByFile } from './circles/imports.mjs';
import { readCrate } from './circles/modules.mjs';

const workspace = process.argv[2] ?? '.';
const metadata = JSON.parse(
  execFileSync('cargo', ['metadata', '--format-version', '1', '--locked', '--no-deps'], {
    cwd: workspace,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  }),
);
const isProduct = (target) => target.kind.some((kind) => ['lib', 'bin', 'cdylib', 'rlib'].includes(kind));
const short = (file) => relative(metadata.workspace_root, file);
const files = new Set();
let found = 0;

for (const crate of metadata.packages) {
  for (const target of crate.targets.filter(isProduct)) {
    const root = readCrate(target.src_path);
    for (const module of root.all()) files.add(module.file);
    const imports = importsByFile(root);
    for (const circle of circles(imports)) {
      found += 1;
      console.error(`${crate.name}: ${circle.length} files import each other`);
      for (const from of circle) {
        for (const [to, names] of imports.get(from)) {
          if (!circle.includes(to)) continue;
          const list = names.map(({ name, line }) => `${name} (line ${line})`).join(', ');
          console.error(`  ${short(from)} -> ${short(to)}: ${list}`);
        }
      }
    }
  }
}

if (found > 0) process.exit(1);
console.log(`${files.size} files of ${metadata.packages.length} crates: none import each other`);
