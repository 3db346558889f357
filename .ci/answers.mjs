// answers.mjs URL  waits until the URL answers 200; otherwise says why and exits 1.
const [url] = process.argv.slice(2);
const deadline = Date.now() + 20_000;
let last;
do {
  last = await fetch(url).catch((error) => error.cause ?? error);
  if (last.status === 200) {
    const bytes = (await last.arrayBuffer()).byteLength;
    console.log(`${url}: 200, ${bytes} bytes`);
    process.exit(0);
  }
  await new Promise((done) => setTimeout(done, 100));
} while (last instanceof Error && Date.now() < deadline);
console.error(`${url}: ${last.status ?? last}`);
process.exit(1);
