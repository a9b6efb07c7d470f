import { useEffect, useState } from 'react';
import { client } from '../../api/client';
import type { Receipt } from '../../api/receipt';
import { bytes, day, moment } from '../format';
import { useWords } from '../language';
import { Dialog } from '../widgets/Dialog';
import { useWhy } from './say';

/** The receipt of a job, read now; null until it is there. */
export function useReceipt(id: string, again = 0): { receipt: Receipt | null; error: unknown } {
  const [state, setState] = useState<{ receipt: Receipt | null; error: unknown }>({ receipt: null, error: null });
  // biome-ignore lint/correctness/useExhaustiveDependencies: again asks once more.
  useEffect(() => {
    const stop = new AbortController();
    client.receipt(id, stop.signal).then(
      (receipt) => setState({ receipt, error: null }),
      (error: unknown) => stop.signal.aborted || setState({ receipt: null, error }),
    );
    return () => stop.abort();
  }, [id, again]);
  return state;
}

/** What is stored of a scan, where, since and until when, and who may read it. */
export function ReceiptDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useWords();
  const { receipt, error } = useReceipt(id);
  return (
    <Dialog title={t('receipt.title')} onClose={onClose} wide>
      {error !== null && <Why error={error} />}
      {!receipt && error === null && <p className="soft">{t('job.loading')}…</p>}
      {receipt && <Stored receipt={receipt} />}
    </Dialog>
  );
}

function Why({ error }: { error: unknown }) {
  return <p role="alert">{useWhy(error)}</p>;
}

function Stored({ receipt }: { receipt: Receipt }) {
  const { t, language } = useWords();
  const { where, objects, total, readers, left_storage: left, record } = receipt;
  return (
    <>
      <p>
        {where.place === 'aws' ? t('receipt.where.aws', { region: where.region ?? '' }) : t('receipt.where.machine')}
        {': '}
        <strong>{t('receipt.sum', { n: total.objects, size: bytes(total.bytes, language) })}</strong>.{' '}
        {receipt.expires_at && t('receipt.until', { date: day(receipt.expires_at, language) })}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard. */}
      <section className="table-place" aria-label={t('receipt.file')} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('receipt.file')}</th>
              <th scope="col" className="right">
                {t('receipt.size')}
              </th>
              <th scope="col">{t('receipt.since')}</th>
              <th scope="col">{t('receipt.end')}</th>
            </tr>
          </thead>
          <tbody>
            {objects.map((object) => (
              <tr key={`${object.bucket}/${object.name}/${object.since}`}>
                <td>
                  <span className="soft">{t(`receipt.${object.bucket}`)} · </span>
                  {object.name}
                </td>
                <td className="right">{bytes(object.bytes, language)}</td>
                <td>{moment(object.since, language)}</td>
                <td>{day(object.until, language)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section aria-labelledby="readers">
        <h3 id="readers">{t('receipt.readers')}</h3>
        <ul className="bullets">
          {readers.map((reader) => (
            <li key={`${reader.who} ${reader.share}`}>
              {t(`receipt.who.${reader.who}`, { date: reader.until ? day(reader.until, language) : '' })}
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="left">
        <h3 id="left">{t('receipt.left')}</h3>
        {left.length === 0 && <p className="soft">{t('receipt.nothingLeft')}</p>}
        <ul className="bullets">
          {left.map((one) => (
            <li key={`${one.to} ${one.what} ${one.at}`}>
              {t(`receipt.to.${one.to}`)}: {one.what}, {moment(one.at, language)}
            </li>
          ))}
        </ul>
      </section>
      {record && record.backups_days > 0 && (
        <p className="soft small">{t('receipt.backups', { n: record.backups_days })}</p>
      )}
    </>
  );
}
