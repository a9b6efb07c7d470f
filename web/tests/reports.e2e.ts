// What people reported of other viewers, rebuilt here. Each test names the reports.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, visit } from './browser.ts';
import { having, ID, page as pretended, ready, service } from './pretend.ts';
import { colours, drawn, hue, opened, type Served, served, still } from './viewer/server.ts';

let server: Served;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([served(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Three boxes side by side, in red, green and blue. */
async function boxes(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { box, glb } = stage.models;
    const made = (name: string, label: number, x: number, colour: [number, number, number]) => ({
      ...{ name, label, colour },
      ...box([x, -30, -30], [x + 60, 30, 30]),
    });
    await stage.viewer.show(
      'preview',
      glb([
        made('red', 1, 40, [0.8, 0.02, 0.02]),
        made('green', 2, -30, [0.02, 0.8, 0.02]),
        made('blue', 3, -100, [0.02, 0.02, 0.8]),
      ]),
    );
  });
  await drawn(page, 'preview');
}

/** What is met along a line from the left of the stage to its right. */
async function across(page: Page, width: number, y: number): Promise<string[]> {
  const places = Array.from({ length: 60 }, (_, n) => [Math.floor(((n + 0.5) * width) / 60), y] as const);
  const met = (await colours(page, places)).map(hue);
  return met.filter((one, n) => one !== met[n - 1]);
}

// niivue#698, google/model-viewer#3560: a browser has room for sixteen contexts, and takes one away
// from whoever has the oldest. It says so in the console, which is a complaint here.
it('can be left and opened again more often than a browser has contexts', async () => {
  const { page, close } = await opened(browser, server);
  for (let n = 0; n < 24; n++) {
    await page.evaluate(() => {
      stage.viewer.dispose();
      stage.again();
    });
  }
  await boxes(page);
  expect(await across(page, 480, 150)).toEqual(['dark', 'red', 'dark', 'green', 'dark', 'blue', 'dark']);
  expect(await page.evaluate(() => stage.seen.filter(([what]) => what === 'context'))).toEqual([]);
  await close();
});

it('is left and opened again as a page', async () => {
  const { origin, stop } = await pretended();
  const at = await visit(browser, [origin], { viewport: { width: 480, height: 320 } });
  await service(at.page, having(ready()));
  await at.page.goto(origin);
  for (let n = 0; n < 20; n++) {
    await at.page.locator('[data-job] a').click();
    await at.page.locator('[data-viewer] canvas').first().waitFor();
    await at.page.goBack();
    await at.page.locator('[data-job] a').waitFor();
    expect(await at.page.locator('canvas').count()).toBe(0);
  }
  await at.page.goto(`${origin}/jobs/${ID}`);
  await at.page.locator('[data-viewer][data-drawn=view]').waitFor();
  await at.close();
  await stop();
});

// aframevr/aframe#4737, google/model-viewer#1447: pictures that are stretched or gone after many
// changes of size; a panel that is closed has none at all.
it('shows the whole model at every size, after a hundred of them and none', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page);
  await page.evaluate(async () => {
    const host = document.getElementById('host') as HTMLElement;
    const size = async (width: number, height: number) => {
      host.style.width = `${width}px`;
      host.style.height = `${height}px`;
      await new Promise(requestAnimationFrame);
    };
    for (let n = 0; n < 100; n++) await size((n * 37) % 480, (n * 53) % 320);
    await size(0, 0);
    await size(200, 320);
  });
  await still(page);
  expect(await across(page, 200, 150)).toEqual(['dark', 'red', 'dark', 'green', 'dark', 'blue', 'dark']);
  // What the person chose to look at stays, whatever the size.
  await page.locator('#host').focus();
  await page.keyboard.press('+');
  await still(page);
  await page.waitForFunction(() => stage.state.camera !== null);
  const camera = await page.evaluate(() => stage.state.camera);
  await page.evaluate(() => {
    (document.getElementById('host') as HTMLElement).style.width = '480px';
  });
  await still(page);
  expect(await page.evaluate(() => stage.state.camera)).toEqual(camera);
  await close();
});
