import type { Language } from '../i18n/i18n';
import { LATIN } from './latin';
import table from './names.json' with { type: 'json' };

/** The group of a structure, as label tables name it; other words stand for 'other'. */
export const GROUPS = [
  'organs',
  'lungs',
  'heart',
  'vessels',
  'nervous_system',
  'skeleton',
  'spine',
  'ribs',
  'muscles',
  'soft_tissue',
  'surface',
  'rest',
  'other',
] as const;
export type Group = (typeof GROUPS)[number];

export function groupOf(word: string): Group {
  if (word === 'tissues') return 'soft_tissue';
  return (GROUPS as readonly string[]).includes(word) ? (word as Group) : 'other';
}

const rows: Readonly<Record<string, string[]>> = table;

/** What is known of a class name of the models, or of a name that is written a little otherwise. */
export function known(name: string): { en: string; es: string; group: Group } | null {
  const key = name.trim().replace(/[\s-]+/g, '_');
  const row = own(rows, key) ?? own(rows, key.toLowerCase());
  const [en, es, group] = row ?? [];
  return en && es && group ? { en, es, group: groupOf(group) } : null;
}

// A label map may call a structure "constructor".
function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** A class name as words: lung_upper_lobe_left is "Lung upper lobe left". */
export function prettified(name: string): string {
  const words = name.replaceAll('_', ' ').trim();
  return words === '' ? name : words[0]?.toUpperCase() + words.slice(1);
}

/** The name of a structure in a language: its table's, ours, or the class name as words. */
export function titleOf(s: { name: string; name_en?: string; name_es?: string }, language: Language): string {
  const told = language === 'es' ? s.name_es : s.name_en;
  // A label map without names has the class name in their place.
  const named = (text: string | undefined) => (text && text !== s.name ? text : undefined);
  return named(told) ?? known(s.name)?.[language] ?? named(s.name_en) ?? prettified(s.name);
}

const SIDE = /(^|[_\s-])(left|right)(?=$|[_\s-])/i;

/** The name of the same structure on the other side; null where a name has no side. */
export function otherSide(name: string): string | null {
  if (!SIDE.test(name)) return null;
  return name.replace(SIDE, (_, before: string, side: string) => {
    const other = side.toLowerCase() === 'left' ? 'right' : 'left';
    return before + (side[0] === side[0]?.toUpperCase() ? other[0]?.toUpperCase() + other.slice(1) : other);
  });
}

/** The Latin words of a structure, for a search; empty where we know none. */
export function latinOf(name: string): string {
  const stem = name
    .toLowerCase()
    .replace(SIDE, '')
    .replace(/[_\s-]+(\d+|[CTLS]\d+)$/i, '')
    .replace(/[\s-]+/g, '_');
  return own(LATIN, stem) ?? '';
}

/** A text without accents and cases, as people type it: Hígado is higado. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
