import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import serving from '../serving.json' with { type: 'json' };
import { inspect, launch, visit } from './browser.ts';
import { type Stack, up } from './stack.ts';

let stack: Stack;
let browser: Browser;
beforeAll(async () => {
  [stack, browser] = await Promise.all([up(), launch()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});

it('opens without a complaint, with the headers that serving.json says', async () => {
  const { page, close } = await visit(browser, [stack.http, stack.aws]);
  const answer = await page.goto(stack.http);
  for (const [name, value] of Object.entries(serving.headers)) {
    expect(answer?.headers()[name.toLowerCase()]).toBe(value.replaceAll('{origins}', stack.aws));
  }
  await page.getByRole('heading', { level: 1 }).waitFor();
  await close();
});

describe.each([
  ['es', 'es-MX', 'Salen todos los órganos'],
  ['en', 'de-DE', 'Every organ comes out'],
])('in %s', (language, locale, words) => {
  it(`greets a browser of ${locale}, and keeps the other language once it is chosen`, async () => {
    const { page, close } = await visit(browser, [stack.http, stack.aws], { locale });
    await page.goto(stack.http);
    await page.getByRole('heading', { level: 1, name: words }).waitFor();
    await page.locator(`html[lang=${language}]`).waitFor({ state: 'attached' });
    const other = language === 'es' ? 'en' : 'es';
    await page.locator(`[data-lang="${other}"]`).click();
    await page.waitForFunction((lang) => document.documentElement.lang === lang, other);
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.locator(`html[lang=${other}]`).waitFor({ state: 'attached' });
    await close();
  });

  it('has nothing that axe objects to', async () => {
    const { page, close } = await visit(browser, [stack.http, stack.aws], { locale });
    await page.goto(stack.http);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await inspect(page, `home-${language}`)).toEqual([]);
    await close();
  });
});

it('says that an address is not there, and leads back', async () => {
  const { page, complaints, close } = await visit(browser, [stack.http, stack.aws]);
  const answer = await page.goto(`${stack.http}/no/such/page`);
  expect(answer?.status()).toBe(404);
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  expect(await inspect(page, 'missing')).toEqual([]);
  await page.getByRole('main').getByRole('button').click();
  await page.waitForURL(`${stack.http}/`);
  // The browser itself writes a line for a document under 404.
  expect(complaints.splice(0)).toEqual([expect.stringContaining('status of 404')]);
  await close();
});
