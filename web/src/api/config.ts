import { client } from './client';
import { type Decoder, object, oneOf, orNull, text } from './decode';

/** How a person gets a token: from an OpenID issuer, or by hand. */
export type SignIn = { kind: 'oidc'; issuer: string; client: string } | { kind: 'token' };

const signIn: Decoder<SignIn> = (value, path) => {
  const { kind } = object({ kind: oneOf('oidc', 'token') })(value, path);
  if (kind === 'token') return { kind };
  return { kind, ...object({ issuer: text, client: text })(value, path) };
};

const config = object({ api: text, signIn: orNull(signIn) });
export type Config = ReturnType<typeof config>;

/**
 * What the page is told where it is served, at /config.json, which index.html has begun to load
 * (so the request is a plain one: any other would load it again). Without one it speaks to
 * VITE_API or its own origin, and asks for no sign-in until the API does.
 */
export async function configure(): Promise<Config> {
  let told: Config = { api: import.meta.env.VITE_API ?? '', signIn: null };
  try {
    const answer = await fetch('/config.json');
    if (answer.ok) told = config(await answer.json(), 'config');
  } catch {
    // An older server answers with the page, a broken network with nothing: both speak to their own origin.
  }
  client.base = told.api.replace(/\/+$/, '');
  return told;
}
