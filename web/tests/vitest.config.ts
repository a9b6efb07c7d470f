import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { NoSkips } from '../vite/skips.ts';

// The page in a browser against stacks of bin/iris: `make e2e` builds both. One file at a
// time: each has a browser and a stack. The timeouts end only what would never end.
export default defineConfig({
  root: path.dirname(import.meta.dirname),
  test: {
    include: ['tests/**/*.e2e.ts'],
    environment: 'node',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: Number(process.env.IRIS_E2E_WAIT ?? 300_000) } },
    reporters: ['default', new NoSkips()],
    allowOnly: false,
  },
});
