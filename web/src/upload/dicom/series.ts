// Slices grouped into series, the best first, as the server ranks them: an original volume
// before a derived one, before what is no volume; then the most slices.

import type { Slice } from './slice';

/** What is doubtful of a series, each a sentence of the page. */
export type SeriesDoubt =
  | 'packed'
  | 'compressed'
  | 'derived'
  | 'no_places'
  | 'mixed'
  | 'face'
  | 'thick'
  | 'anisotropic'
  | 'lost';

export interface Series {
  key: string;
  slices: Slice[];
  /** Frames of all files. */
  count: number;
  description: string;
  modality: string;
  dims: [number, number, number];
  spacing: [number, number, number] | null;
  rank: 0 | 1 | 2;
  compressed: string | null;
  doubts: SeriesDoubt[];
  bytes: number;
}

/** Of two slices nobody can tell whether there was one between them. */
export const MIN_SLICES = 3;

export interface Grouped {
  series: Series[];
  /** Series of too few slices to be a volume. */
  few: Series[];
}

export function group(slices: Slice[]): Grouped {
  const by = new Map<string, Slice[]>();
  for (const slice of slices) {
    const list = by.get(slice.series);
    if (list) list.push(slice);
    else by.set(slice.series, [slice]);
  }
  const all = join([...by.values()]).map(seriesOf);
  all.sort((a, b) => a.rank - b.rank || b.count - a.count || (a.key < b.key ? -1 : 1));
  return { series: all.filter(({ count }) => count >= MIN_SLICES), few: all.filter(({ count }) => count < MIN_SLICES) };
}

/** Images that each claim a series of their own, as careless anonymisers write, are one. */
function join(groups: Slice[][]): Slice[][] {
  const lone = groups.filter((list) => list.length === 1 && list[0]?.frames === 1);
  if (lone.length < MIN_SLICES || lone.length !== groups.length) return groups;
  const alike = new Map<string, Slice[]>();
  for (const [slice] of lone) {
    if (!slice) continue;
    const key = [slice.rows, slice.columns, slice.direction, slice.modality].join('/');
    alike.set(key, [...(alike.get(key) ?? []), slice]);
  }
  return [...alike.values()];
}

function seriesOf(slices: Slice[]): Series {
  slices.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const first = slices[0] as Slice;
  const count = slices.reduce((sum, { frames }) => sum + frames, 0);
  const places = [...new Set(slices.flatMap(({ depths }) => depths.map((depth) => Math.round(depth * 100) / 100)))];
  places.sort((a, b) => a - b);
  const stacked = places.length >= MIN_SLICES && places.length * 2 > count;
  const derived = slices.filter((slice) => slice.derived).length * 2 > slices.length;
  const gaps = places.slice(1).map((place, n) => place - (places[n] as number));
  gaps.sort((a, b) => a - b);
  const gap = gaps[gaps.length >> 1];
  const spacing: Series['spacing'] =
    first.spacing && gap !== undefined ? [first.spacing[1], first.spacing[0], gap] : null;
  const refused = slices.find((slice) => slice.refused);
  const compressed = (refused ?? slices.find((slice) => slice.compressed))?.compressed ?? null;
  const doubts: SeriesDoubt[] = [];
  if (refused) doubts.push('compressed');
  else if (compressed) doubts.push('packed');
  if (!stacked) doubts.push('no_places');
  else if (derived) doubts.push('derived');
  if (slices.some(({ rows, columns }) => rows !== first.rows || columns !== first.columns)) doubts.push('mixed');
  if (spacing && spacing[2] > 5) doubts.push('thick');
  else if (spacing && spacing[2] > 4 * Math.min(spacing[0], spacing[1])) doubts.push('anisotropic');
  if (slices.some(({ face }) => face)) doubts.push('face');
  return {
    key: first.series || first.path,
    slices,
    count,
    description: first.description,
    modality: first.modality,
    dims: [first.columns, first.rows, places.length || count],
    spacing,
    rank: stacked ? (derived ? 1 : 0) : 2,
    compressed,
    doubts,
    bytes: slices.reduce((sum, { file }) => sum + file.size, 0),
  };
}
