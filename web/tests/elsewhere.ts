// The page on an origin of its own, with the headers that Amplify sends, beside an API and an
// S3 on two others.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { config, deployment, headers } from '../vite/serving.ts';
import type { Stack } from './stack.ts';

const kinds: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Serves dist/ at a port; what is not a file there is the page. */
export async function serve(port: number, stack: Stack): Promise<() => Promise<void>> {
  const target = deployment({ VITE_API: stack.http, VITE_STORAGE: stack.aws });
  const server = createServer(async (request, response) => {
    for (const [name, value] of Object.entries(headers([target.api, ...target.origins])))
      response.setHeader(name, value);
    const address = new URL(request.url ?? '/', 'http://page').pathname;
    const name = path.extname(address) === '' ? '/index.html' : address;
    response.setHeader('Content-Type', kinds[path.extname(name)] ?? 'application/octet-stream');
    if (address === '/config.json') return response.end(config(target));
    try {
      return response.end(await readFile(path.join(import.meta.dirname, '..', 'dist', name)));
    } catch {
      response.statusCode = 404;
      return response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
}
