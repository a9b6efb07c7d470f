import type { Browser } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, visit } from './browser.ts';
import { freePort, type Stack, up } from './stack.ts';

let stack: Stack;
let browser: Browser;
let vite: ViteDevServer;
let origin: string;
beforeAll(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  [stack, browser] = await Promise.all([up('--parameter', `WebOrigin=${origin}`), launch()]);
  Object.assign(process.env, { IRIS_HTTP: stack.http, IRIS_AWS: stack.aws }); // vite.config.ts reads them
  vite = await createServer({ root: `${import.meta.dirname}/..`, logLevel: 'error', server: { port } });
  await vite.listen();
});
afterAll(async () => {
  await vite?.close();
  await browser?.close();
  await stack?.stop();
});

it('opens from Vite’s own server, under its policy, beside the API of a stack', async () => {
  const { page, complaints, close } = await visit(browser, [origin, stack.aws]);
  const answer = await page.goto(origin);
  expect(answer?.headers()['content-security-policy']).toContain("frame-ancestors 'none'");
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await page.locator('main').evaluate((main) => getComputedStyle(main).fontFamily)).toContain('system-ui');
  expect(await page.evaluate(() => fetch('/v1/jobs').then((got) => got.status))).toBe(200);
  // S3 is another origin, which has to let this one in.
  const etag = await page.evaluate(async () => {
    const body = JSON.stringify({ file: 'a.nii.gz', bytes: 5 });
    const made = await fetch('/v1/jobs', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    const { upload } = await made.json();
    const put = await fetch(upload.signed[0].url, { method: 'PUT', body: '12345' });
    return put.headers.get('ETag');
  });
  expect(etag).toMatch(/"[0-9a-f]{32}"/);
  expect(complaints.splice(0).filter((line) => !line.includes('React DevTools'))).toEqual([]);
  await close();
});
