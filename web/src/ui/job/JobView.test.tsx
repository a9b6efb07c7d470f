import '../../testing/jsdom';
import '../../i18n/model';
import { act, cleanup, configure, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { useEffect } from 'react';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { client } from '../../api/client';
import type { Job } from '../../api/job';
import { Problem } from '../../api/problem';
import { artifact, jobOf, silentReader, structure } from '../../testing/job';
import type { Structure } from '../../viewer/structure';
import { LanguageProvider } from '../language';
import type { StageProps } from '../viewer/Stage';
import { NoticesProvider } from '../widgets/notices';
import { Slot, SlotsProvider } from '../widgets/slots';
import { JobView } from './JobView';

const NAMES = ['liver', 'kidney_left', 'kidney_right', 'aorta', 'vertebrae_L1'];
const GROUPS = ['organs', 'organs', 'organs', 'vessels', 'spine'];
const MODEL = NAMES.map(
  (name, i): Structure => ({
    ...{ label: i + 1, name, volume_ml: 100 - i, mesh_ml: 1, surface_cm2: 1 },
    partial: name === 'liver',
    watertight: true,
    name_en: name === 'liver' ? 'Liver' : name.replace('_', ' '),
    name_es: name === 'liver' ? 'Hígado' : name,
    snomed: '1',
    group: GROUPS[i] ?? '',
    triangles: 10,
    colour: '#aa3322',
    low: [0, 0, 0],
    high: [1, 1, 1],
  }),
);
const READY = jobOf('ready', {
  structures: NAMES.map((name, i) => structure(name, 100 - i, { partial: name === 'liver' })),
  artifacts: { 'view.glb': artifact('model/gltf-binary'), 'model.glb': artifact('model/gltf-binary') },
});

/** What stands in the viewer's place: it has the structures at once, and shows its state. */
let stage: StageProps | null = null;
function FakeStage(props: StageProps) {
  const { onStructures } = props;
  stage = props;
  useEffect(() => onStructures(MODEL, 'view'), [onStructures]);
  return <div data-viewer role="img" aria-label={props.summary} />;
}

function show(job: Job, { shared = false, onJob = vi.fn(), onGone = vi.fn() } = {}) {
  const page = (next: Job) => (
    <LanguageProvider>
      <NoticesProvider>
        <SlotsProvider>
          <Slot name="title" className="" />
          <Slot name="actions" className="" />
          <JobView reader={reader} job={next} stale={false} onJob={onJob} onGone={onGone} stage={FakeStage} />
        </SlotsProvider>
      </NoticesProvider>
    </LanguageProvider>
  );
  const reader = silentReader(shared);
  const { rerender } = render(page(job));
  return { onJob, onGone, again: (next: Job) => rerender(page(next)) };
}

const row = (name: string) => {
  const found = document.querySelector<HTMLElement>(`[data-structure="${name}"]`);
  if (!found) throw new Error(`no row of ${name}`);
  return within(found);
};
const box = (name: string) => row(name).getByRole<HTMLInputElement>('checkbox');
const visible = () => NAMES.filter((name) => box(name).checked);
const key = (name: string, more: object = {}) => fireEvent.keyDown(document.body, { key: name, ...more });

// A machine may be busy: a failure is a wrong answer, not a late one.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
configure({ asyncUtilTimeout: 60_000 });

// What the page loads when it is wanted: here it is there, so that no test waits for a disk.
beforeAll(async () => {
  await Promise.all([import('./Dialogs'), import('./Ending'), import('./Chosen'), import('../../i18n/codes')]);
});
beforeEach(() => {
  localStorage.clear();
  localStorage.setItem('iris.language', 'en');
  history.replaceState(null, '', '/jobs/01JD0000000000000000000001');
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  stage = null;
});

describe('the list', () => {
  it('shows and hides by each eye and by the eye of a group, which may be half open', () => {
    show(READY);
    expect(visible()).toEqual(NAMES);
    fireEvent.click(box('liver'));
    expect(visible()).toEqual(NAMES.slice(1));
    const organs = screen.getByRole<HTMLInputElement>('checkbox', { name: 'Organs: all visible' });
    expect(organs.indeterminate).toBe(true);
    fireEvent.click(organs);
    expect(visible()).toEqual(NAMES);
    fireEvent.click(organs);
    expect(visible()).toEqual(['aorta', 'vertebrae_L1']);
    expect(stage?.state.hidden).toHaveLength(3);
  });

  it('isolates one, and from there others can be added one by one', () => {
    show(READY);
    const isolate = document.querySelector<HTMLElement>('[data-structure="liver"] [data-action="isolate"]');
    if (!isolate) throw new Error('no button');
    fireEvent.click(isolate);
    expect(stage?.state.isolated).toBe('liver');
    expect(visible()).toEqual(['liver']);
    fireEvent.click(box('aorta'));
    expect(visible()).toEqual(['liver', 'aorta']);
    key('a');
    expect(visible()).toEqual(NAMES);
  });

  it('shows presets, and takes each change back', () => {
    show(READY);
    fireEvent.click(screen.getByRole('button', { name: 'Bones' }));
    expect(visible()).toEqual(['vertebrae_L1']);
    expect(screen.getByRole('button', { name: 'Bones' }).getAttribute('aria-pressed')).toBe('true');
    key('z', { ctrlKey: true });
    expect(visible()).toEqual(NAMES);
    key('z', { ctrlKey: true, shiftKey: true });
    expect(visible()).toEqual(['vertebrae_L1']);
  });

  it('finds a structure in another language, says how many, and Escape ends the search', async () => {
    show(READY);
    key('/');
    const search = screen.getByRole('searchbox');
    expect(document.activeElement).toBe(search);
    await act(async () => {
      fireEvent.change(search, { target: { value: 'higado' } });
    });
    expect(document.querySelectorAll('[data-structure]')).toHaveLength(1);
    expect(screen.getAllByRole('status')[0]?.textContent?.trim()).toBe('1 of 5 structures');
    fireEvent.keyDown(search, { key: 'Enter' });
    expect(stage?.state.selected).toBe('liver');
    fireEvent.keyDown(search, { key: 'Escape' });
    expect(document.querySelectorAll('[data-structure]')).toHaveLength(5);
  });

  // OHIF/Viewers#3955: after a drop-down the keys did nothing. #3088: one eye hid everything.
  it('hears its keys again after a menu, and hides the row that the keyboard is at, alone', () => {
    show(READY);
    fireEvent.click(screen.getByRole('button', { name: 'Options of the list' }));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Colours for colour-blind eyes' }));
    const here = () => document.activeElement ?? document.body;
    fireEvent.keyDown(here(), { key: '/' });
    expect(document.activeElement).toBe(screen.getByRole('searchbox'));
    fireEvent.keyDown(here(), { key: 'ArrowDown' });
    const at = here().closest('[data-structure]')?.getAttribute('data-structure') ?? '';
    fireEvent.keyDown(here(), { key: 'h' });
    expect(visible()).toEqual(NAMES.filter((name) => name !== at));
    fireEvent.keyDown(here(), { key: 'h', repeat: true });
    expect(visible()).toEqual(NAMES.filter((name) => name !== at));
    fireEvent.keyDown(here(), { key: 'h' });
    expect(visible()).toEqual(NAMES);
  });

  it('is walked by arrow keys, and the tab key reaches one row only', () => {
    show(READY);
    const names = document.querySelectorAll<HTMLElement>('[data-structure] [data-row]');
    names[0]?.focus();
    fireEvent.keyDown(document.activeElement ?? document.body, { key: 'ArrowDown' });
    expect(document.activeElement).toBe(names[1]);
    const reached = document.querySelectorAll('[data-structure] [tabindex="0"]');
    expect(new Set([...reached].map((one) => one.closest('[data-structure]')))).toHaveLength(1);
    fireEvent.keyDown(document.activeElement ?? document.body, { key: 'End' });
    expect(document.activeElement?.closest('[data-structure]')?.getAttribute('data-structure')).toBe('vertebrae_L1');
  });

  it('says in words what the scan cut', () => {
    show(READY);
    expect(row('liver').getByText(/cut by the edge of the scan/)).toBeTruthy();
    expect(row('aorta').queryByText(/cut by/)).toBeNull();
  });

  it('points both ways', () => {
    show(READY);
    const liver = document.querySelector<HTMLElement>('[data-structure="liver"]');
    if (!liver) throw new Error('no row');
    fireEvent.pointerEnter(liver);
    expect(stage?.state.hovered).toBe('liver');
    act(() => stage?.onChange({ hovered: 'aorta' }));
    expect(document.querySelector('.organ.hovered')?.getAttribute('data-structure')).toBe('aorta');
  });
});

describe('what is chosen', () => {
  it('shows its measurements, and keys hide and isolate it', async () => {
    show(READY);
    act(() => stage?.onChange({ selected: 'liver' }));
    const panel = await screen.findByRole('region', { name: 'Liver' });
    expect(within(panel).getByText('100 ml')).toBeTruthy();
    key('h');
    expect(visible()).not.toContain('liver');
    key('h');
    key('i');
    expect(visible()).toEqual(['liver']);
    key('Escape');
    expect(visible()).toEqual(NAMES);
    key('Escape');
    await waitFor(() => expect(screen.getByRole('region', { name: 'The whole model' })).toBeTruthy());
  });

  it('changes both sides where left and right go together', async () => {
    show(READY);
    fireEvent.click(screen.getByRole('button', { name: 'Options of the list' }));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Left and right together' }));
    fireEvent.click(box('kidney_left'));
    expect(visible()).toEqual(['liver', 'aorta', 'vertebrae_L1']);
    fireEvent.click(box('kidney_right'));
    expect(visible()).toEqual(NAMES);
    act(() => stage?.onChange({ selected: 'kidney_left' }));
    fireEvent.change(await screen.findByRole('slider', { name: 'Opacity' }), { target: { value: '0.4' } });
    expect(stage?.state.opacity).toEqual({ kidney_left: 0.4, kidney_right: 0.4 });
  });

  it('is kept in the address, and comes back with it', () => {
    vi.useFakeTimers();
    show(READY);
    fireEvent.click(box('liver'));
    act(() => void vi.advanceTimersByTime(1000));
    expect(location.hash).toContain('liver');
    cleanup();
    show(READY);
    expect(visible()).toEqual(NAMES.slice(1));
    vi.useRealTimers();
  });
});

describe('the strip', () => {
  it('says a change of stage once to those who listen, and nothing when the page opens', () => {
    const { again } = show(
      jobOf('preparing', { stages: [{ name: 'preparing', started_at: '2026-01-02T03:04:05Z', ended_at: null }] }),
    );
    const [region] = screen.getAllByRole('status');
    expect(region?.textContent).toBe('');
    const warming = {
      stages: [
        {
          name: 'warming',
          started_at: '2026-01-02T03:04:05Z',
          ended_at: null,
          usual: { median_s: 180, low_s: 120, high_s: 240, jobs: 9 },
        },
      ],
    };
    again(jobOf('warming', warming));
    expect(region?.textContent).toBe('Waking the GPU, usually 2–4 min');
    again(jobOf('warming', { ...warming, cost_usd: 0.5 }));
    expect(region?.textContent).toBe('Waking the GPU, usually 2–4 min');
  });

  it('shows a percentage only of what is counted', () => {
    const stages = [{ name: 'segmenting', started_at: '2026-01-02T03:04:05Z', ended_at: null }];
    const { again } = show(jobOf('segmenting', { stages }));
    expect(screen.queryByRole('progressbar')).toBeNull();
    again(jobOf('segmenting', { stages, progress: { done: 13, total: 31, unit: 'tiles' } }));
    expect(screen.getByText('41 % (13 of 31 parts)')).toBeTruthy();
  });
});

describe('an ending', () => {
  const ended = (status: string, code: string, message = 'words of the service') =>
    jobOf(status, { error: { code, message } });

  it('lets choose a series, and goes on with it', async () => {
    const next = jobOf('received');
    const retry = vi.spyOn(client, 'retry').mockResolvedValue(next);
    const list = 'the upload holds 2 series: series=1: CT, 8 slices, 5.00 mm apart; series=2: MR, 9 slices. Choose one';
    const { onJob } = show(ended('rejected', 'multiple_series', list));
    fireEvent.click(await screen.findByRole('button', { name: /Series 2.*MR, 9 slices/ }));
    await waitFor(() => expect(onJob).toHaveBeenCalledWith(next));
    expect(retry).toHaveBeenCalledWith(next.id, { series: 2 });
  });

  it('asks what a scan is where the file does not say it', async () => {
    const retry = vi.spyOn(client, 'retry').mockResolvedValue(jobOf('received'));
    show(ended('rejected', 'unknown_modality'));
    fireEvent.click(await screen.findByRole('radio', { name: 'MR' }));
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(retry).toHaveBeenCalledWith(expect.anything(), { modality: 'MR' }));
  });

  it.each([
    ['rejected', 'truncated', false],
    ['failed', 'model_failed', true],
    ['failed', 'a_code_of_tomorrow', true],
    ['cancelled', 'cancelled', false],
    ['expired', 'expired', false],
  ])('%s %s says what happened and what can be done', async (status, code, again) => {
    show(ended(status, code));
    await screen.findByRole('button', { name: 'Send another scan' });
    expect(screen.queryByRole('button', { name: 'Try again' }) !== null).toBe(again);
    if (status === 'rejected' || status === 'failed')
      expect(screen.getByText(new RegExp(`^${code} · 01JD`))).toBeTruthy();
    expect(document.querySelector('main')?.dataset.status).toBe(status);
  });

  it('says why a retry did not work, and can be pressed again', async () => {
    vi.spyOn(client, 'retry').mockRejectedValue(new Problem(503, 'busy', 'x'));
    show(ended('failed', 'stopping'));
    const button = await screen.findByRole('button', { name: 'Try again' });
    fireEvent.click(button);
    expect(await screen.findByText(/The service has too much to do just now/)).toBeTruthy();
    expect(button.getAttribute('aria-busy')).toBeNull();
  });
});

