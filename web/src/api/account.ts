import { client } from './client';
import type { SignIn } from './config';
import { number, object, text } from './decode';
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

/** What gets another token, without the person. */
interface Session {
  refresh: string;
  client: string;
  token: string;
  revocation: string | null;
}
let session: Session | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;

function take(token: string | null): void {
  clearTimeout(timer);
  session = null;
  client.renew = null;
  client.token = token;
  forgetWatches();
  for (const listener of listeners) listener();
}

/** A token that somebody was given, such as that of a stack on another machine. */
export function signInWith(token: string): void {
  take(token.trim());
}

/** Forgets who is signed in, and has the issuer forget it too. */
export function signOut(): void {
  const { revocation = null, refresh = '', client: id = '' } = session ?? {};
  take(null);
  if (revocation === null) return;
  const body = new URLSearchParams({ token: refresh, token_type_hint: 'refresh_token', client_id: id });
  // Nobody waits for it: without it the token ends by itself.
  fetch(revocation, { method: 'POST', credentials: 'omit', keepalive: true, body }).catch(() => {});
}

type Tokens = ReturnType<typeof tokens>;

/** Holds what the issuer gave, and asks for more a while before it ends. */
function hold(told: Tokens, was: Omit<Session, 'refresh'> & { refresh?: string }): void {
  client.token = told.access_token;
  clearTimeout(timer);
  const refresh = told.refresh_token ?? was.refresh; // an issuer may give another one each time
  if (refresh === undefined) return;
  session = { ...was, refresh };
  client.renew = renew;
  const seconds = told.expires_in ?? 0;
  // A browser holds no longer timer than 24 days; what is late is caught by a refused request.
  if (seconds > 0) timer = setTimeout(() => void renew().catch(() => {}), Math.min(seconds * 0.8, 86_400) * 1000);
}

let renewing: Promise<boolean> | null = null;

/** Gets another token, once for all who ask at the same time. Rejects with Unreachable where nobody answers. */
function renew(): Promise<boolean> {
  renewing ??= another().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function another(): Promise<boolean> {
  const now = session;
  if (!now) return false;
  const answer = await ask(now.token, {
    grant_type: 'refresh_token',
    client_id: now.client,
    refresh_token: now.refresh,
  });
  if (session !== now) return client.token !== null; // signed out, or in anew, meanwhile
  if (answer.status >= 500 || answer.status === 429) throw new Unreachable(`the issuer answered ${answer.status}`);
  if (!answer.ok) {
    take(null); // it ended, or was taken back: the person is asked
    return false;
  }
  hold(tokens(await answer.json(), 'tokens'), now);
  return true;
}

function ask(address: string, form: Record<string, string>): Promise<Response> {
  return fetch(address, { method: 'POST', credentials: 'omit', body: new URLSearchParams(form) }).catch(
    (error: unknown) => {
      throw new Unreachable(error);
    },
  );
}

const UNDER_WAY = 'iris.sign-in';
const pending = object({ state: text, verifier: text, back: text });
const endpoints = object({ authorization_endpoint: text, token_endpoint: text }, { revocation_endpoint: text });
const tokens = object({ access_token: text }, { refresh_token: text, expires_in: number });

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
  const { token_endpoint, revocation_endpoint: revocation = null } = await discover(how.issuer);
  const answer = await ask(token_endpoint, {
    grant_type: 'authorization_code',
    client_id: how.client,
    redirect_uri: redirectUri(),
    code,
    code_verifier: verifier,
  });
  if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
  const told = tokens(await answer.json(), 'tokens');
  take(told.access_token);
  hold(told, { client: how.client, token: token_endpoint, revocation });
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
