// Finds the imports between the files of a crate.
//
// A name belongs to the file that defines it, even if another module re-exports it: with `pub use outcome::Applied` in
// billing.rs, `use crate::billing::Applied` is an import of outcome.rs. Declaring a module (`mod outcome;`) is no
// import, and neither is a re-export whose name is not used. A submodule may use its parents' items, so that does not
// count either. A parent's use of its submodules' items does.

/** @typedef {import('./modules.mjs').Module} Module */
/** @typedef {{ name: string, line: number }} Import */

/**
 * @param {Module} root
 * @returns {Map<string, Map<string, Import[]>>} By the importing file, then by the imported one.
 */
export function importsByFile(root) {
  const imports = new Map();
  for (const module of root.all()) {
    const own = new Set([...module.ancestors()].map(({ file }) => file));
    for (const { name, line, files } of namedBy(module, root)) {
      for (const file of files) {
        if (own.has(file)) continue;
        const from = imports.get(module.file) ?? imports.set(module.file, new Map()).get(module.file);
        const list = from.get(file) ?? from.set(file, []).get(file);
        if (!list.some((known) => known.name === name)) list.push({ name, line });
      }
    }
  }
  return imports;
}

/** @returns {Generator<{ name: string, line: number, files: Set<string> }>} */
function* namedBy(module, root) {
  const filesOf = (path) => resolve(root, module, path, new Set()).files;
  for (const use of module.uses) {
    if (use.glob) {
      const taken = [...module.names].filter(([name]) => !isOwn(module, name));
      for (const [name, line] of taken) {
        const found = throughGlob(root, module, use, name, new Set());
        yield { name, line, files: found.files };
      }
    } else if (!use.public || module.names.has(use.as)) {
      yield { name: use.path.at(-1), line: use.line, files: filesOf(use.path) };
    }
  }
  for (const { path, line } of module.paths) yield { name: path.at(-1), line, files: filesOf(path) };
}

function isOwn(module, name) {
  return module.items.has(name) || module.children.has(name) || module.uses.some((use) => use.as === name);
}

const nothing = () => ({ files: new Set(), modules: new Set() });
const isNothing = ({ files, modules }) => files.size === 0 && modules.size === 0;
function add(sum, { files, modules }) {
  for (const file of files) sum.files.add(file);
  for (const module of modules) sum.modules.add(module);
}

/**
 * Resolves a path to the files that define it (two for a type and a function of the same name), and to modules. Empty
 * for a path outside the crate. `seen` ends the search if modules re-export a name from each other.
 */
function resolve(root, from, path, seen) {
  if (path[0] === '::') return nothing();
  let at = 0;
  let here = from;
  if (path[0] === 'crate') {
    here = root;
    at = 1;
  } else if (path[0] === 'self') {
    at = 1;
  }
  for (; path[at] === 'super'; at += 1) here = here.parent ?? here;
  let found = { files: new Set(), modules: new Set([here]) };
  for (; at < path.length && found.modules.size > 0; at += 1) {
    const outer = found.modules;
    found = nothing();
    for (const module of outer) add(found, lookUp(root, module, path[at], seen));
    // Names that a macro defines cannot be found, so they count for the module that they are imported from.
    if (isNothing(found) && at > 0) for (const module of outer) found.files.add(module.file);
  }
  return found;
}

function lookUp(root, module, name, seen) {
  const found = nothing();
  const key = `${module.path} ${name}`;
  if (seen.has(key)) return found;
  seen.add(key);
  if (module.children.has(name)) found.modules.add(module.children.get(name));
  if (module.items.has(name)) found.files.add(module.file);
  for (const use of module.uses) {
    if (!use.glob && use.as === name) add(found, resolve(root, module, use.path, seen));
  }
  if (isNothing(found)) {
    for (const use of module.uses) if (use.glob) add(found, throughGlob(root, module, use, name, seen));
  }
  return found;
}

function throughGlob(root, module, use, name, seen) {
  const found = nothing();
  const { modules } = resolve(root, module, use.path, seen);
  for (const target of modules) add(found, lookUp(root, target, name, seen));
  return found;
}
