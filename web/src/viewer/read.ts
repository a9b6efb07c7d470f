import { ModelError } from './fields';
import { type Geometry, type Packed, pack } from './geometry';
import { headBytes, MAX_FILE, type Model, type Part, parseHead } from './glb';

export type Source = ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>;

/** Decodes parts in a worker of its own, as they come. */
export class Decoder {
  private readonly worker = new Worker(new URL('./decode.worker.ts', import.meta.url), { type: 'module' });
  private readonly open = new Map<number, { done: (g: Geometry) => void; fail: (e: Error) => void }>();
  private last = 0;

  constructor() {
    type Reply = { id: number; geometry?: Geometry; error?: string };
    this.worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      const waiting = this.open.get(data.id);
      this.open.delete(data.id);
      if (data.geometry) waiting?.done(data.geometry);
      else waiting?.fail(new ModelError('bad_glb', data.error ?? 'decoding stopped'));
    });
    this.worker.addEventListener('error', () => {
      for (const waiting of this.open.values()) waiting.fail(new Error('the decoder did not start'));
      this.open.clear();
    });
  }

  decode(packed: Packed): Promise<Geometry> {
    const id = ++this.last;
    const chunks = [packed.positions, packed.normals, packed.indices].filter((c) => c !== null);
    return new Promise((done, fail) => {
      this.open.set(id, { done, fail });
      this.worker.postMessage({ id, packed }, { transfer: chunks.map((c) => c.bytes.buffer as ArrayBuffer) });
    });
  }

  dispose(): void {
    this.worker.terminate();
    for (const waiting of this.open.values()) waiting.fail(new DOMException('the viewer is gone', 'AbortError'));
    this.open.clear();
  }
}

export interface Reading {
  /** Called once, when the head of the file is there. Answers the relief of each part (Packed.relief). */
  onModel: (model: Model) => (part: Part) => number;
  /** Called for each structure, in the file's order. */
  onPart: (part: Part, geometry: Geometry) => void;
  signal: AbortSignal;
}

// Parts that lie decoded or in the decoder at a time: enough that it never waits.
const AHEAD = 4;

/** Reads a model structure by structure, each as soon as its bytes are there. */
export async function read(source: Source, decoder: Decoder, reading: Reading): Promise<void> {
  const file = new Arriving(source, reading.signal);
  try {
    const model = await head(file);
    const relief = reading.onModel(model);
    const under: Promise<void>[] = [];
    for (const part of model.parts) {
      await file.until(model.head + part.end);
      reading.signal.throwIfAborted();
      const chunk = file.bytes.subarray(model.head);
      const geometry = decoder.decode(pack(part, chunk, relief(part)));
      const shown = Promise.all([geometry, under.at(-1)]).then(([g]) => {
        reading.signal.throwIfAborted();
        reading.onPart(part, g);
      });
      shown.catch(() => {}); // awaited below; an earlier one may fail first
      under.push(shown);
      if (under.length >= AHEAD) await under[under.length - AHEAD];
    }
    await Promise.all(under);
  } finally {
    await file.close();
  }
}

async function head(file: Arriving): Promise<Model> {
  await file.until(20);
  const bytes = headBytes(file.bytes);
  if (bytes === null) throw new ModelError('truncated_glb', 'the file ends in its header');
  await file.until(bytes);
  return parseHead(file.bytes.subarray(0, bytes));
}

/** A file whose bytes come one after the other. */
class Arriving {
  private buffer: Uint8Array = new Uint8Array(0);
  private have = 0;
  private reader: ReadableStreamDefaultReader<Uint8Array> | null = null;

  constructor(
    private source: Source,
    private readonly signal: AbortSignal,
  ) {}

  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.have);
  }

  async until(wanted: number): Promise<void> {
    await this.begin();
    while (this.have < wanted) {
      this.signal.throwIfAborted();
      const next = (await this.reader?.read()) ?? { done: true as const, value: undefined };
      if (next.done) throw new ModelError('truncated_glb', `the file ends after ${this.have} bytes: want ${wanted}`);
      this.append(next.value);
    }
  }

  async close(): Promise<void> {
    await this.reader?.cancel().catch(() => {});
  }

  private async begin(): Promise<void> {
    if (this.reader || this.have > 0) return;
    const { source } = this;
    if (source instanceof ReadableStream) {
      this.reader = source.getReader();
      const first = await this.reader.read();
      if (!first.done) this.append(first.value);
    } else {
      this.buffer = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
      this.have = this.buffer.length;
    }
    // A server that does not say Content-Encoding leaves the file as it is stored.
    if (this.buffer[0] === 0x1f && this.buffer[1] === 0x8b) this.inflate();
  }

  private inflate(): void {
    const start = this.bytes.slice();
    const rest = this.reader;
    let begun = false;
    const stored = new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        if (!begun) controller.enqueue(start);
        const next = begun ? await rest?.read() : undefined;
        if (begun && (!next || next.done)) controller.close();
        else if (next?.value) controller.enqueue(next.value.slice());
        begun = true;
      },
      cancel: () => rest?.cancel(),
    });
    this.have = 0;
    this.reader = stored.pipeThrough(new DecompressionStream('gzip')).getReader();
  }

  private append(piece: Uint8Array): void {
    const need = this.have + piece.length;
    if (need > MAX_FILE) throw new ModelError('too_large', `more than ${MAX_FILE} bytes`);
    if (need > this.buffer.length) {
      const larger = new Uint8Array(Math.max(need, 2 * this.buffer.length, 1 << 16));
      larger.set(this.bytes);
      this.buffer = larger;
    }
    this.buffer.set(piece, this.have);
    this.have = need;
  }
}
