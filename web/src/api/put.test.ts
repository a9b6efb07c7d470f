import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Unreachable } from './problem';
import { put, STALL } from './put';

/** As much of XMLHttpRequest as put uses; the test says what happens. */
class Request {
  static last: Request;
  upload: { onprogress?: (event: { loaded: number }) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  status = 0;
  headers = '';
  aborted = false;
  open = vi.fn();
  send = vi.fn();
  constructor() {
    Request.last = this;
  }
  getAllResponseHeaders = () => this.headers;
  abort() {
    this.aborted = true;
  }
}
beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('XMLHttpRequest', Request);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const begin = (signal = new AbortController().signal, moved = (_: number) => {}) => {
  const end = put('https://s3/x', new Blob(['abc']), { signal, moved });
  end.catch(() => {});
  return { end, request: Request.last };
};

it('gives the status, the tag and how long to wait, of headers that may be read', async () => {
  const { end, request } = begin();
  request.status = 503;
  request.headers = 'etag: "a:b"\r\nRetry-After: 7\r\n';
  request.onload?.();
  expect(await end).toEqual({ status: 503, etag: '"a:b"', retryAfter: 7 });
  const second = begin();
  second.request.status = 200;
  second.request.onload?.();
  expect(await second.end).toEqual({ status: 200, etag: null, retryAfter: 0 });
});

// wasserth/TotalSegmentator#4, #42, #599: the bar never moves, and nothing ever says so.
it('a transfer that stands still is ended, and one that moves is not', async () => {
  const sent: number[] = [];
  const { end, request } = begin(undefined, (bytes) => sent.push(bytes));
  for (let n = 1; n <= 5; n++) {
    await vi.advanceTimersByTimeAsync(STALL - 1);
    request.upload.onprogress?.({ loaded: n });
  }
  expect(request.aborted).toBe(false);
  expect(sent).toEqual([1, 2, 3, 4, 5]);
  await vi.advanceTimersByTimeAsync(STALL);
  expect(request.aborted).toBe(true);
  await expect(end).rejects.toBeInstanceOf(Unreachable);
});

it('a lost connection is no answer, and an end from outside is that end', async () => {
  const lost = begin();
  lost.request.onerror?.();
  await expect(lost.end).rejects.toBeInstanceOf(Unreachable);
  const stop = new AbortController();
  const stopped = begin(stop.signal);
  stop.abort();
  expect(stopped.request.aborted).toBe(true);
  await expect(stopped.end).rejects.toHaveProperty('name', 'AbortError');
  await expect(begin(stop.signal).end).rejects.toHaveProperty('name', 'AbortError');
});
