import { type Decoder, Malformed, object, text, time } from './decode';
import {
  type Created,
  type Deployment,
  decodeCreated,
  decodeDeployment,
  decodeJob,
  decodeJobList,
  decodeUploadPlan,
  type Job,
  type JobList,
  type Options,
  type UploadPlan,
} from './job';
import { problemOf, retryAfter, Unreachable } from './problem';
import { decodeReceipt, decodeShared, decodeShares, type Receipt, type Share, type Shared } from './receipt';

/** Options as POST takes them: any of them. */
export type OptionsInput = Partial<Options>;

/** A job, the tag of this state of it, and how many seconds to wait before it is asked for again. */
export interface Told<T> {
  value: T;
  etag: string | null;
  retryAfter: number;
}
export type Unchanged = { unchanged: true; retryAfter: number };

export interface ExportQuery {
  structures?: string[];
  format?: string;
}

/** Where a file lies for some minutes. */
export type Signed = ReturnType<typeof signed>;
const signed = object({ url: text, expires_at: time });

/** What reads one job: its owner, or whoever holds the token of a share. */
export interface Reader {
  readonly id: string;
  /** True where nothing may be changed or exported. */
  readonly shared: boolean;
  job(etag: string | null, signal?: AbortSignal): Promise<Told<Job> | Unchanged>;
  /** Signs an artifact, or an export of it; null while the export is being made. */
  sign(name: string, query?: ExportQuery, signal?: AbortSignal): Promise<Signed | { wait: number }>;
  /** Events as the server sends them, where this reader may have them. */
  events?(lastEventId: string | null, signal: AbortSignal): Promise<Response>;
}

interface Call {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** In place of the token that is signed in. */
  token?: string;
}

const SLOW = 3000; // ms

/** The API at an address ('' is the page's own origin). Nothing else of the page speaks to it. */
export class Client {
  /** The token of who is signed in; it lives in memory only. */
  token: string | null = null;
  /** Gets another token when the one that is signed in is refused; true where there is one. */
  renew: (() => Promise<boolean>) | null = null;

  /** How far the server's clock is ahead of this computer's, in ms. */
  private ahead = 0;

  constructor(public base: string) {}

  /** The time by the server's clock, in ms. */
  now = (): number => Date.now() + this.ahead;

  private async call(path: string, call: Call = {}): Promise<Response> {
    let answer = await this.send(path, call);
    // Tokens end in the middle of a look at a model: nothing is asked of the person for that.
    const ours = call.token === undefined && this.token !== null;
    if (answer.status === 401 && ours && (await this.renew?.())) answer = await this.send(path, call);
    if (!answer.ok && answer.status !== 304) throw await problemOf(answer);
    return answer;
  }

