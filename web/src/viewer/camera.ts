import type { CameraState } from './state';
import type { Vector } from './structure';

// The camera turns around a point like the eye of somebody who walks around a patient
// that stands: yaw around the body, pitch above the horizon. Unlike free rotation it
// never tilts, so that left stays left. Everything here is plain numbers: RAS
// millimetres outside of basis(), which is in the stage's axes.

/** The vertical angle of view. Narrow, so that near organs do not look large. */
export const ANGLE = (26 * Math.PI) / 180;

export type StandardView = 'anterior' | 'posterior' | 'left' | 'right' | 'superior' | 'inferior';

const Q = Math.PI / 2;
export const STANDARD: Readonly<Record<StandardView, { yaw: number; pitch: number }>> = {
  anterior: { yaw: 0, pitch: 0 },
  posterior: { yaw: Math.PI, pitch: 0 },
  left: { yaw: Q, pitch: 0 },
  right: { yaw: -Q, pitch: 0 },
  superior: { yaw: 0, pitch: Q },
  inferior: { yaw: 0, pitch: -Q },
};

/** Unit vectors in the stage's axes (x to the patient's left, y up, z to the front). */
export interface Basis {
  right: Vector;
  up: Vector;
  /** From the target to the eye. */
  back: Vector;
}

export function basis(yaw: number, pitch: number): Basis {
  const [sy, cy, sp, cp] = [Math.sin(yaw), Math.cos(yaw), Math.sin(pitch), Math.cos(pitch)];
  return { right: [cy, 0, -sy], up: [-sy * sp, cp, -cy * sp], back: [sy * cp, sp, cy * cp] };
}

/** A direction in the stage's axes as one in RAS, and the same the other way: the map is its own inverse. */
export const ras = ([x, y, z]: Vector): Vector => [-x, z, y];

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const along = (a: Vector, b: Vector, t: number): Vector => [a[0] + t * b[0], a[1] + t * b[1], a[2] + t * b[2]];

/** What of the stage is to be filled. */
export interface Frame {
  /** Width by height. */
  aspect: number;
  /** How much larger than what is shown the frame is. */
  margin?: number;
  /** The share of the height, from below, that something else covers. */
  covered?: number;
}

/** The camera that shows all of a box as large as possible from a direction. */
export function framed(low: Vector, high: Vector, yaw: number, pitch: number, frame: Frame): CameraState {
  const { aspect, margin = 1.06, covered = 0 } = frame;
  const target: Vector = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2];
  const { right, up, back } = basis(yaw, pitch);
  const whole = Math.tan(ANGLE / 2);
  const tall = whole * (1 - covered);
  const wide = whole * aspect;
  let distance = 1;
  for (let n = 0; n < 8; n++) {
    const corner = [0, 1, 2].map((k) => ((n >> k) & 1 ? high : low)[k as 0 | 1 | 2]) as unknown as Vector;
    const from = ras(along(corner, target, -1));
    const nearer = dot(from, back);
    distance = Math.max(distance, nearer + (margin * Math.abs(dot(from, right))) / wide);
    distance = Math.max(distance, nearer + (margin * Math.abs(dot(from, up))) / tall);
  }
  return { target: along(target, ras(up), -distance * whole * covered), yaw, pitch, distance };
}

/** Turned by a movement of the pointer, in shares of the stage's height. */
export function turned(c: CameraState, dx: number, dy: number): CameraState {
  const yaw = wrap(c.yaw - dx * Math.PI);
  return { ...c, yaw, pitch: Math.max(-Q, Math.min(Q, c.pitch + dy * Math.PI)) };
}

/** Moved with the pointer, so that what lies at the target's depth follows it. */
export function panned(c: CameraState, dx: number, dy: number): CameraState {
  const { right, up } = basis(c.yaw, c.pitch);
  const height = 2 * c.distance * Math.tan(ANGLE / 2);
  return { ...c, target: along(along(c.target, ras(right), -dx * height), ras(up), dy * height) };
}

export const NEAREST = 5;
export const FARTHEST = 2e4;

/** Nearer by a factor below 1, farther above. at: where the pointer is, −1…1 from the middle, stays where it is. */
export function zoomed(
  c: CameraState,
  factor: number,
  at: readonly [number, number] = [0, 0],
  aspect = 1,
): CameraState {
  const distance = Math.max(NEAREST, Math.min(FARTHEST, c.distance * factor));
  const { right, up } = basis(c.yaw, c.pitch);
  const tall = (c.distance - distance) * Math.tan(ANGLE / 2);
  const target = along(along(c.target, ras(right), at[0] * aspect * tall), ras(up), at[1] * tall);
  return { ...c, target, distance };
}

/** A moment of the way from one camera to another: t from 0 to 1. */
export function between(a: CameraState, b: CameraState, t: number): CameraState {
  const s = t * t * (3 - 2 * t); // starts and ends at rest
  const mix = (x: number, y: number) => x + (y - x) * s;
  return {
    target: [mix(a.target[0], b.target[0]), mix(a.target[1], b.target[1]), mix(a.target[2], b.target[2])],
    yaw: wrap(a.yaw + wrap(b.yaw - a.yaw) * s),
    pitch: mix(a.pitch, b.pitch),
    distance: a.distance * (b.distance / a.distance) ** s,
  };
}

/** An angle as one in (−π, π]. */
export function wrap(angle: number): number {
  const turns = Math.ceil((angle - Math.PI) / (2 * Math.PI));
  return angle - turns * 2 * Math.PI;
}
