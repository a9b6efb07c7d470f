// The solids within the trunk, in the order in which they are painted.

import { clipped, ellipsoid, type Point, type Shape, tube } from './shapes';
import { depth, HU, UNDER_SKIN, WALL } from './wall';

const { blood, muscle } = HU;
const CARINA: Point = [0, -20, 72];
const HILA: Record<1 | -1, Point> = { 1: [40, -22, 42], [-1]: [-44, -24, 36] };
const SIDES = [1, -1] as const;

export const organs = (): Shape[] => [
  ...abdomen(),
  ...mediastinum(),
  ...SIDES.flatMap((side) => [lung(side), ...vessels(side)]),
  ...greatVessels(),
  ellipsoid([-16, 24, 14], [54, 44, 50], blood, 4, HU.fat),
  ellipsoid([-40, 30, -2], [30, 30, 32], blood + 5),
  ...spine(),
  ...airways(),
];

/** An ellipsoid that follows the ribs, stands on the diaphragm's dome and leaves the middle free. */
function lung(side: 1 | -1): Shape {
  return clipped(ellipsoid([74 * side, -4, 52], [66, 88, 112], HU.lung), (x, y, z) => {
    const dome = -38 + 46 * (1 - ((x - 70 * side) / 75) ** 2 - ((y - 5) / 95) ** 2);
    return z > dome && x * side > 19 && depth(x, y, z) > WALL + 2;
  });
}

/** Vessels fan out of a hilum into the lung. */
function vessels(side: 1 | -1): Shape[] {
  const hilum = HILA[side];
  const inside = lung(side);
  return Array.from({ length: 9 }, (_, n) => {
    const turn = (n * 2 * Math.PI) / 9;
    const reach = 34 + 9 * (n % 3);
    const to: Point = [
      hilum[0] + side * (18 + 6 * (n % 2)),
      hilum[1] + 1.1 * reach * Math.cos(turn),
      hilum[2] + 1.3 * reach * Math.sin(turn),
    ];
    return clipped(tube(hilum, to, 3.4, 1.4, blood), (x, y, z) => inside.at(x, y, z) !== null);
  });
}

/** They lie beside the lungs, which leave room for them. */
const greatVessels = (): Shape[] => [
  tube([-20, -36, 100], [-20, -36, -230], 12, 9, blood), // descending aorta
  tube([12, 6, 40], [4, 2, 105], 15, 14, blood), // ascending aorta
  tube([4, 2, 105], [-20, -36, 100], 13, 12, blood), // arch
  tube([22, -16, -230], [24, 4, 30], 11, 11, blood), // lower vena cava
];

function mediastinum(): Shape[] {
  const under = (x: number, y: number, z: number) => depth(x, y, z) > UNDER_SKIN;
  return [
    ellipsoid([0, -8, 95], [34, 44, 110], 25),
    tube([-6, -42, 190], [-8, -40, -30], 6, 6, 35), // gullet
    tube([30, -58, -230], [34, -58, -60], 19, 12, muscle), // psoas
    tube([-30, -58, -230], [-34, -58, -60], 19, 12, muscle),
    tube([32, -84, -230], [32, -80, 180], 20, 14, muscle), // back muscles
    tube([-32, -84, -230], [-32, -80, 180], 20, 14, muscle),
    ellipsoid([0, -4, 215], [48, 46, 52], muscle), // neck
    clipped(ellipsoid([0, 0, 175], [118, 60, 34], muscle), under), // shoulders
  ];
}

/** Liver, spleen, kidneys, a stomach with an air bubble, and bowel. */
function abdomen(): Shape[] {
  const inside = (x: number, y: number, z: number) => depth(x, y, z) > WALL + 1;
  const list = [
    clipped(ellipsoid([62, 8, -52], [82, 78, 72], 60), inside),
    clipped(ellipsoid([-60, 14, -40], [52, 56, 52], 30), inside),
    ellipsoid([-56, 20, -58], [36, 34, 34], HU.water, 4, 40),
    ellipsoid([-56, 36, -52], [22, 14, 20], HU.gas),
    clipped(ellipsoid([-88, -36, -62], [30, 40, 46], 52), inside),
    ...SIDES.map((side) => ellipsoid([62 * side, -48, -118], [26, 24, 50], 35)),
  ];
  for (let n = 0; n < 12; n++) {
    const turn = (n * 2 * Math.PI) / 12;
    const centre: Point = [64 * Math.cos(turn), 22 + 30 * Math.sin(turn), -165 + 10 * Math.sin(3 * turn)];
    list.push(clipped(ellipsoid(centre, [22, 20, 24], 30), inside));
    if (n % 3 === 0) list.push(clipped(ellipsoid(centre, [11, 9, 12], HU.gas), inside));
  }
  return list;
}

/** Height of a vertebra with its disc. */
const PITCH = 31;
const DISC = 7;

/** Vertebral bodies and discs in front of the canal, arches, spinous and transverse processes. */
function spine(): Shape[] {
  const canal = (x: number, y: number) => Math.hypot(x, y + 76) > 8.5;
  const list = [tube([0, -52, -300], [0, -52, 300], 17, 17, 85)];
  for (let n = -8; n <= 8; n++) {
    const z = n * PITCH;
    list.push(
      clipped(
        ellipsoid([0, -52, z], [22, 17, 60], HU.marrow, 2, HU.cortex),
        (_x, _y, at) => Math.abs(at - z) < (PITCH - DISC) / 2,
      ),
      clipped(ellipsoid([0, -76, z], [15, 15, 13], HU.cortex - 150), canal),
      tube([0, -86, z], [0, -94, z - 10], 4, 4, HU.cortex - 150),
      tube([13, -74, z], [34, -82, z], 5, 4, HU.cortex - 200),
      tube([-13, -74, z], [-34, -82, z], 5, 4, HU.cortex - 200),
    );
  }
  return [...list, tube([0, -76, -300], [0, -76, 300], 6, 6, 35)];
}

/** Windpipe and main bronchi. All walls are painted before any lumen, so that none closes another. */
function airways(): Shape[] {
  const tubes: [Point, Point, number, number][] = [
    [[0, -20, 260], CARINA, 8.5, 8.5],
    [CARINA, HILA[1], 6.5, 6.5],
    [CARINA, HILA[-1], 6.5, 6],
  ];
  return [2.2, 0].flatMap((wall) => tubes.map(([from, to, r0, r1]) => tube(from, to, r0, r1, -990, wall, 20)));
}
