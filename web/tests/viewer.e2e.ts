import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { framed } from '../src/viewer/camera.ts';
import { launch, shot } from './browser.ts';
import { colours, drawn, hue, opened, type Served, served, still } from './viewer/server.ts';

// The viewer by itself, in software: what is on the screen, in memory, and what hands do.

let server: Served;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([served(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Three boxes side by side, in red, green and blue, from the patient's right to the left. */
async function boxes(page: Page, kind: 'preview' | 'view' | 'glimpse' = 'preview'): Promise<void> {
  await page.evaluate(async (k) => {
    const { box, glb } = stage.models;
    await stage.viewer.show(
      k,
      glb([
        { name: 'red', label: 1, ...box([40, -30, -30], [100, 30, 30]), colour: [0.8, 0.02, 0.02] },
        { name: 'green', label: 2, ...box([-30, -30, -30], [30, 30, 30]), colour: [0.02, 0.8, 0.02] },
        { name: 'blue', label: 3, ...box([-100, -30, -30], [-40, 30, 30]), colour: [0.02, 0.02, 0.8] },
      ]),
    );
  }, kind);
  await drawn(page, kind);
}
const left = [110, 150] as const;
const middle = [240, 150] as const;
const right = [370, 150] as const;
const hues = async (page: Page) => (await colours(page, [left, middle, right])).map(hue);

it('shows the patient from the front, so that the right is on the left-hand side', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page);
  expect(await hues(page)).toEqual(['red', 'green', 'blue']);
  await page.evaluate(() => stage.viewer.look('posterior'));
  await still(page);
  expect(await hues(page)).toEqual(['blue', 'green', 'red']);
  await close();
});

it('draws what the state says: hidden, isolated, coloured, and lets through what is clear', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page);
  const now = async (change: object) => {
    await page.evaluate((c) => stage.change(c), change);
    await still(page);
    return hues(page);
  };
  expect(await now({ hidden: ['green'] })).toEqual(['red', 'dark', 'blue']);
  expect(await now({ isolated: 'green' })).toEqual(['dark', 'green', 'dark']);
  expect(await now({ isolated: null, hidden: null, colours: { green: '#ff0000' } })).toEqual(['red', 'red', 'blue']);
  expect(await now({ opacity: { blue: 0 } })).toEqual(['red', 'red', 'dark']);
  expect(await now({ colours: {}, opacity: {}, selected: 'blue' })).toEqual(['red', 'green', 'blue']);
  await close();
});

it('toggles 117 structures in one frame, and rests when nothing changes', async () => {
  const { page, close } = await opened(browser, server);
  await page.evaluate(async () => {
    const { ball, glb } = stage.models;
    const at = (n: number) => [(n % 13) * 12, 0, Math.floor(n / 13) * 12];
    const shapes = Array.from({ length: 117 }, (_, n) => ({ name: `s${n}`, label: n + 1, ...ball(at(n), 5, 6) }));
    await stage.viewer.show('view', glb(shapes));
  });
  await drawn(page, 'view');
  const before = await page.evaluate(() => stage.viewer.memory());
  const hidden: string[] = [];
  await page.evaluate((names) => {
    for (let n = 0; n < 117; n++) {
      names.push(`s${n}`);
      stage.change({ hidden: [...names] });
    }
  }, hidden);
  await still(page);
  const after = await page.evaluate(() => stage.viewer.memory());
  expect(after.frames - before.frames).toBe(1);
  expect(before.triangles).toBe(117 * 2 * 6 * 2 * 5);
  expect(after.triangles).toBe(0);
  await close();
});

it('shows organs as their bytes come, with a model of other structures in its place until then', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page, 'glimpse');
  // The last organ's bytes are held back until the test has seen what is shown without them.
  await page.evaluate(async () => {
    const { box, glb } = stage.models;
    const preview = glb([
      { name: 'liver', label: 1, ...box([-30, -30, -30], [30, 30, 30]), colour: [0.02, 0.02, 0.8] },
    ]);
    await stage.viewer.show('preview', preview);
  });
  await drawn(page, 'preview');
  expect(await hues(page)).toEqual(['dark', 'blue', 'dark']);
  await page.evaluate(() => {
    const { box, glb } = stage.models;
    const file = glb([{ name: 'liver', label: 1, ...box([-30, -30, -30], [30, 30, 30]), colour: [0.02, 0.8, 0.02] }]);
    let rest: () => void = () => {};
    Object.assign(window, { rest: () => rest() });
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < file.length - 8; at += 100)
          controller.enqueue(file.slice(at, Math.min(at + 100, file.length - 8)));
        rest = () => {
          controller.enqueue(file.slice(file.length - 8));
          controller.close();
        };
      },
    });
    void stage.viewer.show('view', stream);
  });
  await page.waitForFunction(() => stage.seen.some(([what, kind]) => what === 'structures' && kind === 'view'));
  await still(page);
  expect(await hues(page)).toEqual(['dark', 'blue', 'dark']);
  await page.evaluate(() => (window as unknown as { rest: () => void }).rest());
  await drawn(page, 'view');
  expect(await hues(page)).toEqual(['dark', 'green', 'dark']);
  await close();
});

