// The sample: a synthetic CT of a trunk, made in the browser. Nobody's scan, no download,
// no third party. In: nothing. Out: a .nii.gz as `iris sample` writes it.

import { collect } from '../streams';
import { bytesOf } from '../text';
import { organs } from './organs';
import { squareness, table, trunk, wall, within } from './wall';

/** Voxels along each axis, and their millimetres: a field of view of 448 mm. */
const SIZE = 128;
const FIELD = 448;
/** The field of view that the anatomy's millimetres are made for. */
const MADE_FOR = 400;
/** The standard deviation of the noise in HU. */
const NOISE = 9;

/** The voxels of a torso on a grid of size voxels along each axis; wait lets the page live meanwhile. */
export async function torso(size: number, wait: () => Promise<unknown> = async () => {}): Promise<Int16Array> {
  const step = MADE_FOR / size;
  const place = (n: number) => (n - (size - 1) / 2) * step;
  const shapes = organs();
  const out = new Int16Array(size ** 3);
  for (let k = 0; k < size; k++) {
    if (k % 8 === 0) await wait();
    const z = place(k);
    const slice = out.subarray(k * size * size, (k + 1) * size * size);
    const [width, deep] = trunk(z);
    for (let j = 0; j < size; j++) {
      const y = place(j);
      const along = squareness(y, deep);
      for (let i = 0; i < size; i++) {
        const x = place(i);
        const sum = squareness(x, width) + along;
        slice[j * size + i] = sum < 1 ? wall(x, y, z, within(x, y, sum)) : table(x, y);
      }
    }
    const index = (mm: number) => mm / step + (size - 1) / 2;
    const from = (mm: number) => Math.max(0, Math.trunc(index(mm)));
    const to = (mm: number) => Math.min(size - 1, Math.trunc(index(mm)) + 1);
    for (const { low, high, at } of shapes) {
      if (z < low[2] || z > high[2]) continue;
      for (let j = from(low[1]); j <= to(high[1]); j++) {
        for (let i = from(low[0]); i <= to(high[0]); i++) {
          const hu = at(place(i), place(j), z);
          if (hu !== null) slice[j * size + i] = hu;
        }
      }
    }
  }
  blur(out, size);
  noise(out);
  return out;
}

/** The scanner's point spread: weights 1, 2, 1 along each axis; the outermost voxels count twice. */
function blur(voxels: Int16Array, size: number): void {
  for (const stride of [1, size, size * size]) {
    for (let first = 0; first < voxels.length; first++) {
      if (Math.floor(first / stride) % size !== 0) continue;
      let before = voxels[first] as number;
      for (let n = 0; n < size; n++) {
        const at = first + n * stride;
        const here = voxels[at] as number;
        const next = n + 1 < size ? (voxels[at + stride] as number) : here;
        voxels[at] = (before + 2 * here + next + 2) >> 2;
        before = here;
      }
    }
  }
}

/** The sum of four hashed bytes less its mean is close to normal, and the same on every run. */
function noise(voxels: Int16Array): void {
  const deviation = 147.8; // √4 · 255/√12
  for (let n = 0; n < voxels.length; n++) {
    const h = mix(n);
    const sum = (h & 255) + ((h >>> 8) & 255) + ((h >>> 16) & 255) + (h >>> 24) - 510;
    voxels[n] = Math.max(-1024, (voxels[n] as number) + Math.trunc((sum * NOISE) / deviation));
  }
}

/** A hash of 32 bits (the finalizer of MurmurHash3). */
function mix(n: number): number {
  let h = n ^ 0x9e3779b9;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A NIfTI file of voxels of a cube, its centre at the origin, in gzip. */
export async function sample(size = SIZE): Promise<Blob> {
  const voxels = await torso(size, () => new Promise((resolve) => setTimeout(resolve)));
  const spacing = FIELD / size;
  const head = new Uint8Array(352);
  const view = new DataView(head.buffer);
  view.setInt32(0, 348, true);
  [3, size, size, size, 1, 1, 1, 1].forEach((n, at) => {
    view.setInt16(40 + 2 * at, n, true);
  });
  view.setInt16(70, 4, true); // int16
  view.setInt16(72, 16, true);
  [1, spacing, spacing, spacing].forEach((n, at) => {
    view.setFloat32(76 + 4 * at, n, true);
  });
  view.setFloat32(108, 352, true);
  view.setFloat32(112, 1, true);
  view.setUint8(123, 2); // millimetres
  view.setInt16(254, 1, true);
  for (let axis = 0; axis < 3; axis++) {
    view.setFloat32(280 + 20 * axis, spacing, true);
    view.setFloat32(292 + 16 * axis, (-spacing * (size - 1)) / 2, true);
  }
  head.set(bytesOf('n+1\0'), 344);
  const plain = new Blob([head, voxels as Int16Array<ArrayBuffer>]);
  return collect(plain.stream().pipeThrough(new CompressionStream('gzip')));
}
