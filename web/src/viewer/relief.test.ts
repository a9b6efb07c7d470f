// @vitest-environment node
import { expect, it } from 'vitest';
import { smoothRelief } from './relief';

/**
 * A wall in steps, as voxels make one: it rises one step of 3 mm every `run` steps, has two
 * sides 3 mm apart, and normals that point along the axes, by turns to either side.
 */
function steps(run: number) {
  const [positions, normals]: [number[], number[]] = [[], []];
  for (let x = 0; x < 120; x++) {
    for (let y = 0; y < 40; y++) {
      for (const side of [0, 1]) {
        positions.push(x * 3e-3, y * 3e-3, (Math.floor(x / run) + side) * 3e-3);
        if (x % run === 0) normals.push(side ? -1 : 1, 0, 0);
        else normals.push(0, 0, side ? 1 : -1);
      }
    }
  }
  return { positions: new Float32Array(positions), normals: new Float32Array(normals) };
}

it.each([3, 8])('shades a wall with a step every %d voxels as the slope that it is', (run) => {
  const { positions, normals } = steps(run);
  smoothRelief(positions, normals, 9e-3);
  const slope = [-1 / run, 0, 1].map((n) => n / Math.hypot(1, 1 / run));
  let worst = 1;
  for (let v = 0; v < normals.length / 3; v++) {
    const [x = 0, y = 0] = positions.subarray(3 * v);
    if (x < 0.05 || x > 0.31 || y < 0.03 || y > 0.09) continue; // the wall's edges are no wall
    const along = slope.reduce((sum, n, k) => sum + n * (normals[3 * v + k] ?? 0), 0);
    worst = Math.min(worst, Math.abs(along));
  }
  expect((Math.acos(worst) * 180) / Math.PI).toBeLessThan(4);
});

it('keeps the side to which a normal points', () => {
  const { positions, normals } = steps(8);
  const before = normals.slice();
  smoothRelief(positions, normals, 9e-3);
  for (let i = 0; i < normals.length; i += 3) {
    const along = [0, 1, 2].reduce((sum, k) => sum + (normals[i + k] ?? 0) * (before[i + k] ?? 0), 0);
    expect(along).toBeGreaterThanOrEqual(-1e-6);
    expect(Math.hypot(...normals.subarray(i, i + 3))).toBeCloseTo(1, 4);
  }
});

it.each<[string, number[], number]>([
  ['a point', [1, 2, 3], 0.01],
  ['points in one place', [1, 2, 3, 1, 2, 3, 1, 2, 3], 0.01],
  ['points on a line', [0, 0, 0, 1, 0, 0, 2, 0, 0], 0.01],
  ['points further apart than memory allows', [0, 0, 0, 1e4, 1e4, 1e4], 1e-6],
])('leaves numbers where there is no slab: %s', (_, points, reach) => {
  const normals = new Float32Array(points.length).map((_, i) => (i % 3 === 2 ? 1 : 0));
  smoothRelief(new Float32Array(points), normals, reach);
  for (let i = 0; i < normals.length; i += 3) expect(Math.hypot(...normals.subarray(i, i + 3))).toBeCloseTo(1, 4);
});
