import { afterEach, expect, it, vi } from 'vitest';
import { addressOf, readArtifact } from './artifact';
import { Client } from './client';
import { isTransient, Problem, Unreachable } from './problem';

const client = new Client('https://api.example');
client.token = 'who';
const signed = { url: 'https://s3.example/x?X-Amz-Signature=1', expires_at: '2026-01-02T03:04:05Z' };

function answers(...all: (Response | Error)[]) {
  const asked: [string, RequestInit | undefined][] = [];
  vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
    asked.push([url, init]);
    const next = all.shift();
    if (!next) throw new Error(`no answer left for ${url}`);
    if (!(next instanceof Response)) throw next;
    return next;
  });
  return asked;
}
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('sends the token to the API and never to S3, and no redirect is followed', async () => {
  const asked = answers(Response.json(signed), new Response('model'));
  const counted: number[] = [];
  const bytes = await readArtifact(client.reader('01J'), 'view.glb', { onBytes: (n) => counted.push(n) });
  expect(new TextDecoder().decode(bytes)).toBe('model');
  expect(counted.at(-1)).toBe(5);
  const [[api, first] = [], [s3, second] = []] = asked;
  expect(api).toBe('https://api.example/v1/jobs/01J/artifacts/view.glb');
  expect(first?.headers).toMatchObject({ Authorization: 'Bearer who', Accept: 'application/json' });
  expect(first?.redirect).toBe('error');
  expect(s3).toBe(signed.url);
  expect(second?.headers).toBeUndefined();
});

it('waits for an export that is being made', async () => {
  vi.useFakeTimers();
  const asked = answers(
    Response.json({ status: 'exporting' }, { status: 202, headers: { 'Retry-After': '3' } }),
    Response.json(signed),
  );
  const address = addressOf(client.reader('01J'), 'model.glb', { structures: ['Node, left', 'a&b'], format: 'stl' });
  await vi.advanceTimersByTimeAsync(2999);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await address).toBe(signed.url);
  const query = new URL(asked[0]?.[0] ?? '').searchParams;
  expect(query.getAll('structure')).toEqual(['Node, left', 'a&b']);
  expect(query.get('format')).toBe('stl');
});

it('asks for a shared artifact with the token of the share alone, and in no address', async () => {
  const asked = answers(Response.json(signed));
  await addressOf(client.sharedReader('01J', 'iris_share_x'), 'view.glb');
  expect(asked[0]?.[0]).toBe('https://api.example/v1/shared/01J/artifacts/view.glb');
  expect(asked[0]?.[1]?.headers).toMatchObject({ Authorization: 'Bearer iris_share_x' });
});

it.each([
  [
    'a problem',
    Response.json({ title: 'x', status: 409, code: 'not_ready', detail: 'd' }, { status: 409 }),
    'not_ready',
    false,
  ],
  ['a proxy', new Response('<html>', { status: 502 }), 'busy', true],
  [
    'a problem without a code',
    Response.json({ title: 'x', status: 404, detail: 'd' }, { status: 404 }),
    'not_found',
    false,
  ],
] as const)('names the refusal of %s', async (_, answer, code, again) => {
  answers(answer);
  const error = await addressOf(client.reader('01J'), 'view.glb').catch((e: unknown) => e);
  expect(error).toBeInstanceOf(Problem);
  expect(error).toHaveProperty('code', code);
  expect(isTransient(error)).toBe(again);
});

it('tells a lost network from a refusal, and leaves an abort as it is', async () => {
  answers(new TypeError('Failed to fetch'), new DOMException('x', 'AbortError'));
  await expect(addressOf(client.reader('01J'), 'view.glb')).rejects.toBeInstanceOf(Unreachable);
  const gone = AbortSignal.abort();
  await expect(addressOf(client.reader('01J'), 'view.glb', {}, gone)).rejects.toHaveProperty('name', 'AbortError');
});
