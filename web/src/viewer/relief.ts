// Skin in a label map is a shell one or two voxels thick, in steps: its plates and risers
// face everywhere but where the body's surface does, and where the shell is torn at a
// step its outer side runs into its inner one, so that averaging normals along the mesh
// mixes both. The points of the shell know better: around a point they lie in a slab,
// and the direction in which they spread least is the normal of the body's surface.

const MOST_CELLS = 1 << 18;
const MOMENTS = 10; // 1, x, y, z, xx, xy, xz, yy, yz, zz
const PASSES = 4; // of the filter 1-2-1 along each axis: a deviation of √2 cells

/**
 * Replaces the normals of a shell by those of the surface that it shows from afar.
 * reach is the length in metres over which its steps are to vanish; it is larger than
 * the shell is thick. No vertex moves.
 */
export function smoothRelief(positions: Float32Array, normals: Float32Array, reach: number): void {
  const vertices = positions.length / 3;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    const x = positions[i] as number;
    const k = i % 3;
    if (x < (low[k] as number)) low[k] = x;
    if (x > (high[k] as number)) high[k] = x;
  }
  let cell = reach;
  let dims = [1, 1, 1];
  const count = () => (dims[0] as number) * (dims[1] as number) * (dims[2] as number);
  for (;;) {
    dims = low.map((l, k) => Math.ceil(((high[k] as number) - l) / cell) + 2);
    if (count() <= MOST_CELLS) break;
    cell *= 1.2;
  }
  const [nx, ny] = dims as [number, number, number];
  const steps = [MOMENTS, MOMENTS * nx, MOMENTS * nx * ny] as const;
  const grid = new Float32Array(count() * MOMENTS);

  // Places are counted in cells from the lowest corner: the moments of metres would cancel.
  const at = [0, 0, 0];
  const part = [0, 0, 0];
  const locate = (v: number) => {
    let base = 0;
    for (let k = 0; k < 3; k++) {
      const x = ((positions[3 * v + k] as number) - (low[k] as number)) / cell;
      const whole = Math.min(Math.floor(x), (dims[k] as number) - 2);
      at[k] = x;
      part[k] = x - whole;
      base += whole * (steps[k] as number);
    }
    return base;
  };
  const share = (n: number) => {
    let w = 1;
    for (let k = 0; k < 3; k++) w *= (n >> k) & 1 ? (part[k] as number) : 1 - (part[k] as number);
    return w;
  };
  const corner = (n: number) => (n & 1 ? steps[0] : 0) + (n & 2 ? steps[1] : 0) + (n & 4 ? steps[2] : 0);

  for (let v = 0; v < vertices; v++) {
    const base = locate(v);
    const [x, y, z] = at as [number, number, number];
    for (let n = 0; n < 8; n++) {
      const w = share(n);
      if (w === 0) continue;
      const o = base + corner(n);
      const m = [w, w * x, w * y, w * z, w * x * x, w * x * y, w * x * z, w * y * y, w * y * z, w * z * z];
      for (let j = 0; j < MOMENTS; j++) grid[o + j] = (grid[o + j] as number) + (m[j] as number);
    }
  }
  for (let pass = 0; pass < PASSES; pass++) blur(grid, dims, steps);

  const sum = new Float64Array(MOMENTS);
  for (let v = 0; v < vertices; v++) {
    const base = locate(v);
    sum.fill(0);
    for (let n = 0; n < 8; n++) {
      const w = share(n);
      const o = base + corner(n);
      for (let j = 0; j < MOMENTS; j++) sum[j] = (sum[j] as number) + w * (grid[o + j] as number);
    }
    const normal = flattest(sum);
    if (!normal) continue;
    let along = 0;
    for (let k = 0; k < 3; k++) along += (normal[k] as number) * (normals[3 * v + k] as number);
    for (let k = 0; k < 3; k++) normals[3 * v + k] = along < 0 ? -(normal[k] as number) : (normal[k] as number);
  }
}

function blur(grid: Float32Array, dims: readonly number[], steps: readonly number[]): void {
  for (let axis = 0; axis < 3; axis++) {
    const [step, length] = [steps[axis] as number, dims[axis] as number];
    const line = new Float32Array(length);
    for (let start = 0; start < grid.length; start++) {
      if (Math.floor(start / step) % length !== 0) {
        start += step * (length - 1) - 1; // all starts of lines lie in runs of a step
        continue;
      }
      for (let i = 0; i < length; i++) line[i] = grid[start + i * step] as number;
      for (let i = 0; i < length; i++) {
        const before = i > 0 ? (line[i - 1] as number) : 0;
        const after = i < length - 1 ? (line[i + 1] as number) : 0;
        grid[start + i * step] = (before + 2 * (line[i] as number) + after) / 4;
      }
    }
  }
}

/** The eigenvector of the least eigenvalue of the moments' covariance; null where nothing is flat. */
function flattest(m: Float64Array): [number, number, number] | null {
  const [w, x, y, z] = m as unknown as [number, number, number, number];
  if (!(w > 0)) return null;
  const c = (j: number, a: number, b: number) => (m[j] as number) / w - (a / w) * (b / w);
  const [xx, xy, xz, yy, yz, zz] = [c(4, x, x), c(5, x, y), c(6, x, z), c(7, y, y), c(8, y, z), c(9, z, z)];
  // Trigonometric solution of the characteristic equation (O. K. Smith, 1961).
  const mean = (xx + yy + zz) / 3;
  const spread = Math.sqrt(
    ((xx - mean) ** 2 + (yy - mean) ** 2 + (zz - mean) ** 2 + 2 * (xy * xy + xz * xz + yz * yz)) / 6,
  );
  if (!(spread > 1e-9)) return null;
  const [a, b, d, e, f, g] = [xx - mean, xy, xz, yy - mean, yz, zz - mean].map((t) => t / spread) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const half = (a * (e * g - f * f) - b * (b * g - f * d) + d * (b * f - e * d)) / 2;
  const angle = Math.acos(Math.max(-1, Math.min(1, half))) / 3;
  const least = mean + 2 * spread * Math.cos(angle + (2 * Math.PI) / 3);
  // Any two rows of (covariance − least) span the plane of the slab: the longest cross product is its normal.
  const rows = [
    [xx - least, xy, xz],
    [xy, yy - least, yz],
    [xz, yz, zz - least],
  ] as [number, number, number][];
  let best: [number, number, number] | null = null;
  let longest = 0;
  for (const [i, j] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    const [p, q] = [rows[i], rows[j]] as [[number, number, number], [number, number, number]];
    const n: [number, number, number] = [
      p[1] * q[2] - p[2] * q[1],
      p[2] * q[0] - p[0] * q[2],
      p[0] * q[1] - p[1] * q[0],
    ];
    const length = Math.hypot(...n);
    if (length > longest) {
      longest = length;
      best = [n[0] / length, n[1] / length, n[2] / length];
    }
  }
  return longest > 1e-12 ? best : null;
}
