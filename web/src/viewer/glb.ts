import { Matrix4, Vector3 } from 'three';
import { array, colour, type Fields, local, ModelError, measure, numbers, object, text, whole } from './fields';
import type { Structure, Vector } from './structure';

// Reads the form of glTF that internal/meshfile/glb writes: one mesh of one primitive
// for each structure, plain (model.glb) or quantised and compressed (view.glb). Every
// number is hostile until it is checked against the bytes that there are.

/** Where the elements of an attribute or of indices lie in the binary chunk. */
export interface Span {
  offset: number;
  length: number;
  /** Bytes from one element to the next, after decompression. */
  stride: number;
  count: number;
  component: 'i8' | 'u8' | 'i16' | 'u16' | 'u32' | 'f32';
  /** How it is compressed; null: not. */
  meshopt: { mode: 'ATTRIBUTES' | 'TRIANGLES' | 'INDICES'; filter: 'NONE' | 'OCTAHEDRAL' } | null;
}

export interface Part {
  structure: Structure;
  positions: Span;
  normals: Span | null;
  indices: Span;
  /** Of positions, column-major, to metres in the stage's axes. */
  matrix: number[];
  doubleSided: boolean;
  /** The binary chunk's bytes up to here are all that the part needs. */
  end: number;
}

export interface Model {
  parts: Part[];
  /** Millimetres of the label map's voxel, or null where the file does not say. */
  spacing: Vector | null;
  /** Bytes before the binary chunk, and of it. */
  head: number;
  bytes: number;
}

export const MAX_FILE = 1 << 30;
const MAX_JSON = 1 << 25;
// The most that meshopt compresses: 16 equal bytes of a vertex attribute take two bits.
const MAX_RATIO = 64;
const MIN_ROOM = 1 << 12;
const HEADER = 20;

/** How many bytes hold the header and the JSON chunk; null while too few are known. */
export function headBytes(start: Uint8Array): number | null {
  if (start.length < HEADER) return null;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (view.getUint32(0, true) !== 0x46546c67) throw new ModelError('not_glb', 'the file does not begin as a GLB');
  if (view.getUint32(4, true) !== 2) throw new ModelError('bad_glb', `version ${view.getUint32(4, true)}: want 2`);
  const [whole, json] = [view.getUint32(8, true), view.getUint32(12, true)];
  if (whole > MAX_FILE) throw new ModelError('too_large', `a file of ${whole} bytes: want at most ${MAX_FILE}`);
  if (view.getUint32(16, true) !== 0x4e4f534a || json > MAX_JSON || HEADER + json + 8 > whole) {
    throw new ModelError('bad_glb', `a first chunk of ${json} bytes in a file of ${whole}`);
  }
  return HEADER + json + 8;
}

/** What the head of a file, of headBytes bytes, says. */
export function parseHead(head: Uint8Array): Model {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const bytes = view.getUint32(head.length - 8, true);
  if (view.getUint32(head.length - 4, true) !== 0x4e4942 || head.length + bytes > view.getUint32(8, true)) {
    throw new ModelError('bad_glb', `a binary chunk of ${bytes} bytes`);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(head.subarray(HEADER, head.length - 8)));
  } catch {
    throw new ModelError('bad_glb', 'the first chunk is not JSON');
  }
  return new Reader(json, bytes).model(head.length);
}

const SIZES = { i8: 1, u8: 1, i16: 2, u16: 2, u32: 4, f32: 4 } as const;
const COMPONENTS: Record<number, Span['component']> = {
  5120: 'i8',
  5121: 'u8',
  5122: 'i16',
  5123: 'u16',
  5125: 'u32',
  5126: 'f32',
};
const WIDTHS: Record<string, number> = { SCALAR: 1, VEC3: 3 };

class Reader {
  private readonly doc: Fields;
  private readonly parts: Part[] = [];
  private readonly seen = new Set<number>();
  private readonly names = new Set<string>();
  private spacing: Vector | null = null;
  private toStage = new Matrix4();

  constructor(
    json: unknown,
    private readonly bytes: number,
  ) {
    this.doc = object(json, 'the document');
  }

