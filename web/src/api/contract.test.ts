import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeDeployment, decodeEvent, decodeJob } from './job';
import { decodeProblem } from './problem';

interface Example {
  name: string;
  accepted: boolean;
  body: unknown;
}

const fixtures = (file: string): Example[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../tests/contract/fixtures', file), 'utf8'));

// The same files that Go and Python read.
describe.each([
  ['jobs.json', decodeJob],
  ['problems.json', decodeProblem],
  ['status.json', decodeDeployment],
  ['live.json', decodeEvent],
] as const)('%s', (file, decode) => {
  it.each(fixtures(file))('$name', ({ accepted, body }) => {
    if (accepted) expect(decode(body, 'body')).toBeTruthy();
    else expect(() => decode(body, 'body')).toThrow(/^body/);
  });
});

const first = fixtures('jobs.json')[0]?.body as Record<string, unknown>;

it('lets members pass that a later API adds', () => {
  expect(decodeJob({ ...first, later: { deep: [1] } }, 'body')).not.toHaveProperty('later');
});

it('gives a ready job no error and a rejected one always one', () => {
  expect(decodeJob(first, 'body')).not.toHaveProperty('error');
  expect(decodeJob({ ...first, status: 'rejected' }, 'body')).toHaveProperty('error.code', 'rejected');
});

it('takes an artifact of any name as an entry, not as a member of Object', () => {
  const artifact = { bytes: 1, sha256: '00', media_type: 'image/png' };
  const job = decodeJob({ ...first, artifacts: JSON.parse(`{"__proto__":${JSON.stringify(artifact)}}`) }, 'body');
  expect([...job.artifacts.keys()]).toEqual(['__proto__']);
});