describe('what is done with a job', () => {
  const menu = (name: string) => {
    fireEvent.click(screen.getByRole('button', { name: 'More' }));
    fireEvent.click(screen.getByRole('menuitem', { name }));
  };

  it('is deleted only after a second question, whose focus is on keeping it', async () => {
    const erase = vi.spyOn(client, 'erase').mockResolvedValue();
    const { onGone } = show(READY);
    menu('Delete now');
    const dialog = await screen.findByRole('dialog', { name: 'Delete this job?' });
    fireEvent.click(within(dialog).getByRole('button', { name: 'Keep it' }));
    expect(erase).not.toHaveBeenCalled();
    menu('Delete now');
    fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Delete for ever' }));
    await waitFor(() => expect(onGone).toHaveBeenCalled());
    expect(erase).toHaveBeenCalledWith(READY.id);
  });

  it('is shared by a link whose token stands behind #, with the view that is seen', async () => {
    vi.spyOn(client, 'shares').mockResolvedValue([]);
    const share = { id: 's', artifacts: [], created_at: '2026-01-02T03:04:05Z', expires_at: '2026-01-09T03:04:05Z' };
    vi.spyOn(client, 'share').mockResolvedValue({ ...share, token: 'iris_share_0123456789abcdef' });
    show(READY);
    fireEvent.click(box('liver'));
    fireEvent.click(screen.getByRole('button', { name: 'Share' }));
    fireEvent.click(await screen.findByRole('button', { name: 'Make a link' }));
    const link = new URL((await screen.findByRole<HTMLInputElement>('textbox', { name: 'Link' })).value);
    expect(link.pathname).toBe(`/shared/${READY.id}`);
    expect(link.search).toBe('');
    const behind = new URLSearchParams(link.hash.slice(1));
    expect(behind.get('token')).toBe('iris_share_0123456789abcdef');
    expect(behind.get('hide')).toBe('liver');
  });

  it('is meshed again with what was chosen, and refuses a solid without parts before it is sent', async () => {
    const remesh = vi.spyOn(client, 'remesh').mockResolvedValue(jobOf('meshing', { attempt: 2 }));
    const { onJob } = show(READY);
    menu('Make the model anew');
    const dialog = within(await screen.findByRole('dialog'));
    fireEvent.change(dialog.getByRole('slider', { name: 'Smoothing' }), { target: { value: '0.2' } });
    fireEvent.click(dialog.getByRole('radio', { name: 'half the triangles' }));
    fireEvent.click(dialog.getByRole('button', { name: 'Add a solid' }));
    fireEvent.click(dialog.getByRole('button', { name: 'Make anew' }));
    expect(dialog.getByText('Tick at least two structures.')).toBeTruthy();
    expect(remesh).not.toHaveBeenCalled();
    fireEvent.click(dialog.getByRole('checkbox', { name: 'kidney left' }));
    fireEvent.click(dialog.getByRole('checkbox', { name: 'kidney right' }));
    fireEvent.click(dialog.getByRole('button', { name: 'Make anew' }));
    await waitFor(() => expect(onJob).toHaveBeenCalled());
    const merge = [{ name: 'solid_1', of: ['kidney_left', 'kidney_right'] }];
    expect(remesh).toHaveBeenCalledWith(READY.id, { smoothing: 0.2, decimate: '0.5', merge });
  });

  it('shows a stranger nothing that changes or exports', () => {
    show(READY, { shared: true });
    for (const name of ['Share', 'More']) expect(screen.queryByRole('button', { name })).toBeNull();
    expect(screen.queryByText('Delete now')).toBeNull();
  });
});
