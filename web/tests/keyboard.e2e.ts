// The main path with the keyboard alone: nothing is clicked, no element is given the focus by
// the test. Wherever the focus comes it is seen, and it is never lost.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, FileChooser, Page } from 'playwright-core';
import '../src/i18n/model.ts';
import '../src/i18n/first.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Key, translate } from '../src/i18n/i18n.ts';
import { launch, visit } from './browser.ts';
import { type Stack, sample, up } from './stack.ts';

let stack: Stack;
let browser: Browser;
let scan: string;
beforeAll(async () => {
  [stack, browser] = await Promise.all([up('--wake', '1s'), launch()]);
  scan = await sample(path.join(stack.state, '..', 'torso.nii.gz'), 64);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
const t = (key: Key, values?: Record<string, string | number>) => translate('es', key, values);

/** What has the focus, in words, and what is wrong with how it is seen. */
function focused(page: Page): Promise<{ what: string; wrong: string }> {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (!(at instanceof HTMLElement) || at === document.body) return { what: '', wrong: 'nothing has the focus' };
    const what = `${at.tagName.toLowerCase()} ${at.getAttribute('aria-label') ?? at.textContent ?? ''}`.slice(0, 80);
    // The page's main part is given the focus where a page begins: it is what is read, not a control.
    if (at.tagName === 'MAIN') return { what, wrong: '' };
    const outlined = [at, at.parentElement, at.parentElement?.parentElement].some((one) => {
      const { outlineStyle, outlineWidth } = one ? getComputedStyle(one) : { outlineStyle: 'none', outlineWidth: '0' };
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1;
    });
    const box = at.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const over = document.elementFromPoint(x, y);
    const covered = !over || !(at.contains(over) || over.contains(at) || at.closest('label')?.contains(over));
    const wrong = outlined ? (covered ? `covered by ${over?.outerHTML.slice(0, 80)}` : '') : 'no outline';
    return { what, wrong };
  });
}

const has = (page: Page, selector: string) =>
  page.evaluate((one) => document.activeElement?.matches(one) === true, selector);

/** Presses Tab, or Shift+Tab, until what is meant has the focus. */
async function tabTo(page: Page, selector: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const passed: string[] = [];
  for (let n = 0; n < 120; n++) {
    await page.keyboard.press(key);
    // At its end the page gives the focus to the browser's own controls.
    const at = await focused(page);
    if (at.what !== '') expect(at.wrong, at.what).toBe('');
    if (await has(page, selector)) return;
    passed.push(at.what);
  }
  throw new Error(`${key} does not lead to ${selector}: ${passed.join(' | ')}`);
}

/** Waits until what is meant has the focus: some of it comes with the next picture. */
const holds = (page: Page, selector: string) =>
  expect.poll(() => has(page, selector), { message: `the focus is on ${selector}` }).toBe(true);

const named = (label: string) => `button[aria-label="${label}"]`;
/** A button by its place, for there is no selector for text that a page's own code knows. */
async function mark(page: Page, label: string, within = 'body'): Promise<string> {
  await page
    .locator(within)
    .getByRole('button', { name: label, exact: true })
    .first()
    .evaluate((one, words) => one.setAttribute('data-meant', words), label);
  return `[data-meant="${label}"]`;
}

