// A folder of slices with a patient's name goes in by the page; nothing of the name may be on
// the service's side, in no object, table or log.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { axial, dicom, type Item } from '../src/upload/testing/dicom.ts';
import { inspect, launch, visit } from './browser.ts';
import { type Stack, up } from './stack.ts';

let stack: Stack;
let browser: Browser;
let folder: string;
beforeAll(async () => {
  [stack, browser] = await Promise.all([up(), launch()]);
  folder = await mkdtemp(path.join(tmpdir(), 'names-'));
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const MARK = 'ZZPHI';
const SIZE = 48;

/** A body of water in air, with everything about its owner. */
async function slices(uid: string, count: number, more: Item = []): Promise<void> {
  const pixels = Array.from({ length: SIZE * SIZE }, (_, n) =>
    Math.hypot((n % SIZE) - SIZE / 2, Math.floor(n / SIZE) - SIZE / 2) < 18 ? 1064 : 24,
  );
  const said: Item = [
    [0x0008103e, 'LO', `${MARK} series`],
    [0x00081110, 'SQ', [[[0x0040a123, 'PN', `${MARK}^nested`]]]],
    [0x00091001, 'LO', `${MARK} private`],
    [0x00100010, 'PN', `${MARK}^Name`],
    [0x00100020, 'LO', `${MARK}-1`],
    [0x0020000e, 'UI', uid],
    [0x00280030, 'DS', '8\\8'],
    [0x7fe00010, 'OW', pixels],
    ...more,
  ];
  await mkdir(path.join(folder, MARK, uid), { recursive: true });
  for (let n = 0; n < count; n++) {
    const file = dicom(axial(n, [...said, [0x00200032, 'DS', `0\\0\\${8 * n}`]], SIZE, SIZE));
    await writeFile(path.join(folder, MARK, uid, `${MARK}${n}`), new Uint8Array(await file.arrayBuffer()));
  }
}

/** The files under a folder that hold a text. */
async function holding(text: string, under: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(under, { recursive: true, withFileTypes: true })) {
    const name = path.join(entry.parentPath, entry.name);
    if (entry.name.includes(text)) found.push(name);
    if (entry.isFile() && (await readFile(name)).includes(text)) found.push(name);
  }
  return found;
}

it('nothing of a name leaves the browser, which alone knows what the job is called', async () => {
  await slices('1.2.1', 30);
  await slices('1.2.2', 24);
  await slices('1.2.3', 3, [[0x00280301, 'CS', 'YES']]);
  await writeFile(path.join(folder, MARK, 'notes.txt'), 'not a scan');
  const { page, close } = await visit(browser, [stack.http, stack.aws]);
  await page.goto(stack.http);
  await page.locator('input[webkitdirectory]').setInputFiles(path.join(folder, MARK));
  await page.locator('[data-upload="choose"]').waitFor();
  await expect.poll(() => page.locator('.offer').count()).toBe(2);
  await expect.poll(() => page.locator('.refused li').count()).toBe(2);
  expect(await inspect(page, 'choose')).toEqual([]);
  await page.locator('.offers-end .primary').click();
  await page.waitForURL(`${stack.http}/jobs/*`);
  expect(await holding('PS3.15 E basic profile', stack.state)).not.toEqual([]);
  expect(await holding(MARK, stack.state)).toEqual([]);
  await page.goto(stack.http);
  await page.locator('[data-job]', { hasText: `${MARK} series` }).waitFor();
  await close();
});
