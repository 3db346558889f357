// Reads the modules of a crate: the names that each defines, imports and uses. Skips test code.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tokens } from './tokens.mjs';

const DEFINES = new Set(['fn', 'struct', 'enum', 'union', 'trait', 'type', 'const', 'static']);
const OPENS = new Set(['{', '(', '[']);
const CLOSES = new Set(['}', ')', ']']);

/**
 * One `use` of one name; a glob has no name. `path` begins with `crate`, `self`, `super` or a name in scope.
 * @typedef {{ path: string[], as: string, glob: boolean, public: boolean, line: number }} Use
 */

export class Module {
  /** @type {Map<string, Module>} */ children = new Map();
  /** @type {Set<string>} */ items = new Set();
  /** @type {Use[]} */ uses = [];
  /** @type {{ path: string[], line: number }[]} Paths of two names and more. */ paths = [];
  /** @type {Map<string, number>} Each name that stands alone, with its first line. */ names = new Map();

  /** @param {string} path `crate::a::b` @param {string} file @param {Module | undefined} parent */
  constructor(path, file, parent) {
    this.path = path;
    this.file = file;
    this.parent = parent;
  }

  /** @returns {Generator<Module>} The module itself, its parent, and so on. */
  *ancestors() {
    yield this;
    if (this.parent) yield* this.parent.ancestors();
  }

  /** @returns {Generator<Module>} The module itself and all within it. */
  *all() {
    yield this;
    for (const child of this.children.values()) yield* child.all();
  }
}

/** @param {string} root The crate's lib.rs or main.rs. */
export function readCrate(root) {
  return readModule('crate', root, undefined, dirname(root));
}

/** @param {string} folder Where the files of its child modules are. */
function readModule(path, file, parent, folder) {
  const module = new Module(path, file, parent);
  new Reader(tokens(readFileSync(file, 'utf8'))).module(module, folder, dirname(file));
  return module;
}

class Reader {
  constructor(list) {
    this.list = list;
    this.at = 0;
  }

  text(ahead = 0) {
    return this.list[this.at + ahead]?.text;
  }

  isName(ahead = 0) {
    return this.list[this.at + ahead]?.name ?? false;
  }

  line() {
    return this.list[this.at]?.line;
  }

  /** Reads to the end of the module. `pathFolder` is what `#[path]` is relative to. */
  module(module, folder, pathFolder) {
    let depth = 0;
    let attributes = [];
    let isPublic = false;
    while (this.at < this.list.length) {
      if (this.text() === '#') {
        attributes.push(this.attribute());
        continue;
      }
      if (attributes.some(isForTests)) {
        this.skipItem();
        attributes = [];
        continue;
      }
      if (this.text() === 'pub') {
        this.at += 1;
        if (this.text() === '(') this.skipGroup();
        isPublic = true;
        continue;
      }
      if (this.text() === '}' && depth === 0) {
        this.at += 1;
        return;
      }
      if (this.text() === 'use' && this.text(-1) !== '+' && this.text(1) !== '<') {
        this.at += 1;
        this.useTree(module, [], isPublic);
      } else if (this.text() === 'mod' && this.isName(1)) {
        this.child(module, folder, pathFolder, attributes);
      } else {
        if (OPENS.has(this.text())) depth += 1;
        if (CLOSES.has(this.text())) depth -= 1;
        this.other(module, depth);
      }
      attributes = [];
      isPublic = false;
    }
  }

  /** `#[…]`, as the texts of its tokens. */
  attribute() {
    this.at += this.text(1) === '!' ? 2 : 1;
    const start = this.at;
    this.skipGroup();
    return this.list.slice(start, this.at).map(({ text }) => text);
  }

  skipGroup() {
    let depth = 0;
    do {
      if (OPENS.has(this.text())) depth += 1;
      if (CLOSES.has(this.text())) depth -= 1;
      this.at += 1;
    } while (depth > 0 && this.at < this.list.length);
  }

  /** An item, a statement, a field or a match arm. */
  skipItem() {
    while (this.at < this.list.length) {
      const text = this.text();
      if (CLOSES.has(text)) return;
      if (OPENS.has(text)) this.skipGroup();
      else this.at += 1;
      if (text === '{' || text === ';' || text === ',') return;
    }
  }

  /** What stands after `use` or after a `::` within it, up to its `;`, `,` or `}`. */
  useTree(module, prefix, isPublic) {
    const line = this.line();
    const path = [...prefix];
    for (;;) {
      const text = this.text();
      if (text === '{') {
        this.at += 1;
        while (this.text() !== '}' && this.at < this.list.length) {
          if (this.text() === ',') this.at += 1;
          else this.useTree(module, path, isPublic);
        }
        this.at += 1;
        return;
      }
      if (text === '*') {
        module.uses.push({ path, as: '*', glob: true, public: isPublic, line });
        this.at += 1;
        return;
      }
      if (text === '::') {
        // A path that begins with `::` is outside the crate.
        if (path.length === 0) path.push('::');
      } else if (text === 'self' && path.length > 0) {
        // `a::{self}` is `a`.
      } else if (this.isName()) {
        path.push(text);
      }
      this.at += 1;
      if (this.text() === 'as') {
        module.uses.push({ path, as: this.text(1), glob: false, public: isPublic, line });
        this.at += 2;
        return;
      }
      if ([';', ',', '}', undefined].includes(this.text())) {
        module.uses.push({ path, as: path.at(-1), glob: false, public: isPublic, line });
        return;
      }
    }
  }

  child(module, folder, pathFolder, attributes) {
    const name = this.text(1);
    const path = attributes.find(([, attribute]) => attribute === 'path')?.[3]?.slice(1, -1);
    const isInline = this.text(2) === '{';
    const modulePath = `${module.path}::${name}`;
    this.at += 3;
    if (isInline) {
      const child = new Module(modulePath, module.file, module);
      module.children.set(name, child);
      this.module(child, join(folder, name), join(folder, name));
      return;
    }
    if (path !== undefined) {
      const file = join(pathFolder, path);
      module.children.set(name, readModule(modulePath, file, module, dirname(file)));
      return;
    }
    const [flat, nested] = [join(folder, `${name}.rs`), join(folder, name, 'mod.rs')];
    const file = existsSync(flat) ? flat : nested;
    if (!existsSync(file)) throw new Error(`${module.file}: there is no ${flat} for \`mod ${name};\``);
    module.children.set(name, readModule(modulePath, file, module, join(folder, name)));
  }

  other(module, depth) {
    const line = this.line();
    if (depth === 0 && DEFINES.has(this.text()) && this.isName(1)) module.items.add(this.text(1));
    if (depth === 0 && this.text() === 'macro_rules' && this.isName(2)) module.items.add(this.text(2));
    if (!this.isName() || this.text(-1) === '.' || this.text(-1) === '::') {
      this.at += 1;
      return;
    }
    const path = [this.text()];
    this.at += 1;
    while (this.text() === '::' && this.isName(1)) {
      path.push(this.text(1));
      this.at += 2;
    }
    if (path.length > 1) module.paths.push({ path, line });
    else if (!module.names.has(path[0])) module.names.set(path[0], line);
  }
}

/** `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`. */
function isForTests(attribute) {
  const text = attribute.join('');
  return text === '[test]' || /^\[cfg\((all\()?test[,)]/.test(text);
}
