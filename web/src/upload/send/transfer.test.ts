// @vitest-environment node
import { expect, it } from 'vitest';
import { Problem, Unreachable } from '../../api/problem';
import { Memory, pageStore } from '../memory';
import { FakeService } from '../testing/service';
import { Transfer, type World } from './transfer';

const content = (length: number, seed = 1) => Uint8Array.from({ length }, (_, n) => (n * 7 + seed) % 251);

/** A page with its memory, which outlives it. Time passes only while something sleeps. */
function page(service: FakeService, memory = new Memory(pageStore())) {
  const clock = { now: 0, slept: [] as number[] };
  const state = { online: true };
  const world: World = {
    service,
    put: service.put,
    memory,
    online: () => state.online,
    newKey: () => `key${Math.random()}`,
    now: () => clock.now,
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      clock.now += ms;
      clock.slept.push(ms);
    },
  };
  const send = async (file: Blob, options = {}) => {
    const rows = await memory.unfinished(0);
    const cargo = { file, as: 'scan.zip', options, fingerprint: 'print', name: 'thigh.zip' };
    const transfer = new Transfer(world, cargo, rows.find((row) => row.fingerprint === 'print') ?? null, () => {});
    const end = transfer.run();
    end.catch(() => {});
    return { transfer, end };
  };
  return { world, clock, state, memory, send };
}
const until = async (what: () => boolean) => {
  for (let n = 0; !what(); n++) {
    if (n > 10_000) throw new Error('it never came to be');
    await new Promise((resolve) => setImmediate(resolve));
  }
};

it('sends every part once, four at a time, and starts the job', async () => {
  const service = new FakeService();
  const { send, memory } = page(service);
  const { end, transfer } = await send(new Blob([content(1000)]));
  expect(await end).toBe('JOB1');
  expect(service.came.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 63 }, (_, n) => n + 1),
  );
  expect(service.came.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(1000);
  expect(service.mostFlying).toBe(4);
  expect(service.jobs.get('JOB1')?.status).toBe('received');
  expect(service.asked.filter((what) => what === 'parts').length).toBe(3); // 63 parts, 16 at a time, the first with the plan
  expect(transfer.progress()).toMatchObject({ step: 'finishing', sent: 1000 });
  expect(await memory.unfinished(0)).toEqual([]);
});

it('after a reload sends only what is missing', async () => {
  const service = new FakeService();
  const first = page(service);
  service.before = (what, number) => {
    if (what === 'put' && number >= 3) throw new Unreachable('the connection dropped in part 3');
    return undefined;
  };
  const before = await first.send(new Blob([content(100)]));
  await expect(before.end).rejects.toBeInstanceOf(Unreachable);
  expect(service.came.map(({ number }) => number)).toEqual([1, 2]);
  expect(await first.memory.unfinished(0)).toMatchObject([{ job: 'JOB1', sent: 32, bytes: 100, name: 'thigh.zip' }]);

  service.before = () => undefined;
  const { end } = await page(service, first.memory).send(new Blob([content(100)]));
  expect(await end).toBe('JOB1');
  const sent = new Map<number, number>();
  for (const { number } of service.came) sent.set(number, (sent.get(number) ?? 0) + 1);
  expect([...sent.values()].every((times) => times === 1)).toBe(true); // not a byte again
  expect(sent.size).toBe(7);
  expect(service.jobs.size).toBe(1);
});

it('sends a part again that has other bytes than the file now', async () => {
  const service = new FakeService();
  const first = page(service);
  service.before = (what, number) => {
    if (what === 'put' && number === 4) throw new Problem(400, 'upload_refused', '');
    return undefined;
  };
  await (await first.send(new Blob([content(64)]))).end.catch(() => {});
  service.before = () => undefined;
  const changed = content(64);
  changed[20] = 99; // in part 2
  const already = service.came.length;
  await (await page(service, first.memory).send(new Blob([changed]))).end;
  expect(
    service.came
      .slice(already)
      .map(({ number }) => number)
      .sort(),
  ).toEqual([2, 4]);
});

it('finds the job again whose making was not answered', async () => {
  const service = new FakeService();
  const { send, memory } = page(service);
  const create = service.create.bind(service);
  service.create = async (...args) => {
    await create(...args);
    throw new Problem(400, 'bad_request', 'the page was closed before the answer came');
  };
  await (await send(new Blob([content(20)]))).end.catch(() => {});
  expect(await memory.unfinished(0)).toMatchObject([{ job: null }]);
  service.create = create;
  await (await page(service, memory).send(new Blob([content(20)]))).end;
  expect([...service.jobs.values()].map(({ status }) => status)).toEqual(['received']);
});

