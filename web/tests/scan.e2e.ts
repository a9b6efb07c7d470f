import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import '../src/i18n/model.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Key, type Language, translate } from '../src/i18n/i18n.ts';
import { inspect, launch, visit } from './browser.ts';
import { ask, type Stack, sample, up } from './stack.ts';

let stack: Stack;
let browser: Browser;
let scan: string;
beforeAll(async () => {
  [stack, browser] = await Promise.all([up('--wake', '3s'), launch()]);
  scan = await sample(path.join(stack.state, '..', 'torso.nii.gz'), 96);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

/** Notes what the page shows, each thing once, in the order in which it came. */
async function watch(page: Page): Promise<() => Promise<string[]>> {
  await page.addInitScript(() => {
    const seen: string[] = [];
    Object.assign(globalThis, { seen });
    const note = (what: string | null | undefined) => what && !seen.includes(what) && seen.push(what);
    const look = () => {
      note(document.querySelector<HTMLElement>('main')?.dataset.status);
      if (document.querySelector<HTMLImageElement>('img.scan')?.complete) note('scan.png');
      note(document.querySelector<HTMLElement>('[data-viewer]')?.dataset.drawn);
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
    document.addEventListener('load', look, true);
  });
  return () => page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
}

describe.each<Language>(['es', 'en'])('in %s', (language) => {
  const t = (key: Key, values?: Record<string, string | number>) => translate(language, key, values);

  it('a scan that is dropped becomes a model that is looked at, cut, measured and downloaded', async () => {
    const { page, close } = await visit(browser, [stack.http, stack.aws], { locale: language, acceptDownloads: true });
    const seen = await watch(page);
    await page.goto(stack.http);
    await page.locator('input[type=file][multiple]').setInputFiles(scan);
    // Uploading starts the job: nothing else is clicked.
    await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/);
    await page.locator('main[data-status=ready] [data-viewer][data-drawn=view]').waitFor();
    // Each thing took the place of the one before.
    const order = await seen();
    expect(order.indexOf('scan.png'), `${order}`).toBeLessThan(order.indexOf('ready'));
    const steps = ['segmenting', 'meshing', 'ready', 'view'].filter((step) => order.includes(step));
    expect(order.filter((step) => steps.includes(step))).toEqual(steps);
    expect(order).toEqual(expect.arrayContaining(['scan.png', 'ready', 'view']));
    expect(await inspect(page, `ready-${language}`)).toEqual([]);

    await test(page);
    await close();
  });

  async function test(page: Page): Promise<void> {
    const rows = page.locator('[data-structure]');
    // The list came back with the wide window, a moment after it.
    await rows.nth(4).waitFor();
    const lungs = page.locator('[data-structure^=lung]').first();
    // Alone, hidden, and back.
    await lungs.locator('[data-action=isolate]').click();
    const shown = page.locator('[data-structure] input[type=checkbox]:checked');
    await expect.poll(() => shown.count()).toBe(1);
    await rows.nth(4).waitFor();
    expect(await inspect(page, `isolated-${language}`)).toEqual([]);
    await page.keyboard.press('a');
    await expect.poll(async () => (await shown.count()) === (await rows.count())).toBe(true);

    // Measured by keyboard: the cross is in the middle of the stage.
    const tools = page.getByRole('toolbar');
    await tools.getByRole('button', { name: t('viewer.measure') }).click();
    const canvas = page.locator('[data-viewer] canvas').first();
    const box = await canvas.boundingBox();
    if (!box) throw new Error('the canvas has no box');
    for (const share of [0.45, 0.55]) await page.mouse.click(box.x + box.width * share, box.y + box.height / 2);
    await page
      .getByText(/\d+[.,]\d mm/)
      .first()
      .waitFor();
    expect(await inspect(page, `measured-${language}`)).toEqual([]);
    await tools.getByRole('button', { name: t('viewer.turn') }).click();

    // Cut.
    await tools.getByRole('button', { name: t('viewer.cut') }).click();
    await page.getByRole('button', { name: t('viewer.cutEnd') }).waitFor();
    expect(await inspect(page, `cut-${language}`)).toEqual([]);
    await page.getByRole('button', { name: t('viewer.cutEnd') }).click();

    // Downloaded: the file is a GLB.
    await page.getByRole('button', { name: t('job.download') }).click();
    expect(await inspect(page, `files-${language}`)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('dialog').getByRole('button', { name: 'model.glb' }).first().click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/\.glb$/);
    const file = await readFile(await download.path());
    expect(file.subarray(0, 4).toString()).toBe('glTF');
    await page.keyboard.press('Escape');
  }
});

describe('while the GPU does not come', () => {
  let waiting: Stack;
  beforeAll(async () => {
    // The tissue model needs no first look: the template says that another one is served.
    waiting = await up('--wake', '1h', '--parameter', 'Tasks=total');
  });
  afterAll(() => waiting?.stop());

  it('shows the scan and a first look, and is cancelled', async () => {
    const { page, close } = await visit(browser, [waiting.http, waiting.aws], { locale: 'es-ES' });
    await page.goto(waiting.http);
    await page.locator('input[type=file][multiple]').setInputFiles(scan);
    await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/);
    await page.locator('[data-viewer][data-drawn=glimpse]').waitFor();
    await page.locator('main[data-status=warming]').waitFor();
    expect(await inspect(page, 'glimpse')).toEqual([]);
    await page.goto(waiting.http);
    await page.locator('[href^="/jobs/"]').first().waitFor();
    expect(await inspect(page, 'home-jobs')).toEqual([]);
    const [job] = (await ask<{ jobs: { id: string }[] }>(`${waiting.http}/v1/jobs`)).jobs;
    await ask(`${waiting.http}/v1/jobs/${job?.id}/cancel`, { method: 'POST' });
    await page.goto(`${waiting.http}/jobs/${job?.id}`);
    await page.locator('main[data-status=cancelled]').waitFor();
    expect(await inspect(page, 'cancelled')).toEqual([]);
    await close();
  });
});