it('draws the first organ while the second is still under way', async () => {
  const { page, close } = await opened(browser, server);
  await page.evaluate(() => {
    const { box, glb } = stage.models;
    const file = glb([
      { name: 'red', label: 1, ...box([40, -30, -30], [100, 30, 30]), colour: [0.8, 0.02, 0.02] },
      { name: 'blue', label: 3, ...box([-100, -30, -30], [-40, 30, 30]), colour: [0.02, 0.02, 0.8] },
    ]);
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(file.slice(0, file.length - 8)), // and then nothing more
    });
    void stage.viewer.show('view', stream).catch(() => {});
  });
  await page.waitForFunction(() => stage.seen.some(([what, , done]) => what === 'drawn' && done === 1));
  await still(page);
  expect(await hues(page)).toEqual(['red', 'dark', 'dark']);
  expect(await page.locator('[data-viewer]').getAttribute('data-drawn')).toBeNull();
  await close();
});

it('reads a file that is still packed, and refuses by name one that is cut off', async () => {
  const { page, close } = await opened(browser, server);
  const ends = await page.evaluate(async () => {
    const { box, glb } = stage.models;
    const file = glb([{ name: 'a', label: 1, ...box([0, 0, 0], [10, 10, 10]) }]);
    const packed = new Response(new Blob([file]).stream().pipeThrough(new CompressionStream('gzip')));
    await stage.viewer.show('preview', await packed.arrayBuffer());
    const code = async (bytes: Uint8Array) =>
      stage.viewer.show('view', bytes).then(
        () => 'shown',
        (error) => error.code ?? String(error),
      );
    const half = file.slice(0, file.length - 30);
    return [await code(half), await code(file.slice(0, 10)), await code(new TextEncoder().encode('<html>'.repeat(9)))];
  });
  expect(ends).toEqual(['truncated_glb', 'truncated_glb', 'not_glb']);
  await drawn(page, 'preview');
  await close();
});

it('keeps the place and the camera when one model takes the place of another', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page, 'glimpse');
  await page.locator('#host').focus();
  for (let n = 0; n < 6; n++) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('+');
  await still(page);
  const camera = await page.evaluate(() => stage.state.camera);
  expect(camera?.yaw).toBeCloseTo(Math.PI / 4);
  for (const kind of ['preview', 'view'] as const) {
    await boxes(page, kind);
    expect(await page.evaluate(() => stage.state.camera)).toEqual(camera);
  }
  await close();
});

describe('a cut', () => {
  it.each([
    ['coronal', 'anterior'],
    ['axial', 'superior'],
    ['sagittal', 'right'],
  ] as const)('%s: fills what it goes through, with the colour of each structure', async (axis, side) => {
    const { page, close } = await opened(browser, server);
    await page.evaluate(async () => {
      const { ball, glb } = stage.models;
      // The outer ball is a solid that reaches through the inner one, as a merged structure may.
      await stage.viewer.show(
        'preview',
        glb([
          { name: 'outer', label: 1, ...ball([0, 0, 0], 50, 24), colour: [0.02, 0.8, 0.02] },
          { name: 'inner', label: 2, ...ball([0, 0, 0], 25, 24), colour: [0.02, 0.02, 0.8] },
        ]),
      );
    });
    await drawn(page, 'preview');
    // Beside the handle, the same place shows the outside, then the inner ball's face, and around it the outer one's.
    const [centre, ring, beside] = [
      [270, 128],
      [240, 128 - 75],
      [30, 128],
    ] as const;
    await page.evaluate((s) => stage.viewer.look(s), side);
    await still(page);
    expect((await colours(page, [centre, ring, beside])).map(hue)).toEqual(['green', 'green', 'dark']);
    await page.evaluate((a) => stage.change({ clip: { axis: a, at: 0, flip: false } }), axis);
    await still(page);
    // In view is the cut's face, not the far inside of a hollow ball: it is flat, so of one colour.
    const flat = await colours(page, [centre, [215, 150], ring, [240 - 75, 128], [240 + 75, 128], beside]);
    expect(flat.map(hue)).toEqual(['blue', 'blue', 'green', 'green', 'green', 'dark']);
    for (const k of [0, 1, 2] as const)
      expect(Math.abs((flat[3]?.[k] ?? 0) - (flat[4]?.[k] ?? 0))).toBeLessThanOrEqual(8);
    await page.evaluate(() => stage.change({ isolated: 'outer' }));
    await still(page);
    expect((await colours(page, [centre, ring])).map(hue)).toEqual(['green', 'green']);
    await page.evaluate(() => stage.change({ clip: null, isolated: null }));
    await still(page);
    expect((await colours(page, [centre])).map(hue)).toEqual(['green']);
    await close();
  });

  it('follows its handle', async () => {
    const { page, close } = await opened(browser, server);
    await boxes(page);
    await page.evaluate(() => {
      stage.viewer.look('right');
      stage.change({ clip: { axis: 'coronal', at: 0, flip: false } });
    });
    await still(page);
    // From the right the front is on the right-hand side, and the handle stands in the middle.
    const camera = await page.evaluate(() => stage.state.camera);
    const perMM = 320 / (2 * (camera?.distance ?? 0) * Math.tan((13 * Math.PI) / 180));
    const handle = await page.evaluate(() => stage.viewer.handle());
    expect(handle?.[0]).toBeCloseTo(240, 0);
    await page.mouse.move(handle?.[0] ?? 0, handle?.[1] ?? 0);
    await page.mouse.down();
    await page.mouse.move((handle?.[0] ?? 0) + 20 * perMM, handle?.[1] ?? 0, { steps: 4 });
    await page.mouse.up();
    await still(page);
    expect((await page.evaluate(() => stage.state.clip))?.at).toBeCloseTo(20, 0);
    await close();
  });
});

