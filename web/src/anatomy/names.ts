import type { Language } from '../i18n/i18n';

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

/** Names and Latin words by the class names of the models: table.ts, which is loaded when it is wanted. */
export interface Table {
  /** What is known of a class name, or of a name that is written a little otherwise. */
  known(name: string): { en: string; es: string; group: Group } | null;
  /** The Latin words of a structure, for a search; empty where none are known. */
  latinOf(name: string): string;
}

/** A class name as words: lung_upper_lobe_left is "Lung upper lobe left". */
export function prettified(name: string): string {
  const words = name.replaceAll('_', ' ').trim();
  return words === '' ? name : words[0]?.toUpperCase() + words.slice(1);
}

export interface Named {
  name: string;
  name_en?: string;
  name_es?: string;
}

/** Whether a structure says its name in a language itself: a label map without names has the class name there. */
export const isNamed = (s: Named) => Boolean(s.name_es) && s.name_es !== s.name;

/** The name of a structure in a language: its own table's, ours, or the class name as words. */
export function titleOf(s: Named, language: Language, table: Table | null): string {
  const named = (text: string | undefined) => (text && text !== s.name ? text : undefined);
  const told = language === 'es' ? s.name_es : s.name_en;
  return named(told) ?? table?.known(s.name)?.[language] ?? named(s.name_en) ?? prettified(s.name);
}

export const SIDE = /(^|[_\s-])(left|right)(?=$|[_\s-])/i;

/** The name of the same structure on the other side; null where a name has no side. */
export function otherSide(name: string): string | null {
  if (!SIDE.test(name)) return null;
  return name.replace(SIDE, (_, before: string, side: string) => {
    const other = side.toLowerCase() === 'left' ? 'right' : 'left';
    return before + (side[0] === side[0]?.toUpperCase() ? other[0]?.toUpperCase() + other.slice(1) : other);
  });
}

/** A text without accents and cases, as people type it: Hígado is higado. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
