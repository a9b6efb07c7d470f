import { Vector3, Vector4 } from 'three';
import { STAGE_FROM_RAS } from './glb';
import type { Axis, Clip } from './state';
import type { Vector } from './structure';

const INDEX: Readonly<Record<Axis, 0 | 1 | 2>> = { sagittal: 0, coronal: 1, axial: 2 };

/** The index of a plane's axis in RAS. */
export const axisOf = (clip: { axis: Axis }): 0 | 1 | 2 => INDEX[clip.axis];

/** The cut through the middle of a box. */
export function middle(axis: Axis, low: Vector, high: Vector): Clip {
  const k = INDEX[axis];
  return { axis, at: (low[k] + high[k]) / 2, flip: false };
}

/** The plane in the stage's axes: x·normal > w is taken away. Zero where nothing is cut. */
export function plane(clip: Clip | null): Vector4 {
  if (!clip) return new Vector4(0, 0, 0, 0);
  const k = INDEX[clip.axis];
  const side = clip.flip ? -1 : 1;
  const ras = new Vector3().setComponent(k, 1);
  // STAGE_FROM_RAS turns and scales: a direction is turned alone.
  const normal = ras.transformDirection(STAGE_FROM_RAS).multiplyScalar(side);
  return new Vector4(normal.x, normal.y, normal.z, side * clip.at * 1e-3);
}

/** The corners of the plane where it leaves a box, in RAS millimetres, in turn. */
export function outline(clip: Clip, low: Vector, high: Vector): Vector[] {
  const k = INDEX[clip.axis];
  const [i, j] = [(k + 1) % 3, (k + 2) % 3] as [0 | 1 | 2, 0 | 1 | 2];
  const pad = 0.04 * Math.max(high[i] - low[i], high[j] - low[j]);
  return (
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ] as const
  ).map(([a, b]) => {
    const p: [number, number, number] = [0, 0, 0];
    p[k] = clip.at;
    p[i] = a ? high[i] + pad : low[i] - pad;
    p[j] = b ? high[j] + pad : low[j] - pad;
    return p;
  });
}

/** Moved by some millimetres along its axis, not beyond the box. */
export function shifted(clip: Clip, mm: number, low: Vector, high: Vector): Clip {
  const k = INDEX[clip.axis];
  return { ...clip, at: Math.max(low[k], Math.min(high[k], clip.at + mm)) };
}
