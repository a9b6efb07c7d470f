import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { desktop, launch, phone, theme, visit } from './browser.ts';
import { ask, root, sample, up } from './stack.ts';

const docs = path.join(root, 'docs');
const SIZE = 200; // voxels along each axis of the torso

/** Keeps what is seen as a small file. */
async function keep(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(docs, 'design', `${name}.jpg`), type: 'jpeg', quality: 72 });
}

/** A picture made anew at another size and in another format, by the browser. */
async function remade(page: Page, from: Buffer, width: number, height: number, type: string): Promise<Buffer> {
  const made = await page.evaluate(
    async ([data, wide, high, kind]) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const scale = Math.min(wide / image.width, high / image.height);
      const sheet = new OffscreenCanvas(wide, high);
      const [w, h] = [image.width * scale, image.height * scale];
      const context = sheet.getContext('2d') as OffscreenCanvasRenderingContext2D;
      context.imageSmoothingQuality = 'high';
      context.drawImage(image, (sheet.width - w) / 2, (sheet.height - h) / 2, w, h);
      const blob = await sheet.convertToBlob({ type: kind, quality: 0.82 });
      return Array.from(new Uint8Array(await blob.arrayBuffer()));
    },
    [from.toString('base64'), width, height, type] as const,
  );
  return Buffer.from(made);
}

it('makes them', async () => {
  const [stack, browser] = await Promise.all([up('--wake', '5s'), launch()]);
  try {
    const scan = await sample(path.join(stack.state, '..', 'torso.nii.gz'), SIZE);
    const { page, close } = await visit(browser, [stack.http, stack.aws], { locale: 'es-ES', reducedMotion: 'reduce' });
    await page.goto(stack.http);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.locator('input[type=file][multiple]').setInputFiles(scan);
    await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/);
    await page.locator('img.scan').waitFor();
    await keep(page, 'scan-light');
    await page.locator('[data-viewer][data-drawn=view]').waitFor();
    await theme(page, 'dark');
    await page.locator('[data-structure]').nth(3).waitFor();
    await page.locator('[data-structure] [data-row]').first().click();
    await page.locator('.panel.chosen').waitFor();
    await keep(page, 'ready-dark');
    await page.keyboard.press('Escape');
    await page.setViewportSize(phone);
    await page.waitForTimeout(1500);
    await keep(page, 'ready-phone');
    await page.setViewportSize(desktop);
    await page.goto(stack.http);
    await theme(page, 'light');
    await page.locator('[data-job]').waitFor();
    await keep(page, 'home-light');
    // README: preview.png, which the service itself draws.
    const { jobs } = await ask<{ jobs: { id: string }[] }>(`${stack.http}/v1/jobs`);
    const answer = await fetch(`${stack.http}/v1/jobs/${jobs[0]?.id}/artifacts/preview.png`);
    const drawn = Buffer.from(await answer.arrayBuffer());
    const size = await page.evaluate(async (data) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const { width, height } = await createImageBitmap(new Blob([bytes]));
      return [width, height] as const;
    }, drawn.toString('base64'));
    const wide = Math.min(size[0], 1200);
    const high = Math.round((size[1] * wide) / size[0]);
    await writeFile(path.join(docs, 'torso.jpg'), await remade(page, drawn, wide, high, 'image/jpeg'));
    expect(size[0]).toBeGreaterThan(100);
    await close();
  } finally {
    await browser.close();
    await stack.stop();
  }
});
