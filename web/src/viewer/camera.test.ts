import { expect, it } from 'vitest';
import { ANGLE, basis, between, framed, panned, ras, STANDARD, turned, wrap, zoomed } from './camera';
import type { CameraState } from './state';
import type { Vector } from './structure';

const camera: CameraState = { target: [10, 20, 30], yaw: 0.4, pitch: -0.3, distance: 500 };
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Where a point in RAS is on the stage: −1…1 from the middle, for an aspect of one. */
function seen(c: CameraState, p: Vector): [number, number] {
  const { right, up, back } = basis(c.yaw, c.pitch);
  const from = ras([p[0] - c.target[0], p[1] - c.target[1], p[2] - c.target[2]]);
  const reach = (c.distance - dot(from, back)) * Math.tan(ANGLE / 2);
  return [dot(from, right) / reach, dot(from, up) / reach];
}

it.each([
  ['anterior', 'the left is on the right-hand side', [-1, 0, 0], [1, 0]],
  ['anterior', 'the head is up', [0, 0, 1], [0, 1]],
  ['posterior', 'the left is on the left-hand side', [-1, 0, 0], [-1, 0]],
  ['left', 'the front is on the left-hand side', [0, 1, 0], [-1, 0]],
  ['right', 'the front is on the right-hand side', [0, 1, 0], [1, 0]],
  ['superior', 'the front is down', [0, 1, 0], [0, -1]],
  ['superior', 'the left is on the right-hand side', [-1, 0, 0], [1, 0]],
  ['inferior', 'the front is up', [0, 1, 0], [0, 1]],
] as const)('%s: %s', (name, _, direction, want) => {
  const { right, up } = basis(STANDARD[name].yaw, STANDARD[name].pitch);
  const d = ras(direction);
  expect(dot(d, right)).toBeCloseTo(want[0]);
  expect(dot(d, up)).toBeCloseTo(want[1]);
});

it.each([0.5, 1, 2.2])('shows all of a box, and no more than it must, at an aspect of %d', (aspect) => {
  const [low, high]: [Vector, Vector] = [
    [-150, -90, -300],
    [120, 100, 250],
  ];
  for (const { yaw, pitch } of [...Object.values(STANDARD), { yaw: 1, pitch: 0.5 }]) {
    const c = framed(low, high, yaw, pitch, { aspect, margin: 1 });
    let most = 0;
    for (let n = 0; n < 8; n++) {
      const corner = [0, 1, 2].map((k) => ((n >> k) & 1 ? high : low)[k as 0 | 1 | 2]) as unknown as Vector;
      const [x, y] = seen(c, corner);
      most = Math.max(most, Math.abs(x) / aspect, Math.abs(y));
    }
    expect(most).toBeCloseTo(1, 6);
  }
});

it('leaves what is covered free', () => {
  const c = framed([-10, -10, -300], [10, 10, 300], 0, 0, { aspect: 2, margin: 1, covered: 0.25 });
  const [top, bottom] = [seen(c, [0, 10, 300])[1], seen(c, [0, 10, -300])[1]];
  expect(top).toBeCloseTo(1, 1);
  expect(bottom).toBeCloseTo(-0.5, 1);
});

it('keeps what the pointer is on under it, while it pans and while it zooms', () => {
  const { right, up } = basis(camera.yaw, camera.pitch);
  const at = (x: number, y: number): Vector => {
    const reach = camera.distance * Math.tan(ANGLE / 2);
    const [a, b] = [ras(right), ras(up)];
    return [0, 1, 2].map((k) => {
      const i = k as 0 | 1 | 2;
      return camera.target[i] + reach * (x * a[i] + y * b[i]);
    }) as unknown as Vector;
  };
  const [x, y] = seen(panned(camera, 0.1, 0.2), at(0, 0)); // shares of the height, down is positive
  expect([x, y]).toEqual([expect.closeTo(0.2), expect.closeTo(-0.4)]);
  const [u, v] = seen(zoomed(camera, 0.5, [0.3, -0.6]), at(0.3, -0.6));
  expect([u, v]).toEqual([expect.closeTo(0.3), expect.closeTo(-0.6)]);
});

it('stops at the poles, and comes around', () => {
  expect(turned(camera, 0, 9).pitch).toBe(Math.PI / 2);
  expect(turned(camera, 0, -9).pitch).toBe(-Math.PI / 2);
  expect(turned(camera, 2, 0).yaw).toBeCloseTo(0.4);
  expect(wrap(3 * Math.PI)).toBeCloseTo(Math.PI);
  expect(wrap(-Math.PI)).toBeCloseTo(Math.PI);
});

it('flies the short way, and arrives', () => {
  const [a, b] = [
    { ...camera, yaw: 3 },
    { ...camera, yaw: -3, distance: 100 },
  ];
  expect(between(a, b, 0)).toEqual({ ...a, yaw: expect.closeTo(3) });
  expect(between(a, b, 1)).toEqual({ ...b, yaw: expect.closeTo(-3), distance: expect.closeTo(100) });
  expect(Math.abs(between(a, b, 0.5).yaw)).toBeCloseTo(Math.PI);
});

it('has no end of zooming that is not a number', () => {
  let c = camera;
  for (let n = 0; n < 300; n++) c = zoomed(c, 0.5);
  expect(c.distance).toBe(5);
  for (let n = 0; n < 300; n++) c = zoomed(c, 2);
  expect(c.distance).toBe(2e4);
});
