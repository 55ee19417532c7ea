// Fails when the pages got too big for a slow line: all scripts and styles, compressed, but the terminal's own chunk.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 350 * 1024;
const folder = new URL("../dist/assets/", import.meta.url);
let total = 0;
let terminal = 0;
for (const name of readdirSync(folder).sort()) {
  if (!/\.(js|css)$/.test(name)) continue;
  const size = gzipSync(readFileSync(new URL(name, folder)), { level: 9 }).length;
  if (name.startsWith("screen-")) terminal += size;
  else total += size;
  console.log(`${String(size).padStart(8)}  ${name}`);
}
console.log(`${String(total).padStart(8)}  bytes compressed without the terminal (${terminal}); the limit is ${LIMIT}`);
if (total > LIMIT) {
  console.error("The pages are too big.");
  process.exit(1);
}
