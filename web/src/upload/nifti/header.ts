// The header of a NIfTI file, read before anything is sent. In: the file's first bytes. Out:
// what the page shows of the scan, and what is doubtful about it. Refused has the code with
// which the server would refuse the file later (internal/volume/nifti).

import { Refused } from '../refused';
import { latin } from '../text';

export interface Header {
  version: 1 | 2;
  little: boolean;
  dims: [number, number, number];
  /** Millimetres from voxel to voxel. */
  spacing: [number, number, number];
  datatype: number;
  bytesPerVoxel: number;
  /** Where the voxels begin. */
  offset: number;
  slope: number;
  intercept: number;
  /** The file says that its voxels are labels. */
  labels: boolean;
  doubts: Doubt[];
}

/** Codes of the page's sentences about what is doubtful. */
export type Doubt = 'no_sform' | 'anisotropic' | 'thick' | 'coarse';

/** Bytes of a voxel by NIfTI's code of its type. */
const BYTES = new Map([
  [2, 1],
  [256, 1],
  [4, 2],
  [512, 2],
  [8, 4],
  [768, 4],
  [16, 4],
  [1024, 8],
  [1280, 8],
  [64, 8],
]);

const MAX_AXIS = 4096;
const MAX_VOXELS = 2 ** 29;
/** The most bytes before the voxels. */
export const MAX_OFFSET = 16 << 20;

/** How many bytes readHeader needs. */
export const HEADER = 544;

export function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 348) throw new Refused('truncated');
  const little = [348, 540].includes(view.getUint32(0, true));
  const version = view.getUint32(0, little) === 348 ? 1 : 2;
  if (version === 2 && bytes.length < 540) throw new Refused('truncated');
  const magic = version === 1 ? latin(bytes, 344, 348) : latin(bytes, 4, 12);
  if (magic.startsWith('ni')) throw new Refused('pair', { format: 'NIfTI .hdr/.img' });
  if (magic !== (version === 1 ? 'n+1\0' : 'n+2\0\r\n\x1a\n')) throw new Refused('bad_magic');
  const i16 = (at: number) => view.getInt16(at, little);
  const f32 = (at: number) => view.getFloat32(at, little);
  const f64 = (at: number) => view.getFloat64(at, little);
  const i64 = (at: number) => Number(view.getBigInt64(at, little));
  const eight = Array.from({ length: 8 }, (_, n) => n);
  const [dim, pixdim] =
    version === 1
      ? [eight.map((n) => i16(40 + 2 * n)), eight.map((n) => f32(76 + 4 * n))]
      : [eight.map((n) => i64(16 + 8 * n)), eight.map((n) => f64(104 + 8 * n))];
  const dims = dimsOf(dim);
  const datatype = version === 1 ? i16(70) : i16(12);
  const bytesPerVoxel = BYTES.get(datatype);
  if (bytesPerVoxel === undefined) throw new Refused('unsupported_datatype');
  const [sform, qform] =
    version === 1 ? [i16(254), i16(252)] : [view.getInt32(348, little), view.getInt32(344, little)];
  if (sform <= 0 && qform <= 0) throw new Refused('missing_orientation');
  const units = (version === 1 ? (bytes[123] ?? 0) : view.getInt32(500, little)) & 7;
  const scale = units === 1 ? 1000 : units === 3 ? 0.001 : 1;
  const rows = Array.from({ length: 12 }, (_, n) => (version === 1 ? f32(280 + 4 * n) : f64(400 + 8 * n)));
  const spacing = [0, 1, 2].map((axis) => {
    const column = Math.hypot(rows[axis] ?? 0, rows[axis + 4] ?? 0, rows[axis + 8] ?? 0);
    return (sform > 0 ? column : Math.abs(pixdim[axis + 1] ?? 0)) * scale;
  }) as [number, number, number];
  const slope = version === 1 ? f32(112) : f64(176);
  const scaled = slope !== 0 && Number.isFinite(slope);
  const smallest = version === 1 ? 352 : 544;
  const said = version === 1 ? f32(108) : i64(168);
  const offset = said === 0 ? smallest : said;
  if (!Number.isInteger(offset) || offset < smallest || offset > MAX_OFFSET) throw new Refused('bad_header');
  return {
    version,
    little,
    dims,
    spacing,
    datatype,
    bytesPerVoxel,
    offset,
    slope: scaled ? slope : 1,
    intercept: scaled ? (version === 1 ? f32(116) : f64(184)) : 0,
    labels: (version === 1 ? i16(68) : view.getInt32(504, little)) === 1002,
    doubts: doubtsOf(spacing, sform > 0),
  };
}

function dimsOf(dim: number[]): [number, number, number] {
  const [axes = 0, ...along] = dim;
  if (axes < 1 || axes > 7 || along.slice(0, axes).some((n) => n < 1)) throw new Refused('bad_dims');
  const more = along.slice(3, axes).find((n) => n > 1);
  if (more !== undefined) throw new Refused('multiple_volumes', { count: more });
  const dims = [0, 1, 2].map((n) => (n < axes ? (along[n] ?? 1) : 1)) as [number, number, number];
  if (dims.some((n) => n > MAX_AXIS) || dims[0] * dims[1] * dims[2] > MAX_VOXELS) {
    throw new Refused('too_large_grid', { dims: dims.join(' × ') });
  }
  if (dims.some((n) => n < 2)) throw new Refused('too_few_slices');
  return dims;
}

/** Slices this many times thicker than their pixels give organs visible steps. */
const ANISOTROPIC = 4;
/** Millimetres. */
const THICK = 5;
const COARSE = 3.5;

function doubtsOf(spacing: number[], sform: boolean): Doubt[] {
  const [least, most] = [Math.min(...spacing), Math.max(...spacing)];
  const doubts: Doubt[] = [];
  if (!sform) doubts.push('no_sform');
  if (most > THICK) doubts.push('thick');
  else if (most > ANISOTROPIC * least) doubts.push('anisotropic');
  if (least > COARSE) doubts.push('coarse');
  return doubts;
}

/** How long the file is, expanded, when it ends with its last voxel. */
export const lengthOf = ({ offset, dims, bytesPerVoxel }: Header) =>
  offset + dims[0] * dims[1] * dims[2] * bytesPerVoxel;
