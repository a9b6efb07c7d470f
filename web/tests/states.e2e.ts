// Every state that the page has a design for and that a real service comes into seldom, held
// against axe in both themes and both sizes. The others are in the tests of their ways.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import '../src/i18n/model.ts';
import '../src/i18n/first.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Key, translate } from '../src/i18n/i18n.ts';
import { nifti } from '../src/upload/testing/nifti.ts';
import { inspect, launch, type Visit, visit } from './browser.ts';
import { type Answers, example, having, ID, problem, ready, page as served, service, silence } from './pretend.ts';

let origin: string;
let stop: () => Promise<void>;
let browser: Browser;
let folder: string;
beforeAll(async () => {
  [{ origin, stop }, browser] = await Promise.all([served(), launch()]);
  folder = await mkdtemp(path.join(tmpdir(), 'iris-states-'));
});
afterAll(async () => {
  await browser?.close();
  await stop?.();
  await rm(folder, { recursive: true, force: true });
});
const t = (key: Key, values?: Record<string, string | number>) => translate('en', key, values);

async function opened(answers: Answers, address = '/', through: Browser = browser): Promise<Visit> {
  const at = await visit(through, [origin]);
  await service(at.page, answers);
  await at.page.goto(origin + address);
  return at;
}

/** The browser itself writes a line for each answer that is an error. No other comes: the page is shut. */
async function expected({ complaints, page }: Visit, words: RegExp): Promise<void> {
  await page.close();
  const others = complaints.filter((line) => !words.test(line));
  complaints.splice(0, complaints.length, ...others);
}

