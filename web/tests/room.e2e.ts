import type { XRDevice } from 'iwer';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch } from './browser.ts';
import { drawn, opened, type Served, served } from './viewer/server.ts';

// The viewer in an emulated headset (IWER). No real one was there: docs say so.

declare global {
  /** The emulated headset in the page. */
  var headset: XRDevice;
}

let server: Served;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([served(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const words = { all: 'All', isolate: 'Isolate', realSize: '1:1', reset: 'Reset', leave: 'Leave' };

async function entered(page: Page, reality: 'vr' | 'ar'): Promise<void> {
  await page.evaluate(async () => {
    const { box, glb } = stage.models;
    await stage.viewer.show(
      'preview',
      glb([
        { name: 'right', label: 1, ...box([80, -200, -200], [480, 200, 200]) },
        { name: 'left', label: 2, ...box([-480, -200, -200], [-80, 200, 200]) },
      ]),
    );
  });
  await drawn(page, 'preview');
  await page.evaluate(
    async ([r, w]) => {
      const { ended } = await stage.viewer.enter(r, w);
      void ended.then(() => stage.seen.push(['left']));
    },
    [reality, words] as const,
  );
}

/** Points the right hand's ray from its place towards a point of the room. */
const point = (page: Page, to: readonly number[]) =>
  page.evaluate(
    ([x, y, z]) => {
      const hand = globalThis.headset.controllers.right;
      if (!hand) throw new Error('the headset has no right hand');
      const from = [0.3, 1.2, 0];
      hand.position.set(...(from as [number, number, number]));
      // The shortest turn from −z to the direction.
      const d = [x - 0.3, y - 1.2, z];
      const length = Math.hypot(...d);
      const [u, v, w] = d.map((c) => c / length) as [number, number, number];
      const q = [v, -u, 0, 1 - w];
      const size = Math.hypot(...q);
      hand.quaternion.set(...(q.map((c) => c / size) as [number, number, number, number]));
    },
    to as [number, number, number],
  );

const until = (page: Page, what: string | null) => page.waitForFunction((w) => stage.viewer.inside?.on === w, what);
const scale = (page: Page) =>
  page.evaluate(() => Math.hypot(...(stage.viewer.inside?.matrix.elements.slice(0, 3) ?? [])));
const pressed = (page: Page, button: string) =>
  page.evaluate(async (b) => {
    const hand = globalThis.headset.controllers.right;
    const frames = async (n: number) => {
      const before = stage.viewer.memory().frames;
      while (stage.viewer.memory().frames < before + n) await new Promise((done) => setTimeout(done, 5));
    };
    hand?.updateButtonValue(b, 1);
    await frames(3);
    hand?.updateButtonValue(b, 0);
    await frames(3);
  }, button);

it.each(['vr', 'ar'] as const)('%s: names, isolates, has its real size, comes back, and ends', async (reality) => {
  const { page, close } = await opened(browser, server, 'room');
  expect(await page.evaluate(() => stage.viewer.realities())).toEqual({ vr: true, ar: true });
  await entered(page, reality);
  const small = await scale(page);
  expect(small).toBeGreaterThan(0.3);
  expect(small).toBeLessThan(1);
  // The model stands 0.9 m ahead at breast height, facing who looks: its left is on the right-hand side.
  const aside = 0.28 * small;
  await point(page, [aside, 1.25, -0.9]);
  await until(page, 'left');
  await point(page, [-aside, 1.25, -0.9]);
  await until(page, 'right');
  await pressed(page, 'a-button');
  expect(await page.evaluate(() => stage.state.isolated)).toBe('right');
  await point(page, [aside, 1.25, -0.9]);
  await until(page, null);
  await page.evaluate(() => stage.change({ isolated: null }));
  await pressed(page, 'thumbstick');
  expect(await scale(page)).toBeCloseTo(1, 9);
  await pressed(page, 'b-button');
  expect(await scale(page)).toBeCloseTo(small, 9);
  await page.evaluate(() => stage.viewer.inside?.leave());
  await page.waitForFunction(() => stage.seen.some(([what]) => what === 'left'));
  // On the page it stands where it stood.
  expect(await page.evaluate(() => stage.viewer.inside)).toBeNull();
  await page.evaluate(() => stage.change({ selected: 'left' }));
  await drawn(page, 'preview');
  await close();
});

it('is carried by one hand, and grows between two', async () => {
  const { page, close } = await opened(browser, server, 'room');
  await entered(page, 'vr');
  const carried = await page.evaluate(async () => {
    const { left, right } = globalThis.headset.controllers;
    if (!left || !right) throw new Error('the headset has no hands');
    const frames = async (n: number) => {
      const before = stage.viewer.memory().frames;
      while (stage.viewer.memory().frames < before + n) await new Promise((done) => setTimeout(done, 5));
    };
    const held = async () => {
      const began = performance.now();
      while (performance.now() - began < 300) await frames(1); // longer than a tap
    };
    const at = () => stage.viewer.inside?.matrix.elements.slice(12, 15).map((x) => Math.round(x * 1e3)) ?? [];
    const size = () => Math.hypot(...(stage.viewer.inside?.matrix.elements.slice(0, 3) ?? []));
    right.position.set(0.2, 1.2, -0.3);
    left.position.set(-0.2, 1.2, -0.3);
    for (const hand of [left, right]) hand.quaternion.set(0, 0, 0, 1);
    await frames(3);
    const [place, whole] = [at(), size()];
    right.updateButtonValue('squeeze', 1);
    await held();
    right.position.set(0.2, 1.4, -0.5);
    await frames(4);
    const moved = at().map((x, k) => x - (place[k] ?? 0));
    left.updateButtonValue('squeeze', 1);
    await held();
    const before = size();
    left.position.set(-0.6, 1.2, -0.3);
    await frames(4);
    const grown = size() / before;
    for (const hand of [left, right]) hand.updateButtonValue('squeeze', 0);
    await frames(3);
    const let_go = at();
    right.position.set(0, 1, 0);
    await frames(3);
    return { moved, whole, grown, still: at().join() === let_go.join() };
  });
  expect(carried.moved).toEqual([0, 200, -200]);
  const spread = (x: number) => Math.hypot(0.2 + x, 0.2, 0.2);
  expect(carried.grown).toBeCloseTo(spread(0.6) / spread(0.2), 2);
  expect(carried.still).toBe(true);
  await page.evaluate(() => stage.viewer.inside?.leave());
  await page.waitForFunction(() => stage.seen.some(([what]) => what === 'left'));
  await close();
});
