// After the build: compresses what compresses, and holds the first load against its budget.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const BUDGET = 350_000;
const dist = process.argv[2] ?? "dist";

const files = readdirSync(dist, { recursive: true }).map((name) => join(dist, name));
const sizes = new Map();
for (const file of files) {
  if (!/\.(js|css|svg|html)$/.test(file) || statSync(file).isDirectory()) continue;
  const bytes = readFileSync(file);
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });
  const gzip = gzipSync(bytes, { level: 9 });
  sizes.set(file, gzip.length);
  // The page differs with each answer and is not compressed beforehand.
  if (file.endsWith(".html")) continue;
  writeFileSync(`${file}.br`, brotli);
  writeFileSync(`${file}.gz`, gzip);
}

// What a browser fetches for the first page of somebody who signs in: the page, what it names, and the lazily loaded
// shell and pages of sign-in and Users, with everything that these import.
const seen = new Set();
function load(file) {
  if (seen.has(file) || !sizes.has(file)) return;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) load(join(dist, "assets", name));
}
const page = join(dist, "index.html");
seen.add(page);
for (const [, name] of readFileSync(page, "utf8").matchAll(/\/console\/([^"]+\.(?:js|css|svg))/g)) load(join(dist, name));
for (const file of sizes.keys()) if (/(SignInPage|Shell|UsersPage)-[^/]*\.js$/.test(file)) load(file);

const total = [...seen].reduce((sum, file) => sum + (sizes.get(file) ?? 0), 0);
console.log(`first load: ${(total / 1000).toFixed(1)} kB of ${BUDGET / 1000} kB (gzip, ${seen.size} files)`);
if (total > BUDGET) {
  for (const file of seen) console.error(`  ${((sizes.get(file) ?? 0) / 1000).toFixed(1)} kB  ${file}`);
  console.error("The first load is over its budget: load pages lazily, and import less.");
  process.exit(1);
}
