// The viewer in a browser without a job around it: Vite serves it from its sources.
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { createServer } from 'vite';
import { visit } from '../browser.ts';
import type { TestStage } from './page.ts';

declare global {
  /** In the page of page.html. */
  var stage: TestStage;
}

export interface Served {
  origin: string;
  stop: () => Promise<void>;
}

export async function served(): Promise<Served> {
  const server = await createServer({
    root: path.join(import.meta.dirname, '..', '..'),
    configFile: false,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false },
    optimizeDeps: { include: ['three', 'three-mesh-bvh', 'react-dom/client', 'iwer', '@niivue/niivue'] },
    cacheDir: 'node_modules/.vite-viewer',
  });
  await server.listen();
  const origin = server.resolvedUrls?.local[0]?.replace(/\/$/, '');
  if (!origin) throw new Error('Vite has no address');
  return { origin, stop: () => server.close() };
}

/** Opens the viewer's page; small, for every pixel is drawn by the processor. */
export async function opened(browser: Browser, { origin }: Served, name = 'page') {
  const at = await visit(browser, [origin], { viewport: { width: 480, height: 320 }, reducedMotion: 'reduce' });
  await at.page.goto(`${origin}/tests/viewer/${name}.html`);
  await at.page.waitForFunction(() => globalThis.stage !== undefined);
  return at;
}

/** Waits until a model is on the screen and nothing more is to be drawn. */
export async function drawn(page: Page, kind: string): Promise<void> {
  await page.waitForFunction((k) => document.querySelector('[data-viewer]')?.getAttribute('data-drawn') === k, kind);
  await still(page);
}

/** Waits until the view rests and nothing more is to be drawn. */
export async function still(page: Page): Promise<void> {
  await page.waitForFunction(() => stage.viewer.resting && stage.idle());
}

export type Colour = [number, number, number];

/** The colours on the screen at some places. */
export async function colours(page: Page, places: readonly (readonly [number, number])[]): Promise<Colour[]> {
  const picture = (await page.screenshot()).toString('base64');
  return page.evaluate(
    async ([data, at]) => {
      const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const ctx = new OffscreenCanvas(image.width, image.height).getContext('2d', { willReadFrequently: true });
      ctx?.drawImage(image, 0, 0);
      return at.map(
        ([x, y]) => [...(ctx?.getImageData(x, y, 1, 1).data ?? [])].slice(0, 3) as [number, number, number],
      );
    },
    [picture, places.map(([x, y]) => [x, y] as [number, number])] as const,
  );
}

/** What a colour is, by its strongest channel; dark where it is the stage. */
export function hue([r, g, b]: Colour): 'red' | 'green' | 'blue' | 'dark' {
  const most = Math.max(r, g, b);
  if (most < 60) return 'dark';
  return most === r ? 'red' : most === g ? 'green' : 'blue';
}
