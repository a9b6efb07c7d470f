// Debian's Chromium with software WebGL, and pages in it whose every complaint is a failure:
// a message in the console, an error that nobody caught, a request to a stranger.
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { root } from './stack.ts';

export const shots = path.join(root, 'out', 'web');
const axe = createRequire(import.meta.url)('axe-core') as { source: string };

const flags = [
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(...more: string[]): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, chromiumSandbox: false, args: [...flags, ...more] });
}

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

export interface Visit {
  page: Page;
  context: BrowserContext;
  /** What the page complained about so far, without what a test expects. */
  complaints: string[];
  close: () => Promise<void>;
}

/** Opens a page that may talk to these origins only. Closing it fails if it complained. */
export async function visit(browser: Browser, origins: string[], options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: desktop, locale: 'en-GB', colorScheme: 'light', ...options });
  // It ends only what would never end; IRIS_E2E_WAIT is for whoever looks for a fault.
  context.setDefaultTimeout(Number(process.env.IRIS_E2E_WAIT ?? 300_000));
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`not caught: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['blob:', 'data:'].includes(url.protocol) && !origins.includes(url.origin)) {
      complaints.push(`a request to ${url.origin}`);
    }
  });
  const close = async () => {
    await context.close();
    if (complaints.length > 0) throw new Error(`the page complained:\n${complaints.join('\n')}`);
  };
  return { page, context, complaints, close };
}

/** What axe finds against WCAG 2.2 AA and good practice, one line for each element. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source); // by the debugger: the page's policy allows no other script
  const results = (await page.evaluate(() =>
    // @ts-expect-error axe is in the page, not here
    axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  )) as AxeResults;
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`.replaceAll(/\s+/g, ' ')),
  );
}

/** Shows the page in the other theme. The first picture of it waits for what moves. */
export async function theme(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
}

/** Keeps a picture under out/web. */
export async function shot(page: Page, name: string): Promise<void> {
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`) });
}

/** Holds a state of the page against axe in both themes and two sizes, and keeps a picture of each. */
export async function inspect(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  const before = page.viewportSize() ?? desktop;
  for (const [size, viewport] of Object.entries({ desktop, phone })) {
    await page.setViewportSize(viewport);
    for (const scheme of ['light', 'dark'] as const) {
      await theme(page, scheme);
      await shot(page, `${name}-${size}-${scheme}`);
      found.push(...(await violations(page)).map((line) => `${name}, ${size}, ${scheme}: ${line}`));
      // Nobody has to scroll sideways to read (WCAG 1.4.10), which axe does not look at.
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${name}, ${size}, ${scheme}: ${wide} points wider than the window`);
    }
  }
  await page.setViewportSize(before);
  await theme(page, 'light');
  return found;
}
