import '../../i18n/model';
import '../job/job.css';
import { type FormEvent, Suspense, useMemo, useState, useSyncExternalStore } from 'react';
import { client } from '../../api/client';
import { Problem } from '../../api/problem';
import { Watch } from '../../api/watch';
import { useTitle } from '../App';
import { JobView } from '../job/JobView';
import { Loading } from '../job/Loading';
import { useWhy } from '../job/say';
import { tokenIn } from '../job/useView';
import { useWatched } from '../job/useWatched';
import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { TextField } from '../widgets/Field';

/** A job as whoever has the link of a share sees it. The token stands behind `#`, which no server is sent. */
export default function SharedPage({ id }: { id: string }) {
  const token = useSyncExternalStore(subscribe, () => tokenIn(location.hash));
  return token === null ? <Incomplete id={id} /> : <Shared key={token} id={id} token={token} />;
}

function subscribe(changed: () => void): () => void {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
}

function Shared({ id, token }: { id: string; token: string }) {
  const { t } = useWords();
  const reader = useMemo(() => client.sharedReader(id, token), [id, token]);
  const watch = useMemo(() => new Watch(reader), [reader]);
  const { job, erased, error, retrying } = useWatched(watch);
  useTitle(t('shared.title'));
  const refused = error instanceof Problem && (error.status === 404 || error.status === 401 || error.status === 403);
  if (erased || refused) {
    return (
      <main id="main" className="page" tabIndex={-1} data-status="not_found">
        <section className="state">
          <h1>{t('shared.gone')}</h1>
          <p>{t('shared.goneMore')}</p>
        </section>
      </main>
    );
  }
  if (!job && (error === null || retrying)) return <Loading text={`${t('job.loading')}…`} />;
  if (!job) {
    return (
      <Suspense fallback={<Loading text="" />}>
        <Broken error={error} />
      </Suspense>
    );
  }
  return <JobView reader={reader} job={job} stale={retrying} onJob={() => {}} onGone={watch.wake} />;
}

function Broken({ error }: { error: unknown }) {
  const { t } = useWords();
  return (
    <main id="main" className="page" tabIndex={-1} data-status="refused">
      <section className="state">
        <h1>{t('gone.broken')}</h1>
        <p>{useWhy(error)}</p>
      </section>
    </main>
  );
}

/** A link that lost what is behind its `#` on the way. */
function Incomplete({ id }: { id: string }) {
  const { t } = useWords();
  const [link, setLink] = useState('');
  const [wrong, setWrong] = useState(false);
  useTitle(t('shared.title'));
  const open = (event: FormEvent) => {
    event.preventDefault();
    const hash = link.includes('#') ? link.slice(link.indexOf('#')) : `#token=${link.trim()}`;
    const other = link.match(/\/shared\/([0-9A-Za-z]{1,64})/)?.[1];
    if (tokenIn(hash) === null || (other !== undefined && other !== id)) setWrong(true);
    else location.hash = hash;
  };
  return (
    <main id="main" className="page" tabIndex={-1} data-status="not_found">
      <section className="state">
        <h1>{t('shared.noToken')}</h1>
        <p>{t('shared.noTokenMore')}</p>
        <form onSubmit={open}>
          <TextField
            label={t('shared.paste')}
            value={link}
            error={wrong ? t('shared.pasteWrong') : undefined}
            onChange={(event) => setLink(event.target.value)}
          />
          <Button look="primary" type="submit">
            {t('shared.open')}
          </Button>
        </form>
      </section>
    </main>
  );
}
