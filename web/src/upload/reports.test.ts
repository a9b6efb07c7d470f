// @vitest-environment node
// What people reported of other upload pages, rebuilt; the value that is right is kept here.
import { expect, it, vi } from 'vitest';
import { Unreachable } from '../api/problem';
import { type Dropped, fromDrop, MOST_FILES } from './collect';
import { Secret } from './dicom/secret';
import { examine } from './examine';
import { Memory, pageStore } from './memory';
import { prepare } from './prepare';
import { Transfer, type World } from './send/transfer';
import { axial, dicom, type Item } from './testing/dicom';
import { FakeService } from './testing/service';

const secret = new Secret(new Uint8Array(32));
const world = (service: FakeService, memory: Memory): World => ({
  service,
  put: service.put,
  memory,
  online: () => true,
  newKey: () => `key${Math.random()}`,
  now: () => 0,
  random: () => 0,
  sleep: () => Promise.resolve(),
});
const cargo = (name: string, length: number) => ({
  file: new Blob([new Uint8Array(length).fill(name.charCodeAt(0))]),
  as: 'scan.zip',
  options: {},
  fingerprint: name,
  name,
});

// transloadit/uppy#5961: after a reload the list of parts is asked for, and nothing happens any more.
it('a list of parts that is never answered is asked for again', async () => {
  vi.useFakeTimers();
  const service = new FakeService();
  const memory = new Memory(pageStore());
  service.before = (what) => (what === 'put' ? { status: 400, etag: null, retryAfter: 0 } : undefined);
  await new Transfer(world(service, memory), cargo('a', 40), null, () => {}).run().catch(() => {});
  const [row = null] = await memory.unfinished(0);
  service.before = () => undefined;
  const parts = service.parts.bind(service);
  let silent = true;
  service.parts = (id, numbers, ...[signal]: [AbortSignal?]) => {
    if (!silent) return parts(id, numbers);
    silent = false;
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  };
  const end = new Transfer(world(service, memory), cargo('a', 40), row, () => {}).run();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await end).toBe('JOB1');
  vi.useRealTimers();
});

// transloadit/uppy#5230: of several files that were interrupted, one goes on.
it('several interrupted uploads go on, each in its own job', async () => {
  const service = new FakeService();
  const memory = new Memory(pageStore());
  service.before = (what, number) => {
    if (what === 'put' && number === 2) throw new Error('the page was closed');
    return undefined;
  };
  const names = ['a', 'b', 'c'];
  const run = async (name: string) => {
    const row = (await memory.unfinished(0)).find(({ fingerprint }) => fingerprint === name) ?? null;
    return new Transfer(world(service, memory), cargo(name, 40), row, () => {}).run();
  };
  await Promise.allSettled(names.map(run));
  const before = service.came.length;
  service.before = () => undefined;
  const jobs = await Promise.all(names.map(run));
  expect(new Set(jobs).size).toBe(3);
  expect(service.jobs.size).toBe(3);
  const all = service.came.map(({ job, number }) => `${job} ${number}`);
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBe(9);
  expect(before).toBeGreaterThan(0);
});

// transloadit/uppy#2978: an upload is lost with the network, whatever the retries.
it('outlives a network that fails at every second request', async () => {
  const service = new FakeService();
  let n = 0;
  service.before = () => {
    if (n++ % 2 === 0) throw new Unreachable('cut');
    return undefined;
  };
  expect(await new Transfer(world(service, new Memory(pageStore())), cargo('a', 200), null, () => {}).run()).toBe(
    'JOB1',
  );
});

const drop = (files: [string, Blob][]): Dropped[] => files.map(([path, file]) => ({ path, file }));
const slices = (more: Item = []): [string, Blob][] => [0, 1, 2].map((n) => [`a/IM${n}`, dicom(axial(n, more))]);

// wasserth/TotalSegmentator#475: an X-ray with a patient's name was uploaded by mistake. What was kept of it?
it('an X-ray is refused before anything of it leaves the browser', async () => {
  const xray: Item = [
    [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.1'],
    [0x00080060, 'CS', 'CR'],
    [0x00100010, 'PN', 'ZZPHI^Name'],
  ];
  const { scans, refused } = await examine(drop([['x.dcm', dicom(axial(0, xray))]]));
  expect(scans).toEqual([]);
  expect(refused).toEqual([{ path: 'x.dcm', code: 'not_volume', values: { modality: 'CR' } }]);
});

// KitwareMedical/dicom-anonymizer#41: names are left in the directory of a CD.
it('the directory of a CD is not sent, under whatever name', async () => {
  const directory: Item = [
    [0x00041220, 'SQ', [[[0x00100010, 'PN', 'ZZPHI^Name']]]],
    [0x00080016, 'UI', '1.2.840.10008.1.3.10'],
  ];
  const { scans, refused } = await examine(drop([...slices(), ['a/INDEX', dicom(directory)]]));
  expect(scans).toMatchObject([{ series: { count: 3 } }]);
  expect(refused).toEqual([]);
});

// wasserth/TotalSegmentator#50: a page says 500 MB and takes 100.
it('what is larger than is taken is refused before it is sent', async () => {
  const { scans } = await examine(drop(slices()));
  const [scan] = scans;
  if (scan?.is !== 'series') throw new Error('no series');
  const one = scan.series.slices[0];
  if (!one) throw new Error('no slice');
  const large = { ...scan, is: 'nrrd' as const, file: Object.assign(new Blob([]), {}) };
  Object.defineProperty(large.file, 'size', { value: 6 * 2 ** 30 });
  await expect(prepare(large, { secret, anonymous: false })).rejects.toMatchObject({ code: 'too_large' });
});

it('more files than a scan can have are refused by their number', async () => {
  function* many() {
    for (let n = 0; n <= MOST_FILES; n++) yield { path: `${n}`, file: null };
  }
  await expect(examine(many())).rejects.toMatchObject({ code: 'too_many_files' });
});

// Chromium gives the entries of a folder a hundred at a time: pages that ask once lose the others.
it('a folder of more than a hundred files is read to its end', async () => {
  const file = (path: string) => ({
    isFile: true,
    fullPath: `/${path}`,
    file: (take: (file: File) => void, fail: () => void) => (path.endsWith('7') ? fail() : take(new File(['x'], path))),
  });
  const folder = (path: string, inside: unknown[]) => ({
    isFile: false,
    fullPath: `/${path}`,
    createReader: () => {
      const rest = [...inside];
      return { readEntries: (take: (entries: unknown[]) => void) => take(rest.splice(0, 100)) };
    },
  });
  const tree = folder('study', [
    ...Array.from({ length: 250 }, (_, n) => file(`study/${n}`)),
    folder('study/deep', [file('study/deep/1')]),
  ]);
  const items = [
    { kind: 'file', webkitGetAsEntry: () => tree },
    { kind: 'string', webkitGetAsEntry: () => null },
    { kind: 'file', webkitGetAsEntry: () => null, getAsFile: () => new File(['x'], 'lone') },
  ];
  const found: Dropped[] = [];
  for await (const one of fromDrop({ items } as unknown as DataTransfer)) found.push(one);
  expect(found.map(({ path }) => path)).toEqual([
    ...Array.from({ length: 250 }, (_, n) => `study/${n}`),
    'study/deep/1',
    'lone',
  ]);
  expect(found.filter(({ file: one }) => one === null).length).toBe(25);
});
