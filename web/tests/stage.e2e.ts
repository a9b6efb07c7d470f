import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ball, box, glb } from '../src/testing/glb.ts';
import { launch, shot, violations, visit } from './browser.ts';
import { nifti } from './viewer/scan.ts';
import { colours, hue, type Served, served } from './viewer/server.ts';

// The stage with its tools and the slices beside it.

let server: Served;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([served(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const within = (low: number[], high: number[]) => (p: number[]) =>
  p.every((x, k) => x >= (low[k] ?? 0) && x <= (high[k] ?? 0));
const organs = [
  { name: 'liver', label: 1, low: [20, -20, -20], high: [60, 20, 20], colour: [0.5, 0.1, 0.05] as const },
  { name: 'spleen', label: 2, low: [-60, -20, -20], high: [-20, 20, 20], colour: [0.3, 0.1, 0.4] as const },
];
const labelAt = (...p: number[]) => organs.find((o) => within(o.low, o.high)(p))?.label ?? 0;
const files: Record<string, Uint8Array> = {
  'preview.glb': glb([
    ...organs.map((o) => ({ ...o, ...box(o.low, o.high) })),
    { name: 'skin', label: 3, ...ball([0, 0, 0], 90, 16), extras: { group: 'surface' } },
  ]),
  'slices.nii.gz': nifti(48, 'int16', (x, y, z) => (Math.hypot(x, y, z) < 90 ? 40 : -1000)),
  'labels.nii.gz': nifti(48, 'uint8', labelAt),
};

async function opened(locale: string, size: { width: number; height: number }, more: typeof files = {}) {
  const at = await visit(browser, [server.origin], {
    viewport: size,
    locale,
    reducedMotion: 'reduce',
    colorScheme: 'dark',
  });
  await at.page.route('**/glb/*', (route) => {
    const name = route.request().url().split('/').pop() ?? '';
    const body = more[name] ?? files[name];
    return route.fulfill({ body: Buffer.from(body ?? []), contentType: 'application/octet-stream' });
  });
  await at.page.goto(`${server.origin}/tests/viewer/stage.html`);
  await at.page.locator('[data-viewer][data-drawn="preview"]').waitFor();
  return at;
}
const state = (page: Page) => page.evaluate(() => (window as unknown as { shown: { selected: string | null } }).shown);

it.each([
  ['en-GB', 'Cut', 'Measure', 'Remove the cut', { width: 900, height: 640 }],
  ['es-MX', 'Cortar', 'Medir', 'Quitar el corte', { width: 390, height: 700 }],
] as const)(
  '%s: its tools open, close, and have nothing that axe objects to',
  async (locale, cut, measure, end, size) => {
    const { page, close } = await opened(locale, size);
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: cut, exact: true }).click();
    await page.getByRole('button', { name: measure, exact: true }).click();
    await page.getByRole('radio').first().waitFor();
    expect(await violations(page)).toEqual([]);
    await shot(page, `stage-tools-${locale}`);
    await page.getByRole('button', { name: measure, exact: true }).click();
    await page.getByRole('button', { name: end }).click();
    expect(await page.evaluate(() => (window as unknown as { shown: { clip: unknown } }).shown.clip)).toBeNull();
    await close();
  },
);

it('shows this page’s address as a code', async () => {
  const { page, close } = await opened('en-GB', { width: 900, height: 640 });
  await page.getByRole('button', { name: 'In your room' }).click();
  await page.getByRole('menuitem', { name: 'Open on a phone or headset' }).click();
  await page.getByRole('img', { name: 'QR code' }).waitFor();
  expect(await violations(page)).toEqual([]);
  await close();
});

// niivue#1578 and #1498, cornerstone3D#1256: with hundreds of labels the background had the colour of one of the first,
// and those beyond 255 had none. It holds for a map that says that it is one (intent 1002), as ours do.
it('leaves what has no label as the scan is, however many labels there are', async () => {
  const paint = [[0.8, 0.02, 0.02] as const, [0.02, 0.02, 0.8] as const];
  const far = organs.map((o, n) => ({ ...o, label: n === 0 ? 1 : 300, colour: paint[n] ?? o.colour }));
  const { page, complaints, close } = await opened(
    'en-GB',
    { width: 900, height: 480 },
    {
      'preview.glb': glb(far.map((o) => ({ ...o, ...box(o.low, o.high) }))),
      'labels.nii.gz': nifti(48, 'uint16', (...p) => far.find((o) => within(o.low, o.high)(p))?.label ?? 0),
    },
  );
  await page.getByRole('button', { name: 'Slices' }).click();
  await page.getByRole('slider', { name: 'Structures over the scan' }).waitFor();
  const area = await page.locator('.slices-sheet canvas').boundingBox();
  if (!area) throw new Error('there are no slices');
  const across = Array.from(
    { length: 32 },
    // Above the crosshair of the first plane, and through both.
    (_, n) => [area.x + (n * area.width) / 64, area.y + area.height / 4 - 10] as const,
  );
  const coloured = async () =>
    (await colours(page, across)).filter((c) => Math.max(...c) - Math.min(...c) > 40).map((c) => hue(c));
  // One is red and the other, which the table has at 300, blue; all else is grey.
  await expect.poll(async () => [...new Set(await coloured())].sort()).toEqual(expect.arrayContaining(['blue', 'red']));
  const grey = (await colours(page, across)).filter((c) => Math.max(...c) - Math.min(...c) < 12 && c[0] > 60);
  expect(grey.length).toBeGreaterThan(3);
  complaints.splice(
    0,
    complaints.length,
    ...complaints.filter((line) => !line.includes('GPU stall due to ReadPixels')),
  );
  await close();
});

it('chooses in the slices what is chosen on the stage, and the other way round', async () => {
  const { page, complaints, close } = await opened('en-GB', { width: 900, height: 480 });
  await page.getByRole('button', { name: 'Slices' }).click();
  const sheet = page.locator('.slices-sheet canvas');
  await page.getByRole('slider', { name: 'Structures over the scan' }).waitFor();
  await page.evaluate(() => {
    const change = (window as unknown as { change: (f: (s: object) => object) => void }).change;
    change((before) => ({ ...before, selected: 'spleen' }));
  });
  await page.getByText('At -4').or(page.getByText('At -3')).first().waitFor(); // the spleen's middle, −40 mm
  // Its mirror image in the first tile is the liver: as far from the middle, on the other side.
  const area = await sheet.boundingBox();
  if (!area) throw new Error('there are no slices');
  const before = await state(page);
  expect(before.selected).toBe('spleen');
  const found = new Set<string | null>();
  for (let n = 1; n < 24; n++) {
    await page.mouse.click(area.x + (n * area.width) / 24, area.y + area.height / 4);
    found.add((await state(page)).selected);
  }
  expect(found).toContain('liver');
  expect(await violations(page)).toEqual([]);
  await shot(page, 'stage-slices');
  complaints.splice(
    0,
    complaints.length,
    ...complaints.filter((line) => !line.includes('GPU stall due to ReadPixels')),
  );
  await close();
});
