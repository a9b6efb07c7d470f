import path from 'node:path';
import { defineConfig } from 'vitest/config';

// The pictures of README.md, docs/design.md and the first page, of the present phantom:
// `npm run pictures`, after `make build`.
export default defineConfig({
  root: path.dirname(import.meta.dirname),
  test: { include: ['tests/pictures.ts'], environment: 'node', testTimeout: 900_000, hookTimeout: 300_000 },
});
