// pack-site.mjs FOLDER NAME copies the front end in FOLDER, NAME.js, NAME.wasm and NAME.css, to NAME.HASH.js and so on,
// each also compressed: .br, .gz and, if Node or zstd can, .zst. Removes the files of earlier builds.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';

const [folder, name] = process.argv.slice(2);
const parts = ['js', 'wasm', 'css'].map((ending) => ({ ending, bytes: readFileSync(join(folder, `${name}.${ending}`)) }));
const hash = parts.reduce((hash, { bytes }) => hash.update(bytes), createHash('sha256')).digest('hex').slice(0, 16);
const packed = `${name}.${hash}`;
const plain = parts.map(({ ending }) => `${name}.${ending}`);
const isPacked = (file) => file.startsWith(`${name}.`) && !plain.includes(file);

const there = readdirSync(folder).filter(isPacked);
// If the file that is written last exists, all do. If zstd was missing the last time, packs everything again.
const done = there.includes(`${packed}.wasm`) && there.includes(`${packed}.wasm.zst`);
if (done && there.every((file) => file.startsWith(`${packed}.`))) process.exit();
for (const file of there) rmSync(join(folder, file));
for (const { ending, bytes } of parts.sort((a, b) => a.bytes.length - b.bytes.length)) {
  for (const [encoding, compressed] of Object.entries(encodings(bytes))) {
    if (compressed) writeFileSync(join(folder, `${packed}.${ending}.${encoding}`), compressed);
  }
  writeFileSync(join(folder, `${packed}.${ending}`), bytes);
}

function encodings(bytes) {
  const { BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const params = { [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return { br: zlib.brotliCompressSync(bytes, { params }), gz: zlib.gzipSync(bytes, { level: 9 }), zst: zstd(bytes) };
}

// Node has zstd from 22.15 on. Without it and the program `zstd`, browsers load another encoding.
function zstd(bytes) {
  if (zlib.zstdCompressSync) {
    return zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 19 } });
  }
  const { status, stdout } = spawnSync('zstd', ['-19', '--quiet', '--stdout'], { input: bytes, maxBuffer: 1 << 26 });
  return status === 0 ? stdout : null;
}
