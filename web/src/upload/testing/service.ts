// A service and its storage for tests of uploads. They answer as the real ones do
// (internal/api/uploads.go), and keep what a browser cannot see: which bytes came.

import { createHash } from 'node:crypto';
import type { OptionsInput } from '../../api/client';
import { type Created, decodeJob, type Job, type UploadPlan } from '../../api/job';
import { Problem, Unreachable } from '../../api/problem';
import type { Put, Putting } from '../../api/put';
import type { Service } from '../send/transfer';

interface Kept {
  id: string;
  bytes: number;
  status: 'awaiting_upload' | 'received' | 'failed' | 'ready';
  parts: Map<number, { etag: string; bytes: number }>;
  whole: boolean;
}

export class FakeService implements Service {
  readonly jobs = new Map<string, Kept>();
  private readonly keys = new Map<string, string>();
  /** Every part that came whole, in order. */
  readonly came: { job: string; number: number; bytes: number }[] = [];
  readonly asked: string[] = [];
  /** Signatures made before this are refused. */
  signed = 0;
  refusedBefore = 0;
  /** Called before each request; what it throws or gives is the answer. */
  before: (
    what: 'create' | 'parts' | 'complete' | 'put',
    number: number,
  ) => Put | undefined | Promise<Put | undefined> = () => undefined;
  flying = 0;
  mostFlying = 0;

  constructor(readonly partBytes = 16) {}

  private async ask(what: 'create' | 'parts' | 'complete'): Promise<void> {
    this.asked.push(what);
    await this.before(what, 0);
  }

  private kept(id: string): Kept {
    const job = this.jobs.get(id);
    if (!job) throw new Problem(404, 'not_found', 'no such job');
    return job;
  }

  private view({ id, status }: Kept): Job {
    const at = '2026-12-01T00:00:00Z';
    return decodeJob(
      {
        ...{ id, status, attempt: 1, options: { task: 'auto', fast: false }, created_at: at, updated_at: at },
        ...{ expires_at: at, stages: [], artifacts: {}, structures: [], warnings: [], cost_usd: 0 },
        error: status === 'failed' ? { code: 'internal', message: '' } : null,
      },
      'job',
    );
  }

  private plan(job: Kept, numbers: number[] | undefined, resumed: boolean): UploadPlan {
    const parts = Math.ceil(job.bytes / this.partBytes);
    if (numbers && numbers.length > 16) throw new Problem(400, 'bad_request', 'at most 16');
    const missing = Array.from({ length: parts }, (_, n) => n + 1).filter((n) => !resumed || !job.parts.has(n));
    const signed = (numbers ?? missing.slice(0, 16)).map((number) => {
      if (number < 1 || number > parts) throw new Problem(400, 'bad_request', 'no such part');
      return { number, url: `s3:${job.id}/${number}?${this.signed++}` };
    });
    const uploaded = [...job.parts].map(([number, { etag, bytes }]) => ({ number, etag, bytes }));
    return { part_bytes: this.partBytes, parts, signed, ...(!numbers && uploaded.length > 0 && { uploaded }) };
  }

  async create(file: string, bytes: number, options: OptionsInput, key: string): Promise<Created> {
    await this.ask('create');
    const body = JSON.stringify([file, bytes, options]);
    const first = this.keys.get(key);
    if (first !== undefined && first.split('\n')[1] !== body) throw new Problem(422, 'idempotency_key_reused', '');
    const id = first?.split('\n')[0] ?? `JOB${this.jobs.size + 1}`;
    if (first === undefined) {
      this.keys.set(key, `${id}\n${body}`);
      this.jobs.set(id, { id, bytes, status: 'awaiting_upload', parts: new Map(), whole: false });
    }
    const job = this.kept(id);
    return { job: this.view(job), upload: this.plan(job, undefined, first !== undefined) };
  }

  async parts(id: string, numbers?: number[]): Promise<UploadPlan> {
    await this.ask('parts');
    const job = this.kept(id);
    if (job.status !== 'awaiting_upload' || job.whole) throw new Problem(409, 'conflict', '');
    return this.plan(job, numbers, true);
  }

  async complete(id: string, parts: { number: number; etag: string }[]): Promise<Job> {
    await this.ask('complete');
    const job = this.kept(id);
    const total = Math.ceil(job.bytes / this.partBytes);
    const whole = parts.length === total && parts.every(({ number, etag }) => job.parts.get(number)?.etag === etag);
    if (!job.whole && !whole) throw new Problem(400, 'bad_parts', '');
    job.whole = true;
    job.status = 'received';
    return this.view(job);
  }

  reader(id: string): ReturnType<Service['reader']> {
    return {
      id,
      shared: false,
      job: async () => ({ value: this.view(this.kept(id)), etag: null, retryAfter: 0 }),
      sign: () => Promise.reject(new Error('not asked for')),
    };
  }

  put = async (url: string, body: Blob, { signal, moved }: Putting): Promise<Put> => {
    const [, id = '', number = '', signature = ''] = /^s3:(.*)\/(.*)\?(.*)$/.exec(url) ?? [];
    this.flying++;
    this.mostFlying = Math.max(this.mostFlying, this.flying);
    try {
      moved(Math.floor(body.size / 2));
      const answer = await Promise.race([
        this.before('put', Number(number)),
        new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        ),
      ]);
      signal.throwIfAborted();
      if (answer) return answer;
      if (Number(signature) < this.refusedBefore) return { status: 403, etag: null, retryAfter: 0 };
      const job = this.kept(id);
      if (job.whole) return { status: 404, etag: null, retryAfter: 0 };
      const bytes = new Uint8Array(
        await body.arrayBuffer().catch(() => {
          throw new Unreachable('file');
        }),
      );
      moved(bytes.length);
      const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
      job.parts.set(Number(number), { etag, bytes: bytes.length });
      this.came.push({ job: id, number: Number(number), bytes: bytes.length });
      return { status: 200, etag, retryAfter: 0 };
    } finally {
      this.flying--;
    }
  };
}