describe('a job', () => {
  const ended = (status: string, error: object | null, more = {}) => ({
    ...example('jobs.json', 'a rejected job'),
    status,
    error,
    ...more,
  });
  it.each([
    ['failed', ended('failed', { code: 'out_of_memory', message: 'the model server ran out of memory' })],
    ['failed-unknown', ended('failed', { code: 'never_heard', message: 'something that the page has no words for' })],
    ['failed-with-model', ready({ status: 'failed', error: { code: 'internal', message: 'meshing stopped' } })],
    ['expired', ended('expired', null)],
    ['needs-modality', ended('rejected', { code: 'unknown_modality', message: 'the modality is not known' })],
    ['awaiting', example('jobs.json', 'a job that awaits its upload')],
  ])('%s', async (name, job) => {
    const at = await opened(having(job), `/jobs/${ID}`);
    await at.page.locator('.ending h2').waitFor();
    expect(await inspect(at.page, `state-${name}`)).toEqual([]);
    await at.close();
  });

  it.each([
    ['asleep', 'a job in preparation while the GPU sleeps'],
    ['unknown', 'a job in preparation of which nothing else is known'],
    ['warming', 'a job that waits for the GPU'],
    ['segmenting', 'a job whose scan is being segmented'],
    ['queued', 'a job behind three others'],
    ['remeshing', 'a job that is meshed again'],
    ['no-glimpse', 'a job that says why it has no first look'],
  ])('%s', async (name, words) => {
    const at = await opened(having(example('jobs.json', words)), `/jobs/${ID}`);
    await at.page.locator('.strip [aria-current=step]').waitFor();
    if (name === 'no-glimpse') await at.page.locator('img.scan').waitFor();
    expect(await inspect(at.page, `state-${name}`)).toEqual([]);
    await at.close();
  });

  it('with its dialogs', async () => {
    const at = await opened(
      having(ready(), {
        [`GET /v1/jobs/${ID}/receipt`]: receipt(null),
        [`GET /v1/jobs/${ID}/share`]: { shares: [] },
      }),
      `/jobs/${ID}`,
    );
    const { page } = at;
    await page.locator('[data-viewer][data-drawn=view]').waitFor();
    await page.locator('[data-structure=liver]').waitFor();
    expect(await inspect(page, 'state-ready')).toEqual([]);
    const dialog = page.getByRole('dialog');
    const shut = async () => {
      await page.keyboard.press('Escape');
      await expect.poll(() => dialog.count()).toBe(0);
    };
    const menu = async (words: Key) => {
      await page
        .locator('header')
        .getByRole('button', { name: t('job.more') })
        .click();
      await page.getByRole('menuitem', { name: t(words) }).click();
      await dialog.waitFor();
    };
    await page.keyboard.press('?');
    await dialog.waitFor();
    expect(await inspect(page, 'state-keys')).toEqual([]);
    await shut();
    await menu('job.receipt');
    await dialog.getByRole('table').waitFor();
    expect(await inspect(page, 'state-receipt')).toEqual([]);
    await shut();
    await menu('job.remesh');
    expect(await inspect(page, 'state-remesh')).toEqual([]);
    await dialog.getByRole('radio', { name: t('remesh.dec.own') }).check();
    await dialog.getByRole('button', { name: t('remesh.mergeAdd') }).click();
    await dialog.getByRole('button', { name: t('remesh.go') }).click();
    await dialog.getByText(t('remesh.mergeEmpty')).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
    expect(await inspect(page, 'state-remesh-wrong')).toEqual([]);
    await shut();
    await menu('job.table');
    expect(await inspect(page, 'state-table')).toEqual([]);
    await shut();
    await menu('job.delete');
    expect(await inspect(page, 'state-delete')).toEqual([]);
    await shut();
    await menu('job.share');
    await dialog.getByText(t('share.none')).waitFor();
    expect(await inspect(page, 'state-share-none')).toEqual([]);
    await shut();
    await page.locator('[data-structure=aorta] [data-row]').click();
    await page.getByRole('heading', { name: 'aorta (en)' }).waitFor();
    expect(await inspect(page, 'state-chosen')).toEqual([]);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByRole('button', { name: t('list.clear') }).waitFor();
    expect(await inspect(page, 'state-nothing-found')).toEqual([]);
    await at.close();
  });

  it('without WebGL', async () => {
    const bare = await launch('--disable-gpu', '--disable-software-rasterizer', '--disable-webgl', '--disable-webgl2');
    const at = await opened(having(ready()), `/jobs/${ID}`, bare);
    await at.page.getByRole('heading', { name: t('noWebgl.title') }).waitFor();
    await at.page.locator('.pictures img').nth(2).waitFor();
    expect(await inspect(at.page, 'state-no-webgl')).toEqual([]);
    await at.close();
    await bare.close();
  });

  it('whose model does not come', async () => {
    const at = await opened(having(ready(), { 'GET /s3/view.glb': problem(403, 'expired') }), `/jobs/${ID}`);
    await at.page.getByText(t('viewer.broken')).waitFor();
    expect(await inspect(at.page, 'state-broken')).toEqual([]);
    await expected(at, /status of 403/);
    await at.close();
  });

  it('whose service stops answering', async () => {
    const at = await opened(
      having(example('jobs.json', 'a job that waits for the GPU'), {
        [`GET /v1/jobs/${ID}/events`]: (route) => route.abort(),
      }),
      `/jobs/${ID}`,
    );
    await at.page.locator('.strip [aria-current=step]').waitFor();
    await at.page.route(`**/v1/jobs/${ID}`, (route) => route.abort());
    await at.page.getByText(t('job.stale')).waitFor();
    expect(await inspect(at.page, 'state-stale')).toEqual([]);
    await expected(at, /ERR_FAILED/);
    await at.close();
  });
});

const none = { objects: 0, versions: 0, markers: 0, uploads: 0, bytes: 0 };
const some = { objects: 14, versions: 2, markers: 0, uploads: 1, bytes: 81_234_000 };
const when = '2026-01-02T03:04:05Z';
function receipt(erasure: object | null) {
  const object = { bucket: 'results', name: 'model.glb', bytes: 81_234, since: when, until: '2026-04-02T03:04:05Z' };
  return {
    job: ID,
    status: 'ready',
    issued_at: when,
    created_at: when,
    expires_at: '2026-04-02T03:04:05Z',
    where: { place: 'aws', region: 'eu-central-1' },
    objects: erasure ? [] : [object, { ...object, bucket: 'uploads', name: 'torso.nii.gz' }],
    total: erasure ? none : some,
    kept_for_other_jobs: 0,
    record: { since: when, until: '2026-04-02T03:04:05Z', backups_days: 35 },
    readers: [{ who: 'owner' }, { who: 'operators' }, { who: 'share', share: 'a', until: '2026-02-02T03:04:05Z' }],
    left_storage: [{ to: 'model', what: 'volume.nii.gz', at: when }],
    erasure,
  };
}

