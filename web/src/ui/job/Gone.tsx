import { Problem } from '../../api/problem';
import { useWords } from '../language';
import { navigate } from '../route';
import { Button } from '../widgets/Button';
import { Proof } from './Erased';
import { useReceipt } from './ReceiptDialog';
import { useWhy } from './say';

/** A job that cannot be shown: there is none, or it is not for who asks, or the answer is not understood. */
export default function Gone({ id, error, onRetry }: { id: string; error: unknown; onRetry: () => void }) {
  const { t } = useWords();
  const why = useWhy(error);
  const status = error instanceof Problem ? error.status : 0;
  // An erased job has its proof for thirty days, which its owner alone can read.
  const { receipt } = useReceipt(id);
  if (status === 404 && receipt?.erasure) return <Proof erasure={receipt.erasure} id={id} />;
  const kind = status === 404 ? 'notFound' : status === 403 ? 'refused' : 'broken';
  return (
    <main id="main" className="page" tabIndex={-1} data-status={status === 404 ? 'not_found' : 'refused'}>
      <section className="state">
        <h1>{t(`gone.${kind}`)}</h1>
        <p>{status === 404 ? t('gone.notFoundMore') : why}</p>
        <div className="row-buttons">
          <Button look="primary" onClick={() => navigate('/')}>
            {t('app.home')}
          </Button>
          {status !== 404 && <Button onClick={onRetry}>{t('job.retry')}</Button>}
        </div>
      </section>
    </main>
  );
}
