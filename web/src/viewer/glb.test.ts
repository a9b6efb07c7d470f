// @vitest-environment node
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Vector3 } from 'three';
import { MeshoptDecoder } from 'three/examples/jsm/libs/meshopt_decoder.module.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { ball, box, container, glb } from '../testing/glb';
import { ModelError } from './fields';
import { decode, type Packed, pack } from './geometry';
import { headBytes, type Model, parseHead, RAS_FROM_STAGE } from './glb';

beforeAll(() => MeshoptDecoder.ready);

const shapes = [
  {
    name: 'liver',
    label: 5,
    ...box([10, -20, 100], [40, 0, 160]),
    colour: [0.7230551289, 0.2232279573, 0.1301364767] as const,
  },
  { name: 'a.b/c', label: 7, ...ball([-50, 30, 120], 15, 8) },
];

function parsed(file: Uint8Array): Model {
  const bytes = headBytes(file);
  if (bytes === null || bytes > file.length) throw new Error('the head is not there');
  return parseHead(file.subarray(0, bytes));
}

/** All positions of a model in RAS millimetres, by name. */
function positions(file: Uint8Array): Map<string, number[]> {
  const model = parsed(file);
  return new Map(
    model.parts.map((part) => {
      const { positions: p } = decode(pack(part, file.subarray(model.head), 0), MeshoptDecoder.decodeGltfBuffer);
      const ras = Array.from({ length: p.length / 3 }, (_, v) =>
        new Vector3()
          .fromArray(p, 3 * v)
          .applyMatrix4(RAS_FROM_STAGE)
          .toArray(),
      );
      return [part.structure.name, ras.flat()];
    }),
  );
}

it('reads names, extras, colours and places of a model', () => {
  const model = parsed(glb(shapes));
  expect(model.spacing).toEqual([1, 1, 1]);
  const [liver, odd] = model.parts.map((p) => p.structure);
  expect(liver).toMatchObject({ name: 'liver', label: 5, name_es: 'liver (es)', triangles: 12, colour: '#dd8265' });
  expect(odd?.name).toBe('a.b/c');
  expect(liver?.low.map(Math.round)).toEqual([10, -20, 100]);
  expect(liver?.high.map(Math.round)).toEqual([40, 0, 160]);
  const vertices = positions(glb(shapes)).get('liver') ?? [];
  for (const [i, x] of vertices.entries()) expect(x).toBeCloseTo(shapes[0]?.positions[i] ?? 0, 3);
});

it('puts a file that lies elsewhere in its own axes into the same place of the scanner', () => {
  const moved = glb(shapes, (d) => {
    d.nodes[0].extras.iris.ras_mm_from_gltf = [-1000, 0, 0, 0, 0, 0, 1000, 0, 0, 1000, 0, 0, 5, 6, 7, 1];
    d.nodes[0].translation = [0.005, -0.007, -0.006];
  });
  const [here, there] = [positions(glb(shapes)).get('liver') ?? [], positions(moved).get('liver') ?? []];
  for (const [i, x] of here.entries()) expect(there[i]).toBeCloseTo(x, 3);
});

it('gives names that differ to nodes that share one, and a name to nodes without', () => {
  const model = parsed(
    glb([...shapes, { ...shapes[0], label: 9 } as never, { ...shapes[0], label: 9 } as never], (d) => {
      d.nodes[1].name = '';
    }),
  );
  expect(model.parts.map((p) => p.structure.name)).toEqual(['label_5', 'a.b/c', 'liver', 'liver_2']);
});

