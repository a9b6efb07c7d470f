// @vitest-environment node
// Cases that others made, from real scanners, and the product's own reader as the judge: of
// de-identified slices it must make the very same volume, or refuse them with the same code.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { HEAD, kindOf } from '../kinds';
import { unzip } from '../pack/unpack';
import { type Entry, zip } from '../pack/zip';
import { latin } from '../text';
import { deidentify } from './deidentify';
import { openDicom } from './file';
import { Secret } from './secret';

const root = join(import.meta.dirname, '../../../..');
const iris = join(root, 'bin/iris');
const shared = join(process.env.IRIS_SHARED ?? join(root, '../shared'), 'imaging');
const cases = ['ok', 'bad', 'found'].flatMap((folder) =>
  existsSync(join(shared, folder))
    ? readdirSync(join(shared, folder))
        .filter((name) => name.endsWith('.zip'))
        .map((name) => join(folder, name))
    : [],
);
const missing = !existsSync(iris) ? `there is no ${iris}` : cases.length === 0 ? `there are no cases in ${shared}` : '';
const folder = mkdtempSync(join(tmpdir(), 'judge-'));
afterAll(() => rmSync(folder, { recursive: true }));
// Loud and no failure: the cases and the program are not on every machine.
const judged = missing ? [] : cases;
it('is held against the product’s reader', () => {
  if (missing)
    process.stderr.write(`SKIPPED: de-identification is not held against the product's reader: ${missing}\n`);
  else expect(judged.length).toBeGreaterThan(90);
});

/** The volume that `iris prepare` makes, or the code with which it refuses. */
function prepared(path: string): Promise<string> {
  return new Promise((resolve) => {
    const out = join(folder, 'out.nii.gz');
    rmSync(out, { force: true });
    execFile(iris, ['prepare', path, out], (error, _, told) =>
      resolve(error ? (/^(\w+):/m.exec(told)?.[1] ?? told) : readFileSync(out).toString('base64')),
    );
  });
}

it.each(judged)('%s', { timeout: 60_000 }, async (name) => {
  const path = join(shared, name);
  const entries: Entry[] = [];
  const secret = new Secret(new Uint8Array(32));
  try {
    for await (const { file } of unzip(new Blob([readFileSync(path)]))) {
      if (kindOf(new Uint8Array(await file.slice(0, HEAD).arrayBuffer())).is !== 'dicom') return;
      const { head, pixels } = await deidentify(await openDicom(file), secret, new Map());
      entries.push({ head, body: pixels });
      expect(latin(head)).not.toContain('ZZPHI');
    }
  } catch (error) {
    // Files that cannot be opened are not sent at all.
    expect(error).toMatchObject({ name: expect.stringMatching(/^(Refused|Damaged)$/) });
    return;
  }
  const made = join(folder, 'made.zip');
  writeFileSync(made, new Uint8Array(await (await zip(entries)).arrayBuffer()));
  expect(await prepared(made)).toBe(await prepared(path));
});
