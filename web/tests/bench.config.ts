import path from 'node:path';
import { defineConfig } from 'vitest/config';

// What the viewer costs in software, as a table: `npm run bench`, on a quiet machine.
export default defineConfig({
  root: path.dirname(import.meta.dirname),
  test: {
    include: ['tests/**/*.bench.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
