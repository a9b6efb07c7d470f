import '../../testing/jsdom';
import '../../i18n/model';
import { cleanup, configure, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { artifact, jobOf } from '../../testing/job';
import { LanguageProvider } from '../language';
import { NoticesProvider } from '../widgets/notices';
import { SlotsProvider } from '../widgets/slots';
import SharedPage from './SharedPage';

const ID = '01JD0000000000000000000001';
const TOKEN = 'iris_share_0123456789abcdefghij';
vi.setConfig({ testTimeout: 120_000 });
configure({ asyncUtilTimeout: 60_000 });

const asked: [string, RequestInit | undefined][] = [];
function answers(answer: () => Response) {
  vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
    asked.push([url, init]);
    return answer();
  });
}
function show(hash: string) {
  history.replaceState(null, '', `/shared/${ID}${hash}`);
  render(
    <LanguageProvider>
      <NoticesProvider>
        <SlotsProvider>
          <SharedPage id={ID} />
        </SlotsProvider>
      </NoticesProvider>
    </LanguageProvider>,
  );
}

beforeEach(() => {
  localStorage.setItem('iris.language', 'en');
  asked.length = 0;
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

it('opens with the token behind #, which goes into a header and no address', async () => {
  const job = { ...jobOf('ready'), artifacts: { 'preview.png': artifact('image/png') }, error: null };
  answers(() => Response.json(job));
  show(`#token=${TOKEN}&chosen=liver`);
  await screen.findByRole('region', { name: 'What happens to the scan' });
  expect(asked.every(([url]) => !url.includes('iris_share'))).toBe(true);
  expect(asked[0]?.[1]?.headers).toMatchObject({ Authorization: `Bearer ${TOKEN}` });
  expect(document.querySelector('main')?.dataset.status).toBe('ready');
});

it('says that a share was taken back, and nothing of the job', async () => {
  answers(() => Response.json({ title: 'x', status: 404, code: 'no_share', detail: 'd' }, { status: 404 }));
  show(`#token=${TOKEN}`);
  expect(await screen.findByRole('heading', { name: 'This link no longer holds' })).toBeTruthy();
});

it.each(['', '#chosen=liver', '#token=nonsense', '#token=iris_share_%3Cscript%3E'])(
  'asks for the whole link where %j is left of it',
  (hash) => {
    answers(() => new Response(null, { status: 500 }));
    show(hash);
    expect(screen.getByRole('heading', { name: 'This link is not complete' })).toBeTruthy();
    const field = screen.getByRole('textbox', { name: 'The whole link' });
    fireEvent.change(field, { target: { value: 'https://example.com/' } });
    fireEvent.click(screen.getByRole('button', { name: 'Open' }));
    expect(screen.getByText('That is not the whole link.')).toBeTruthy();
    fireEvent.change(field, { target: { value: `https://example.com/shared/01JOTHER#token=${TOKEN}` } });
    fireEvent.click(screen.getByRole('button', { name: 'Open' }));
    expect(location.hash).toBe(hash);
    expect(asked).toEqual([]);
  },
);
