import type { Reader, Told, Unchanged } from './client';
import { decodeEvent, isEnded, isRunning, type Job } from './job';
import { isTransient, Problem, Unreachable } from './problem';
import { sleep } from './sleep';
import { serverEvents } from './sse';

/** What is known of a job that is watched. */
export interface Watched {
  /** Null until the first answer. */
  job: Job | null;
  /** The job is erased: nothing of it will come any more. */
  erased: boolean;
  /** Why the last question had no answer. */
  error: unknown;
  /** The question is asked again by itself: what is shown is old, not wrong. */
  retrying: boolean;
}

/** A hidden page asks this seldom, in seconds: nobody looks. */
const HIDDEN = 30;
/** Waits between questions that have no answer, in seconds: doubled from the first to the last. */
const FIRST_WAIT = 1;
const LONGEST_WAIT = 30;
/** A stream sends a comment every 15 s. One that is silent for longer than this is dead. */
const SILENCE = 45;
/** A reply that ends earlier was no open stream: the cloud's end after one event. */
const SHORT_STREAM = 5;

/** Follows one job, by events where they stay open, else by asking when Retry-After says. */
export class Watch {
  private state: Watched = { job: null, erased: false, error: null, retrying: false };
  private listeners = new Set<() => void>();
  private stop: AbortController | null = null;
  private nap = new AbortController();
  private etag: string | null = null;
  private lastEvent: string | null = null;
  private streams: boolean;

  /** known: what somebody else was told of the job; it is asked for all the same. */
  constructor(
    private readonly reader: Reader,
    known: Job | null = null,
  ) {
    if (known) this.state = { ...this.state, job: known };
    this.streams = reader.events !== undefined;
  }

  current = (): Watched => this.state;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (!this.stop) this.start();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.end();
    };
  };

  /** Takes a job that another request answered (a retry, a cancellation), and goes on from there. */
  take(job: Job): void {
    this.etag = null;
    this.update({ job, error: null, retrying: false });
    this.wake();
  }

  /** The job was erased by this page: nothing has to be asked to know it. */
  gone = (): void => this.update({ erased: true, error: null, retrying: false });

  /** Asks now. */
  wake = (): void => this.nap.abort();

  private start(): void {
    const stop = new AbortController();
    this.stop = stop;
    const options = { signal: stop.signal };
    document.addEventListener('visibilitychange', this.wake, options);
    addEventListener('online', this.wake, options);
    void this.run(stop.signal).catch(() => {}); // it ends by abort alone
  }

  private end(): void {
    this.stop?.abort();
    this.stop = null;
  }

  private update(change: Partial<Watched>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }

  private async run(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        const wait = await this.read(signal);
        failures = 0;
        if (this.state.erased || (this.state.job && isEnded(this.state.job))) await this.rest(Infinity, signal);
        else if (this.streams && !document.hidden) await this.follow(signal);
        else await this.rest(Math.max(wait || 2, document.hidden ? HIDDEN : 0), signal);
      } catch (error) {
        signal.throwIfAborted();
        const again = isTransient(error);
        this.update({ error, retrying: again });
        failures++;
        const asked = error instanceof Problem ? error.retryAfter : 0;
        await this.rest(again ? Math.max(asked, backoff(failures)) : Infinity, signal);
      }
    }
  }

  /** Reads the job, and says how many seconds to wait. */
  private async read(signal: AbortSignal): Promise<number> {
    let told: Told<Job> | Unchanged;
    try {
      told = await this.reader.job(this.etag, signal);
    } catch (error) {
      // What was there and is no more was erased, here or by somebody else.
      if (error instanceof Problem && error.status === 404 && this.state.job) {
        this.update({ erased: true, error: null, retrying: false });
        return 0;
      }
      throw error;
    }
    if (!('unchanged' in told)) {
      this.etag = told.etag;
      this.update({ job: told.value, error: null, retrying: false });
    } else if (this.state.error) {
      this.update({ error: null, retrying: false });
    }
    return told.retryAfter;
  }

  /** Follows the events until they end, or the page is hidden. */
  private async follow(signal: AbortSignal): Promise<void> {
    const opened = Date.now();
    const silence = new AbortController();
    const nap = this.newNap();
    const any = AbortSignal.any([signal, silence.signal, nap]);
    let timer = setTimeout(() => silence.abort(), SILENCE * 1000);
    try {
      const answer = await this.reader.events?.(this.lastEvent, any);
      if (!answer?.body || answer.status === 204) {
        // No event will follow, though the job has not ended for us: read it anew, seldom.
        this.lastEvent = null;
        return await this.rest(FIRST_WAIT, signal);
      }
      for await (const event of serverEvents(answer.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE * 1000);
        if (!event.comment && !(await this.happened(event.name, event.id, event.data, signal))) return;
      }
      if (Date.now() - opened < SHORT_STREAM * 1000) this.streams = false;
    } catch (error) {
      signal.throwIfAborted();
      if (nap.aborted || silence.signal.aborted) return; // asked anew at once
      // Whatever stands between us and the stream may let the plain question pass.
      this.streams = false;
      if (error instanceof Problem || error instanceof Unreachable) return;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes an event, and says whether others will follow. */
  private async happened(name: string, id: string | null, data: string, signal: AbortSignal): Promise<boolean> {
    const told = decodeEvent(JSON.parse(data), 'event');
    const known = id !== null && id === this.lastEvent;
    this.lastEvent = id;
    if (name === 'erased' || told.erased) {
      this.update({ erased: true });
      return false;
    }
    const { job } = this.state;
    if (name === 'progress' && job && isRunning(job) && job.status === told.status && job.attempt === told.attempt) {
      const { gpu, queue, progress } = told;
      const { gpu: _, queue: __, progress: ___, ...still } = job;
      this.update({ job: { ...still, ...(gpu && { gpu }), ...(queue && { queue }), ...(progress && { progress }) } });
    } else if (!known) {
      await this.read(signal);
    }
    return !(this.state.job && isEnded(this.state.job));
  }

  private newNap(): AbortSignal {
    if (this.nap.signal.aborted) this.nap = new AbortController();
    return this.nap.signal;
  }

  /** Waits some seconds, or until somebody wakes it. */
  private async rest(seconds: number, signal: AbortSignal): Promise<void> {
    const nap = this.newNap();
    const longest = 2 ** 31 - 1; // what setTimeout holds
    await sleep(Math.min(seconds * 1000, longest), AbortSignal.any([signal, nap])).catch(() => signal.throwIfAborted());
  }
}

/** Seconds before the next question after some without an answer, with jitter against pages that ask in step. */
export function backoff(failures: number, random: () => number = Math.random): number {
  const most = Math.min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT);
  return most * (0.5 + random() / 2);
}

const watches = new Map<string, Watch>();

/** The one watch of a job of one's own: whoever asks for the same job gets the same. */
export function watchOf(reader: Reader, known: Job | null = null): Watch {
  let watch = watches.get(reader.id);
  if (!watch) {
    watch = new Watch(reader, known);
    watches.set(reader.id, watch);
  }
  return watch;
}

/** Forgets what was watched, for the next person who signs in. */
export function forgetWatches(): void {
  watches.clear();
}
