import type { Geometry } from './geometry';
import type { Part } from './glb';
import { type Decoder, read, type Source } from './read';
import type { Stage } from './stage';
import { envelopes, type Structure } from './structure';

/** Which of a job's models: the first look by Hounsfield units, the light one, the whole one. */
export type Kind = 'glimpse' | 'preview' | 'view';

/** How much of a model is on the stage. */
export interface Progress {
  kind: Kind;
  done: number;
  total: number;
}

/** What a model's arrival leads to. */
export interface Arrival {
  /** Its structures are known, and take the place of those before. */
  expect(structures: readonly Structure[], kind: Kind): void;
  changed(): void;
}

// Bytes that a frame uploads: more at once would be felt as a pause of the page.
const UPLOAD = 4 << 20;
// Triangles' edges over which the steps of an envelope vanish: voxels on skin make terraces.
const RELIEF = 2.5;

/** Brings models onto the stage, organ by organ. */
export class Loading {
  private reading: AbortController | null = null;
  /** What is decoded, and not yet in the graphics processor's memory. */
  private arrived: { put: () => void; bytes: number }[] = [];
  private news: Progress | null = null;

  constructor(
    private readonly stage: Stage,
    private readonly decoder: Decoder,
    private readonly then: Arrival,
  ) {}

  async show(kind: Kind, source: Source, signal: AbortSignal): Promise<void> {
    this.reading?.abort();
    this.reading = new AbortController();
    const { organs } = this.stage;
    const detail = kind === 'view' ? 'fine' : 'coarse';
    const held: [Part, Geometry][] = [];
    let structures: Structure[] = [];
    let whole = false;
    let done = 0;
    await read(source, this.decoder, {
      signal: AbortSignal.any([this.reading.signal, signal]),
      onModel: (model) => {
        this.take(Number.POSITIVE_INFINITY); // what is left of the model before
        structures = model.parts.map((p) => p.structure);
        // A model of other structures takes the place of the one before when all of it is there.
        whole = organs.structures.length > 0 && !sameStructures(organs.structures, structures);
        if (!whole) this.then.expect(structures, kind);
        const wrapping = new Set(envelopes(structures).map((s) => s.name));
        return ({ structure: s }) => (wrapping.has(s.name) ? RELIEF * edge(s) : 0);
      },
      onPart: (part, geometry) => {
        held.push([part, geometry]);
        if (whole && held.length < structures.length) return;
        const parts = held.splice(0);
        const put = () => {
          if (whole) {
            organs.clear();
            this.then.expect(structures, kind);
          }
          for (const [p, g] of parts) organs.put(p, g, detail);
          done += parts.length;
          this.news = { kind, done, total: structures.length };
        };
        this.arrived.push({ put, bytes: parts.reduce((sum, [, g]) => sum + size(g), 0) });
        this.then.changed();
      },
    });
  }

  /** Puts what has arrived on the stage, as much as a frame may upload. */
  take(most = UPLOAD): void {
    for (let bytes = 0; bytes < most; ) {
      const next = this.arrived.shift();
      if (!next) return;
      next.put();
      bytes += next.bytes;
    }
    if (this.arrived.length > 0) this.then.changed();
  }

  /** What came onto the stage since it was last asked. */
  told(): Progress | null {
    const { news } = this;
    this.news = null;
    return news;
  }

  dispose(): void {
    this.reading?.abort();
    this.decoder.dispose();
  }
}

const size = (g: Geometry) => g.positions.byteLength + g.normals.byteLength + g.indices.byteLength;

function sameStructures(a: readonly Structure[], b: readonly Structure[]): boolean {
  const names = new Map(a.map((s) => [s.label, s.name]));
  return a.length === b.length && b.every((s) => names.get(s.label) === s.name);
}

/** Metres of the edge of an even triangle of the structure's mean size. */
function edge({ surface_cm2, triangles }: Structure): number {
  return Math.sqrt(((4 / Math.sqrt(3)) * surface_cm2 * 1e-4) / Math.max(1, triangles));
}
