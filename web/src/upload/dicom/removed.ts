// What de-identification removed, for whoever sends the files: kinds of attributes and how
// many of each, never a value.

import { KEPT } from './keep';
import type { Element } from './parse';

export const CATEGORIES = [
  'name',
  'id',
  'birth',
  'person',
  'staff',
  'place',
  'device',
  'dates',
  'texts',
  'overlays',
  'private',
  'others',
] as const;
export type Category = (typeof CATEGORIES)[number];

/** The attributes that were removed from any of the files, by category. */
export type Removed = Map<Category, Set<number>>;

const BY_TAG: [Category, number[]][] = [
  ['name', [0x00100010, 0x00101001, 0x00101005, 0x00101060]],
  ['id', [0x00100020, 0x00101000, 0x00101002, 0x00080050, 0x00200010, 0x00380010]],
  ['birth', [0x00100030, 0x00100032]],
  ['staff', [0x00080090, 0x00081048, 0x00081050, 0x00081060, 0x00081070, 0x00321032, 0x0040a075, 0x0040a123]],
  ['place', [0x00080080, 0x00080081, 0x00081040, 0x00081010, 0x00400241, 0x00400242, 0x00400243]],
  ['device', [0x00080070, 0x00081090, 0x00181000, 0x00181002, 0x00181020, 0x00181030, 0x00189073]],
  ['texts', [0x00081030, 0x0008103e, 0x00181030, 0x00204000, 0x00321060, 0x00400254, 0x00400275, 0x00104000]],
];
const CATEGORY_OF = new Map(BY_TAG.flatMap(([category, tags]) => tags.map((tag) => [tag, category] as const)));

export function tally(elements: Element[], removed: Removed): void {
  for (const { tag, vr, value, items } of elements) {
    if (KEPT.has(tag)) {
      for (const item of items ?? []) tally(item, removed);
      continue;
    }
    // Lengths of groups and empty values tell nothing.
    if ((tag & 0xffff) === 0 || (!items && value.every((byte) => byte === 0 || byte === 32))) continue;
    const category = categoryOf(tag, vr);
    const tags = removed.get(category);
    if (tags) tags.add(tag);
    else removed.set(category, new Set([tag]));
  }
}

function categoryOf(tag: number, vr: string): Category {
  const group = tag >>> 16;
  if (group % 2 === 1) return 'private';
  if (group >>> 8 === 0x60 || group >>> 8 === 0x50) return 'overlays';
  const named = CATEGORY_OF.get(tag);
  if (named) return named;
  if (group === 0x0010) return 'person';
  if (/^(DA|TM|DT)$/.test(vr) || (group === 0x0008 && (tag & 0xffff) >= 0x12 && (tag & 0xffff) <= 0x35)) return 'dates';
  if (/^(LT|ST|UT)$/.test(vr)) return 'texts';
  if (vr === 'PN') return 'staff';
  return 'others';
}
