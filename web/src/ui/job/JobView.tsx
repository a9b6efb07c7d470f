import { type ComponentType, lazy, Suspense, useCallback, useMemo, useRef, useState } from 'react';
import { client, type Reader } from '../../api/client';
import { isRunning, type Job } from '../../api/job';
import { drawnIn } from '../../viewer/state';
import type { Structure } from '../../viewer/structure';
import type { Viewer } from '../../viewer/viewer';
import { useWords } from '../language';
import type { StageProps } from '../viewer/Stage';
import { Button } from '../widgets/Button';
import { Dialog } from '../widgets/Dialog';
import { useKeys } from '../widgets/keys';
import { InHeader } from '../widgets/slots';
import { Whole } from './Inspector';
import { JobHeader } from './JobHeader';
import { JobStage } from './JobStage';
import { OrganList, shown } from './OrganList';
import type { Open } from './open';
import { Strip } from './Strip';
import { useJobTitle } from './title';
import { useKnown, useMeasured } from './useKnown';
import { useNarrow } from './useNarrow';
import { useView } from './useView';

// What is opened over a job, and how one ends that has no model, is loaded when it is wanted.
const Chosen = lazy(() => import('./Chosen'));
const Dialogs = lazy(() => import('./Dialogs'));
const Ending = lazy(() => import('./Ending'));

export interface JobViewProps {
  reader: Reader;
  job: Job;
  /** The service does not answer: what is shown may be old. */
  stale: boolean;
  onJob: (job: Job) => void;
  /** The job was erased, or the share taken back. */
  onGone: () => void;
  /** In place of the viewer, for tests. */
  stage?: ComponentType<StageProps>;
}

const rowAt = (element: Element | null) => element?.closest('[data-structure]')?.getAttribute('data-structure') ?? null;

