/** One labelled organ or tissue of a model, as its GLB describes it. */
export interface Structure {
  /** The number in the label map: what glimpse, preview and view of one model agree on. */
  label: number;
  /** The model's class name, unique within a file. */
  name: string;
  name_en: string;
  name_es: string;
  snomed: string;
  group: string;
  volume_ml: number;
  mesh_ml: number;
  surface_cm2: number;
  /** The scan's field of view cuts it. */
  partial: boolean;
  watertight: boolean;
  triangles: number;
  /** The colour of the label table, `#rrggbb`. */
  colour: string;
  /** Corners of its bounding box in the scanner's RAS millimetres. */
  low: Vector;
  high: Vector;
}

export type Vector = readonly [number, number, number];

// A structure wraps the others when it reaches nearly as far as all of them along every
// axis, and is either known as an envelope or fills much of that space. A skeleton has
// the extent but a twenty-fifth of the space; fat or muscle has a fifth and more.
const EXTENT = 0.8;
const FILLED = 0.12;
const ENVELOPES = new Set(['surface', 'soft_tissue']);

/** What is reckoned of a list once: each change of the view asks it of each of its structures. */
function once<S extends readonly object[], T>(reckon: (list: S) => T): (list: S) => T {
  const known = new WeakMap<S, T>();
  return (list) => {
    let answer = known.get(list);
    if (answer === undefined) {
      answer = reckon(list);
      known.set(list, answer);
    }
    return answer;
  };
}

/**
 * The structures that hide the others when they are opaque, the outermost first. None when all
 * would. A list is reckoned once: one that changes has to be another list.
 */
export const envelopes = once((structures: readonly Structure[]): readonly Structure[] => {
  const [low, high] = extent(structures);
  const whole = volume(low, high);
  const wrapping = structures.filter(
    (s) =>
      low.every((_, k) => side(s.low, s.high, k) >= EXTENT * side(low, high, k)) &&
      (ENVELOPES.has(s.group) || s.volume_ml >= FILLED * whole * 1e-3),
  );
  if (wrapping.length === structures.length) return [];
  return wrapping.sort((a, b) => rank(a) - rank(b) || volume(b.low, b.high) - volume(a.low, a.high));
});

const rank = (s: Structure) => (s.group === 'surface' ? 0 : 1);
const side = (low: Vector, high: Vector, k: number) => (high[k] ?? 0) - (low[k] ?? 0);
const volume = (low: Vector, high: Vector) => side(low, high, 0) * side(low, high, 1) * side(low, high, 2);

/** The bounding box of some structures, in RAS millimetres; zeros when there is none. A list is reckoned once. */
export const extent = once((structures: readonly Pick<Structure, 'low' | 'high'>[]): readonly [Vector, Vector] => {
  const pick = (k: 0 | 1 | 2, of: 'low' | 'high', best: (...values: number[]) => number) =>
    structures.length === 0 ? 0 : structures.map((s) => s[of][k]).reduce((a, b) => best(a, b));
  return [
    [pick(0, 'low', Math.min), pick(1, 'low', Math.min), pick(2, 'low', Math.min)],
    [pick(0, 'high', Math.max), pick(1, 'high', Math.max), pick(2, 'high', Math.max)],
  ];
});
