import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import '../src/i18n/model.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { translate } from '../src/i18n/i18n.ts';
import { inspect, launch, visit } from './browser.ts';
import { startProxy } from './proxy.ts';
import { dicomFolder, incompressible, PERSON } from './scans.ts';
import { ask, type Stack, sample, up } from './stack.ts';

const MiB = 2 ** 20;
let stack: Stack;
let browser: Browser;
let torso: string;
const beside = (name: string) => path.join(stack.state, '..', name);
beforeAll(async () => {
  [stack, browser] = await Promise.all([up(), launch()]);
  torso = await sample(beside('torso.nii.gz'), 64);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

const chest = { uid: '1.2.826.77.1', description: 'CHEST 7.0' };
const scout = { uid: '1.2.826.77.2', description: 'CHEST THICK', every: 3 };

it('a DICOM folder goes up without the person in it', async () => {
  const folder = await dicomFolder(beside('one'), torso, chest);
  const { page, close } = await visit(browser, [stack.http, stack.aws]);
  await page.goto(stack.http);
  await page.locator('input[webkitdirectory]').setInputFiles(folder);
  await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/);
  await page.locator('main[data-status=ready]').waitFor();
  const id = page.url().split('/').pop();
  const { structures } = await ask<{ structures: { name: string }[] }>(`${stack.http}/v1/jobs/${id}`);
  expect(structures.map(({ name }) => name)).toContain('bone');
  await close();
  // Nothing that the stack stores holds a name; the zip is a stored one.
  const stored = await everyFile(stack.state);
  expect(stored.filter(({ bytes }) => bytes.includes('DICM')).length).toBeGreaterThan(0);
  for (const { name, bytes } of stored) {
    for (const words of [PERSON, 'ZZPATIENT7']) expect(bytes.includes(words), `${words} in ${name}`).toBe(false);
  }
});

it('asks which of two series is meant before anything is sent', async () => {
  const folder = await dicomFolder(beside('two'), torso, chest, { ...scout, every: 1 });
  const { page, close } = await visit(browser, [stack.http, stack.aws]);
  await page.goto(stack.http);
  await page.locator('input[webkitdirectory]').setInputFiles(folder);
  await page.locator('[data-upload=choose]').waitFor();
  expect(await inspect(page, 'choose-series')).toEqual([]);
  await close();
});

it('a rejected job offers its series, and the one that is chosen becomes a model', async () => {
  const folder = await dicomFolder(beside('rejected'), torso, chest, { ...scout, every: 1 });
  const id = (await stack.iris('submit', folder)).trim().split(/\s/)[0] ?? '';
  const { page, close } = await visit(browser, [stack.http, stack.aws]);
  await page.goto(`${stack.http}/jobs/${id}`);
  await page.locator('main[data-status=rejected]').waitFor();
  expect(await inspect(page, 'rejected')).toEqual([]);
  await page.getByRole('button', { name: translate('en', 'end.seriesUse', { n: 1 }) }).click();
  await page.locator('main[data-status=ready]').waitFor();
  await page.locator('[data-viewer][data-drawn=view]').waitFor();
  await close();
});

it('a connection that breaks in part 3 and a reload send nothing again that had arrived', async () => {
  const file = await incompressible(beside('noise.nii.gz'), 75 * MiB);
  const { size } = await stat(file);
  const proxy = await startProxy();
  const { page, complaints, close } = await visit(browser, [stack.http, stack.aws], {
    proxy: { server: proxy.address, bypass: '<-loopback>' },
  });
  await page.goto(stack.http);
  // Part 3 never passes its eighth megabyte; what follows it waits.
  let broken = 0;
  proxy.drop = (part) => {
    if (part < 3) return null;
    broken++;
    return part === 3 ? 8 * MiB : 0;
  };
  await page.locator('input[type=file][multiple]').setInputFiles(file);
  await page.locator('[data-upload=sending]').waitFor();
  await expect.poll(() => proxy.stored.size, { timeout: 120_000 }).toBe(2);
  await expect.poll(() => broken, { timeout: 120_000 }).toBeGreaterThan(4);
  expect(await inspect(page, 'upload-again')).toEqual([]);
  const before = new Map(proxy.sent);
  await page.reload();
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await inspect(page, 'upload-interrupted')).toEqual([]);

  proxy.drop = () => null;
  proxy.sent.clear();
  await page.locator('input[type=file][multiple]').setInputFiles(file);
  await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/, { timeout: 120_000 });
  // Of what had arrived nothing came again, and of the rest everything came once.
  const again = [...proxy.sent.entries()].filter(([part]) => proxy.stored.has(part) && part < 3);
  expect(again).toEqual([]);
  const first = 2 * 16 * MiB;
  const total = [...proxy.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  expect(before.get(1)).toBe(16 * MiB);
  expect(total).toBeGreaterThan(size - first - MiB);
  expect(total).toBeLessThan(size - first + MiB);
  complaints.splice(0); // the browser itself writes a line for each connection that broke
  // The upload's event still has to come to intake.
  const waiting = async () => {
    const { jobs } = await ask<{ jobs: { status: string }[] }>(`${stack.http}/v1/jobs`);
    return jobs.filter(({ status }) => status === 'awaiting_upload');
  };
  await expect.poll(waiting, { timeout: 120_000 }).toEqual([]);
  await page.close();
  await close();
  await proxy.close();
});

/** Every file below a folder, with its bytes. */
async function everyFile(folder: string): Promise<{ name: string; bytes: Buffer }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (name) => ({ name, bytes: await readFile(name) })));
}