/** A job: its structures, its stage, what is known of what is chosen, and the strip that tells its truth. */
export function JobView({ reader, job, stale, onJob, onGone, stage }: JobViewProps) {
  const { t, language } = useWords();
  const title = useJobTitle(job);
  const narrow = useNarrow();
  const view = useView();
  const { state, change } = view;
  const [searching, setSearching] = useState(false);
  const measured = useMeasured(reader, job);
  const [model, setModel] = useState<readonly Structure[]>([]);
  const { rows, structures, colours } = useKnown(
    job,
    measured,
    model,
    state,
    language,
    searching || state.selected !== null,
  );
  const [open, setOpen] = useState<Open | null>(null);
  const [sheet, setSheet] = useState<'list' | 'details' | null>(null);
  const [pairs, setPairs] = useState(false);
  const viewer = useRef<Viewer | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const visible = useMemo(() => drawnIn(state, structures), [state, structures]);
  const seen = structures.length > 0 ? visible : new Set(rows.map((row) => row.name));
  const chosen = rows.find((row) => row.name === state.selected) ?? null;
  const failed = !isRunning(job) && job.status !== 'ready';
  const bare = failed && rows.length === 0;
  const focus = useCallback((name: string) => viewer.current?.focus(name), []);
  const onStructures = useCallback((all: readonly Structure[]) => setModel(all), []);

  const leave = () => {
    if (state.isolated !== null) change({ isolated: null });
    else if (state.selected !== null) change({ selected: null });
  };
  // What a key means: the row that the keyboard is at, else what is chosen, else what is pointed at.
  const current = () => rowAt(document.activeElement) ?? state.selected ?? state.hovered;
  useKeys({
    '/': () => {
      if (narrow) setSheet('list');
      else search.current?.focus();
    },
    h: () => {
      const one = current();
      if (one) change((now) => shown(now, structures, rows, [one], !seen.has(one)));
    },
    i: () => {
      const one = current();
      if (one) change({ isolated: state.isolated === one ? null : one, selected: one });
    },
    a: () => change({ hidden: [], isolated: null }),
    f: () => {
      const one = current();
      if (one) focus(one);
    },
    '1': () => viewer.current?.look('anterior'),
    '2': () => viewer.current?.look('left'),
    '3': () => viewer.current?.look('superior'),
    'Ctrl+z': () => view.undo?.(),
    'Ctrl+y': () => view.redo?.(),
    'Ctrl+Shift+z': () => view.redo?.(),
    Escape: leave,
  });

  const list = (
    <OrganList
      rows={rows}
      structures={structures}
      view={view}
      colours={colours}
      pairs={pairs}
      onPairs={setPairs}
      search={search}
      onSearch={() => setSearching(true)}
      onTable={() => setOpen('table')}
    />
  );
  const details = chosen ? (
    <Suspense fallback={null}>
      <Chosen
        row={chosen}
        reader={reader}
        view={view}
        structures={structures}
        hidden={!seen.has(chosen.name)}
        pairTitle={rows.find((row) => row.name === chosen.pair)?.title ?? null}
        pairs={pairs}
        onFocus={model.length > 0 ? () => focus(chosen.name) : null}
        onShow={(on) => change((now) => shown(now, structures, rows, [chosen.name], on))}
      />
    </Suspense>
  ) : (
    <Whole
      job={job}
      reader={reader}
      rows={rows}
      onPicture={setOpen}
      onTable={() => setOpen('table')}
      onReceipt={() => setOpen('receipt')}
      onDelete={() => setOpen('delete')}
    />
  );
  return (
    <main id="main" className="job" tabIndex={-1} data-status={job.status}>
      <InHeader slot="title">
        <JobHeader job={job} title={title} stale={stale} />
      </InHeader>
      <InHeader slot="actions">
        {!reader.shared && job.status === 'ready' && (
          <Button icon="share" className="wide-only" onClick={() => setOpen('share')}>
            {t('job.share')}
          </Button>
        )}
        {job.artifacts.has('model.glb') && (
          <Button
            look={job.status === 'ready' ? 'primary' : 'plain'}
            icon="download"
            className="keep-icon"
            onClick={() => setOpen('files')}
          >
            {t('job.download')}
          </Button>
        )}
        {!reader.shared && <JobHeader.Menu job={job} onOpen={setOpen} />}
      </InHeader>
      <div className={`work${bare ? ' bare' : ''}`}>
        {!narrow && !bare && (
          <aside className="zone list" aria-label={t('job.list')}>
            <h2 className="unseen">{t('job.list')}</h2>
            {list}
          </aside>
        )}
        <div className="zone middle">
          {failed && (
            <Suspense fallback={<section className="ending" aria-busy="true" />}>
              <Ending job={job} shared={reader.shared} onJob={onJob} />
            </Suspense>
          )}
          {(!bare || job.artifacts.has('scan.png')) && (
            <JobStage
              reader={reader}
              job={job}
              view={view}
              structures={structures}
              visible={seen.size}
              onStructures={onStructures}
              viewer={viewer}
              {...(stage && { stage })}
            />
          )}
        </div>
        {!narrow && (
          <aside className="zone details" aria-label={t('job.details')}>
            {details}
          </aside>
        )}
      </div>
      {narrow && (
        <nav className="phone-bar" aria-label={t('job.more')}>
          {!bare && (
            <Button icon="list" onClick={() => setSheet('list')}>
              {t('job.list')}
            </Button>
          )}
          <Button icon="receipt" onClick={() => setSheet('details')}>
            {chosen ? chosen.title : t('job.details')}
          </Button>
        </nav>
      )}
      <Strip job={job} shared={reader.shared} />
      {narrow && sheet && (
        <Dialog kind="sheet" title={t(sheet === 'list' ? 'job.list' : 'job.details')} onClose={() => setSheet(null)}>
          {sheet === 'list' ? list : details}
        </Dialog>
      )}
      {open && (
        <Suspense fallback={null}>
          <Dialogs
            open={open}
            onClose={() => setOpen(null)}
            job={job}
            reader={reader}
            rows={rows}
            visible={[...seen]}
            state={state}
            onJob={onJob}
            onErase={async () => {
              await client.erase(job.id);
              onGone();
            }}
          />
        </Suspense>
      )}
    </main>
  );
}