it('waits as long as it is asked to, and longer each time where nothing is said', async () => {
  const service = new FakeService();
  const { send, clock } = page(service);
  const answers: (number | 'cut')[] = [503, 429, 500, 'cut', 503];
  service.before = (what, number) => {
    const answer = what === 'put' && number === 1 ? answers.shift() : undefined;
    if (answer === 'cut') throw new Unreachable('cut');
    return answer === undefined ? undefined : { status: answer, etag: null, retryAfter: answer === 429 ? 30 : 0 };
  };
  expect(await (await send(new Blob([content(10)]))).end).toBe('JOB1');
  expect(clock.slept).toEqual([250, 30_000 + 30_000 / 16, 1000, 2000, 4000]);
});

it('gives up after ten failures, and goes on from there when asked again', async () => {
  const service = new FakeService();
  const first = page(service);
  service.before = (what, number) =>
    what === 'put' && number === 2 ? { status: 503, etag: null, retryAfter: 0 } : undefined;
  await expect((await first.send(new Blob([content(30)]))).end).rejects.toMatchObject({ code: 'busy', status: 503 });
  expect(first.clock.slept.length).toBe(9);
  service.before = () => undefined;
  expect(await (await page(service, first.memory).send(new Blob([content(30)]))).end).toBe('JOB1');
  expect(service.came.map(({ number }) => number)).toEqual([1, 2]);
});

it('asks for new URLs when they ran out, without a part sent twice', async () => {
  const service = new FakeService();
  const { send } = page(service);
  service.before = (what, number) => {
    if (what === 'put' && number === 5 && service.refusedBefore === 0) service.refusedBefore = service.signed;
    return undefined;
  };
  expect(await (await send(new Blob([content(16 * 12)]))).end).toBe('JOB1');
  expect(service.came.length).toBe(12);
  expect(service.asked.filter((what) => what === 'parts').length).toBeLessThanOrEqual(3);
});

it('does not try a URL that is a quarter of an hour old', async () => {
  const service = new FakeService();
  const { send, clock } = page(service);
  let tried = 0;
  service.before = (what, number) => {
    if (what === 'put' && number === 1) clock.now += 20 * 60_000; // a laptop that slept
    if (what === 'put') tried++;
    return undefined;
  };
  await (await send(new Blob([content(16 * 8)]))).end;
  expect(tried).toBe(8);
  expect(service.asked.filter((what) => what === 'parts').length).toBe(1);
});

it('stops at a signature that is refused for another reason', async () => {
  const service = new FakeService();
  service.refusedBefore = 1e9;
  await expect((await page(service).send(new Blob([content(20)]))).end).rejects.toMatchObject({ status: 403 });
  expect(service.came).toEqual([]);
});

it('names a storage whose rules hide the tags', async () => {
  const service = new FakeService();
  service.before = (what) => (what === 'put' ? { status: 200, etag: null, retryAfter: 0 } : undefined);
  await expect((await page(service).send(new Blob([content(20)]))).end).rejects.toMatchObject({ code: 'no_etag' });
});

it.each(['paused', 'offline'] as const)('%s, nothing is sent and no try is lost; then it goes on', async (how) => {
  const service = new FakeService();
  const { send, state, clock } = page(service);
  let hold = true;
  service.before = async (what, number) => {
    if (what === 'put' && number === 3 && hold) await new Promise(() => {}); // until the gate closes
    return undefined;
  };
  const { transfer, end } = await send(new Blob([content(16 * 6)]));
  await until(() => service.came.length === 5);
  if (how === 'paused') transfer.gate.pause();
  else {
    state.online = false;
    transfer.gate.look();
  }
  await until(() => service.flying === 0);
  expect(transfer.progress()).toMatchObject({ held: how, sent: 80, speed: null });
  hold = false;
  state.online = true;
  if (how === 'paused') transfer.gate.resume();
  else transfer.gate.look();
  expect(await end).toBe('JOB1');
  expect(service.came.length).toBe(6);
  expect(clock.slept).toEqual([]);
});

