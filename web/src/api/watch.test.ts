import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reader, Told } from './client';
import { decodeJob, type Job } from './job';
import { Problem, Unreachable } from './problem';
import { backoff, Watch } from './watch';

const time = '2026-01-02T03:04:05Z';
function job(status: string, extra: object = {}): Job {
  const common = { id: 'a', attempt: 1, options: { task: 'tissue', fast: false }, created_at: time, updated_at: time };
  const rest = { expires_at: time, stages: [], artifacts: {}, structures: [], warnings: [], error: null, cost_usd: 0 };
  return decodeJob({ ...common, ...rest, status, ...extra }, 'job');
}
const told = (value: Job, etag = 'e', retryAfter = 2): Told<Job> => ({ value, etag, retryAfter });
const event = (name: string, id: string, status: string, extra: object = {}) =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify({ id: 'a', status, attempt: 1, artifacts: [], error: null, erased: false, ...extra })}\n\n`;

/** A reader that gives the answers in turn, each an error to throw or what to tell, and counts. */
function readerOf(answers: (Told<Job> | { unchanged: true; retryAfter: number } | Error)[], events?: Reader['events']) {
  const tags: (string | null)[] = [];
  const reader: Reader = {
    id: 'a',
    shared: false,
    job: async (etag) => {
      tags.push(etag);
      const next = answers.shift();
      if (!next) throw new Error('asked too often');
      if (next instanceof Error) throw next;
      return next;
    },
    sign: async () => ({ wait: 1 }),
    ...(events && { events }),
  };
  return { reader, tags };
}

let hidden = false;
const stops: (() => void)[] = [];
function follow(reader: Reader) {
  const watch = new Watch(reader);
  stops.push(watch.subscribe(() => {}));
  return watch;
}
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

beforeEach(() => {
  hidden = false;
  vi.useFakeTimers();
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
});
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('asking', () => {
  it('asks with the tag when Retry-After is over, and no more after the end', async () => {
    const { reader, tags } = readerOf([
      told(job('preparing'), 'one', 7),
      { unchanged: true, retryAfter: 3 },
      told(job('ready'), 'two', 0),
    ]);
    const watch = follow(reader);
    await pass(6.9);
    expect(tags).toEqual([null]);
    await pass(0.2);
    expect(tags).toEqual([null, 'one']);
    await pass(3);
    expect(watch.current().job?.status).toBe('ready');
    await pass(3600);
    expect(tags).toHaveLength(3);
  });

  it('asks seldom while the page is hidden, and at once when it is seen again', async () => {
    hidden = true;
    const { reader, tags } = readerOf([told(job('warming')), told(job('warming')), told(job('ready'))]);
    follow(reader);
    await pass(29);
    expect(tags).toHaveLength(1);
    await pass(2);
    expect(tags).toHaveLength(2);
    hidden = false;
    document.dispatchEvent(new Event('visibilitychange'));
    await pass(0);
    expect(tags).toHaveLength(3);
  });

  it('keeps what it knows while no answer comes, and goes on by itself', async () => {
    const { reader } = readerOf([
      told(job('meshing')),
      new Unreachable('net'),
      new Problem(503, 'busy', '', 9),
      told(job('ready')),
    ]);
    const watch = follow(reader);
    await pass(2.1);
    expect(watch.current()).toMatchObject({ job: { status: 'meshing' }, retrying: true });
    await pass(1.1);
    expect(watch.current().error).toHaveProperty('code', 'busy');
    await pass(9.1);
    expect(watch.current()).toMatchObject({ job: { status: 'ready' }, error: null, retrying: false });
  });

  it('stops at a refusal until it is woken', async () => {
    const { reader, tags } = readerOf([new Problem(401, 'unauthorized', ''), told(job('ready'))]);
    const watch = follow(reader);
    await pass(3600);
    expect(watch.current()).toMatchObject({ job: null, retrying: false });
    expect(tags).toHaveLength(1);
    watch.wake();
    await pass(0);
    expect(watch.current().job?.status).toBe('ready');
  });

  it('takes a job that was there and is not found any more as erased', async () => {
    const { reader } = readerOf([told(job('meshing')), new Problem(404, 'not_found', '')]);
    const watch = follow(reader);
    await pass(3);
    expect(watch.current()).toMatchObject({ erased: true, error: null });
  });

  it('asks no more for a job that this page erased', async () => {
    const { reader, tags } = readerOf([told(job('ready'))]);
    const watch = follow(reader);
    await pass(0);
    watch.gone();
    await pass(3600);
    expect(watch.current().erased).toBe(true);
    expect(tags).toHaveLength(1);
  });

  it('goes on after an end when another attempt is taken', async () => {
    const { reader, tags } = readerOf([told(job('rejected')), told(job('preparing'))]);
    const watch = follow(reader);
    await pass(0);
    watch.take(job('received', { attempt: 2 }));
    await pass(0);
    expect(tags).toEqual([null, null]);
    expect(watch.current().job?.status).toBe('preparing');
  });

  it('asks nothing when nobody listens', async () => {
    const { reader, tags } = readerOf([told(job('meshing'))]);
    new Watch(reader).subscribe(() => {})();
    await pass(3600);
    expect(tags.length).toBeLessThanOrEqual(1);
  });
});

describe('events', () => {
  /** A stream that stays open, into which a test writes. */
  function open() {
    let write: ReadableStreamDefaultController<Uint8Array> | undefined;
    const asked: (string | null)[] = [];
    const events: Reader['events'] = async (last, signal) => {
      asked.push(last);
      const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
        write = controller;
        signal.addEventListener('abort', () => controller.error(signal.reason)); // as fetch does
      };
      return new Response(new ReadableStream<Uint8Array>({ start }));
    };
    return {
      events,
      asked,
      send: (text: string) => write?.enqueue(new TextEncoder().encode(text)),
    };
  }

  it('reads the job at each change, and takes counts from the event itself', async () => {
    const stream = open();
    const { reader, tags } = readerOf(
      [told(job('segmenting')), told(job('segmenting'), 'two'), told(job('ready'))],
      stream.events,
    );
    const watch = follow(reader);
    await pass(0);
    stream.send(event('job', '1', 'segmenting'));
    await pass(0);
    expect(tags).toEqual([null, 'e']);
    stream.send(event('progress', '2', 'segmenting', { progress: { done: 3, total: 9, unit: 'tiles' } }));
    await pass(0);
    expect(tags).toHaveLength(2);
    expect(watch.current().job).toMatchObject({ progress: { done: 3, total: 9 } });
    stream.send(event('end', '3', 'ready'));
    await pass(0);
    expect(watch.current().job?.status).toBe('ready');
    await pass(3600);
    expect(stream.asked).toHaveLength(1);
  });

  it('asks instead where each reply ends after one event, as in the cloud', async () => {
    let opened = 0;
    const events: Reader['events'] = async () => {
      opened++;
      return new Response(`retry: 2000\n${event('job', '1', 'warming')}`);
    };
    const { reader, tags } = readerOf(
      [told(job('warming')), told(job('warming')), told(job('warming'), 'e', 5), told(job('ready'))],
      events,
    );
    const watch = follow(reader);
    await pass(5.1);
    expect(opened).toBe(1);
    expect(tags).toHaveLength(4);
    expect(watch.current().job?.status).toBe('ready');
  });

  it('opens a stream anew when it has been silent for longer than comments are apart', async () => {
    const stream = open();
    const { reader } = readerOf([told(job('warming')), told(job('warming')), told(job('warming'))], stream.events);
    follow(reader);
    await pass(0);
    stream.send(event('job', '1', 'warming'));
    await pass(44);
    stream.send(': still here\n\n');
    await pass(44);
    expect(stream.asked).toEqual([null]);
    await pass(2);
    expect(stream.asked).toEqual([null, '1']);
  });

  // joshmossas/event-source-plus#26, EventSource/eventsource#291: after the second break an old id was sent, or none.
  it('says at each new stream which event came last', async () => {
    const stream = open();
    const { reader } = readerOf(
      Array.from({ length: 8 }, () => told(job('warming'))),
      stream.events,
    );
    follow(reader);
    await pass(0);
    for (const id of ['1', '2', '3']) {
      stream.send(event('job', id, 'warming'));
      await pass(46);
    }
    expect(stream.asked).toEqual([null, '1', '2', '3']);
  });

  // EventSource/eventsource#14: whoever answers 204 is not to be asked for a stream again and again.
  it('reads the job where no event will follow, and asks no stream in between', async () => {
    let opened = 0;
    const { reader, tags } = readerOf([told(job('meshing')), told(job('ready'))], async () => {
      opened++;
      return new Response(null, { status: 204 });
    });
    const watch = follow(reader);
    await pass(30);
    expect(watch.current().job?.status).toBe('ready');
    expect([opened, tags.length]).toEqual([1, 2]);
  });

  it('says that the job is erased', async () => {
    const stream = open();
    const { reader } = readerOf([told(job('warming'))], stream.events);
    const watch = follow(reader);
    await pass(0);
    stream.send(event('erased', '9', 'warming', { erased: true }));
    await pass(0);
    expect(watch.current().erased).toBe(true);
  });
});

it('waits between half a second and half a minute', () => {
  expect(backoff(1, () => 0)).toBe(0.5);
  expect(backoff(50, () => 1)).toBe(30);
});

it('begins with what somebody else was told of the job, and asks for it all the same', async () => {
  const asked = vi.fn(async () => ({ value: job('ready', { attempt: 2 }), etag: '"2"', retryAfter: 0 }));
  const watch = new Watch({ id: 'a', shared: false, job: asked, sign: async () => ({ wait: 1 }) }, job('ready'));
  expect(watch.current().job?.attempt).toBe(1);
  stops.push(watch.subscribe(() => {}));
  await vi.waitFor(() => expect(watch.current().job?.attempt).toBe(2));
  expect(asked.mock.calls.map(([etag]: unknown[]) => etag)).toEqual([null]);
});
