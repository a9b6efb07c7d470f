// The trunk's wall: skin, fat, muscle, ribs and breastbone, and the table below it.

export const HU = {
  ...{ air: -1000, lung: -850, fat: -100, skin: 20, muscle: 55, cortex: 650, marrow: 230, blood: 45, water: 10 },
  ...{ gas: -950, foam: -930, table: -80, tableRim: 120 },
};

const SKIN = 2.2;
const FAT = 12;
const MUSCLE = 16;
/** Millimetres from the skin to the organs. */
export const WALL = SKIN + FAT + MUSCLE;
export const UNDER_SKIN = SKIN + FAT;

/** Half the width and half the depth of the trunk at heights in mm. */
const PROFILE: [z: number, width: number, depth: number][] = [
  [-200, 168, 108],
  [-110, 152, 104],
  [-20, 158, 110],
  [70, 166, 112],
  [125, 158, 104],
  [160, 118, 88],
  [185, 74, 70],
  [230, 62, 62],
];

export function trunk(z: number): [width: number, depth: number] {
  const [first, last] = [PROFILE[0], PROFILE.at(-1)] as [(typeof PROFILE)[0], (typeof PROFILE)[0]];
  if (z <= first[0]) return [first[1], first[2]];
  for (let n = 0; n + 1 < PROFILE.length; n++) {
    const [p, q] = [PROFILE[n], PROFILE[n + 1]] as [(typeof PROFILE)[0], (typeof PROFILE)[0]];
    if (z >= q[0]) continue;
    const f = (z - p[0]) / (q[0] - p[0]);
    const s = f * f * (3 - 2 * f);
    return [p[1] + s * (q[1] - p[1]), p[2] + s * (q[2] - p[2])];
  }
  return [last[1], last[2]];
}

/** The trunk's cross-section is a little squarer than an ellipse. */
const POWER = 2.4;

/** One axis's part of the outline's equation: the parts of x and y sum to 1 on the skin. */
export const squareness = (at: number, half: number) => (Math.abs(at) / half) ** POWER;

/** How far a place lies within the skin, along the ray from the axis. */
export const within = (x: number, y: number, sum: number) =>
  sum === 0 ? Number.POSITIVE_INFINITY : Math.hypot(x, y) * (sum ** (-1 / POWER) - 1);

export function depth(x: number, y: number, z: number): number {
  const [width, deep] = trunk(z);
  return within(x, y, squareness(x, width) + squareness(y, deep));
}

export function wall(x: number, y: number, z: number, below: number): number {
  // The belly carries more fat in front and at the flanks.
  const fat = FAT + 8 * smooth(-40, -120, z) * smooth(-60, 0, y);
  if (below < SKIN) return HU.skin;
  if (below < SKIN + fat) return HU.fat;
  if (below < SKIN + fat + MUSCLE) return bone(x, y, z, below - SKIN - fat) ?? HU.muscle;
  return HU.fat;
}

/** The rib or breastbone at a place so deep below the fat. */
function bone(x: number, y: number, z: number, deep: number): number | null {
  if (Math.abs(x) < 17 && y > 0 && z > 0 && z < 125) {
    return shell(Math.max(Math.abs(deep - 7) / 5, Math.abs(x) / 17), 0.7);
  }
  const height = z + 0.32 * y; // ribs fall to the front
  if (height < -40 || height > 150 || (Math.abs(x) < 26 && y < 0)) return null;
  const at = height - 25 * rounded(height / 25);
  return shell(Math.hypot(at / 6.5, (deep - 8) / 4.8), 0.62);
}

/** Halves away from zero, as Go rounds. */
const rounded = (v: number) => Math.sign(v) * Math.floor(Math.abs(v) + 0.5);

/** Compact bone around spongy bone: r is 1 at the surface, core where the spongy bone begins. */
const shell = (r: number, core: number) => (r > 1 ? null : r > core ? HU.cortex : HU.marrow);

function smooth(a: number, b: number, v: number): number {
  const f = Math.max(0, Math.min(1, (v - a) / (b - a)));
  return f * f * (3 - 2 * f);
}

/** What lies outside the trunk: a mattress and a shallow tray of carbon fibre, air elsewhere. */
export function table(x: number, y: number): number {
  if (x < -185 || x > 185) return HU.air;
  const below = -126 + 16 * (x / 185) ** 2 - y;
  if (below < -14 || below > 12) return HU.air;
  if (below < 0) return HU.foam;
  return below < 2.5 || below > 9.5 ? HU.tableRim : HU.table;
}
