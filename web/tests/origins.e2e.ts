// The page, the API and S3 on three origins, as on AWS; and what a stranger sees of a share.
import path from 'node:path';
import type { Browser } from 'playwright-core';
import '../src/i18n/model.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { translate } from '../src/i18n/i18n.ts';
import { inspect, launch, visit } from './browser.ts';
import { serve } from './elsewhere.ts';
import { freePort, type Stack, sample, up } from './stack.ts';

let stack: Stack;
let browser: Browser;
let origin: string;
let stop: () => Promise<void>;
let scan: string;
beforeAll(async () => {
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  [stack, browser] = await Promise.all([up('--parameter', `WebOrigin=${origin}`), launch()]);
  stop = await serve(port, stack);
  scan = await sample(path.join(stack.state, '..', 'torso.nii.gz'), 64);
});
afterAll(async () => {
  await stop?.();
  await browser?.close();
  await stack?.stop();
});

it('uploads, shows, shares with a stranger, and takes the share back', async () => {
  const all = [origin, stack.http, stack.aws];
  const owner = await visit(browser, all, { permissions: ['clipboard-read', 'clipboard-write'] });
  const { page } = owner;
  await page.goto(origin);
  await page.locator('input[type=file][multiple]').setInputFiles(scan);
  await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/);
  await page.locator('[data-viewer][data-drawn=view]').waitFor();

  await page.getByRole('button', { name: translate('en', 'job.share') }).click();
  await page.getByRole('button', { name: translate('en', 'share.make') }).click();
  const field = page.getByRole('textbox', { name: translate('en', 'share.link') });
  await field.waitFor();
  expect(await inspect(page, 'share')).toEqual([]);
  const link = await field.inputValue();
  // The capability stands behind #, which no server is sent.
  expect(new URL(link).origin).toBe(origin);
  expect(new URL(link).search).toBe('');

  const stranger = await visit(browser, all, { locale: 'es-AR' });
  const asked: string[] = [];
  stranger.page.on('request', (request) => asked.push(request.url()));
  await stranger.page.goto(link);
  await stranger.page.locator('[data-viewer][data-drawn=view]').waitFor();
  await stranger.page.locator('[data-structure]').nth(3).waitFor();
  expect(await inspect(stranger.page, 'shared')).toEqual([]);
  const token = new URL(link).hash.match(/token=([\w-]+)/)?.[1] ?? '';
  expect(token.length).toBeGreaterThan(40);
  expect(asked.filter((url) => url.includes(token))).toEqual([]);
  expect(asked.filter((url) => url.includes('scan.png') || url.includes('slices.nii.gz'))).toEqual([]);

  await page.getByRole('button', { name: translate('en', 'share.revoke'), exact: true }).click();
  await page.getByText(translate('en', 'share.none')).waitFor();
  await stranger.page.reload();
  await stranger.page.getByRole('heading', { name: translate('es', 'shared.gone') }).waitFor();
  expect(await inspect(stranger.page, 'shared-revoked')).toEqual([]);
  stranger.complaints.splice(
    0,
    Number.POSITIVE_INFINITY,
    ...stranger.complaints.filter((line) => !/status of 404/.test(line)),
  );
  await stranger.close();
  await owner.close();
});
