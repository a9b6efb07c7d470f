import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { account, beginSignIn, endSignIn, signOut } from './account';
import { client } from './client';

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
