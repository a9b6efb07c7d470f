import path from 'node:path';
import type { Page } from 'playwright-core';
import { it } from 'vitest';
import { desktop, launch, phone, theme, visit } from './browser.ts';
import { root, sample, up } from './stack.ts';

const docs = path.join(root, 'docs');
const SIZE = 200; // voxels along each axis of the torso

/** Keeps what is seen as a small file. */
async function keep(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: path.join(docs, 'design', `${name}.jpg`), type: 'jpeg', quality: 72 });
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
    await close();
  } finally {
    await browser.close();
    await stack.stop();
  }
});