  private async send(path: string, { method = 'GET', body, headers = {}, signal, token }: Call): Promise<Response> {
    const bearer = token ?? this.token;
    try {
      const answer = await fetch(this.base + path, {
        method,
        headers: {
          Accept: 'application/json',
          ...(bearer !== null && { Authorization: `Bearer ${bearer}` }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
        // A redirect of an artifact would lead to S3 with headers that it refuses.
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        credentials: 'omit',
      });
      this.setClock(answer.headers.get('Date'));
      return answer;
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new Unreachable(error);
    }
  }

  /** Learns how late it is at the server, which says it in whole seconds. A way of a second or two is no difference. */
  private setClock(date: string | null): void {
    const ahead = Date.parse(date ?? '') + 500 - Date.now();
    if (!Number.isNaN(ahead)) this.ahead = Math.abs(ahead) > SLOW ? ahead : 0;
  }

  private async read<T>(decode: Decoder<T>, path: string, call?: Call): Promise<T> {
    return decoded(decode, await this.call(path, call));
  }

  private async told<T>(
    decode: Decoder<T>,
    path: string,
    etag: string | null,
    call: Call,
  ): Promise<Told<T> | Unchanged> {
    const headers = { ...call.headers, ...(etag !== null && { 'If-None-Match': etag }) };
    const answer = await this.call(path, { ...call, headers });
    if (answer.status === 304) return { unchanged: true, retryAfter: retryAfter(answer) };
    const value = await decoded(decode, answer);
    return { value, etag: answer.headers.get('ETag'), retryAfter: retryAfter(answer) };
  }

  /** Makes a job that awaits its file. The same key with the same body is the same job. */
  create(file: string, bytes: number, options: OptionsInput, key: string, signal?: AbortSignal): Promise<Created> {
    const body = { file, bytes, options };
    return this.read(decodeCreated, '/v1/jobs', { method: 'POST', body, headers: { 'Idempotency-Key': key }, signal });
  }

  /** Signs parts; without numbers it says which have arrived and signs the first that have not. */
  parts(id: string, numbers?: number[], signal?: AbortSignal): Promise<UploadPlan> {
    const body = numbers ? { numbers } : {};
    return this.read(decodeUploadPlan, `${at(id)}/parts`, { method: 'POST', body, signal });
  }

  complete(id: string, parts: { number: number; etag: string }[], signal?: AbortSignal): Promise<Job> {
    return this.read(decodeJob, `${at(id)}/complete`, { method: 'POST', body: { parts }, signal });
  }

  list(query: { cursor?: string; limit?: number; key?: string } = {}, signal?: AbortSignal): Promise<JobList> {
    return this.read(decodeJobList, `/v1/jobs${search(query)}`, { signal });
  }

  /** The newest jobs, when they are others than those of a tag. */
  jobs(etag: string | null, signal?: AbortSignal): Promise<Told<JobList> | Unchanged> {
    return this.told(decodeJobList, '/v1/jobs', etag, { signal });
  }

  cancel(id: string): Promise<Job> {
    return this.read(decodeJob, `${at(id)}/cancel`, { method: 'POST' });
  }

  /** Another attempt at a rejected or failed job. What options do not name stays. */
  retry(id: string, options: OptionsInput): Promise<Job> {
    return this.read(decodeJob, `${at(id)}/retry`, { method: 'POST', body: { options } });
  }

  /** Meshes a ready job's segmentation again, without the GPU. */
  remesh(id: string, options: OptionsInput): Promise<Job> {
    return this.read(decodeJob, `${at(id)}/remesh`, { method: 'POST', body: { options } });
  }

  async erase(id: string): Promise<void> {
    await this.call(at(id), { method: 'DELETE' });
  }

  receipt(id: string, signal?: AbortSignal): Promise<Receipt> {
    return this.read(decodeReceipt, `${at(id)}/receipt`, { signal });
  }

  async shares(id: string, signal?: AbortSignal): Promise<Share[]> {
    return (await this.read(decodeShares, `${at(id)}/share`, { signal })).shares;
  }

  share(id: string, expiresIn: number, artifacts?: string[]): Promise<Shared> {
    const body = { expires_in: expiresIn, ...(artifacts && { artifacts }) };
    return this.read(decodeShared, `${at(id)}/share`, { method: 'POST', body });
  }

  /** Takes back one share, or all. */
  async revoke(id: string, share?: string): Promise<void> {
    await this.call(`${at(id)}/share${search({ id: share })}`, { method: 'DELETE' });
  }

  /** How the deployment is; null from an API that does not say it. */
  deployment(etag: string | null, signal?: AbortSignal): Promise<Told<Deployment> | Unchanged> {
    return this.told(decodeDeployment, '/v1/status', etag, { signal });
  }

  /** Reads a job as its owner. */
  reader(id: string): Reader {
    return {
      id,
      shared: false,
      job: (etag, signal) => this.told(decodeJob, at(id), etag, { signal }),
      sign: (name, query, signal) => this.sign(`${at(id)}/artifacts/${encodeURIComponent(name)}`, query, { signal }),
      events: (last, signal) =>
        this.call(`${at(id)}/events`, {
          headers: { Accept: 'text/event-stream', ...(last !== null && { 'Last-Event-ID': last }) },
          signal,
        }),
    };
  }

  /** Reads a job by the token of a share, which goes into no address. */
  sharedReader(id: string, token: string): Reader {
    const path = `/v1/shared/${encodeURIComponent(id)}`;
    return {
      id,
      shared: true,
      job: (etag, signal) => this.told(decodeJob, path, etag, { token, signal }),
      sign: (name, _, signal) => this.sign(`${path}/artifacts/${encodeURIComponent(name)}`, {}, { token, signal }),
    };
  }

  private async sign(path: string, query: ExportQuery = {}, call: Call): Promise<Signed | { wait: number }> {
    const { structures = [], format } = query;
    const answer = await this.call(path + search({ structure: structures, format }), call);
    if (answer.status === 202) return { wait: retryAfter(answer) || 2 };
    return decoded(signed, answer);
  }
}

const at = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;

function search(query: Record<string, string | number | string[] | undefined>): string {
  const made = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of [value ?? []].flat()) made.append(key, String(one));
  }
  return made.size === 0 ? '' : `?${made}`;
}

async function decoded<T>(decode: Decoder<T>, answer: Response): Promise<T> {
  let body: unknown;
  try {
    body = await answer.json();
  } catch (error) {
    // A stream that breaks is the network's fault; a body that is no JSON is the answer's.
    if (error instanceof SyntaxError) throw new Malformed('body', 'JSON', undefined);
    throw new Unreachable(error);
  }
  return decode(body, 'body');
}

/** The API that this page speaks to; configure() says where it is. */
export const client = new Client('');
