// Bytes to a signed URL of S3. XMLHttpRequest because fetch does not tell how much was sent.

import { Unreachable } from './problem';

export interface Put {
  status: number;
  /** Null where S3's CORS rules do not expose it. */
  etag: string | null;
  /** Seconds that the storage asks to wait; 0 where it does not. */
  retryAfter: number;
}

export interface Putting {
  signal: AbortSignal;
  /** Called with the bytes of this body that were sent so far. */
  moved: (bytes: number) => void;
}

/** How long a transfer may stand still: a connection that a router dropped stays silent for ever. */
export const STALL = 60_000;

/** Sends a body. Rejects with Unreachable when no answer came, also when nothing moved for too long. */
export function put(url: string, body: Blob, { signal, moved }: Putting): Promise<Put> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout>;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => fail(new Unreachable('nothing moved for too long')), STALL);
    };
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    const fail = (reason: unknown) => {
      end();
      reject(reason);
      request.abort();
    };
    const stop = () => fail(signal.reason);
    signal.addEventListener('abort', stop);
    request.open('PUT', url);
    request.upload.onprogress = ({ loaded }) => {
      alive();
      moved(loaded);
    };
    request.onload = () => {
      end();
      const { etag = null, 'retry-after': said = '' } = exposed(request);
      const retryAfter = /^\d+$/.test(said) ? Math.min(Number(said), 600) : 0;
      resolve({ status: request.status, etag, retryAfter });
    };
    request.onerror = () => fail(new Unreachable('the connection failed'));
    alive();
    request.send(body);
  });
}

/** The headers that another origin lets us see: to ask for one that it hides is an error in the console. */
function exposed(request: XMLHttpRequest): Record<string, string> {
  const lines = request
    .getAllResponseHeaders()
    .trim()
    .split(/[\r\n]+/);
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
}