it('measures a cube of known size by the mouse and by the keyboard', async () => {
  const { page, close } = await opened(browser, server);
  await page.evaluate(async () => {
    const { box, glb } = stage.models;
    await stage.viewer.show('view', glb([{ name: 'cube', label: 1, ...box([-50, -50, -50], [50, 50, 50]) }]));
    stage.viewer.choose('distance');
  });
  await drawn(page, 'view');
  // The front face lies 50 mm nearer than the target: so many pixels are a millimetre there.
  const { distance, target } = framed([-50, -50, -50], [50, 50, 50], 0, 0, { aspect: 480 / 320, covered: 64 / 320 });
  const perMM = 320 / (2 * (distance - 50) * Math.tan((13 * Math.PI) / 180));
  const at = (right: number, up: number) => [240 - right * perMM, 160 - (up - target[2]) * perMM] as const;
  const count = (n: number) =>
    page.waitForFunction((want) => {
      const last = stage.seen.findLast(([what]) => what === 'measured')?.[1] as unknown[] | undefined;
      return last?.length === want;
    }, n);
  for (const [x, y] of [at(-40, 40), at(40, 40)]) await page.mouse.click(x, y);
  await count(1);
  await page.evaluate(() => stage.viewer.choose('angle'));
  for (const [x, y] of [at(-40, 40), at(-40, -40), at(40, -40)]) await page.mouse.click(x, y);
  await count(2);
  await page.evaluate(() => stage.viewer.choose('distance'));
  await page.locator('#host').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Digit2');
  await still(page);
  await page.keyboard.press('Enter');
  await count(3);
  const all = (await page.evaluate(() => stage.seen.findLast(([what]) => what === 'measured')?.[1])) as {
    mm?: number;
    degrees?: number;
    points: number[][];
  }[];
  expect(all[0]?.mm).toBeCloseTo(80, 0);
  expect(all[1]?.degrees).toBeCloseTo(90, 0);
  // From the middle of the front face to the middle of the left one, as high as the target is.
  expect(all[2]?.mm).toBeCloseTo(Math.hypot(50, 50), 0);
  expect(all[0]?.points[0]?.[1]).toBeCloseTo(50, 3); // on the front face
  await shot(page, 'viewer-measured');
  await page.evaluate(() => stage.viewer.unmeasure(true));
  await count(0);
  await close();
});

it('chooses and points at what is in front, also through a cut, and at the letters of the sides', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page);
  const last = (what: string) => page.evaluate((w) => stage.seen.findLast(([kind]) => kind === w)?.[1], what);
  const told = (what: string, name: string | null) =>
    page.waitForFunction(([w, n]) => stage.seen.findLast(([kind]) => kind === w)?.[1] === n, [what, name] as const);
  await page.mouse.move(...left);
  await told('hover', 'red');
  await page.mouse.move(5, 5);
  await told('hover', null);
  await page.mouse.click(...right);
  await told('pick', 'blue');
  await page.mouse.click(8, 300);
  await told('pick', null);
  // With the front half gone, the ray meets the face of the cut, which no triangle is.
  await page.evaluate(() => stage.change({ clip: { axis: 'coronal', at: 10, flip: false } }));
  await page.evaluate(() => stage.viewer.choose('distance'));
  await page.mouse.click(...left);
  await page.mouse.click(...right);
  await page.waitForFunction(() => (stage.seen.findLast(([w]) => w === 'measured')?.[1] as unknown[])?.length === 1);
  const [measured] = (await last('measured')) as { points: number[][] }[];
  for (const p of measured?.points ?? []) expect(p[1]).toBeCloseTo(10, 3);
  await page.evaluate(() => stage.viewer.choose('turn'));
  await page.mouse.click(480 - 52 + 34, 52); // the letter L
  await page.waitForFunction(() => stage.state.camera?.yaw === Math.PI / 2);
  await close();
});

