// @vitest-environment node
import { Matrix4, Vector3 } from 'three';
import { expect, it } from 'vitest';
import { carried, LARGEST, placed, resized, SMALLEST } from './grab';

const at = (x: number, y: number, z: number) => new Matrix4().makeTranslation(x, y, z);
const seen = (m: Matrix4, x: number, y: number, z: number) => new Vector3(x, y, z).applyMatrix4(m).toArray();
const scale = (m: Matrix4) => new Vector3().setFromMatrixScale(m).x;

it('follows one hand as if it were part of it', () => {
  const hold = { model: at(0, 1, -1), hands: [at(0, 1, 0)] };
  const turned = new Matrix4().makeRotationY(Math.PI / 2).setPosition(0, 1, 0);
  const [x, y, z] = seen(carried(hold, [turned]), 0, 0, 0);
  expect([x, y, z]).toEqual([expect.closeTo(-1), expect.closeTo(1), expect.closeTo(0)]);
});

it('grows, turns and moves between two hands, around what lies in their middle', () => {
  const hold = { model: at(0, 1, -1), hands: [at(-0.1, 1, -1), at(0.1, 1, -1)] };
  const wide = carried(hold, [at(-0.2, 1.5, -1), at(0.2, 1.5, -1)]);
  expect(scale(wide)).toBeCloseTo(2);
  expect(seen(wide, 0, 0, 0)).toEqual([expect.closeTo(0), expect.closeTo(1.5), expect.closeTo(-1)]);
  const quarter = carried(hold, [at(0, 1, -0.9), at(0, 1, -1.1)]);
  expect(scale(quarter)).toBeCloseTo(1);
  expect(seen(quarter, 0.1, 0, 0)).toEqual([expect.closeTo(0), expect.closeTo(1), expect.closeTo(-1.1)]);
});

it('never shrinks to nothing nor fills the sky, and has numbers when both hands are in one place', () => {
  const hold = { model: at(0, 1, -1), hands: [at(-0.1, 1, -1), at(0.1, 1, -1)] };
  expect(scale(carried(hold, [at(-50, 1, -1), at(50, 1, -1)]))).toBeCloseTo(LARGEST);
  const closed = carried(hold, [at(0, 1, -1), at(0, 1, -1)]);
  expect(scale(closed)).toBeCloseTo(SMALLEST);
  expect(closed.elements.every(Number.isFinite)).toBe(true);
  const from = { model: at(0, 1, -1), hands: [at(0, 1, -1), at(0, 1, -1)] };
  expect(carried(from, [at(0, 1, -1), at(0.2, 1, -1)]).elements.every(Number.isFinite)).toBe(true);
});

it('has its own size at one to one, and stays where its middle is', () => {
  const centre = new Vector3(0.1, 0.5, -0.2);
  const first = placed(centre, 0.3, 0.9);
  expect(seen(first, ...(centre.toArray() as [number, number, number]))).toEqual([
    expect.closeTo(0),
    expect.closeTo(1.25),
    expect.closeTo(-0.9),
  ]);
  const real = resized(new Matrix4().makeRotationY(1).multiply(first), centre, 1);
  expect(scale(real)).toBeCloseTo(1);
  const before = centre.clone().applyMatrix4(new Matrix4().makeRotationY(1).multiply(first));
  expect(centre.clone().applyMatrix4(real).distanceTo(before)).toBeLessThan(1e-9);
});
