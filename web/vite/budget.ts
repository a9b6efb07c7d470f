// Budgets of what a browser downloads, checked by the build.
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** The chunks of code, by what a visitor has to load of them. */
export interface Chunk {
  fileName: string;
  code: string;
  isEntry: boolean;
  imports: string[];
  moduleIds: string[];
}

const kB = 1000;
/** In bytes of gzip: the page where one uploads, and what a job's page with its viewer adds. */
export const LIMITS = { upload: 120 * kB, viewer: 180 * kB };

/** The modules with which a route begins; what they import later, when somebody asks for it, is not counted. */
const uploads = /\/src\/(ui\/home\/Home|upload\/uploads)\.tsx?$/;
// A shared job begins with a page of its own in place of JobPage, and goes on with the same.
const views = /\/src\/(ui\/job\/JobPage|ui\/viewer\/Stage|viewer\/viewer)\.tsx?$/;
/** A worker that starts when somebody points at the model. */
const pointing = /tree\.worker/;
const slices = /\/src\/viewer\/slices\.ts$|\/@niivue\//;

export interface Report {
  upload: number;
  viewer: number;
  problems: string[];
}

/** Adds up what each route loads, and says what is over its budget or in the wrong place. */
export function measure(chunks: Chunk[], styles: number): Report {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const closure = (start: Chunk[], without: Set<string>): Set<string> => {
    const found = new Set<string>();
    const walk = (chunk: Chunk | undefined) => {
      if (!chunk || without.has(chunk.fileName) || found.has(chunk.fileName)) return;
      found.add(chunk.fileName);
      for (const name of chunk.imports) walk(byName.get(name));
    };
    for (const chunk of start) walk(chunk);
    return found;
  };
  const size = (names: Set<string>) =>
    [...names].reduce((sum, name) => sum + gzipSync(byName.get(name)?.code ?? '', { level: 9 }).length, 0);
  const has = (chunk: Chunk, of: RegExp) => chunk.moduleIds.some((id) => of.test(id));
  const lazily = chunks.filter((chunk) => has(chunk, slices));
  const first = closure(
    chunks.filter((chunk) => chunk.isEntry || has(chunk, uploads)),
    new Set(),
  );
  const second = closure(
    chunks.filter((chunk) => has(chunk, views) && !lazily.includes(chunk)),
    first,
  );
  const report: Report = { upload: size(first) + styles, viewer: size(second), problems: [] };
  for (const route of ['upload', 'viewer'] as const) {
    if (report[route] > LIMITS[route]) {
      report.problems.push(`the ${route} route has ${report[route]} bytes of gzip: want at most ${LIMITS[route]}`);
    }
  }
  const inside = (names: Set<string>, of: RegExp) => chunks.some((c) => names.has(c.fileName) && has(c, of));
  if (inside(first, /\/node_modules\/three\//)) report.problems.push('three.js is in what the upload page loads');
  // They came with NiiVue, unused: 460 kB (vite/zarr.ts).
  if (chunks.some((one) => has(one, /\/node_modules\/(numcodecs|zarrita)\//)))
    report.problems.push('what decodes Zarr is in the build');
  if (inside(first, slices) || inside(second, slices))
    report.problems.push('NiiVue is loaded before anybody asks for slices');
  return report;
}

/** Fails a build that is over its budget. */
export function budget(): Plugin {
  return {
    name: 'iris-budget',
    apply: 'build',
    writeBundle(_, bundle) {
      const all = Object.values(bundle);
      const assets = all.filter((item) => item.type === 'asset');
      // A worker is a file of its own, which the chunk that starts it names.
      const workers = assets.filter((item) => item.fileName.endsWith('.js') && !pointing.test(item.fileName));
      const chunks: Chunk[] = workers.map(({ fileName, source }) => ({
        fileName,
        code: source.toString(),
        isEntry: false,
        imports: [],
        moduleIds: [],
      }));
      for (const { fileName, code, isEntry, imports, moduleIds } of all.filter((item) => item.type === 'chunk')) {
        const starts = workers.filter((worker) => code.includes(path.basename(worker.fileName)));
        chunks.push({
          fileName,
          code,
          isEntry,
          moduleIds,
          imports: [...imports, ...starts.map((one) => one.fileName)],
        });
      }
      const styles = assets
        .filter((item) => item.fileName.endsWith('.css'))
        .reduce((sum, item) => sum + gzipSync(item.source, { level: 9 }).length, 0);
      const { upload, viewer, problems } = measure(chunks, styles);
      this.info(`gzip: upload page ${upload} of ${LIMITS.upload} bytes, viewer ${viewer} of ${LIMITS.viewer}`);
      if (problems.length > 0) this.error(problems.join('; '));
    },
  };
}