it('brings the picture back when the graphics processor was taken away', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page);
  await page.evaluate(() => stage.change({ clip: { axis: 'coronal', at: 0, flip: false }, hidden: ['green'] }));
  await still(page);
  const before = await hues(page);
  await page.evaluate(() => {
    const gl = document.querySelector('canvas')?.getContext('webgl2');
    const lose = gl?.getExtension('WEBGL_lose_context');
    lose?.loseContext();
    document
      .querySelector('canvas')
      ?.addEventListener('webglcontextlost', () => setTimeout(() => lose?.restoreContext()));
  });
  await page.waitForFunction(() => stage.seen.some(([what, kind]) => what === 'context' && kind === 'restored'));
  await still(page);
  expect(await page.evaluate(() => stage.seen.filter(([what]) => what === 'context').map(([, c]) => c))).toEqual([
    'lost',
    'restored',
  ]);
  expect(await hues(page)).toEqual(before);
  await close();
});

it('gives back all memory of the graphics processor, and takes no more with every model', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page);
  await page.evaluate(() => stage.change({ clip: { axis: 'coronal', at: 0, flip: false } }));
  await still(page);
  const first = await page.evaluate(() => stage.viewer.memory());
  for (let n = 0; n < 3; n++) {
    await page.evaluate(async () => {
      const { box, glb } = stage.models;
      await stage.viewer.show('glimpse', glb([{ name: 'other', label: 9, ...box([0, 0, 0], [10, 10, 10]) }]));
    });
    await drawn(page, 'glimpse');
    await boxes(page);
    expect(await page.evaluate(() => stage.viewer.memory().geometries)).toBe(first.geometries);
  }
  const last = await page.evaluate(async () => {
    await stage.viewer.picture();
    const { viewer } = stage;
    viewer.dispose();
    return viewer.memory();
  });
  expect([last.geometries, last.textures]).toEqual([0, 0]);
  await expect.poll(() => page.locator('canvas').count()).toBe(0);
  await page.evaluate(() => stage.again());
  await boxes(page);
  expect(await hues(page)).toEqual(['red', 'green', 'blue']);
  await close();
});

it('takes pictures twice as large, with and without the stage', async () => {
  const { page, close } = await opened(browser, server);
  await boxes(page);
  const [solid, clear] = await page.evaluate(async () => {
    const look = async (transparent: boolean) => {
      const image = await createImageBitmap(await stage.viewer.picture({ transparent }));
      const ctx = new OffscreenCanvas(image.width, image.height).getContext('2d', { willReadFrequently: true });
      ctx?.drawImage(image, 0, 0);
      const at = (x: number, y: number) => [...(ctx?.getImageData(x, y, 1, 1).data ?? [])];
      return { size: [image.width, image.height], corner: at(2, 2), organ: at(220, 300), bar: at(940, 556) };
    };
    return [await look(false), await look(true)];
  });
  expect([solid?.size, clear?.size]).toEqual([
    [960, 640],
    [960, 640],
  ]);
  expect([solid?.corner[3], clear?.corner[3]]).toEqual([255, 0]);
  for (const of of [solid, clear]) {
    expect(hue(of?.organ.slice(0, 3) as never)).toBe('red');
    expect(of?.organ[3]).toBe(255);
  }
  // A picture leaves the screen as it was.
  await still(page);
  expect(await hues(page)).toEqual(['red', 'green', 'blue']);
  await close();
});

it('says that there is no WebGL, and does nothing', async () => {
  const bare = await launch('--disable-gpu', '--disable-software-rasterizer', '--disable-webgl', '--disable-webgl2');
  const { page, close } = await opened(bare, server);
  await page.waitForFunction(() => stage.seen.some(([what, kind]) => what === 'context' && kind === 'missing'));
  await page.evaluate(async () => {
    await stage.viewer.show('preview', new ArrayBuffer(0));
    stage.change({ isolated: 'liver' });
    stage.viewer.focus('liver');
    stage.viewer.reset();
    stage.viewer.dispose();
  });
  await close();
  await bare.close();
});
