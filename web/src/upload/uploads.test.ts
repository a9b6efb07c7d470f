// @vitest-environment node
import 'fake-indexeddb/auto';
import { expect, it } from 'vitest';
import { Memory, openStore, pageStore } from './memory';
import { axial, dicom, type Item } from './testing/dicom';
import { nifti } from './testing/nifti';
import { FakeService } from './testing/service';
import { Uploads } from './uploads';

const until = async (what: () => boolean) => {
  for (let n = 0; !what(); n++) {
    if (n > 2000) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

function page(memory = new Memory(pageStore()), service = new FakeService(1000)) {
  const cancelled: string[] = [];
  const elsewhere = new Set<string>();
  const uploads = new Uploads({
    service: Object.assign(service, {
      cancel: async (id: string) => {
        cancelled.push(id);
        return (await service.create('', 1, {}, id)).job;
      },
    }),
    put: service.put,
    memory: Promise.resolve(memory),
    presence: {
      claim: async (fingerprint) => !elsewhere.has(fingerprint) && !elsewhere.has('*'),
      release: () => {},
      elsewhere: async () => elsewhere,
    },
    online: () => true,
    newKey: () => `key${Math.random()}`,
    now: () => 0,
    random: () => 0,
    sleep: () => Promise.resolve(),
  });
  const states = () => uploads.current().uploads.map(({ state }) => state.is);
  return { uploads, service, memory, cancelled, elsewhere, states };
}
const slices = (uid: string, count: number, more: Item = []) =>
  Array.from({ length: count }, (_, n) => ({
    path: `abdomen/${uid}/${n}`,
    file: dicom(axial(n, [[0x0020000e, 'UI', uid], ...more])),
  }));
const ct = (n: number) => (n % 7 === 0 ? -1000 : 40);

it('one scan is sent at once: there is no second click', async () => {
  const { uploads, service, states, memory } = page();
  await uploads.add(slices('1.1', 4, [[0x0008103e, 'LO', 'Portal']]));
  expect(states()).toEqual(['sent']);
  const [upload] = uploads.current().uploads;
  expect(upload).toMatchObject({
    name: 'abdomen · Portal',
    job: 'JOB1',
    anonymous: true,
    shape: { dims: [6, 4, 4], modality: 'CT' },
  });
  expect(service.jobs.get('JOB1')?.status).toBe('received');
  // The name stays here: the service is asked for it in vain.
  expect((await memory.names(0)).get('JOB1')).toMatchObject({ name: 'abdomen · Portal', shape: '6 × 4 × 4 · CT' });
});

it('of several the person chooses, and each that is chosen is a job', async () => {
  const { uploads, service, states } = page();
  await uploads.add([...slices('1.1', 4), ...slices('1.2', 6), ...slices('1.3', 3)]);
  expect(states()).toEqual(['choose']);
  const [{ id, state } = { id: 0, state: null }] = uploads.current().uploads;
  if (state?.is !== 'choose') throw new Error('nothing to choose');
  expect(state.offers.map(({ shape }) => shape?.dims[2])).toEqual([6, 4, 3]);
  uploads.choose(id, [0, 2]);
  await until(() => states().every((is) => is === 'sent') && states().length === 2);
  expect(service.jobs.size).toBe(2);
});

it('takes the volume among what was made from it, and says what it left out', async () => {
  const { uploads, states } = page();
  await uploads.add([...slices('1.1', 4), ...slices('1.2', 6, [[0x00080008, 'CS', 'DERIVED\\SECONDARY\\MPR']])]);
  expect(states()).toEqual(['sent']);
  expect(uploads.current().refused.map(({ code }) => code)).toEqual(['left_out']);
});

it('asks before it sends a series of which slices cannot be read', async () => {
  const { uploads, states } = page();
  await uploads.add([...slices('1.1', 4), { path: 'abdomen/1.1/9', file: new Blob([]) }]);
  expect(states()).toEqual(['choose']);
});

it('asks what a scan is whose values are none of a CT', async () => {
  const { uploads, states, service } = page();
  let options: unknown;
  const create = service.create.bind(service);
  service.create = (...args) => {
    options = args[2];
    return create(...args);
  };
  await uploads.add([{ path: 'brain.nii', file: new Blob([nifti({ value: (n) => n * 5 })]) }]);
  expect(states()).toEqual(['modality']);
  uploads.answer(uploads.current().uploads[0]?.id ?? 0, 'MR');
  await until(() => states()[0] === 'sent');
  expect(options).toEqual({ modality: 'MR' });
  await uploads.add([{ path: 'ct.nii', file: new Blob([nifti({ value: ct })]) }]);
  expect(options).toEqual({});
});

it('an interrupted upload is shown after a reload, and goes on when its file is picked again', async () => {
  const memory = new Memory(await openStore('reload'));
  const service = new FakeService(1000);
  const first = page(memory, service);
  service.before = (what, number) =>
    what === 'put' && number === 3 ? { status: 400, etag: null, retryAfter: 0 } : undefined;
  await first.uploads.add(slices('1.1', 4));
  expect(first.uploads.current().uploads[0]?.state).toMatchObject({ is: 'failed', code: 'upload_refused' });
  const before = service.came.length;
  service.before = () => undefined;

  const second = page(new Memory(await openStore('reload')), service);
  await second.uploads.remember();
  expect(second.uploads.current().interrupted).toMatchObject([{ name: 'abdomen', job: 'JOB1' }]);
  await second.uploads.add(slices('1.1', 4).reverse());
  expect(second.states()).toEqual(['sent']);
  expect(second.uploads.current().interrupted).toEqual([]);
  expect(service.jobs.size).toBe(1);
  const numbers = service.came.map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length); // not a part twice
  expect(numbers.length).toBeGreaterThan(before);
});

it('an upload that is given up is forgotten, and its job cancelled', async () => {
  const { uploads, service, memory, cancelled } = page();
  service.before = (what) => (what === 'put' ? { status: 400, etag: null, retryAfter: 0 } : undefined);
  await uploads.add(slices('1.1', 4));
  const [upload] = uploads.current().uploads;
  await uploads.cancel(upload?.id ?? 0);
  expect(uploads.current().uploads).toEqual([]);
  expect(await memory.unfinished(0)).toEqual([]);
  expect(cancelled).toEqual(['JOB1']);
});

it('a failed upload goes on from where it was', async () => {
  const { uploads, service, states } = page();
  service.before = (what, number) =>
    what === 'put' && number === 2 ? { status: 400, etag: null, retryAfter: 0 } : undefined;
  await uploads.add(slices('1.1', 4));
  expect(states()).toEqual(['failed']);
  service.before = () => undefined;
  uploads.retry(uploads.current().uploads[0]?.id ?? 0);
  await until(() => states()[0] === 'sent');
  expect(service.came.filter(({ number }) => number === 1).length).toBe(1);
});

it('says that another tab is sending it', async () => {
  const { uploads, elsewhere } = page();
  elsewhere.add('*');
  await uploads.add(slices('1.1', 4));
  expect(uploads.current().uploads[0]?.state).toMatchObject({ is: 'failed', code: 'elsewhere' });
});

it('closes while it still reads, and nothing comes after', async () => {
  const { uploads } = page();
  let go = () => {};
  const wait = new Promise<void>((resolve) => {
    go = resolve;
  });
  async function* slowly() {
    yield slices('1.1', 4)[0] as { path: string; file: File };
    await wait;
    yield* slices('1.1', 4);
  }
  const reading = uploads.add(slowly());
  await until(() => uploads.current().uploads.length === 1);
  await uploads.cancel(uploads.current().uploads[0]?.id ?? 0);
  go();
  await reading;
  expect(uploads.current().uploads).toEqual([]);
});

it('keeps its salt, and forgets what is old', async () => {
  const store = await openStore('old');
  const memory = new Memory(store);
  const salt = await memory.salt();
  expect(salt.length).toBe(32);
  expect(await new Memory(await openStore('old')).salt()).toEqual(salt);
  const day = 86_400_000;
  await memory.keep({ fingerprint: 'a', key: '', job: null, name: '', bytes: 1, sent: 0, at: 0 });
  await memory.name({ job: 'J', name: 'x', shape: '', at: 0 });
  expect([(await memory.unfinished(day)).length, (await memory.names(day)).size]).toEqual([1, 1]);
  expect([(await memory.unfinished(3 * day)).length, (await memory.names(91 * day)).size]).toEqual([0, 0]);
  expect(await store.all('unfinished')).toEqual([]);
});
