import { client } from './client';
import type { SignIn } from './config';
import { object, text } from './decode';
import { Unreachable } from './problem';
import { forgetWatches } from './watch';

// Who is signed in. Tokens live in memory: what a script could read from a storage of the
// browser, or the next person at this computer, is not there. Only the secret of a sign-in that is
// under way is kept, for the time that the issuer's page is shown, in this tab.

type Listener = () => void;
const listeners = new Set<Listener>();

export const account = {
  subscribe: (listener: Listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
  signedIn: () => client.token !== null,
};

function take(token: string | null): void {
  client.token = token;
  forgetWatches();
  for (const listener of listeners) listener();
}

/** A token that somebody was given, such as that of a stack on another machine. */
export function signInWith(token: string): void {
  take(token.trim());
}

export function signOut(): void {
  take(null);
}

const UNDER_WAY = 'iris.sign-in';
const pending = object({ state: text, verifier: text, back: text });
const endpoints = object({ authorization_endpoint: text, token_endpoint: text });
const tokens = object({ access_token: text });

/** Leads to the issuer's page, which leads back to ours with a code (RFC 7636, S256). */
export async function beginSignIn(how: Extract<SignIn, { kind: 'oidc' }>): Promise<void> {
  const { authorization_endpoint } = await discover(how.issuer);
  const verifier = random();
  const state = random();
  const back = location.pathname + location.hash;
  sessionStorage.setItem(UNDER_WAY, JSON.stringify({ state, verifier, back }));
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const to = new URL(authorization_endpoint);
  for (const [key, value] of Object.entries({
    response_type: 'code',
    client_id: how.client,
    redirect_uri: redirectUri(),
    scope: 'openid',
    state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: 'S256',
  })) {
    to.searchParams.set(key, value);
  }
  location.assign(to);
}

/** Ends a sign-in whose code is in the page's address, and says where the person was before; null where there is none. */
export async function endSignIn(how: SignIn | null): Promise<string | null> {
  const query = new URLSearchParams(location.search);
  const code = query.get('code');
  const stored = sessionStorage.getItem(UNDER_WAY);
  if (how?.kind !== 'oidc' || !code || !stored) return null;
  sessionStorage.removeItem(UNDER_WAY);
  const { state, verifier, back } = pending(JSON.parse(stored), 'sign-in');
  if (query.get('state') !== state) return null; // somebody else's code
  const { token_endpoint } = await discover(how.issuer);
  const answer = await fetch(token_endpoint, {
    method: 'POST',
    credentials: 'omit',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: how.client,
      redirect_uri: redirectUri(),
      code,
      code_verifier: verifier,
    }),
  }).catch((error: unknown) => {
    throw new Unreachable(error);
  });
  if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
  take(tokens(await answer.json(), 'tokens').access_token);
  return back.startsWith('/') && !back.startsWith('//') ? back : '/';
}

async function discover(issuer: string) {
  const answer = await fetch(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`, {
    credentials: 'omit',
  }).catch((error: unknown) => {
    throw new Unreachable(error);
  });
  if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
  const found = endpoints(await answer.json(), 'issuer');
  const local = ['localhost', '127.0.0.1', '[::1]'];
  for (const endpoint of Object.values(found)) {
    const { protocol, hostname } = new URL(endpoint);
    if (protocol !== 'https:' && !local.includes(hostname))
      throw new Error('the issuer names an address without https');
  }
  return found;
}

const redirectUri = () => `${location.origin}/`;

function random(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
