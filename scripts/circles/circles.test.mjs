// node --test scripts/circles/*.test.mjs
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { circles } from './graph.mjs';
import { importsByFile } from './imports.mjs';
import { readCrate } from './modules.mjs';

/** The imports of a crate of these files, as `a.rs -> b.rs: Name, Other`. */
function imports(files) {
  const folder = mkdtempSync(join(tmpdir(), 'circles-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const name = (file) => relative(folder, file);
    return [...importsByFile(readCrate(join(folder, 'lib.rs')))].flatMap(([from, found]) =>
      [...found].map(([to, names]) => `${name(from)} -> ${name(to)}: ${names.map((each) => each.name).join(', ')}`),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a nested use tree with aliases hides no import', () => {
  assert.deepEqual(
    imports({
      'lib.rs': 'mod a; mod b; mod c;',
      'a.rs': 'use crate::{b::{self, inner::{Deep as Shallow, *}, B}, c::C as _};\nfn f() { star() }',
      'b.rs': 'pub struct B; pub mod inner;',
      'b/inner.rs': 'pub struct Deep; pub fn star() {}',
      'c.rs': 'pub trait C {}',
    }),
    ['a.rs -> b/inner.rs: Deep, star', 'a.rs -> b.rs: B', 'a.rs -> c.rs: C'],
  );
});

test('a name counts for the file that defines it, not for the one that passes it on', () => {
  assert.deepEqual(
    imports({
      'lib.rs': 'mod billing; mod mail; pub use billing::Applied;',
      'billing.rs': 'mod checkout;\npub use checkout::{Applied, Order};\nfn order() -> Order {}',
      'billing/checkout.rs': 'pub enum Applied {} pub struct Order;',
      'mail.rs': 'fn a(_: crate::Applied) {}\nuse crate::billing;\nfn b() -> billing::Order {}',
    }),
    ['billing.rs -> billing/checkout.rs: Order', 'mail.rs -> billing/checkout.rs: Applied, Order'],
  );
});

test('a path in an expression is an import, and one in a comment or a string is none', () => {
  assert.deepEqual(
    imports({
      'lib.rs': 'mod a; mod b; mod c;',
      'a.rs': `// crate::c::C
        /* crate::c::C /* */ crate::c::C */
        const TEXT: &str = "crate::c::C \\" crate::c::C"; const RAW: &str = r#"" crate::c::C "#;
        fn f<'a>(c: char) -> &'a str { if c == '"' || c == '\\'' { super::b::f() } else { crate::b::MOST } }`,
      'b.rs': 'pub fn f() {} pub const MOST: u8 = 1;',
      'c.rs': 'pub struct C;',
    }),
    ['a.rs -> b.rs: f, MOST'],
  );
});

test('what tests import is not what the code imports', () => {
  assert.deepEqual(
    imports({
      'lib.rs': 'mod a; mod b; #[cfg(test)] mod no_such_file;',
      'a.rs': `#[cfg(test)] use crate::b::B; #[cfg(test)] mod tests { use crate::b::B; }
        #[cfg(test)] #[path = "no.rs"] mod files; struct A { #[cfg(test)] b: crate::b::B, c: u8 }`,
      'b.rs': 'pub struct B;',
    }),
    [],
  );
});

test('a module at a path of its own is read, and its children beside it', () => {
  assert.deepEqual(
    imports({
      'lib.rs': '#[path = "elsewhere/mod.rs"] mod shared; mod a;',
      'elsewhere/mod.rs': 'mod rows; pub use rows::Row;',
      'elsewhere/rows.rs': 'pub struct Row;',
      'a.rs': 'use crate::shared::Row;',
    }),
    ['a.rs -> elsewhere/rows.rs: Row'],
  );
});

test('a submodule may use its parents, and what the parent uses of it counts', () => {
  assert.deepEqual(
    imports({
      'lib.rs': 'mod a; pub fn root() {}',
      'a.rs': 'mod inner; pub struct A; mod here { use super::inner::Inner; } ',
      'a/inner.rs': 'use super::A; use crate::root; pub struct Inner;',
    }),
    ['a.rs -> a/inner.rs: Inner'],
  );
});

test('modules that pass a name on to each other end the search', () => {
  assert.deepEqual(
    imports({
      'lib.rs': 'mod a; mod b; mod c;',
      'a.rs': 'pub use crate::b::*; pub struct A;',
      'b.rs': 'pub use crate::a::*;',
      'c.rs': 'use crate::b::{A, Missing};',
    }),
    ['c.rs -> a.rs: A', 'c.rs -> b.rs: Missing'],
  );
});

test('a circle is found however long it is, and apart from what only leads into it', () => {
  const edges = { a: ['b'], b: ['c', 'e'], c: ['a'], d: ['a'], e: [], f: ['g'], g: ['f'] };
  const graph = new Map(Object.entries(edges).map(([from, to]) => [from, new Map(to.map((each) => [each, []]))]));
  assert.deepEqual(circles(graph), [['a', 'b', 'c'], ['f', 'g']]);
});
