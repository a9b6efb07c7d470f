import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import react from '@vitejs/plugin-react';
import { loadEnv, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { budget } from './vite/budget.ts';
import { config, customHttp, deployment, devHeaders, NONCE, proxied } from './vite/serving.ts';
import { shaders } from './vite/shaders.ts';
import { NoSkips } from './vite/skips.ts';

// The stack of `iris up`; the variables name another one.
const api = process.env.IRIS_HTTP ?? 'http://127.0.0.1:8000';
const storage = process.env.IRIS_AWS ?? 'http://127.0.0.1:4566';

/** Writes what a deployment on Amplify is told and sends: config.json and customHttp.yml. */
function amplify(): Plugin {
  return {
    name: 'iris-amplify',
    apply: 'build',
    async generateBundle() {
      const target = deployment(loadEnv('production', import.meta.dirname, 'VITE_'));
      this.emitFile({ type: 'asset', fileName: 'config.json', source: config(target) });
      const file = path.join(import.meta.dirname, 'customHttp.yml');
      const text = customHttp(target);
      if ((await readFile(file, 'utf8').catch(() => '')) !== text) await writeFile(file, text);
    },
  };
}

export default defineConfig(({ command }) => ({
  resolve: { alias: { zarrita: path.join(import.meta.dirname, 'vite', 'zarr.ts') } },
  plugins: [react(), shaders(), budget(), amplify()],
  ...(command === 'serve' ? { html: { cspNonce: NONCE } } : {}),
  server: {
    host: 'localhost', // as in the template's WebOrigin
    port: 5173,
    strictPort: true,
    headers: devHeaders([storage]),
    proxy: Object.fromEntries(proxied.map((address) => [address, { target: api }])),
  },
  build: { target: 'es2022', sourcemap: false },
  test: {
    environment: 'jsdom',
    include: ['{src,vite}/**/*.test.{ts,tsx}'],
    // They end what would never end; a machine may be busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', new NoSkips()],
    allowOnly: false,
  },
}));
