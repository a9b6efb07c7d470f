// NIfTI files for tests.

import { gzipSync } from 'node:zlib';
import { bytesOf } from '../text';

export interface Options {
  version?: 1 | 2;
  little?: boolean;
  dims?: number[];
  spacing?: [number, number, number];
  sform?: number;
  qform?: number;
  datatype?: number;
  intent?: number;
  texts?: Record<number, string>;
  /** Texts of extensions, with their codes. */
  extensions?: [number, string][];
  value?: (n: number) => number;
  trailing?: string;
}

export function nifti({
  version = 1,
  little = true,
  dims = [6, 5, 4],
  spacing = [1, 1, 2],
  sform = 1,
  qform = 0,
  datatype = 4,
  intent = 0,
  texts = {},
  extensions = [],
  value = (n) => (n % 3) * 40 - 100,
  trailing = '',
}: Options = {}): Uint8Array<ArrayBuffer> {
  const size = version === 1 ? 348 : 540;
  const blocks = extensions.map(([code, text]) => {
    const block = new Uint8Array(Math.ceil((8 + text.length) / 16) * 16);
    const view = new DataView(block.buffer);
    view.setUint32(0, block.length, little);
    view.setUint32(4, code, little);
    block.set(bytesOf(text), 8);
    return block;
  });
  const offset = size + 4 + blocks.reduce((sum, block) => sum + block.length, 0);
  const width = { 2: 1, 4: 2, 16: 4 }[datatype] ?? 2;
  const voxels = dims.reduce((product, n) => product * n, 1);
  const bytes = new Uint8Array(offset + voxels * width + trailing.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size, little);
  const i64 = (at: number, n: number) => view.setBigInt64(at, BigInt(n), little);
  if (version === 1) {
    [dims.length, ...dims, 1, 1, 1, 1].slice(0, 8).forEach((n, at) => {
      view.setInt16(40 + 2 * at, n, little);
    });
    view.setInt16(68, intent, little);
    view.setInt16(70, datatype, little);
    [1, ...spacing].forEach((n, at) => {
      view.setFloat32(76 + 4 * at, n, little);
    });
    view.setFloat32(108, offset, little);
    view.setFloat32(112, 1, little);
    view.setInt16(252, qform, little);
    view.setInt16(254, sform, little);
    spacing.forEach((n, axis) => {
      view.setFloat32(280 + 20 * axis, n, little);
    });
    bytes.set(bytesOf('n+1\0'), 344);
  } else {
    bytes.set(bytesOf('n+2\0\r\n\x1a\n'), 4);
    view.setInt16(12, datatype, little);
    [dims.length, ...dims, 1, 1, 1, 1].slice(0, 8).forEach((n, at) => {
      i64(16 + 8 * at, n);
    });
    [1, ...spacing].forEach((n, at) => {
      view.setFloat64(104 + 8 * at, n, little);
    });
    i64(168, offset);
    view.setFloat64(176, 1, little);
    view.setInt32(344, qform, little);
    view.setInt32(348, sform, little);
    spacing.forEach((n, axis) => {
      view.setFloat64(400 + 40 * axis, n, little);
    });
    view.setInt32(504, intent, little);
  }
  for (const [at, text] of Object.entries(texts)) bytes.set(bytesOf(text), Number(at));
  if (blocks.length > 0) bytes[size] = 1;
  let at = size + 4;
  for (const block of blocks) {
    bytes.set(block, at);
    at += block.length;
  }
  for (let n = 0; n < voxels; n++) {
    const to = offset + n * width;
    if (width === 1) view.setUint8(to, value(n));
    else if (width === 2) view.setInt16(to, value(n), little);
    else view.setFloat32(to, value(n), little);
  }
  bytes.set(bytesOf(trailing), offset + voxels * width);
  return bytes;
}

/** Gzip with a name of the file in it, as gzip itself writes. */
export function named(bytes: Uint8Array, name: string): Uint8Array<ArrayBuffer> {
  const packed = gzipSync(bytes);
  const head = Uint8Array.from(packed.subarray(0, 10));
  head[3] = 8;
  head[4] = 77;
  return Uint8Array.from([...head, ...bytesOf(`${name}\0`), ...packed.subarray(10)]);
}