describe('what is not there', () => {
  const erasure = {
    at: when,
    by: 'owner',
    found: some,
    late: none,
    remaining: none,
    looked_at: when,
    kept_for_other_jobs: 1,
    final: true,
    proof_until: '2026-02-02T03:04:05Z',
  };
  it.each([
    ['erased', 404, receipt(erasure), 'gone.erased'],
    ['erasing', 404, receipt({ ...erasure, looked_at: null, remaining: some, final: false }), 'gone.erased'],
    ['never-there', 404, null, 'gone.notFound'],
    ['not-yours', 403, null, 'gone.refused'],
  ] as const)('%s', async (name, status, told, heading) => {
    const at = await opened(
      having(ready(), {
        [`GET /v1/jobs/${ID}`]: problem(status, status === 404 ? 'not_found' : 'insufficient_scope'),
        [`GET /v1/jobs/${ID}/receipt`]: told ?? problem(404, 'not_found'),
      }),
      `/jobs/${ID}`,
    );
    await at.page.getByRole('heading', { level: 1, name: t(heading) }).waitFor();
    if (told) await at.page.getByRole('heading', { name: t('gone.proof') }).waitFor();
    expect(await inspect(at.page, `state-${name}`)).toEqual([]);
    await expected(at, /status of 40[34]/);
    await at.close();
  });

  it('a shared link that lost its end', async () => {
    const at = await opened(having(ready()), `/shared/${ID}`);
    await at.page.getByRole('heading', { name: t('shared.noToken') }).waitFor();
    await at.page.getByRole('textbox').fill('nonsense');
    await at.page.keyboard.press('Enter');
    await at.page.getByText(t('shared.pasteWrong')).waitFor();
    expect(await inspect(at.page, 'state-no-token')).toEqual([]);
    await at.close();
  });
});

describe('sign-in', () => {
  it('by a token', async () => {
    const at = await opened(having(ready(), { 'GET /config.json': { api: '', signIn: { kind: 'token' } } }));
    await at.page.getByRole('heading', { name: t('account.title') }).waitFor();
    expect(await inspect(at.page, 'state-token')).toEqual([]);
    await at.close();
  });

  it('by an issuer, which does not answer', async () => {
    const signIn = { kind: 'oidc', issuer: `${origin}/v1/issuer`, client: 'page' };
    const at = await opened(having(ready(), { 'GET /config.json': { api: '', signIn } }), `/jobs/${ID}`);
    const button = at.page.getByRole('main').getByRole('button', { name: t('account.signIn') });
    await button.waitFor();
    expect(await inspect(at.page, 'state-issuer')).toEqual([]);
    await button.click();
    await at.page.getByRole('alert').waitFor();
    expect(await inspect(at.page, 'state-issuer-lost')).toEqual([]);
    await expected(at, /status of 404/);
    await at.close();
  });
});

