import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The API of `iris up`; IRIS_HTTP names another one.
const api = process.env.IRIS_HTTP ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [react()],
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: Object.fromEntries(['/v1', '/healthz', '/readyz', '/openapi.json'].map((path) => [path, { target: api }])),
  },
  build: { target: 'es2022', sourcemap: false },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'] },
});
