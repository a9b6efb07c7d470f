// @vitest-environment node
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { type Chunk, LIMITS, measure } from './budget.ts';

const chunk = (fileName: string, bytes: number, of: Partial<Chunk> = {}): Chunk => ({
  fileName,
  code: randomBytes(bytes).toString('latin1'), // cannot be compressed below its bytes
  isEntry: false,
  imports: [],
  moduleIds: [],
  ...of,
});
const entry = chunk('entry', 10_000, { isEntry: true, imports: ['shared'] });
const shared = chunk('shared', 10_000, { moduleIds: ['/web/src/ui/widgets/Button.tsx'] });
const viewer = chunk('viewer', 20_000, { imports: ['shared'], moduleIds: ['/web/src/viewer/viewer.ts'] });
const slices = chunk('slices', 300_000, { moduleIds: ['/web/src/viewer/slices.ts'] });

it('adds up what a route loads, each chunk once', () => {
  const { upload, viewer: second, problems } = measure([entry, shared, viewer, slices], 500);
  expect(problems).toEqual([]);
  expect(upload).toBeGreaterThan(20_500);
  expect(second).toBeGreaterThan(20_000);
  expect(second).toBeLessThan(upload + 20_000);
});

it.each([
  ['upload', [chunk('entry', LIMITS.upload, { isEntry: true })]],
  ['upload', [entry, shared, chunk('home', LIMITS.upload, { moduleIds: ['/web/src/ui/home/Home.tsx'] })]],
  ['viewer', [entry, shared, chunk('job', LIMITS.viewer, { moduleIds: ['/web/src/ui/job/JobPage.tsx'] })]],
  ['viewer', [entry, shared, { ...viewer, imports: ['three'] }, chunk('three', LIMITS.viewer)]],
  ['three.js', [{ ...entry, moduleIds: ['/web/node_modules/three/build/three.module.js'] }, shared]],
  ['NiiVue', [entry, shared, { ...viewer, imports: ['shared', 'slices'] }, slices]],
])('names the %s route', (names, chunks) => {
  expect(measure(chunks, 0).problems.join()).toContain(names);
});

it('names a decoder of Zarr, which no page of ours needs', () => {
  const zarr = chunk('blosc', 100, { moduleIds: ['/web/node_modules/numcodecs/dist/blosc.js'] });
  expect(measure([entry, shared, zarr], 0).problems.join()).toContain('Zarr');
});
