// @vitest-environment node
import { Vector3 } from 'three';
import { expect, it } from 'vitest';
import { middle, outline, plane, shifted } from './clip';
import { STAGE_FROM_RAS } from './glb';
import { sideAt, sides } from './overlay';
import { paint } from './palette';
import type { Axis } from './state';
import type { Structure, Vector } from './structure';

const low: Vector = [-100, -50, 200];
const high: Vector = [60, 70, 500];

it.each<[Axis, Vector, Vector]>([
  ['sagittal', [-21, 0, 300], [-19, 0, 300]],
  ['coronal', [0, 9, 300], [0, 11, 300]],
  ['axial', [0, 0, 349], [0, 0, 351]],
])('takes away what lies beyond a %s plane, or before it', (axis, kept, gone) => {
  const clip = middle(axis, low, high);
  const removed = (p: Vector, flip: boolean) => {
    const { x, y, z, w } = plane({ ...clip, flip });
    return new Vector3(...p).applyMatrix4(STAGE_FROM_RAS).dot(new Vector3(x, y, z)) > w;
  };
  expect([removed(kept, false), removed(gone, false)]).toEqual([false, true]);
  expect([removed(kept, true), removed(gone, true)]).toEqual([true, false]);
  for (const corner of outline(clip, low, high)) {
    const k = { sagittal: 0, coronal: 1, axial: 2 }[axis] as 0 | 1 | 2;
    expect(corner[k]).toBe(clip.at);
  }
});

it('cuts nothing without a cut, and moves no cut out of the model', () => {
  expect(plane(null).lengthSq()).toBe(0);
  expect(shifted(middle('axial', low, high), 1e6, low, high).at).toBe(500);
  expect(shifted(middle('axial', low, high), -1e6, low, high).at).toBe(200);
});

it('has the letter of the side that one looks from in the middle of the gizmo, before all others', () => {
  expect(sides(480, 0, 0).at(-1)).toMatchObject({ letter: 'A', at: [480 - 52, 52] });
  expect(sides(480, Math.PI / 2, 0).at(-1)?.letter).toBe('L');
  expect(sides(480, 0, Math.PI / 2).at(-1)?.letter).toBe('S');
  expect(sideAt([480 - 52, 52], 480, 0, 0)).toBe('anterior');
  expect(sideAt([480 - 52 - 34, 52], 480, 0, 0)).toBe('right');
  expect(sideAt([480 - 52, 52 - 34], 480, 0, 0)).toBe('superior');
  expect(sideAt([10, 10], 480, 0, 0)).toBeNull();
});

it('has colours that most people tell apart in the safe palette', () => {
  const of = (label: number) => paint({ label, group: 'organs', colour: '#000000' } as Structure, 'safe');
  // Neighbours in the table differ, and no colour is the dark of the stage.
  for (let label = 1; label < 120; label++) {
    expect(of(label)).not.toBe(of(label + 1));
    expect(of(label)).not.toBe('#000000');
  }
});
