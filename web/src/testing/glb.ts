// Small models in the form of internal/meshfile/glb, for tests.

export interface Shape {
  name: string;
  label: number;
  /** RAS millimetres, three a vertex. */
  positions: readonly number[];
  indices: readonly number[];
  colour?: readonly [number, number, number];
  extras?: Record<string, unknown>;
}

/** A closed box between two corners, its faces outward. */
export function box(low: readonly number[], high: readonly number[]): Pick<Shape, 'positions' | 'indices'> {
  const positions: number[] = [];
  for (let n = 0; n < 8; n++) for (let k = 0; k < 3; k++) positions.push((n >> k) & 1 ? (high[k] ?? 0) : (low[k] ?? 0));
  const faces = [
    [0, 4, 6, 2], // low x
    [1, 3, 7, 5],
    [0, 1, 5, 4], // low y
    [2, 6, 7, 3],
    [0, 2, 3, 1], // low z
    [4, 5, 7, 6],
  ];
  return { positions, indices: faces.flatMap(([a = 0, b = 0, c = 0, d = 0]) => [a, b, c, a, c, d]) };
}

/** A closed ball of n rings. */
export function ball(centre: readonly number[], radius: number, n: number): Pick<Shape, 'positions' | 'indices'> {
  const [positions, indices]: [number[], number[]] = [[], []];
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j < 2 * n; j++) {
      const [polar, around] = [(i * Math.PI) / n, (j * Math.PI) / n];
      const d = [Math.sin(polar) * Math.cos(around), Math.sin(polar) * Math.sin(around), Math.cos(polar)];
      for (let k = 0; k < 3; k++) positions.push((centre[k] ?? 0) + radius * (d[k] ?? 0));
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < 2 * n; j++) {
      const [a, b] = [i * 2 * n + j, i * 2 * n + ((j + 1) % (2 * n))];
      const [c, d] = [a + 2 * n, b + 2 * n];
      if (i > 0) indices.push(a, c, b);
      if (i < n - 1) indices.push(b, c, d);
    }
  }
  return { positions, indices };
}

/** A document as loosely typed as a file is: tests spoil it. */
// biome-ignore lint/suspicious/noExplicitAny: what a stranger's file holds has no type.
type Document = Record<string, any>;

/** The shapes as a GLB: metres, x = −R, y = S, z = A, as the Go writer's plain form. */
export function glb(shapes: readonly Shape[], spoil: (document: Document) => void = () => {}): Uint8Array<ArrayBuffer> {
  const bin: Uint8Array[] = [];
  let offset = 0;
  const views: object[] = [];
  const put = (data: Uint8Array) => {
    views.push({ buffer: 0, byteOffset: offset, byteLength: data.length });
    const padded = new Uint8Array((data.length + 3) & ~3);
    padded.set(data);
    bin.push(padded);
    offset += padded.length;
    return views.length - 1;
  };
  const accessors: object[] = [];
  const nodes: object[] = [
    {
      name: 'patient',
      children: shapes.map((_, n) => n + 1),
      extras: { iris: { schema: 'iris.model/1', ras_mm_from_gltf: RAS, spacing_mm: [1, 1, 1] } },
    },
  ];
  shapes.forEach((s, n) => {
    const stage = s.positions.map((_, i) => {
      const at = i - (i % 3);
      const [x = 0, y = 0, z = 0] = s.positions.slice(at, at + 3);
      return [-x, z, y].map((mm) => mm * 1e-3)[i % 3] ?? 0;
    });
    const corner = (best: (...v: number[]) => number) =>
      [0, 1, 2].map((k) => Math.fround(stage.filter((_, i) => i % 3 === k).reduce((a, b) => best(a, b))));
    const count = s.positions.length / 3;
    const positions = put(new Uint8Array(new Float32Array(stage).buffer));
    accessors.push({
      bufferView: positions,
      componentType: 5126,
      count,
      type: 'VEC3',
      min: corner(Math.min),
      max: corner(Math.max),
    });
    const indices = put(new Uint8Array(new Uint32Array(s.indices).buffer));
    accessors.push({ bufferView: indices, componentType: 5125, count: s.indices.length, type: 'SCALAR' });
    const extras = {
      label: s.label,
      name_en: `${s.name} (en)`,
      name_es: `${s.name} (es)`,
      group: 'organs',
      volume_ml: 1,
      ...s.extras,
    };
    nodes.push({ name: s.name, mesh: n, extras });
  });
  const document = {
    asset: { version: '2.0' },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes,
    meshes: shapes.map((_, n) => ({
      primitives: [{ attributes: { POSITION: 2 * n }, indices: 2 * n + 1, material: n }],
    })),
    materials: shapes.map((s) => ({
      pbrMetallicRoughness: { baseColorFactor: [...(s.colour ?? [0.5, 0.2, 0.2]), 1] },
    })),
    accessors,
    bufferViews: views,
    buffers: [{ byteLength: offset }],
  };
  spoil(document);
  return container(new TextEncoder().encode(JSON.stringify(document)), bin, offset);
}

/** JSON and binary chunk as one file. */
export function container(json: Uint8Array, bin: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const text = new Uint8Array((json.length + 3) & ~3).fill(32);
  text.set(json);
  const file = new Uint8Array(28 + text.length + length);
  const view = new DataView(file.buffer);
  for (const [n, word] of [0x46546c67, 2, file.length, text.length, 0x4e4f534a].entries()) {
    view.setUint32(4 * n, word, true);
  }
  file.set(text, 20);
  view.setUint32(20 + text.length, length, true);
  view.setUint32(24 + text.length, 0x4e4942, true);
  let at = 28 + text.length;
  for (const part of bin) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

const RAS = [-1000, 0, 0, 0, 0, 0, 1000, 0, 0, 1000, 0, 0, 0, 0, 0, 1];