describe('an upload', () => {
  const file = async (name: string, value: (n: number) => number = (n) => (n % 7 < 3 ? -1000 : 40)) => {
    const at = path.join(folder, name);
    await writeFile(at, gzipSync(nifti({ dims: [48, 48, 48], spacing: [3, 3, 3], value })));
    return at;
  };
  const created = {
    job: example('jobs.json', 'a job that awaits its upload'),
    upload: { part_bytes: 16 << 20, parts: 1, signed: [{ number: 1, url: '' }] },
  };
  const sending = (more: Answers = {}): Answers =>
    having(ready(), {
      'GET /v1/jobs': { jobs: [], next: null },
      'POST /v1/jobs': async (route) => {
        const url = new URL('/s3/part?partNumber=1', route.request().url());
        await route.fulfill({ json: { ...created, upload: { ...created.upload, signed: [{ number: 1, url }] } } });
      },
      [`POST /v1/jobs/${ID}/parts`]: async (route) => {
        const url = new URL('/s3/part?partNumber=1', route.request().url());
        await route.fulfill({ json: { part_bytes: 16 << 20, parts: 1, uploaded: [], signed: [{ number: 1, url }] } });
      },
      'PUT /s3/*': silence,
      ...more,
    });
  const send = async (at: Page, name: string) => {
    await at.locator('input[type=file][multiple]').setInputFiles(await file(name));
  };

  it('under way, paused and without a network', async () => {
    const at = await opened(sending());
    const { page, context } = at;
    await send(page, 'under-way.nii.gz');
    const row = page.locator('[data-upload=sending]');
    await row.waitFor();
    expect(await inspect(page, 'state-sending')).toEqual([]);
    const act = (action: Key) =>
      row.getByRole('button', { name: t('upload.actionOn', { action: t(action), name: 'under-way.nii.gz' }) });
    await act('upload.pause').click();
    await act('upload.resume').waitFor();
    expect(await inspect(page, 'state-paused')).toEqual([]);
    await act('upload.resume').click();
    await context.setOffline(true);
    await page.getByText(t('upload.offline')).first().waitFor();
    expect(await inspect(page, 'state-offline')).toEqual([]);
    await context.setOffline(false);
    await act('upload.pause').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await at.close();
  });

  it('of which nobody can tell what it is', async () => {
    const at = await opened(sending());
    const unlike = await file('unlike.nii.gz', (n) => (n * 37) % 900);
    await at.page.locator('input[type=file][multiple]').setInputFiles(unlike);
    await at.page.locator('[data-upload=modality]').waitFor();
    expect(await inspect(at.page, 'state-which-kind')).toEqual([]);
    await at.close();
  });

  it('that is refused, beside files that are none of its kind', async () => {
    const at = await opened(sending({ 'POST /v1/jobs': problem(422, 'bad_option') }));
    const stranger = path.join(folder, 'letter.docx');
    await writeFile(stranger, 'PK nothing that is a scan');
    await at.page.locator('input[type=file][multiple]').setInputFiles([await file('refused.nii.gz'), stranger]);
    await at.page.locator('[data-upload=failed]').waitFor();
    await at.page.locator('.refused li').first().waitFor();
    expect(await inspect(at.page, 'state-upload-failed')).toEqual([]);
    await expected(at, /status of 422/);
    await at.close();
  });

  it('of before a reload, and one that goes on', async () => {
    const at = await opened(sending());
    await send(at.page, 'again.nii.gz');
    await at.page.locator('[data-upload=sending]').waitFor();
    await expect.poll(() => at.page.evaluate(async () => (await indexedDB.databases()).length)).toBeGreaterThan(0);
    at.page.once('dialog', (dialog) => void dialog.accept());
    await at.page.reload();
    await at.page.locator('[data-upload=interrupted]').waitFor();
    expect(await inspect(at.page, 'state-interrupted')).toEqual([]);
    await send(at.page, 'again.nii.gz');
    await at.page.locator('[data-upload=sending]').waitFor();
    await expect.poll(() => at.page.locator('[data-upload=interrupted]').count()).toBe(0);
    expect(await inspect(at.page, 'state-resumed')).toEqual([]);
    await at.page.unrouteAll({ behavior: 'ignoreErrors' });
    await at.close();
  });
});

it('the first page while the service does not answer', async () => {
  const at = await opened(having(ready(), { 'GET /v1/jobs': (route) => route.abort() }));
  await at.page.getByText(t('home.unreachable')).waitFor();
  expect(await inspect(at.page, 'state-home-lost')).toEqual([]);
  await expected(at, /ERR_FAILED/);
  await at.close();
});
