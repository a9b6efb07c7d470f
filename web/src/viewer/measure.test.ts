import { expect, it } from 'vitest';
import { ANGLE } from './camera';
import { measure } from './measure';
import { bar } from './scale';

it('measures a distance in millimetres', () => {
  expect(measure('distance', [[1, 2, 3]])).toBeNull();
  expect(
    measure('distance', [
      [1, 2, 3],
      [4, 6, 15],
    ]),
  ).toMatchObject({ mm: 13 });
});

it.each([
  [[10, 0, 0], [0, 5, 0], 90],
  [[10, 0, 0], [3, 3, 0], 45],
  [[10, 0, 0], [-1e-3, 0, 0], 180],
  [[10, 0, 0], [1e5, 1, 0], 5.729578e-4],
] as const)('measures the angle between %j and %j', (a, c, degrees) => {
  const m = measure('angle', [a, [0, 0, 0], c]);
  expect(m?.kind === 'angle' && m.degrees).toBeCloseTo(degrees, 9);
});

it('knows no angle where a side has no length', () => {
  expect(
    measure('angle', [
      [1, 1, 1],
      [1, 1, 1],
      [2, 2, 2],
    ]),
  ).toBeNull();
  expect(
    measure('angle', [
      [0, 1, 1],
      [1, 1, 1],
    ]),
  ).toBeNull();
});

it('draws a bar of a round length, as long as fits', () => {
  for (const distance of [6, 55, 500, 1234, 9000]) {
    for (const most of [60, 120]) {
      const { mm, pixels } = bar(distance, 480, most);
      expect(['1', '2', '5']).toContain(mm.toExponential(0)[0]);
      expect(pixels).toBeLessThanOrEqual(most);
      expect(pixels).toBeGreaterThan(most / 2.5 - 1e-9);
      expect(pixels).toBeCloseTo((mm * 480) / (2 * distance * Math.tan(ANGLE / 2)));
    }
  }
});
