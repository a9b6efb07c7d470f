// Packs dist/ for embedding into iris: every file gzipped under packed/, nothing else there.
// config.json is Amplify's: iris says its own.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const web = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [from, to] = ['dist', 'packed'].map((name) => path.join(web, name));
for (const name of await readdir(to)) {
  if (name !== '.gitkeep') await rm(path.join(to, name), { recursive: true });
}
let bytes = 0;
for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name === 'config.json') continue;
  const name = path.join(entry.parentPath, entry.name);
  const packed = gzipSync(await readFile(name), { level: 9 });
  const target = path.join(to, `${path.relative(from, name)}.gz`);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, packed);
  bytes += packed.length;
}
console.log(`packed ${bytes} bytes`);
