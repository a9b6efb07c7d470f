import { LATIN } from './latin';
import { groupOf, SIDE, type Table } from './names';
import rows from './names.json' with { type: 'json' };

const NAMES: Readonly<Record<string, string[]>> = rows;

export const table: Table = {
  known(name) {
    const key = name.trim().replace(/[\s-]+/g, '_');
    const [en, es, group] = own(NAMES, key) ?? own(NAMES, key.toLowerCase()) ?? [];
    return en && es && group ? { en, es, group: groupOf(group) } : null;
  },
  latinOf(name) {
    const stem = name
      .toLowerCase()
      .replace(SIDE, '')
      .replace(/[_\s-]+(\d+|[ctls]\d+)$/, '')
      .replace(/[\s-]+/g, '_');
    return own(LATIN, stem) ?? '';
  },
};

// A label map may call a structure "constructor".
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
