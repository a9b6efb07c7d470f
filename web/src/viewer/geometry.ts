import type { Part, Span } from './glb';
import { smoothRelief } from './relief';

// Decoded geometry, made outside of the main thread. No three.js here: the worker that
// runs this stays small.

/** What the main thread needs of a part, its bytes cut out of the file. */
export interface Packed {
  positions: Chunk;
  normals: Chunk | null;
  indices: Chunk;
  matrix: number[];
  /** Metres over which the steps of a shell vanish from its shading; 0 for what is no shell. */
  relief: number;
}

export interface Chunk extends Omit<Span, 'offset' | 'length'> {
  bytes: Uint8Array;
}

/** Arrays that can be drawn as they are. */
export interface Geometry {
  /** Metres in the stage's axes, three a vertex. */
  positions: Float32Array<ArrayBuffer>;
  /** Normalised, four a vertex so that each begins at a multiple of four bytes. */
  normals: Int16Array<ArrayBuffer>;
  indices: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

/** Undoes one view's compression: meshoptimizer's decodeGltfBuffer. */
export type Unpack = (
  target: Uint8Array,
  count: number,
  size: number,
  source: Uint8Array,
  mode: string,
  filter: string,
) => void;

/** Cuts a part's bytes out of a file's binary chunk. The copies can be sent to a worker. */
export function pack(part: Part, chunk: Uint8Array, relief: number): Packed {
  const cut = (s: Span): Chunk => ({ ...s, bytes: chunk.slice(s.offset, s.offset + s.length) });
  return {
    positions: cut(part.positions),
    normals: part.normals && cut(part.normals),
    indices: cut(part.indices),
    matrix: part.matrix,
    relief,
  };
}

/** Decodes a part. Throws where the bytes are not what the head of the file promised. */
export function decode(packed: Packed, unpack: Unpack): Geometry {
  const { matrix: m } = packed;
  const positions = vectors(packed.positions, unpack);
  const indices = corners(packed.indices, packed.positions.count, unpack);
  for (let i = 0; i < positions.length; i += 3) {
    const [x, y, z] = [positions[i] as number, positions[i + 1] as number, positions[i + 2] as number];
    if (!Number.isFinite(x + y + z)) throw new Error(`vertex ${i / 3} is nowhere`);
    for (let k = 0; k < 3; k++) {
      positions[i + k] =
        (m[k] as number) * x + (m[k + 4] as number) * y + (m[k + 8] as number) * z + (m[k + 12] as number);
    }
  }
  const normals = packed.normals ? turned(vectors(packed.normals, unpack), m) : faceNormals(positions, indices);
  if (packed.relief > 0) smoothRelief(positions, normals, packed.relief);
  else average(normals, indices); // normals of 8 bits would shade in bands
  return { positions, normals: quantised(normals), indices };
}

function raw(chunk: Chunk, unpack: Unpack): Uint8Array<ArrayBuffer> {
  if (!chunk.meshopt) return new Uint8Array(chunk.bytes);
  const bytes = new Uint8Array(chunk.count * chunk.stride);
  unpack(bytes, chunk.count, chunk.stride, chunk.bytes, chunk.meshopt.mode, chunk.meshopt.filter);
  return bytes;
}

const KINDS = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  u32: Uint32Array,
  f32: Float32Array,
};
const UNITS = { i8: 127, u8: 255, i16: 32767, u16: 65535, u32: 1, f32: 1 };

function vectors(chunk: Chunk, unpack: Unpack): Float32Array<ArrayBuffer> {
  const Kind = KINDS[chunk.component];
  const bytes = raw(chunk, unpack);
  const values = new Kind(bytes.buffer, 0, Math.floor(bytes.length / Kind.BYTES_PER_ELEMENT));
  const step = chunk.stride / Kind.BYTES_PER_ELEMENT;
  const unit = UNITS[chunk.component];
  const out = new Float32Array(3 * chunk.count);
  for (let i = 0; i < chunk.count; i++) {
    for (let k = 0; k < 3; k++) out[3 * i + k] = (values[i * step + k] as number) / unit;
  }
  return out;
}

function corners(chunk: Chunk, vertices: number, unpack: Unpack): Geometry['indices'] {
  const bytes = raw(chunk, unpack);
  const size = chunk.stride;
  if (size !== 2 && size !== 4) throw new Error(`indices of ${size} bytes`);
  const out =
    size === 2 ? new Uint16Array(bytes.buffer, 0, chunk.count) : new Uint32Array(bytes.buffer, 0, chunk.count);
  for (const index of out) if (index >= vertices) throw new Error(`corner ${index} of ${vertices} vertices`);
  return out;
}

/** Normals through a map that turns and scales evenly: mirrored and stretched ones do not occur. */
function turned(normals: Float32Array<ArrayBuffer>, m: number[]): Float32Array<ArrayBuffer> {
  for (let i = 0; i < normals.length; i += 3) {
    const [x, y, z] = [normals[i] as number, normals[i + 1] as number, normals[i + 2] as number];
    for (let k = 0; k < 3; k++) {
      normals[i + k] = (m[k] as number) * x + (m[k + 4] as number) * y + (m[k + 8] as number) * z;
    }
  }
  return unit(normals);
}

function faceNormals(p: Float32Array, indices: Geometry['indices']): Float32Array<ArrayBuffer> {
  const out = new Float32Array(p.length);
  for (let t = 0; t < indices.length; t += 3) {
    const [a, b, c] = [3 * (indices[t] as number), 3 * (indices[t + 1] as number), 3 * (indices[t + 2] as number)];
    const edge = (to: number, k: number) => (p[to + k] as number) - (p[a + k] as number);
    for (let k = 0; k < 3; k++) {
      const [i, j] = [(k + 1) % 3, (k + 2) % 3];
      const n = edge(b, i) * edge(c, j) - edge(b, j) * edge(c, i); // twice the area: large faces count more
      for (const v of [a, b, c]) out[v + k] = (out[v + k] as number) + n;
    }
  }
  return unit(out);
}

/** Averages each normal with those of the triangles around it. What is drawn gets smooth; no vertex moves. */
function average(normals: Float32Array<ArrayBuffer>, indices: Geometry['indices']): void {
  const sum = new Float32Array(normals.length);
  for (let t = 0; t < indices.length; t += 3) {
    const [a, b, c] = [3 * (indices[t] as number), 3 * (indices[t + 1] as number), 3 * (indices[t + 2] as number)];
    for (let k = 0; k < 3; k++) {
      const n = (normals[a + k] as number) + (normals[b + k] as number) + (normals[c + k] as number);
      sum[a + k] = (sum[a + k] as number) + n;
      sum[b + k] = (sum[b + k] as number) + n;
      sum[c + k] = (sum[c + k] as number) + n;
    }
  }
  normals.set(unit(sum));
}

function unit(v: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  for (let i = 0; i < v.length; i += 3) {
    const length = Math.hypot(v[i] as number, v[i + 1] as number, v[i + 2] as number);
    if (!(length > 0))
      v.set([0, 0, 1], i); // of a vertex without area; NaN would black out its triangles
    else for (let k = 0; k < 3; k++) v[i + k] = (v[i + k] as number) / length;
  }
  return v;
}

function quantised(normals: Float32Array): Int16Array<ArrayBuffer> {
  const out = new Int16Array((normals.length / 3) * 4);
  for (let i = 0, o = 0; i < normals.length; i += 3, o += 4) {
    for (let k = 0; k < 3; k++) out[o + k] = Math.round((normals[i + k] as number) * 32767);
  }
  return out;
}
