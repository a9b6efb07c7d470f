import '../../i18n/model';
import './job.css';
import { lazy, Suspense, useMemo } from 'react';
import { client } from '../../api/client';
import { Problem } from '../../api/problem';
import { watchOf } from '../../api/watch';
import { useTitle } from '../App';
import { useWords } from '../language';
import { SignIn } from '../SignIn';
import { JobView } from './JobView';
import { Loading } from './Loading';
import { useJobTitle } from './title';
import { useWatched } from './useWatched';

// Most jobs have something to be drawn: the viewer comes beside the job, not after it.
import('../viewer/Stage').catch(() => {});

const Erased = lazy(() => import('./Erased'));
const Gone = lazy(() => import('./Gone'));
const isSignedOut = (error: unknown) => error instanceof Problem && error.status === 401;

/** The page of a job of one's own. */
export default function JobPage({ id }: { id: string }) {
  const { t } = useWords();
  const reader = useMemo(() => client.reader(id), [id]);
  const watch = watchOf(reader);
  const { job, erased, error, retrying } = useWatched(watch);
  const title = useJobTitle(job);
  useTitle(erased ? t('gone.erased') : [title.what, title.when].filter(Boolean).join(', '));
  if (erased) {
    return (
      <Suspense fallback={<Loading text="" />}>
        <Erased id={id} />
      </Suspense>
    );
  }
  if (error !== null && isSignedOut(error)) {
    return (
      <main id="main" className="page" tabIndex={-1} data-status="signed-out">
        <SignIn />
      </main>
    );
  }
  if (!job && error !== null && !retrying) {
    return (
      <Suspense fallback={<Loading text="" />}>
        <Gone id={id} error={error} onRetry={watch.wake} />
      </Suspense>
    );
  }
  if (!job) return <Loading text={retrying ? t('job.stale') : `${t('job.loading')}…`} />;
  return <JobView reader={reader} job={job} stale={retrying} onJob={(next) => watch.take(next)} onGone={watch.gone} />;
}
