import path from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { launch, visit } from './browser.ts';
import { circumstances, type Row, report } from './report.ts';
import { ask, up } from './stack.ts';

// Budget of issue 19 on a line of 9 Mbit/s and 170 ms: 3D at most 1.5 s after the click on a
// ready job, and no task of the page's thread over 100 ms. IRIS_LABELS names another label map
// than that of TotalSegmentator's example; IRIS_RUNS how often each way is gone.

const LINE = { offline: false, latency: 170, downloadThroughput: 9e6 / 8, uploadThroughput: 9e6 / 8 };
const shared = process.env.IRIS_SHARED ?? path.join(import.meta.dirname, '..', '..', '..', 'shared');
const labels = process.env.IRIS_LABELS ?? path.join(shared, 'volumes', 'totalsegmentator', 'example_seg.nii.gz');
const runs = Number(process.env.IRIS_RUNS ?? 5);

/** Notes in the page when each model was drawn, and how long its thread was held. */
async function watched(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: Record<string, number> = {};
    const tasks: [number, number][] = [];
    Object.assign(globalThis, { seen, tasks });
    new MutationObserver(() => {
      const drawn = document.querySelector<HTMLElement>('[data-viewer]')?.dataset.drawn;
      if (drawn) seen[drawn] ??= performance.now();
    }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-drawn'] });
    document.addEventListener(
      'click',
      () => {
        seen.click = performance.now();
      },
      true,
    );
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) tasks.push([task.startTime, task.duration]);
    }).observe({ entryTypes: ['longtask'] });
  });
}

interface Told {
  preview: number;
  view: number;
  longest: number;
  bytes: number;
}

/** Seconds from the click, or from the navigation, to each model. */
async function told(page: Page): Promise<Told> {
  await page.locator('[data-viewer][data-drawn=view]').waitFor();
  return page.evaluate(() => {
    const { seen, tasks } = globalThis as unknown as { seen: Record<string, number>; tasks: [number, number][] };
    const from = seen.click ?? 0;
    return {
      preview: (seen.preview ?? seen.view ?? 0) - from,
      view: (seen.view ?? 0) - from,
      longest: Math.max(0, ...tasks.filter(([at]) => at >= from).map(([, took]) => took)),
      bytes: performance
        .getEntriesByType('resource')
        .filter((one) => one.startTime >= from)
        .reduce((sum, one) => sum + ((one as PerformanceResourceTiming).encodedBodySize || 0), 0),
    };
  });
}

const middle = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
const spread = (all: number[], digits = 2) =>
  `${middle(all).toFixed(digits)} (${Math.min(...all).toFixed(digits)}–${Math.max(...all).toFixed(digits)})`;

it('opens a ready job over 4G', async () => {
  const words = circumstances();
  const [stack, browser] = await Promise.all([up(), launch()]);
  try {
    const id = (await stack.iris('submit', labels, '--task', 'labels')).trim().split(/\s/)[0] ?? '';
    const job = () =>
      ask<{ status: string; structures: unknown[]; artifacts: Record<string, { bytes: number }> }>(
        `${stack.http}/v1/jobs/${id}`,
      );
    await expect.poll(async () => (await job()).status, { timeout: 300_000 }).toBe('ready');
    const { structures, artifacts } = await job();
    const rows: Row[] = [];
    for (const [way, viewport] of [
      ['from the list', { width: 480, height: 320 }],
      ['by its address, nothing cached', { width: 480, height: 320 }],
    ] as const) {
      const all: Told[] = [];
      for (let n = 0; n < runs; n++) {
        const { page, close } = await visit(browser, [stack.http, stack.aws], { viewport });
        await watched(page);
        const line = await page.context().newCDPSession(page);
        await line.send('Network.enable');
        await line.send('Network.emulateNetworkConditions', LINE);
        if (way === 'from the list') {
          await page.goto(stack.http, { waitUntil: 'networkidle' });
          await page.locator('[data-job] a').first().click();
        } else await page.goto(`${stack.http}/jobs/${id}`);
        all.push(await told(page));
        await close();
      }
      rows.push({
        way,
        'first 3D s': spread(all.map((one) => one.preview / 1000)),
        'all organs s': spread(all.map((one) => one.view / 1000)),
        'longest task ms': spread(
          all.map((one) => one.longest),
          0,
        ),
      });
    }
    const size = (name: string) => `${Math.round((artifacts[name]?.bytes ?? 0) / 1000)} kB`;
    await report(
      'web-network',
      `\`npm run bench\` in \`web\` (tests/network.bench.ts): a ready job of ${structures.length} structures (${path.basename(labels)}; preview.glb ${size('preview.glb')}, view.glb ${size('view.glb')}) opened over 9 Mbit/s and 170 ms (CDP), 480 × 320 points, ${runs} times each, median and range. ${words}.`,
      rows,
    );
    expect(rows.length).toBe(2);
  } finally {
    await browser.close();
    await stack.stop();
  }
});