  model(head: number): Model {
    const scene = object(this.item('scenes', this.doc.scene ?? 0), 'scene');
    const roots = array(scene.nodes, 'scene.nodes');
    this.origin(roots);
    // Without recursion: a chain of nodes as long as the file must not fill the stack.
    const open = roots.map((node) => ({ node, matrix: this.toStage })).reverse();
    for (let next = open.pop(); next; next = open.pop()) {
      const index = whole(next.node, 'node');
      if (this.seen.has(index)) throw new ModelError('bad_glb', `node ${index} is reached twice`);
      this.seen.add(index);
      const node = object(this.item('nodes', index), `node ${index}`);
      const matrix = next.matrix.clone().multiply(local(node));
      if (node.mesh !== undefined) this.part(node, matrix);
      const children = node.children === undefined ? [] : array(node.children, 'children');
      for (const child of children.toReversed()) open.push({ node: child, matrix });
    }
    if (this.parts.length === 0) throw new ModelError('bad_glb', 'the file has no mesh');
    this.parts.sort((a, b) => a.end - b.end);
    return { parts: this.parts, spacing: this.spacing, head, bytes: this.bytes };
  }

  /** Reads where the model lies in the scanner, so that all files of a job share one place. */
  private origin(roots: unknown[]): void {
    const root = this.item('nodes', roots[0]);
    const iris = (((root as Fields | undefined)?.extras as Fields | undefined)?.iris ?? {}) as Fields;
    const ras = numbers(iris.ras_mm_from_gltf, 16);
    const spacing = numbers(iris.spacing_mm, 3);
    if (spacing) this.spacing = spacing as unknown as Vector;
    if (ras) this.toStage = STAGE_FROM_RAS.clone().multiply(new Matrix4().fromArray(ras));
    if (!(Math.abs(this.toStage.determinant()) > 1e-12)) this.toStage = new Matrix4();
  }

  private part(node: Fields, matrix: Matrix4): void {
    const mesh = object(this.item('meshes', node.mesh), 'mesh');
    const primitives = array(mesh.primitives, 'primitives');
    if (primitives.length !== 1) throw new ModelError('bad_glb', `a mesh of ${primitives.length} primitives: want 1`);
    const primitive = object(primitives[0], 'primitive');
    if ((primitive.mode ?? 4) !== 4) throw new ModelError('bad_glb', 'a primitive that is not of triangles');
    const attributes = object(primitive.attributes, 'attributes');
    const positions = this.span(attributes.POSITION, 'VEC3', 'POSITION');
    const normals = attributes.NORMAL === undefined ? null : this.span(attributes.NORMAL, 'VEC3', 'NORMAL');
    const indices = this.span(primitive.indices, 'SCALAR', 'indices');
    if ((normals && normals.count !== positions.count) || indices.count % 3 !== 0) {
      throw new ModelError(
        'bad_glb',
        `${positions.count} positions, ${normals?.count} normals, ${indices.count} corners`,
      );
    }
    const material = (primitive.material === undefined ? {} : this.item('materials', primitive.material)) as Fields;
    const [low, high] = this.bounds(attributes.POSITION, positions, matrix);
    const end = Math.max(...[positions, normals, indices].map((s) => (s ? s.offset + s.length : 0)));
    const structure = {
      ...this.described(node, mesh),
      triangles: indices.count / 3,
      colour: colour(material),
      low,
      high,
    };
    this.parts.push({
      structure,
      positions,
      normals,
      indices,
      matrix: matrix.toArray(),
      doubleSided: material?.doubleSided === true,
      end,
    });
  }

  private described(node: Fields, mesh: Fields): Omit<Structure, 'triangles' | 'colour' | 'low' | 'high'> {
    const extras = (typeof node.extras === 'object' && node.extras !== null ? node.extras : {}) as Fields;
    const label = Number.isSafeInteger(extras.label) ? (extras.label as number) : this.parts.length + 1;
    const base = text(node.name) || text(mesh.name) || `label_${label}`;
    let name = base;
    for (let n = 2; this.names.has(name); n++) name = `${base}_${n}`;
    this.names.add(name);
    return {
      label,
      name,
      name_en: text(extras.name_en) || name,
      name_es: text(extras.name_es) || text(extras.name_en) || name,
      snomed: text(extras.snomed),
      group: text(extras.group),
      volume_ml: measure(extras.volume_ml),
      mesh_ml: measure(extras.mesh_ml),
      surface_cm2: measure(extras.surface_cm2),
      partial: extras.partial === true,
      watertight: extras.watertight === true,
    };
  }

