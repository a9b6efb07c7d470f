import './ending.css';
import { useEffect, useState } from 'react';
import type { Erasure } from '../../api/receipt';
import { bytes, moment } from '../format';
import { useWords } from '../language';
import { navigate } from '../route';
import { Button } from '../widgets/Button';
import { useReceipt } from './ReceiptDialog';

/** A job that was deleted, with its proof, which grows while files go. */
export default function Erased({ id }: { id: string }) {
  const { t } = useWords();
  const [again, setAgain] = useState(0);
  const { receipt } = useReceipt(id, again);
  const erasure = receipt?.erasure ?? null;
  const counted = erasure !== null && erasure.looked_at !== null && erasure.remaining.objects === 0;
  useEffect(() => {
    if (counted) return;
    const timer = setInterval(() => document.hidden || setAgain((n) => n + 1), 4000);
    return () => clearInterval(timer);
  }, [counted]);
  if (erasure) return <Proof erasure={erasure} id={id} />;
  return (
    <main id="main" className="page" tabIndex={-1} data-status="erased">
      <section className="state">
        <h1>{t('gone.erased')}</h1>
        <p>{t('gone.erasing')}</p>
        <Home />
      </section>
    </main>
  );
}

/** What was found, and what is left: nothing, once it was counted. */
export function Proof({ erasure, id }: { erasure: Erasure; id: string }) {
  const { t, language } = useWords();
  const { found, remaining, looked_at: looked } = erasure;
  const left = remaining.objects + remaining.versions + remaining.markers + remaining.uploads;
  return (
    <main id="main" className="page" tabIndex={-1} data-status="erased">
      <section className="state">
        <h1>{t('gone.erased')}</h1>
        <p>{t(`gone.erasedBy.${erasure.by}`, { date: moment(erasure.at, language) })}</p>
        <section className="proof" aria-labelledby="proof">
          <h2 id="proof">{t('gone.proof')}</h2>
          <dl className="numbers">
            <Line name={t('gone.found')} value={String(found.objects)} />
            {found.versions > 0 && <Line name={t('gone.versions')} value={String(found.versions)} />}
            {found.uploads > 0 && <Line name={t('gone.uploads')} value={String(found.uploads)} />}
            <Line name={t('gone.bytes')} value={bytes(found.bytes, language)} />
          </dl>
          <p role="status">
            {looked === null
              ? t('gone.erasing')
              : left === 0
                ? t('gone.nothingLeft', { date: moment(looked, language) })
                : t('gone.left', { date: moment(looked, language), n: left })}{' '}
            {looked !== null && left === 0 && t(erasure.final ? 'gone.final' : 'gone.notFinal')}
          </p>
          {erasure.kept_for_other_jobs > 0 && <p>{t('gone.keptForOthers', { n: erasure.kept_for_other_jobs })}</p>}
          <p className="soft small">
            {t('job.number', { id })}. {t('gone.proofUntil', { date: moment(erasure.proof_until, language) })}
          </p>
        </section>
        <Home />
      </section>
    </main>
  );
}

function Line({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Home() {
  const { t } = useWords();
  return (
    <div className="row-buttons">
      <Button look="primary" onClick={() => navigate('/')}>
        {t('app.home')}
      </Button>
    </div>
  );
}
