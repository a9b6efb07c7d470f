// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readHeader } from '../nifti/header';
import { looksLike } from '../nifti/values';
import { sample, torso } from './sample';

it('is a CT that is sent without a question', async () => {
  const file = gunzipSync(new Uint8Array(await (await sample(32)).arrayBuffer()));
  const header = readHeader(file);
  expect(header).toMatchObject({ dims: [32, 32, 32], spacing: [14, 14, 14], labels: false });
  expect(looksLike(header, file.subarray(header.offset))).toBe('CT');
});

it('is the same on every run', async () => {
  expect(await torso(24)).toEqual(await torso(24));
});

it('is the anatomy of iris sample, but for the noise', async () => {
  const iris = join(import.meta.dirname, '../../../../bin/iris');
  if (!existsSync(iris)) {
    process.stderr.write(`SKIPPED: the sample is not held against iris sample: there is no ${iris}\n`);
    return;
  }
  const path = join(mkdtempSync(join(tmpdir(), 'sample-')), 'a.nii.gz');
  execFileSync(iris, ['sample', '--size', '48', path]);
  const file = gunzipSync(readFileSync(path));
  const { offset } = readHeader(file);
  const theirs = new Int16Array(file.buffer.slice(file.byteOffset + offset, file.byteOffset + offset + 2 * 48 ** 3));
  const ours = await torso(48);
  // Both carry noise of 9 HU: twice its widest sum of four bytes is 2 · 510 · 9 / 147.8.
  let most = 0;
  ours.forEach((value, n) => {
    most = Math.max(most, Math.abs(value - (theirs[n] as number)));
  });
  expect(most).toBeLessThanOrEqual(64);
});
