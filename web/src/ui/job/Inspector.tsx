import './details.css';
import { lazy, Suspense } from 'react';
import type { Reader } from '../../api/client';
import { isRunning, type Job } from '../../api/job';
import { amount, day, moment } from '../format';
import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { Numbers } from './Numbers';
import { Picture } from './Picture';
import type { Row } from './rows';

const Doubts = lazy(() => import('./Doubts'));

/** The model as a whole: what is doubtful of it, how it was made, what is kept until when. */
export function Whole({
  job,
  reader,
  rows,
  onPicture,
  onTable,
  onReceipt,
  onDelete,
}: {
  job: Job;
  reader: Reader;
  rows: readonly Row[];
  onPicture: (name: 'check.png' | 'preview.png') => void;
  onTable: () => void;
  onReceipt: () => void;
  onDelete: () => void;
}) {
  const { t, language } = useWords();
  const { options } = job;
  const first = isRunning(job) && job.artifacts.has('glimpse.glb');
  const title = rows.length === 0 ? 'all.about' : first ? 'past.glimpse' : 'all.title';
  const made: [string, string | null][] = [
    [t('all.made'), moment(job.created_at, language)],
    [t('all.modality'), options.modality ?? null],
    [t('all.task'), options.fast ? `${options.task}, ${t('all.fast')}` : options.task],
    [t('all.smoothing'), options.smoothing === undefined ? null : amount(options.smoothing, language)],
    [t('all.decimate'), options.decimate ?? null],
  ];
  return (
    <section className="panel" aria-labelledby="whole">
      <header>
        <div>
          <h2 id="whole">{t(title)}</h2>
          {rows.length > 0 && (
            <p className="soft small">
              {t('all.count', { n: rows.length })}. {t('one.choose')}
            </p>
          )}
        </div>
      </header>
      {job.warnings.length > 0 && (
        <Suspense fallback={null}>
          <Doubts warnings={job.warnings} />
        </Suspense>
      )}
      {job.artifacts.has('check.png') && (
        <button type="button" className="thumb" onClick={() => onPicture('check.png')}>
          <Picture reader={reader} job={job} name="check.png" alt={t('all.checkAlt')} />
          <span>
            {t('all.check')} · {t('all.enlarge')}
          </span>
        </button>
      )}
      {rows.length > 0 && (
        <Button icon="list" className="start" onClick={onTable}>
          {t('job.table')}
        </Button>
      )}
      <div>
        <h3>{t('all.options')}</h3>
        <Numbers of={made} />
      </div>
      <p className="soft small kept">
        {t('all.kept', { date: day(job.expires_at, language) })} {t('job.notDiagnosis')}.
        {!reader.shared && (
          <span className="links">
            <button type="button" className="link" onClick={onReceipt}>
              {t('job.receipt')}
            </button>
            <button type="button" className="link" onClick={onDelete}>
              {t('job.delete')}
            </button>
          </span>
        )}
      </p>
    </section>
  );
}
