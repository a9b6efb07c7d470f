// @vitest-environment node
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Client } from './client';

const HERE = Date.parse('2026-01-02T03:00:00Z');

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// openshift/origin 2568, buildbot/buildbot 3457 and ParabolInc/parabol 13353: a clock that is off made times
// negative, or too long.
describe('the clock', () => {
  const off = async (...dates: (string | null)[]) => {
    vi.useFakeTimers({ now: HERE });
    const client = new Client('https://api.example');
    for (const date of dates) {
      vi.stubGlobal('fetch', async () =>
        Response.json({ jobs: [], next: null }, date ? { headers: { Date: date } } : {}),
      );
      await client.list();
    }
    return client.now() - HERE;
  };

  it('is the server’s, however late it is here', async () => {
    expect(await off('Fri, 02 Jan 2026 03:05:00 GMT')).toBe(300_500);
    expect(await off('Fri, 02 Jan 2026 02:00:00 GMT')).toBe(-3_599_500);
  });
  it('is this computer’s where the server’s is as late, or is not told', async () => {
    expect(await off('Fri, 02 Jan 2026 03:00:00 GMT')).toBe(0);
    expect(await off('Fri, 02 Jan 2026 02:59:58 GMT')).toBe(0);
    expect(await off(null)).toBe(0);
    expect(await off('yesterday')).toBe(0);
  });
  it('follows a clock that is put right', async () => {
    expect(await off('Fri, 02 Jan 2026 03:05:00 GMT', null)).toBe(300_500);
    expect(await off('Fri, 02 Jan 2026 03:05:00 GMT', 'Fri, 02 Jan 2026 03:00:00 GMT')).toBe(0);
  });
});
