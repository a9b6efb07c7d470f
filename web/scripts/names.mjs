// Makes src/anatomy/names.json of the tables that the model servers answer with, for label
// maps that were uploaded with class names alone. `npx vitest` checks that it
// is up to date: node scripts/names.mjs && npx biome check --write src/anatomy
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** Class name → [English, Spanish, group]. */
export function names() {
  const { tasks } = JSON.parse(
    readFileSync(join(root, 'containers/totalsegmentator/iris_totalsegmentator/tables.json'), 'utf8'),
  );
  const all = new Map();
  for (const { labels } of Object.values(tasks)) {
    for (const { name, name_en, name_es, group } of labels) all.set(name, [name_en, name_es, group]);
  }
  return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(join(root, 'web/src/anatomy/names.json'), JSON.stringify(names()));
}