describe('what the Go writer writes', () => {
  const fixtures = path.join(import.meta.dirname, '../../../tests/contract/fixtures');
  const file = (name: string) => new Uint8Array(readFileSync(path.join(fixtures, name)));

  it('is the same model in its plain and its compressed form', () => {
    const [plain, view] = [parsed(file('model.glb')), parsed(file('view.glb'))];
    expect(view.parts.map((p) => p.structure.name)).toEqual(['liver', 'spleen', 'kidney_left']);
    for (const [n, part] of view.parts.entries()) {
      const other = plain.parts[n]?.structure;
      expect({ ...part.structure, low: 0, high: 0 }).toEqual({ ...other, low: 0, high: 0 });
      for (const k of [0, 1, 2] as const) expect(part.structure.low[k]).toBeCloseTo(other?.low[k] ?? 0, 1);
    }
    const [a, b] = [positions(file('model.glb')), positions(file('view.glb'))];
    for (const [name, points] of a) {
      const sorted = (all: number[]) =>
        Array.from({ length: all.length / 3 }, (_, v) =>
          all
            .slice(3 * v, 3 * v + 3)
            .map(Math.round)
            .join(),
        ).sort();
      expect(new Set(sorted(b.get(name) ?? []))).toEqual(new Set(sorted(points)));
    }
  });
});

const good = glb(shapes);
const length = (n: number, at: number) => {
  const file = good.slice();
  new DataView(file.buffer).setUint32(at, n, true);
  return file;
};

