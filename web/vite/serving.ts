// How the page is served, from serving.json: by Vite while one develops, and on Amplify.
// `iris up` reads the same file (policy.go).
import serving from '../serving.json' with { type: 'json' };

/** Where a deployment is: web/.env.production says what each one is. */
export interface Deployment {
  api: string;
  issuer: string;
  client: string;
  /** Further origins that the page fetches from: buckets, the issuer's token endpoint. */
  origins: string[];
}

/** Reads the variables that begin with VITE_, and names the one that is wrong. */
export function deployment(env: Record<string, string | undefined>): Deployment {
  const origins = (name: string) =>
    (env[name] ?? '')
      .split(/\s+/)
      .filter((text) => text !== '')
      .map((text) => {
        if (!URL.canParse(text) || new URL(text).origin !== text) {
          throw new Error(`${name}: "${text}": want an origin, such as https://example.com`);
        }
        return text;
      });
  const [api = '', ...more] = origins('VITE_API');
  if (more.length > 0) throw new Error('VITE_API: want one origin');
  const issuer = env.VITE_ISSUER ?? '';
  if (issuer !== '' && !URL.canParse(issuer)) throw new Error(`VITE_ISSUER: "${issuer}": want the issuer's address`);
  const client = env.VITE_CLIENT ?? '';
  if ((issuer === '') !== (client === '')) throw new Error('VITE_ISSUER and VITE_CLIENT go together');
  return { api, issuer, client, origins: [...origins('VITE_SIGN_IN'), ...origins('VITE_STORAGE')] };
}

/** What the page finds at /config.json. */
export function config({ api, issuer, client }: Deployment): string {
  return JSON.stringify({ api, signIn: issuer === '' ? null : { kind: 'oidc', issuer, client } });
}

/** The headers of every answer, for a page that fetches from these origins besides its own. */
export function headers(origins: string[]): Record<string, string> {
  const words = ['', ...new Set(origins)].join(' ');
  return Object.fromEntries(
    Object.entries(serving.headers).map(([name, value]) => [name, value.replaceAll(' {origins}', words)]),
  );
}

/** The nonce of the scripts and styles that Vite writes into the page while one develops. */
export const NONCE = 'vite';

/** The same headers for Vite's server, and nothing more than it needs: its own inline scripts and styles. */
export function devHeaders(origins: string[]): Record<string, string> {
  const all = headers(origins);
  const policy = all['Content-Security-Policy'];
  if (policy === undefined) throw new Error('serving.json has no Content-Security-Policy');
  all['Content-Security-Policy'] = policy
    .replace("script-src 'self'", `script-src 'self' 'nonce-${NONCE}'`)
    .replace("style-src 'self'", `style-src 'self' 'nonce-${NONCE}'`);
  return all;
}

/** customHttp.yml, which Amplify reads beside the page. */
export function customHttp(d: Deployment): string {
  const issuer = d.issuer === '' ? [] : [new URL(d.issuer).origin];
  const all = {
    'Strict-Transport-Security': 'max-age=63072000',
    ...headers([...(d.api === '' ? [] : [d.api]), ...issuer, ...d.origins]),
  };
  const rule = (pattern: string, values: Record<string, string>) =>
    [
      `  - pattern: '${pattern}'`,
      '    headers:',
      ...Object.entries(values).map(([key, value]) => `      - { key: '${key}', value: "${value}" }`),
    ].join('\n');
  const fresh = { 'Cache-Control': serving.caching.others };
  return `${[
    '# Made of serving.json and .env.production by `npm run build`. Amplify reads this file from the commit.',
    'customHeaders:',
    rule('**', all),
    rule('/assets/**', { 'Cache-Control': serving.caching.assets }),
    ...[...serving.pages.map((pattern) => pattern.replace('*', '**')), '/index.html', '/config.json'].map((pattern) =>
      rule(pattern, fresh),
    ),
  ].join('\n')}\n`;
}

/** The addresses that Vite hands on to the stack: the API's, and what the page is told of it. */
export const proxied = [...serving.api, '/config.json'];
