import '../../i18n/first';
import './home.css';
import { useEffect, useRef, useState } from 'react';
import { useTitle } from '../App';
import { loadAhead } from '../ahead';
import { useWords } from '../language';
import { navigate } from '../route';
import { Button } from '../widgets/Button';
import { useNotices } from '../widgets/notices';
import { Drop } from './Drop';
import { Interrupted } from './Interrupted';
import { JobRow } from './JobRow';
import { useJobs } from './jobs';
import { Refused } from './Refused';
import { uploads, useNames, useUploads } from './store';
import { UploadRow } from './UploadRow';

/** The first page: where a scan goes in, and what became of those before. */
export function Home() {
  const { t } = useWords();
  useTitle('IRIS Oculus');
  useEffect(() => void uploads.remember(), []);
  useOpening();
  return (
    <main id="main" className="page home" tabIndex={-1}>
      <div className="hero">
        <div>
          <h1>
            {t('home.title1')}
            <br />
            {t('home.title2')}
          </h1>
          <p className="soft lead">{t('home.lead')}</p>
          <Drop>
            <Sample />
          </Drop>
        </div>
        <figure className="picture">
          <img src="/torso.webp" width="620" height="680" alt={t('home.picture')} />
          <figcaption>
            <span>{t('home.sampleName')}</span>
            <span>{t('home.pictureMade')}</span>
          </figcaption>
        </figure>
      </div>
      <Refused />
      <List />
    </main>
  );
}

/** A scan that was sent opens by itself, unless the person is busy with others. */
function useOpening(): void {
  const { uploads: all } = useUploads();
  const { announce } = useNotices();
  const { t } = useWords();
  const [only] = all;
  const sent = all.length === 1 && only?.state.is === 'sent' ? only : null;
  useEffect(() => {
    if (!sent) return;
    announce(`${sent.name}: ${t('upload.sent')}`);
    void uploads.cancel(sent.id); // it is a job now, and shown as one
    navigate(`/jobs/${sent.job}`);
  }, [sent, announce, t]);
}

function Sample() {
  const { t } = useWords();
  const [making, setMaking] = useState(false);
  const make = async () => {
    setMaking(true);
    try {
      const { sample } = await import('../../upload/sample/sample');
      await uploads.add([{ path: 'torso.nii.gz', file: await sample() }], t('home.sampleName'));
    } finally {
      setMaking(false);
    }
  };
  return (
    <p className="drop-sample small">
      <span className="soft">{t('home.noScan')}</span>{' '}
      <Button look="ghost" busy={making} data-action="sample" onClick={() => void make()}>
        {t(making ? 'home.sampleMaking' : 'home.sample')}
      </Button>
    </p>
  );
}

function List() {
  const { t } = useWords();
  const { uploads: sending, interrupted } = useUploads();
  const { jobs, failing, more } = useJobs();
  const names = useNames();
  // A job whose file this page is sending is shown as an upload, and one to be resumed as interrupted.
  const under = sending.filter(({ state }) => state.is !== 'sent');
  const shown = new Set([...under, ...interrupted].map(({ job }) => job));
  const others = jobs?.filter(({ id }) => !shown.has(id)) ?? [];
  const open = sending.length + interrupted.length > 0;
  const wanted = open || (jobs?.length ?? 0) > 0;
  useEffect(() => {
    if (wanted) loadAhead();
  }, [wanted]);
  const section = useRef<HTMLElement>(null);
  const newest = sending[0]?.id ?? 0;
  const asking = sending[0]?.state.is === 'choose';
  // What was dropped is seen where it is: on a phone it would be below the picture.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a question makes the row longer
  useEffect(() => {
    const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
    if (newest > 0) section.current?.scrollIntoView({ block: 'nearest', behavior });
  }, [newest, asking]);
  return (
    <>
      {open && (
        <section className="list" aria-label={t('home.uploads')} ref={section}>
          <h2>{t('home.uploads')}</h2>
          <ul className="rows">
            {sending.map((upload) => (
              <UploadRow key={upload.id} upload={upload} />
            ))}
            {interrupted.map((row) => (
              <Interrupted key={row.fingerprint} row={row} />
            ))}
          </ul>
        </section>
      )}
      <section className="list" aria-label={t('home.jobs')} aria-busy={jobs === null}>
        <h2>{t('home.jobs')}</h2>
        {failing && (
          <p className="warned list-failing" role="status">
            ▲ {t('home.unreachable')}
          </p>
        )}
        {jobs !== null && others.length === 0 ? (
          <p className="soft">{t('home.noJobs')}</p>
        ) : (
          <ul className="rows">
            {jobs === null && [0, 1, 2].map((n) => <li key={n} className="row blank" aria-hidden="true" />)}
            {others.map((job) => (
              <JobRow key={job.id} job={job} known={names.get(job.id)} />
            ))}
          </ul>
        )}
        {more && (
          <p className="list-more">
            <Button look="ghost" onClick={more}>
              {t('home.more')}
            </Button>
          </p>
        )}
      </section>
    </>
  );
}
