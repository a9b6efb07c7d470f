import { type Decoder, integer, object, text } from './decode';

/** The API's refusal, RFC 9457. Its code is stable, and docs/errors.md explains each. */
export const decodeProblem: Decoder<{ title: string; status: number; code: string; detail: string }> = object({
  title: text,
  status: integer,
  code: text,
  detail: text,
});

/** The API refused a request. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** Seconds after which it may be asked again; 0 where the answer does not say it. */
    readonly retryAfter = 0,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'Problem';
  }
}

/** No answer came: no network, no server, or one that browsers do not let us read. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('no answer', { cause });
    this.name = 'Unreachable';
  }
}

/** What is worth asking for again without a change: the moment's fault, not the request's. */
export function isTransient(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof Problem && (error.status >= 500 || error.status === 429 || error.status === 408);
}

/** The problem of an answer that is no success. A proxy's answer, which is none of ours, is named by its status. */
export async function problemOf(answer: Response): Promise<Problem> {
  const wait = retryAfter(answer);
  try {
    const told = decodeProblem(await answer.json(), 'problem');
    return new Problem(answer.status, told.code, told.detail, wait);
  } catch {
    return new Problem(answer.status, byStatus(answer.status), answer.statusText, wait);
  }
}

function byStatus(status: number): string {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'insufficient_scope';
  if (status === 404) return 'not_found';
  return status === 429 || status === 502 || status === 503 || status === 504 ? 'busy' : 'internal';
}

/** Seconds of Retry-After, which may also be a date (RFC 9110 §10.2.3); at most ten minutes, 0 where there is none. */
export function retryAfter(answer: Response): number {
  const said = answer.headers.get('Retry-After');
  if (said === null) return 0;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 600) : 0;
}
