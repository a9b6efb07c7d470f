// Solids of which the synthetic torso is made, as in internal/volume/phantom: the same
// anatomy in the same millimetres, so that the sample of the page is that of `iris sample`.

export type Point = readonly [number, number, number];

/** A solid that is painted over what is there. */
export interface Shape {
  low: Point;
  high: Point;
  /** The density in HU at a place; null outside. */
  at(x: number, y: number, z: number): number | null;
}

export function ellipsoid(centre: Point, radii: Point, hu: number, rim = 0, rimHU = 0): Shape {
  const least = Math.min(...radii);
  return {
    low: centre.map((c, n) => c - (radii[n] as number)) as unknown as Point,
    high: centre.map((c, n) => c + (radii[n] as number)) as unknown as Point,
    at(x, y, z) {
      const [a, b, c] = [(x - centre[0]) / radii[0], (y - centre[1]) / radii[1], (z - centre[2]) / radii[2]];
      const sum = a * a + b * b + c * c;
      if (sum > 1) return null;
      return (1 - Math.sqrt(sum)) * least < rim ? rimHU : hu;
    },
  };
}

/** A round rod between two points whose radius changes evenly, perhaps with a wall around it. */
export function tube(from: Point, to: Point, r0: number, r1: number, hu: number, wall = 0, wallHU = 0): Shape {
  const r = Math.max(r0, r1) + wall;
  const d = to.map((v, n) => v - (from[n] as number)) as unknown as Point;
  const length2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
  return {
    low: from.map((v, n) => Math.min(v, to[n] as number) - r) as unknown as Point,
    high: from.map((v, n) => Math.max(v, to[n] as number) + r) as unknown as Point,
    at(x, y, z) {
      const along = d[0] * (x - from[0]) + d[1] * (y - from[1]) + d[2] * (z - from[2]);
      const f = Math.max(0, Math.min(1, along / length2));
      const [a, b, c] = [x - from[0] - f * d[0], y - from[1] - f * d[1], z - from[2] - f * d[2]];
      const distance2 = a * a + b * b + c * c;
      const radius = r0 + f * (r1 - r0);
      if (distance2 <= radius * radius) return hu;
      return wall > 0 && distance2 <= (radius + wall) ** 2 ? wallHU : null;
    },
  };
}

/** A shape cut by a condition. */
export function clipped(shape: Shape, keep: (x: number, y: number, z: number) => boolean): Shape {
  return {
    ...shape,
    at(x, y, z) {
      const hu = shape.at(x, y, z);
      return hu !== null && keep(x, y, z) ? hu : null;
    },
  };
}
