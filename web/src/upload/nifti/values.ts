// Whether voxels look like Hounsfield units, by the server's rule (internal/volume/hounsfield.go)
// over a part of the scan.

import type { Header } from './header';

/** The band of air, lung and fat that only a CT fills. */
const AIR = -1100;
const FAT = -50;
/** The smallest share of such voxels in a CT is one in this many. */
const FATTY = 200;

export type Looks = 'CT' | 'labels' | 'other';

const READ = new Map<number, (view: DataView, at: number, little: boolean) => number>([
  [2, (view, at) => view.getUint8(at)],
  [256, (view, at) => view.getInt8(at)],
  [4, (view, at, little) => view.getInt16(at, little)],
  [512, (view, at, little) => view.getUint16(at, little)],
  [8, (view, at, little) => view.getInt32(at, little)],
  [768, (view, at, little) => view.getUint32(at, little)],
  [16, (view, at, little) => view.getFloat32(at, little)],
  [64, (view, at, little) => view.getFloat64(at, little)],
  [1024, (view, at, little) => Number(view.getBigInt64(at, little))],
  [1280, (view, at, little) => Number(view.getBigUint64(at, little))],
]);

/** The voxels at places of a part of the file, as the header scales them. */
export function* voxels(header: Header, part: Uint8Array, step: number): Generator<number> {
  const read = READ.get(header.datatype);
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength);
  const stride = step * header.bytesPerVoxel;
  for (let at = 0; read && at + header.bytesPerVoxel <= part.length; at += stride) {
    yield read(view, at, header.little) * header.slope + header.intercept;
  }
}

export function looksLike(header: Header, part: Uint8Array): Looks {
  let count = 0;
  let fatty = 0;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of voxels(header, part, 5)) {
    count++;
    if (value >= AIR && value <= FAT) fatty++;
    if (value > most) most = value;
  }
  return count > 0 && fatty * FATTY >= count && most > FAT ? 'CT' : 'other';
}