it('goes from the file to the model, through it, and to its deletion', async () => {
  const { page, close } = await visit(browser, [stack.http, stack.aws], {
    locale: 'es-ES',
    acceptDownloads: true,
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const chosen = new Promise<FileChooser>((resolve) => page.once('filechooser', resolve));
  await page.goto(stack.http);
  await page.getByRole('heading', { level: 1 }).waitFor();

  // The first stop leads over the header; the next ones to where a scan goes in.
  await page.keyboard.press('Tab');
  expect(await has(page, 'a.skip')).toBe(true);
  await tabTo(page, 'input[type=file][multiple]');
  await page.keyboard.press('Enter');
  await (await chosen).setFiles(scan);
  await page.waitForURL(/\/jobs\/[0-9A-Z]{26}$/);
  await page.locator('main[data-status=ready] [data-viewer][data-drawn=view]').waitFor();
  await holds(page, 'main');

  // Found in the list, and shown alone.
  const rows = page.locator('[data-structure]');
  const shown = page.locator('[data-structure] input[type=checkbox]:checked');
  const all = await rows.count();
  expect(all).toBeGreaterThan(2);
  await page.keyboard.press('/');
  await holds(page, 'input[type=search]');
  await page.keyboard.type('hueso');
  await expect.poll(() => rows.count()).toBe(1);
  await page.keyboard.press('ArrowDown');
  await holds(page, '[data-structure=bone] [data-row]');
  await page.keyboard.press('Tab');
  await holds(page, '[data-structure=bone] [data-action=isolate]');
  await page.keyboard.press('Enter');
  await page.locator('[data-structure=bone] [data-action=isolate][aria-pressed=true]').waitFor();
  await holds(page, '[data-structure=bone] [data-action=isolate]');
  expect((await focused(page)).wrong).toBe('');
  await page.keyboard.press('/');
  await page.keyboard.press('Escape');
  await expect.poll(() => rows.count()).toBe(all);
  await expect.poll(() => shown.count()).toBe(1);
  await page.keyboard.press('Escape'); // out of the field, which takes letters
  await page.keyboard.press('a');
  await expect.poll(() => shown.count()).toBe(all);

  // Hidden and back by the letter that stands on the sheet, from the row that the keyboard is at.
  await page.keyboard.press('/');
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => has(page, '[data-row]')).toBe(true);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('End');
  const last = await page.evaluate(() =>
    document.activeElement?.closest('[data-structure]')?.getAttribute('data-structure'),
  );
  await page.keyboard.press('h');
  await page.locator(`[data-structure="${last}"] input:not(:checked)`).waitFor({ state: 'attached' });
  await page.keyboard.press('Control+z');
  await expect.poll(() => shown.count()).toBe(all);
  await holds(page, `[data-structure="${last}"] [data-row]`);

  // Measured: the cross is in the middle of the stage, and the model is turned below it.
  await tabTo(page, await mark(page, t('viewer.measure'), '[role=toolbar]'));
  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: t('viewer.distance') }).waitFor();
  await tabTo(page, '[data-viewer]', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page
    .locator('.measures li')
    .getByText(/\d+,\d mm/)
    .waitFor();
  await tabTo(page, await mark(page, t('viewer.measureClear')));
  await page.keyboard.press('Enter');
  await expect.poll(() => page.locator('.measures li').count()).toBe(0);
  await expect.poll(async () => (await focused(page)).wrong).toBe('');
  await tabTo(page, await mark(page, t('viewer.turn'), '[role=toolbar]'));
  await page.keyboard.press('Enter');

  // Cut, moved by a key, and whole again.
  const cut = await mark(page, t('viewer.cut'), '[role=toolbar]');
  await tabTo(page, cut);
  await page.keyboard.press('Enter');
  await tabTo(page, '.stage-panel input[type=range]', 'Shift+Tab');
  const at = page.locator('.stage-panel output');
  const before = await at.textContent();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => at.textContent()).not.toBe(before);
  await tabTo(page, await mark(page, t('viewer.cutEnd')));
  await page.keyboard.press('Enter');
  await holds(page, cut);

  // The sheet of keys.
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: t('keys.title') }).waitFor();
  await expect.poll(() => page.evaluate(() => document.activeElement?.closest('dialog') !== null)).toBe(true);
  await page.keyboard.press('Escape');
  await expect.poll(() => page.locator('dialog').count()).toBe(0);
  await holds(page, cut);

  // Downloaded.
  const get = await mark(page, t('job.download'), 'header');
  await tabTo(page, get);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo(page, await mark(page, 'model.glb', 'dialog'));
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect((await readFile(await download.path())).subarray(0, 4).toString()).toBe('glTF');
  await page.keyboard.press('Escape');
  await holds(page, get);

  // Shared, and taken back.
  const share = await mark(page, t('job.share'), 'header');
  await tabTo(page, share, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.getByText(t('share.none')).waitFor();
  await tabTo(page, await mark(page, t('share.make'), 'dialog'));
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: t('share.link') }).waitFor();
  await tabTo(page, await mark(page, t('share.revoke'), 'dialog'));
  await page.keyboard.press('Enter');
  await page.getByText(t('share.none')).waitFor();
  await expect.poll(async () => (await focused(page)).wrong).toBe('');
  await page.keyboard.press('Escape');
  await holds(page, share);

  // Deleted: by the menu, and confirmed. What keeps the job has the focus first.
  const more = named(t('job.more'));
  await tabTo(page, `header ${more}`);
  await page.keyboard.press('Enter');
  await holds(page, '[role=menuitem]');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await holds(page, await mark(page, t('delete.keep'), 'dialog'));
  await tabTo(page, await mark(page, t('delete.go'), 'dialog'));
  await page.keyboard.press('Enter');
  await page.locator('main[data-status=erased]').waitFor();
  await holds(page, 'main');
  await close();
});
