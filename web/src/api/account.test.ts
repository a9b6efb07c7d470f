import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { account, beginSignIn, endSignIn, signOut } from './account';
import { client } from './client';
import { Unreachable } from './problem';

const how = { kind: 'oidc', issuer: 'https://issuer.example/pool', client: 'page' } as const;
const found = {
  authorization_endpoint: 'https://login.example/authorize',
  token_endpoint: 'https://login.example/token',
};
let asked: [string, RequestInit | undefined][] = [];
function answers(discovery: object = found) {
  asked = [];
  vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
    asked.push([url, init]);
    return url.includes('well-known')
      ? Response.json(discovery)
      : Response.json({ access_token: 'who', expires_in: 3600 });
  });
}
/** Where the page was led. */
function leads(): () => URL {
  let to = new URL('about:blank');
  vi.stubGlobal('location', {
    origin: 'https://page.example',
    pathname: '/jobs/01J',
    hash: '#chosen=liver',
    search: '',
    assign: (url: URL) => {
      to = new URL(url);
    },
  });
  return () => to;
}
const comesBack = (search: string) => vi.stubGlobal('location', { origin: 'https://page.example', search });

beforeEach(() => {
  sessionStorage.clear();
  answers();
});
afterEach(() => {
  signOut();
  vi.unstubAllGlobals();
});

it('leads to the issuer and back, and proves by its secret that it is the same page', async () => {
  const to = leads();
  await beginSignIn(how);
  const sent = to().searchParams;
  expect(to().origin + to().pathname).toBe(found.authorization_endpoint);
  expect(sent.get('redirect_uri')).toBe('https://page.example/');
  expect(sent.get('code_challenge_method')).toBe('S256');
  comesBack(`?code=c&state=${sent.get('state')}`);
  expect(await endSignIn(how)).toBe('/jobs/01J#chosen=liver');
  const body = new URLSearchParams(String(asked.at(-1)?.[1]?.body));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body.get('code_verifier') ?? ''));
  expect(Buffer.from(digest).toString('base64url')).toBe(sent.get('code_challenge'));
  expect(body.get('code')).toBe('c');
  expect(client.token).toBe('who');
  expect(account.signedIn()).toBe(true);
});

it('keeps no token where a script or the next person could read it', async () => {
  const to = leads();
  await beginSignIn(how);
  comesBack(`?code=c&state=${to().searchParams.get('state')}`);
  await endSignIn(how);
  expect(JSON.stringify({ ...sessionStorage, ...localStorage })).not.toContain('who');
  expect(sessionStorage).toHaveLength(0);
});

it.each([
  ['of another sign-in', '?code=c&state=other'],
  ['without a state', '?code=c'],
])('takes no code %s', async (_, search) => {
  leads();
  await beginSignIn(how);
  comesBack(search);
  expect(await endSignIn(how)).toBeNull();
  expect(client.token).toBeNull();
});

it('takes no code that it did not ask for', async () => {
  comesBack('?code=c&state=s');
  expect(await endSignIn(how)).toBeNull();
  expect(asked).toEqual([]);
});

it('sends a code to no address without https', async () => {
  answers({ ...found, token_endpoint: 'http://login.example/token' });
  leads();
  await expect(beginSignIn(how)).rejects.toThrow('without https');
});

describe('a token that ends', () => {
  const revoking = { ...found, revocation_endpoint: 'https://login.example/revoke' };
  /** What the issuer gives in turn; a status where it refuses. The API takes the last token that was given. */
  async function signedIn(...gives: (object | number)[]): Promise<string[]> {
    const forms: string[] = [];
    let taken = '';
    vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
      if (url.includes('well-known')) return Response.json(revoking);
      if (url.startsWith('/v1')) {
        const sent = new Headers(init?.headers).get('Authorization');
        return sent === `Bearer ${taken}` ? Response.json({ shares: [] }) : new Response('', { status: 401 });
      }
      forms.push(`${url.split('/').pop()} ${init?.body}`);
      if (url.endsWith('revoke')) return new Response();
      const next = gives.shift();
      if (next === undefined) throw new TypeError('no network');
      if (typeof next === 'number') return new Response('{"error":"invalid_grant"}', { status: next });
      if ('access_token' in next) taken = String(next.access_token);
      return Response.json(next);
    });
    const to = leads();
    await beginSignIn(how);
    comesBack(`?code=c&state=${to().searchParams.get('state')}`);
    await endSignIn(how);
    forms.splice(0);
    return forms;
  }
  const first = { access_token: 'one', refresh_token: 'again', expires_in: 3600 };
  const refused = () => {
    client.token = 'old';
    return client.shares('01J');
  };

  it('is renewed once for all requests that it was refused for, and nobody is asked', async () => {
    const forms = await signedIn(first, { access_token: 'two', expires_in: 3600 });
    const changed = vi.fn();
    const off = account.subscribe(changed);
    client.token = 'old';
    expect(await Promise.all([client.shares('01J'), client.shares('01K')])).toEqual([[], []]);
    off();
    expect(forms).toEqual(['token grant_type=refresh_token&client_id=page&refresh_token=again']);
    expect(client.token).toBe('two');
    expect(changed).not.toHaveBeenCalled();
    expect(JSON.stringify({ ...sessionStorage, ...localStorage })).not.toMatch(/two|again/);
  });

  it('is renewed before it ends, with the token that the issuer gave last', async () => {
    vi.useFakeTimers();
    const forms = await signedIn(first, { access_token: 'two', refresh_token: 'third', expires_in: 3600 }, first);
    await vi.advanceTimersByTimeAsync(3000_000);
    await vi.advanceTimersByTimeAsync(3000_000);
    vi.useRealTimers();
    expect(forms.map((form) => form.split('=').pop())).toEqual(['again', 'third']);
  });

  it('asks the person when the issuer has taken it back', async () => {
    await signedIn(first, 400);
    await expect(refused()).rejects.toHaveProperty('status', 401);
    expect(account.signedIn()).toBe(false);
  });

  it.each([[[503]], [[]]])('asks nobody when the issuer does not answer: %j', async (gives) => {
    await signedIn(first, ...gives);
    await expect(refused()).rejects.toThrow(Unreachable);
    expect(account.signedIn()).toBe(true);
  });

  it('is taken back at the issuer when the person signs out', async () => {
    const forms = await signedIn(first);
    signOut();
    expect(forms).toEqual(['revoke token=again&token_type_hint=refresh_token&client_id=page']);
    await expect(client.shares('01J')).rejects.toHaveProperty('status', 401);
    expect(forms).toHaveLength(1);
  });
});
