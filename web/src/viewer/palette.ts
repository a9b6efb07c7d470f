import type { Structure } from './structure';

export type Palette = 'table' | 'safe';

// The set of Okabe and Ito (2008), told apart with each of the common deficiencies of
// colour vision, without its black, which cannot be seen on a dark stage.
const SAFE = ['#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7'] as const;
const SKELETON = '#f3eee0';
const ENVELOPE = '#b9c4d0';

/** The colour of a structure in a palette, `#rrggbb`. */
export function paint(structure: Structure, palette: Palette): string {
  if (palette === 'table') return structure.colour;
  if (structure.group === 'skeleton') return SKELETON;
  if (structure.group === 'surface') return ENVELOPE;
  // Seven is prime: neighbours in the table, and left and right of most pairs, differ.
  return SAFE[(((structure.label * 3) % SAFE.length) + SAFE.length) % SAFE.length] ?? SAFE[0];
}
