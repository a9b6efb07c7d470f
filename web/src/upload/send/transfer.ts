// One upload, from the first request to the job that starts. In: a file and what it is sent
// to. Out: the job's id. It goes on after whatever passes (a lost network, a busy service, a
// URL that ran out, a reload of the page) and ends with an error that says what does not.

import type { Client, OptionsInput } from '../../api/client';
import type { UploadPlan } from '../../api/job';
import { isEnded } from '../../api/job';
import { Problem, Unreachable } from '../../api/problem';
import type { Put, Putting } from '../../api/put';
import type { Memory, Unfinished } from '../memory';
import { Refused } from '../refused';
import { Gate } from './gate';
import { Pace } from './pace';
import { Parts } from './parts';
import { refusal, type Timing, Tries } from './retry';

/** The part of the API that an upload needs. */
export type Service = Pick<Client, 'create' | 'parts' | 'complete' | 'reader'>;

export interface World extends Timing {
  service: Service;
  put: (url: string, body: Blob, putting: Putting) => Promise<Put>;
  memory: Memory;
  online: () => boolean;
  newKey: () => string;
}

/** What is uploaded. */
export interface Cargo {
  file: Blob;
  /** A name whose ending says the kind: the person's own name of it is not sent. */
  as: string;
  options: OptionsInput;
  fingerprint: string;
  name: string;
}

export type Step = 'starting' | 'checking' | 'sending' | 'finishing';

export interface Progress {
  step: Step;
  sent: number;
  total: number;
  /** Bytes per second, null while not known. */
  speed: number | null;
  held: 'paused' | 'offline' | null;
  /** A request is being made again after a failure. */
  again: boolean;
}

const IN_FLIGHT = 4;
/** A URL that is refused as often as this is refused for another reason than its age. */
const MOST_RENEWALS = 3;
/** How often an upload is listed anew when the service says that parts are missing. */
const MOST_ROUNDS = 3;

export class Transfer {
  readonly gate: Gate;
  private readonly stop = new AbortController();
  private readonly pace = new Pace();
  private readonly flying = new Map<number, number>();
  private step: Step = 'starting';
  private parts: Parts | null = null;
  private checked = 0;
  private failing = 0;
  private signing: Promise<void> | null = null;
  private row: Unfinished;

  constructor(
    private readonly world: World,
    private readonly cargo: Cargo,
    row: Unfinished | null,
    private readonly changed: () => void,
  ) {
    this.gate = new Gate(world.online, () => {
      this.pace.reset();
      changed();
    });
    const { fingerprint, name, file } = cargo;
    this.row = row ?? { fingerprint, key: world.newKey(), job: null, name, bytes: file.size, sent: 0, at: world.now() };
  }

  get fingerprint(): string {
    return this.cargo.fingerprint;
  }

  /** The job's id as soon as it is known. */
  get job(): string | null {
    return this.row.job;
  }

  progress(): Progress {
    let flying = 0;
    for (const bytes of this.flying.values()) flying += bytes;
    const sent = this.step === 'checking' ? this.checked : (this.parts?.sent ?? this.row.sent) + flying;
    const { held } = this.gate;
    const speed = this.step === 'sending' && held === null ? this.pace.speed() : null;
    return { step: this.step, sent, total: this.cargo.file.size, speed, held, again: this.failing > 0 };
  }

  cancel(): void {
    this.stop.abort(new DOMException('cancelled', 'AbortError'));
  }

  async run(): Promise<string> {
    const { signal } = this.stop;
    let plan = await this.begin();
    if (!plan) return this.done();
    const { file } = this.cargo;
    this.parts = new Parts(file, plan);
    for (let round = 1; ; round++) {
      this.to('checking');
      this.checked = 0;
      await this.parts.take(plan, this.world.now(), (bytes) => this.note(() => (this.checked += bytes)), signal);
      try {
        this.to('sending');
        this.pace.reset();
        await this.sendAll(this.parts);
        this.to('finishing');
        const [id, parts] = [this.row.job as string, this.parts.list()];
        await this.again((inner) => this.world.service.complete(id, parts, inner));
        return this.done();
      } catch (error) {
        // The service has other parts than it said, or another tab has sent them all.
        const told = error instanceof Problem && [400, 404, 409].includes(error.status);
        if (!told || round === MOST_ROUNDS) throw error;
      }
      plan = await this.begin();
      if (!plan) return this.done();
    }
  }

  /** Finds the job of this upload, or makes it. Null where everything has arrived before. */
  private async begin(): Promise<UploadPlan | null> {
    const { service } = this.world;
    const { job } = this.row;
    if (job !== null) {
      try {
        return await this.again((signal) => service.parts(job, undefined, signal));
      } catch (error) {
        if (!(error instanceof Problem && (error.status === 404 || error.status === 409))) throw error;
        if (error.status === 409 && (await this.isUnderWay(job))) return null;
      }
      // Its job is gone, or ended badly: what was wrong with it may be over.
      this.row = { ...this.row, job: null, key: this.world.newKey(), sent: 0 };
    }
    // The key is written before the request, so that a page that is closed in between finds its job.
    await this.keep();
    const { file, as, options } = this.cargo;
    const made = await this.again((signal) => service.create(as, file.size, options, this.row.key, signal));
    this.row = { ...this.row, job: made.job.id };
    await this.keep();
    this.changed();
    if (made.job.status !== 'awaiting_upload') return (await this.isUnderWay(made.job.id)) ? null : this.begin();
    // A job of a request whose answer was lost may have parts already.
    return made.upload;
  }