it('a failure without a network is no try, also before the browser says that there is none', async () => {
  const service = new FakeService();
  const { send, state, clock } = page(service);
  service.before = (what) => {
    if (what !== 'put' || state.online) return undefined;
    throw new Unreachable('gone');
  };
  const create = service.create.bind(service);
  service.create = async (...args) => {
    const made = await create(...args);
    queueMicrotask(() => {
      state.online = false;
    });
    return made;
  };
  const { transfer, end } = await send(new Blob([content(64)]));
  await until(() => transfer.progress().held === 'offline' && service.flying === 0);
  state.online = true;
  transfer.gate.look();
  expect(await end).toBe('JOB1');
  expect(clock.slept).toEqual([]);
});

it('a cancelled upload ends at once, also while it is paused', async () => {
  const service = new FakeService();
  const { send } = page(service);
  service.before = async (what) => (what === 'put' ? new Promise(() => {}) : undefined);
  const { transfer, end } = await send(new Blob([content(100)]));
  await until(() => service.flying === 4);
  transfer.gate.pause();
  transfer.cancel();
  await expect(end).rejects.toHaveProperty('name', 'AbortError');
  expect(service.flying).toBe(0);
});

it('tells a file that was changed or unplugged from a lost network', async () => {
  const service = new FakeService();
  const gone = new Blob([content(20)]);
  gone.slice = () =>
    ({
      size: 10,
      slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException('', 'NotReadableError')) }),
    }) as unknown as Blob;
  service.before = (what) => {
    if (what === 'put') throw new Unreachable('failed');
    return undefined;
  };
  await expect((await page(service).send(gone)).end).rejects.toMatchObject({ code: 'file_gone' });
});

it('finds the parts missing that the service lost, and sends them', async () => {
  const service = new FakeService();
  const { send } = page(service);
  let lost = false;
  service.before = (what) => {
    if (what === 'complete' && !lost) {
      lost = true;
      service.jobs.get('JOB1')?.parts.delete(2);
    }
    return undefined;
  };
  expect(await (await send(new Blob([content(64)]))).end).toBe('JOB1');
  expect(service.came.map(({ number }) => number)).toEqual([1, 2, 3, 4, 2]);
});

it('an answer to the end that was lost does not send anything again', async () => {
  const service = new FakeService();
  const { send, memory } = page(service);
  const complete = service.complete.bind(service);
  service.complete = async (...args) => {
    await complete(...args);
    throw new Problem(401, 'unauthorized', 'the page was closed before the answer came');
  };
  await (await send(new Blob([content(64)]))).end.catch(() => {});
  expect(await (await page(service, memory).send(new Blob([content(64)]))).end).toBe('JOB1');
  expect(service.came.length).toBe(4);
});

it('makes a new job where the old one ended badly', async () => {
  const service = new FakeService();
  const { send, memory } = page(service);
  service.before = (what) => {
    if (what === 'put') throw new Problem(400, 'upload_refused', '');
    return undefined;
  };
  await (await send(new Blob([content(64)]))).end.catch(() => {});
  const job = service.jobs.get('JOB1');
  if (job) job.status = 'failed';
  service.before = () => undefined;
  expect(await (await page(service, memory).send(new Blob([content(64)]))).end).toBe('JOB2');
});

it('two tabs that send the same file make one job of it', async () => {
  const service = new FakeService();
  const { send, memory } = page(service);
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  service.before = async (what) => {
    if (what === 'put') await held;
    return undefined;
  };
  const one = await send(new Blob([content(64)]));
  await until(() => service.flying === 4);
  // The other tab did not hear of the first one, whose timers slept.
  const other = await page(service, memory).send(new Blob([content(64)]));
  await until(() => service.flying === 8);
  go();
  expect([await one.end, await other.end]).toEqual(['JOB1', 'JOB1']);
  expect(service.jobs.size).toBe(1);
});

it('shows no speed in the first seconds, then that of the last twenty', async () => {
  const service = new FakeService(1000);
  const { send, clock } = page(service);
  const seen: [number, number | null][] = [];
  let started: Awaited<ReturnType<typeof send>> | null = null;
  service.before = (what) => {
    if (what !== 'put') return undefined;
    clock.now += 1000;
    if (started) seen.push([clock.now, started.transfer.progress().speed]);
    return undefined;
  };
  started = await send(new Blob([content(60_000)]));
  await started.end;
  expect(seen.filter(([at]) => at < 5000).every(([, speed]) => speed === null)).toBe(true);
  const [, speed] = seen.at(-1) ?? [];
  expect(speed).toBeGreaterThan(800);
  expect(speed).toBeLessThan(1300);
});