describe('refuses by name', () => {
  it.each<[string, () => Uint8Array, string]>([
    ['what is no GLB', () => new TextEncoder().encode('<!doctype html><title>not here</title>'), 'not_glb'],
    ['glTF 1', () => length(1, 4), 'bad_glb'],
    ['a file of four gigabytes', () => length(0xfffffff0, 8), 'too_large'],
    ['a JSON chunk longer than the file', () => length(good.length, 12), 'bad_glb'],
    ['a JSON chunk of gigabytes', () => length(0x7ffffff0, 12), 'bad_glb'],
    ['what is no JSON', () => container(new TextEncoder().encode('{"asset":'), [], 0), 'bad_glb'],
    ['JSON that is no UTF-8', () => container(new Uint8Array([0x22, 0xff, 0xfe, 0x22]), [], 0), 'bad_glb'],
    ['a document that is a list', () => container(new TextEncoder().encode('[]'), [], 0), 'bad_glb'],
    [
      'no mesh at all',
      () => glb(shapes, (d) => (d.nodes = d.nodes.map(({ children }: { children?: number[] }) => ({ children })))),
      'bad_glb',
    ],
    ['a node that is its own child', () => glb(shapes, (d) => (d.nodes[1].children = [1])), 'bad_glb'],
    ['a child that is not there', () => glb(shapes, (d) => d.nodes[0].children.push(99)), 'bad_glb'],
    ['a negative accessor', () => glb(shapes, (d) => (d.meshes[0].primitives[0].indices = -1)), 'bad_glb'],
    ['a fraction for a number', () => glb(shapes, (d) => (d.accessors[0].count = 1.5)), 'bad_glb'],
    ['more elements than bytes', () => glb(shapes, (d) => (d.accessors[0].count = 1e6)), 'bad_glb'],
    ['a count beyond all numbers', () => glb(shapes, (d) => (d.accessors[0].count = 2 ** 60)), 'bad_glb'],
    ['no element', () => glb(shapes, (d) => (d.accessors[1].count = 0)), 'bad_glb'],
    ['a corner too many', () => glb(shapes, (d) => (d.accessors[1].count = 35)), 'bad_glb'],
    ['steps shorter than an element', () => glb(shapes, (d) => (d.bufferViews[0].byteStride = 4)), 'bad_glb'],
    ['an offset within an element', () => glb(shapes, (d) => (d.bufferViews[0].byteOffset = 2)), 'bad_glb'],
    ['a sparse accessor', () => glb(shapes, (d) => (d.accessors[0].sparse = {})), 'bad_glb'],
    ['lines', () => glb(shapes, (d) => (d.meshes[0].primitives[0].mode = 1)), 'bad_glb'],
    ['no extremes', () => glb(shapes, (d) => delete d.accessors[0].min), 'bad_glb'],
    ['a mesh of two primitives', () => glb(shapes, (d) => d.meshes[0].primitives.push({})), 'bad_glb'],
    ['Draco', () => glb(shapes, (d) => delete d.accessors[0].bufferView), 'bad_glb'],
    [
      'a gigabyte out of a few compressed bytes',
      () =>
        glb(shapes, (d) => {
          d.accessors[0].count = 1e8;
          d.bufferViews[0].extensions = {
            EXT_meshopt_compression: {
              buffer: 0,
              byteOffset: 0,
              byteLength: 96,
              byteStride: 12,
              count: 1e8,
              mode: 'ATTRIBUTES',
            },
          };
        }),
      'bad_glb',
    ],
    [
      'an unknown filter',
      () =>
        glb(shapes, (d) => {
          d.bufferViews[0].extensions = {
            EXT_meshopt_compression: {
              buffer: 0,
              byteLength: 96,
              byteStride: 12,
              count: 8,
              mode: 'ATTRIBUTES',
              filter: 'COLOR',
            },
          };
        }),
      'bad_glb',
    ],
  ])('%s', (_, file, code) => {
    const error = (() => {
      try {
        return parsed(file());
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(ModelError);
    expect((error as ModelError).code).toBe(code);
  });

  it('a chain of nodes as long as the file, without filling the stack', () => {
    const file = glb(shapes, (d) => {
      for (let n = 0; n < 100_000; n++) d.nodes.push({ children: [d.nodes.length + 1] });
      d.nodes.push({});
      d.nodes[0].children.push(3);
    });
    expect(parsed(file).parts.length).toBe(2);
  });

  it.each<[string, (packed: Packed) => void]>([
    ['corners of vertices that are not there', (p) => new DataView(p.indices.bytes.buffer).setUint32(0, 8, true)],
    ['vertices that are nowhere', (p) => new DataView(p.positions.bytes.buffer).setFloat32(4, Number.NaN, true)],
    ['compressed bytes that are none', (p) => (p.positions.meshopt = { mode: 'ATTRIBUTES', filter: 'NONE' })],
    ['indices of a byte', (p) => Object.assign(p.indices, { stride: 1, component: 'u8' })],
  ])('%s', (_, spoil) => {
    const model = parsed(good);
    const packed = pack(model.parts[0] as never, good.subarray(model.head), 0);
    spoil(packed);
    expect(() => decode(packed, MeshoptDecoder.decodeGltfBuffer)).toThrow();
  });
});

it('every file with one byte changed is read or refused, and nothing else happens', () => {
  // The head alone: in the binary chunk a byte is a coordinate.
  const head = headBytes(good) ?? 0;
  for (let at = 0; at < head; at++) {
    const file = good.slice();
    file[at] = (file[at] ?? 0) ^ (1 << (at % 8));
    try {
      const bytes = headBytes(file);
      if (bytes !== null && bytes <= file.length) {
        const model = parseHead(file.subarray(0, bytes));
        for (const part of model.parts) expect(part.end).toBeLessThanOrEqual(model.bytes);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(ModelError);
    }
  }
});

it('makes normals where a file has none, and leaves no vertex without one', () => {
  const model = parsed(good);
  for (const part of model.parts) {
    const { normals, positions: p } = decode(pack(part, good.subarray(model.head), 0), MeshoptDecoder.decodeGltfBuffer);
    const centre = [0, 1, 2].map((k) => p.filter((_, i) => i % 3 === k).reduce((a, b) => a + b) / (p.length / 3));
    for (let v = 0; v < p.length / 3; v++) {
      const outward = [0, 1, 2].reduce(
        (sum, k) => sum + (normals[4 * v + k] ?? 0) * ((p[3 * v + k] ?? 0) - (centre[k] ?? 0)),
        0,
      );
      expect(outward).toBeGreaterThan(0);
    }
  }
});
