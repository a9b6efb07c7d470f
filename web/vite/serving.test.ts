// @vitest-environment node
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { loadEnv } from 'vite';
import { describe, expect, it } from 'vitest';
import serving from '../serving.json' with { type: 'json' };
import { config, customHttp, deployment, devHeaders, headers } from './serving.ts';

const web = path.dirname(import.meta.dirname);
const some = {
  VITE_API: 'https://api.example.com',
  VITE_ISSUER: 'https://id.example.com/pool',
  VITE_CLIENT: 'web',
  VITE_SIGN_IN: 'https://sign-in.example.com',
  VITE_STORAGE: 'https://up.example.com  https://down.example.com',
};

describe('customHttp.yml', () => {
  it('is the one that the build makes', async () => {
    const committed = await readFile(path.join(web, 'customHttp.yml'), 'utf8');
    expect(committed).toBe(customHttp(deployment(loadEnv('production', web, 'VITE_'))));
  });

  it('has every header of serving.json, with the origins of the deployment', () => {
    const text = customHttp(deployment(some));
    const all =
      'https://api.example.com https://id.example.com https://sign-in.example.com https://up.example.com https://down.example.com';
    for (const [name, value] of Object.entries(serving.headers)) {
      expect(text).toContain(`{ key: '${name}', value: "${value.replaceAll('{origins}', all)}" }`);
    }
  });
});

describe('headers', () => {
  it('have no inline code and nothing of strangers', () => {
    const all = headers([]);
    expect(all['Content-Security-Policy']).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*|\{/);
    for (const [name, value] of Object.entries(all)) expect(`${name}: ${value}`).toMatch(/^[\w-]+: [^"\n]+$/);
  });

  it('of Vite differ by its own scripts and styles only', () => {
    const added = (text = '') => text.replaceAll(" 'nonce-vite'", '');
    const { 'Content-Security-Policy': dev, ...others } = devHeaders(['http://127.0.0.1:4566']);
    const { 'Content-Security-Policy': policy, ...same } = headers(['http://127.0.0.1:4566']);
    expect(others).toEqual(same);
    expect(dev).not.toBe(policy);
    expect(added(dev)).toBe(policy);
  });
});

describe('deployment', () => {
  it('is the page’s own origin by default', () => {
    expect(config(deployment({}))).toBe('{"api":"","signIn":null}');
  });

  it('tells the page where to sign in', () => {
    expect(JSON.parse(config(deployment(some)))).toEqual({
      api: 'https://api.example.com',
      signIn: { kind: 'oidc', issuer: 'https://id.example.com/pool', client: 'web' },
    });
  });

  it.each([
    ['VITE_API', 'https://api.example.com/v1'],
    ['VITE_API', 'https://a.example.com https://b.example.com'],
    ['VITE_STORAGE', "https://up.example.com; script-src 'unsafe-inline'"],
    ['VITE_STORAGE', '*'],
    ['VITE_ISSUER', 'id.example.com'],
    ['VITE_CLIENT', ''],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(() => deployment({ ...some, [name]: value })).toThrow(name);
  });
});