  private span(index: unknown, type: string, what: string): Span {
    const a = object(this.item('accessors', index), what);
    const count = whole(a.count, `${what}: count`);
    const component = COMPONENTS[a.componentType as number];
    if (a.type !== type || !component || count === 0 || a.sparse !== undefined) {
      throw new ModelError('bad_glb', `${what}: ${count} elements of type ${text(a.type)}`);
    }
    const v = object(this.item('bufferViews', a.bufferView), `${what}: bufferView`);
    const extensions = (v.extensions ?? {}) as Fields;
    const packed = extensions.EXT_meshopt_compression;
    const element = SIZES[component] * (WIDTHS[type] ?? 1);
    if (packed !== undefined) return this.packed(object(packed, what), count, component, element, what);
    const stride = v.byteStride === undefined ? element : whole(v.byteStride, `${what}: byteStride`);
    const offset = whole(v.byteOffset ?? 0, what) + whole(a.byteOffset ?? 0, what);
    return this.within(
      { offset, length: stride * (count - 1) + element, stride, count, component, meshopt: null },
      element,
      what,
    );
  }

  private packed(m: Fields, count: number, component: Span['component'], element: number, what: string): Span {
    const mode = m.mode;
    const filter = m.filter ?? 'NONE';
    const known =
      (mode === 'ATTRIBUTES' || mode === 'TRIANGLES' || mode === 'INDICES') &&
      (filter === 'NONE' || filter === 'OCTAHEDRAL');
    if (!known || m.buffer !== 0 || m.count !== count) {
      throw new ModelError('bad_glb', `${what}: compressed by ${text(mode)}, ${text(filter)}`);
    }
    const [offset, length] = [whole(m.byteOffset ?? 0, what), whole(m.byteLength, what)];
    const stride = whole(m.byteStride, what);
    const strides = mode === 'ATTRIBUTES' ? (filter === 'OCTAHEDRAL' ? [4, 8] : null) : [2, 4];
    if ((strides ? !strides.includes(stride) : stride % 4 !== 0) || count * stride > MAX_RATIO * length + MIN_ROOM) {
      throw new ModelError('bad_glb', `${what}: ${count} elements of ${stride} bytes out of ${length}`);
    }
    return this.within({ offset, length, stride, count, component, meshopt: { mode, filter } }, element, what);
  }

  private within(span: Span, element: number, what: string): Span {
    const size = SIZES[span.component];
    if (span.stride < element || span.stride > 256 || span.stride % size !== 0 || span.offset % size !== 0) {
      throw new ModelError('bad_glb', `${what}: steps of ${span.stride} bytes at ${span.offset}`);
    }
    if (span.offset + span.length > this.bytes) {
      throw new ModelError('bad_glb', `${what}: ends at byte ${span.offset + span.length} of ${this.bytes}`);
    }
    return span;
  }

  /** The corners in RAS millimetres, from the accessor's extremes, which glTF demands. */
  private bounds(index: unknown, span: Span, matrix: Matrix4): [Vector, Vector] {
    const a = object(this.item('accessors', index), 'POSITION');
    const [low, high] = [numbers(a.min, 3), numbers(a.max, 3)];
    if (!low || !high) throw new ModelError('bad_glb', 'POSITION has no extremes');
    const unit = a.normalized === true ? scaleOf(span.component) : 1;
    const toRAS = RAS_FROM_STAGE.clone().multiply(matrix);
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
      new Vector3(...[0, 1, 2].map((k) => ((n >> k) & 1 ? high : low)[k] as number))
        .multiplyScalar(unit)
        .applyMatrix4(toRAS)
        .toArray(),
    );
    const pick = (best: (...values: number[]) => number) =>
      [0, 1, 2].map((k) => best(...corners.map((c) => c[k] ?? 0))) as unknown as Vector;
    const [least, most] = [pick(Math.min), pick(Math.max)];
    if (![...least, ...most].every(Number.isFinite)) throw new ModelError('bad_glb', 'POSITION has no finite extremes');
    return [least, most];
  }

  private item(list: string, index: unknown): unknown {
    const all = array(this.doc[list], list);
    const at = whole(index, list);
    if (at >= all.length) throw new ModelError('bad_glb', `${list}: number ${at} of ${all.length}`);
    return all[at];
  }
}

/** What one step of a normalised integer is worth. */
export function scaleOf(component: Span['component']): number {
  return { i8: 1 / 127, u8: 1 / 255, i16: 1 / 32767, u16: 1 / 65535, u32: 1, f32: 1 }[component];
}

/** From the scanner's RAS millimetres to metres in the stage's axes: x to the left, y up, z to the front. */
export const STAGE_FROM_RAS = new Matrix4().set(-1e-3, 0, 0, 0, 0, 0, 1e-3, 0, 0, 1e-3, 0, 0, 0, 0, 0, 1);
export const RAS_FROM_STAGE = STAGE_FROM_RAS.clone().invert();
