import type { Vector } from './structure';

export type MeasureKind = 'distance' | 'angle';

/** What was measured between points on surfaces, RAS millimetres. Not for diagnosis. */
export type Measurement =
  | { kind: 'distance'; points: readonly [Vector, Vector]; mm: number }
  | { kind: 'angle'; points: readonly [Vector, Vector, Vector]; degrees: number };

/** How many points a measurement takes. */
export const POINTS: Readonly<Record<MeasureKind, number>> = { distance: 2, angle: 3 };

/** The measurement of some points; null while they are too few, or where an angle has a side of no length. */
export function measure(kind: MeasureKind, points: readonly Vector[]): Measurement | null {
  const [a, b, c] = points;
  if (!a || !b) return null;
  if (kind === 'distance') return { kind, points: [a, b], mm: Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]) };
  if (!c) return null;
  const degrees = angle(a, b, c);
  return degrees === null ? null : { kind, points: [a, b, c], degrees };
}

/** The angle at b, in degrees. By atan2: the arc cosine loses half of its digits near 0° and 180°. */
function angle(a: Vector, b: Vector, c: Vector): number | null {
  const u: Vector = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  const v: Vector = [c[0] - b[0], c[1] - b[1], c[2] - b[2]];
  const cross = Math.hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]);
  const dot = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
  if (cross === 0 && dot === 0) return null;
  return (Math.atan2(cross, dot) * 180) / Math.PI;
}
