import { useEffect, useState } from 'react';
import { client } from '../../api/client';
import type { Share } from '../../api/receipt';
import type { ViewState } from '../../viewer/state';
import { day, moment } from '../format';
import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { Dialog } from '../widgets/Dialog';
import { Choice, TextField } from '../widgets/Field';
import { useNotices } from '../widgets/notices';
import { useAction, useCopy } from './useAction';
import { shareLink } from './useView';

const DAYS = ['1', '7', '30'] as const;
const DAY = 24 * 60 * 60;

/** Makes links by which others see the model, lists those that hold, and takes them back. */
export function ShareDialog({ id, state, onClose }: { id: string; state: ViewState; onClose: () => void }) {
  const { t, language } = useWords();
  const { toast } = useNotices();
  const copy = useCopy();
  const making = useAction();
  const revoking = useAction();
  const [days, setDays] = useState<(typeof DAYS)[number]>('7');
  const [link, setLink] = useState<string | null>(null);
  const [shares, setShares] = useState<Share[] | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    client.shares(id, stop.signal).then(setShares, () => stop.signal.aborted || setShares([]));
    return () => stop.abort();
  }, [id]);

  const make = () =>
    making.run(async () => {
      const { token, ...share } = await client.share(id, Number(days) * DAY);
      const made = shareLink(location.origin, id, token, state);
      setLink(made);
      setShares((before) => [share, ...(before ?? [])]);
      copy(made);
    });
  const revoke = (share?: string) =>
    revoking.run(async () => {
      await client.revoke(id, share);
      setShares((before) => (share ? (before ?? []).filter((one) => one.id !== share) : []));
      setLink(null);
      toast(t('share.revoked'));
    });
  return (
    <Dialog title={t('share.title')} onClose={onClose}>
      <p>{t('share.more')}</p>
      <p className="soft small">{t('share.face')}</p>
      <Choice
        label={t('share.for')}
        value={days}
        options={DAYS.map((value) => ({ value, label: t(`share.${value}`) }))}
        onChange={setDays}
      />
      <Button look="primary" icon="link" className="start" busy={making.busy} onClick={make}>
        {t('share.make')}
      </Button>
      {link && (
        <div className="made-link" role="status">
          <TextField
            label={t('share.link')}
            hint={t('share.once')}
            value={link}
            readOnly
            onFocus={(event) => event.target.select()}
          />
          <Button icon="copy" className="start" onClick={() => copy(link)}>
            {t('job.copy')}
          </Button>
        </div>
      )}
      <section aria-labelledby="held">
        <h3 id="held">{t('share.held')}</h3>
        {shares === null && <p className="soft">…</p>}
        {shares?.length === 0 && <p className="soft">{t('share.none')}</p>}
        <ul className="shares">
          {shares?.map((share) => (
            <li key={share.id}>
              <span>
                {t('share.until', { date: day(share.expires_at, language) })}
                <span className="soft small"> · {t('share.made', { date: moment(share.created_at, language) })}</span>
              </span>
              <Button look="danger" busy={revoking.busy} onClick={() => revoke(share.id)}>
                {t('share.revoke')}
              </Button>
            </li>
          ))}
        </ul>
        {(shares?.length ?? 0) > 1 && (
          <Button look="danger" busy={revoking.busy} onClick={() => revoke()}>
            {t('share.revokeAll')}
          </Button>
        )}
      </section>
    </Dialog>
  );
}