  private async isUnderWay(job: string): Promise<boolean> {
    try {
      const told = await this.again((signal) => this.world.service.reader(job).job(null, signal));
      return 'value' in told && (!isEnded(told.value) || told.value.status === 'ready');
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return false;
      throw error;
    }
  }

  private async sendAll(parts: Parts): Promise<void> {
    // The first failure ends the other workers, too.
    const ended = new AbortController();
    const signal = AbortSignal.any([this.stop.signal, ended.signal]);
    const worker = async () => {
      try {
        for (let number = parts.next(); number !== undefined; number = parts.next()) {
          await this.send(parts, number, signal);
        }
      } catch (error) {
        ended.abort(error);
        throw error;
      }
    };
    const all = await Promise.allSettled(Array.from({ length: IN_FLIGHT }, worker));
    if (all.some(({ status }) => status === 'rejected')) throw signal.reason;
  }

  private async send(parts: Parts, number: number, signal: AbortSignal): Promise<void> {
    const tries = new Tries(this.world);
    for (let renewals = 0; ; ) {
      await this.gate.open(signal);
      try {
        const url = parts.url(number, this.world.now()) ?? (await this.signed(parts, number, signal));
        const body = parts.part(number);
        const answer = await this.gate.within(signal, (inner) =>
          this.world.put(url, body, {
            signal: inner,
            moved: (bytes) => this.note(() => this.flying.set(number, bytes)),
          }),
        );
        if (answer.status === 403 && ++renewals <= MOST_RENEWALS) {
          parts.refuse(number);
          continue;
        }
        if (answer.status !== 200) throw refusal(answer.status, answer.retryAfter);
        if (answer.etag === null) throw new Refused('no_etag');
        this.flying.delete(number);
        this.note(() => parts.arrived(number, answer.etag as string));
        await this.keep();
        return;
      } catch (error) {
        await this.failed(error, tries, parts.part(number), signal);
      } finally {
        this.flying.delete(number);
      }
    }
  }

  /** A URL of one part; several that want one at the same moment ask once. */
  private async signed(parts: Parts, number: number, signal: AbortSignal): Promise<string> {
    for (;;) {
      // No await where nobody asks: another worker would begin to ask in between.
      if (this.signing) await this.signing;
      const url = parts.url(number, this.world.now());
      if (url !== null) return url;
      const id = this.row.job as string;
      const asked = parts.toSign(number, this.world.now());
      this.signing = this.again((inner) => this.world.service.parts(id, asked, inner), signal)
        .then((plan) => {
          parts.sign(plan, this.world.now());
          if (parts.url(number, this.world.now()) === null) throw new Refused('upload_refused');
        })
        .finally(() => {
          this.signing = null;
        });
      await this.signing;
    }
  }

  /** A request to the API, made again as often as it is worth it. */
  private async again<T>(request: (signal: AbortSignal) => Promise<T>, signal = this.stop.signal): Promise<T> {
    const tries = new Tries(this.world);
    for (;;) {
      await this.gate.open(signal);
      try {
        return await this.gate.within(signal, (inner) => inTime(inner, request));
      } catch (error) {
        await this.failed(error, tries, null, signal);
      }
    }
  }

  /** Waits after a failure that passes, and throws one that does not. */
  private async failed(error: unknown, tries: Tries, body: Blob | null, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // The gate closed: that is no failure.
    if (this.gate.held !== null || (error instanceof DOMException && error.name === 'AbortError')) return;
    if (error instanceof Unreachable && body) await readable(body);
    this.failing++;
    this.changed();
    try {
      await tries.wait(error, signal);
    } finally {
      this.failing--;
      this.changed();
    }
  }

  private to(step: Step): void {
    this.step = step;
    this.changed();
  }

  private note(change: () => void): void {
    change();
    this.pace.note(this.world.now(), this.progress().sent);
    this.changed();
  }

  private keep(): Promise<void> {
    this.row = { ...this.row, sent: this.parts?.sent ?? this.row.sent, at: this.world.now() };
    // An upload that cannot be remembered goes on without.
    return this.world.memory.keep(this.row).catch(() => {});
  }

  private async done(): Promise<string> {
    await this.world.memory.forget(this.row.fingerprint).catch(() => {});
    return this.row.job as string;
  }
}

/** How long the API may take for one answer: a connection that a router dropped never gives one. */
const ANSWER = 60_000;

async function inTime<T>(signal: AbortSignal, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER);
  try {
    return await request(AbortSignal.any([signal, late.signal]));
  } catch (error) {
    throw late.signal.aborted && !signal.aborted ? new Unreachable('no answer in time') : error;
  } finally {
    clearTimeout(timer);
  }
}

/** A file that was changed, renamed or unplugged fails like a network does: tells them apart. */
async function readable(body: Blob): Promise<void> {
  try {
    await body.slice(0, 1).arrayBuffer();
  } catch {
    throw new Refused('file_gone');
  }
}
