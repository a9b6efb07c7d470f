import type { ReactNode } from 'react';
import type { Key } from '../../i18n/i18n';
import type { Progress } from '../../upload/send/transfer';
import type { Upload } from '../../upload/shown';
import { bytes, duration, whole } from '../format';
import { useWords } from '../language';
import { navigate } from '../route';
import { Button } from '../widgets/Button';
import { Doubts } from './Doubts';
import { Offers } from './Offers';
import { useShape } from './shape';
import { uploads } from './store';
import { Thumb } from './Thumb';
import { useWhy } from './why';

/** One upload: what it is, how far it is, what can be done. */
export function UploadRow({ upload }: { upload: Upload }) {
  const { t } = useWords();
  const shape = useShape();
  const { state, thumbnail, doubts, values } = upload;
  const name = upload.name || t('home.scan');
  const wide = state.is === 'choose';
  return (
    <li className={`row upload${wide ? ' wide' : ''}`} data-upload={state.is}>
      {!wide && <Thumb picture={thumbnail} />}
      <div className="row-what">
        {!wide && <span className="row-name">{name}</span>}
        <span className="soft small">{shape(upload.shape)}</span>
        {state.is === 'choose' ? (
          <Offers upload={upload} state={state} />
        ) : (
          <>
            <Doubts doubts={doubts} values={values} />
            <Removed upload={upload} />
          </>
        )}
      </div>
      {!wide && (
        <>
          <div className="row-state">
            <Happening upload={upload} name={name} />
          </div>
          <div className="row-do">
            <Actions upload={upload} name={name} />
          </div>
        </>
      )}
    </li>
  );
}

function Happening({ upload, name }: { upload: Upload; name: string }) {
  const { t, language } = useWords();
  const why = useWhy();
  const { state } = upload;
  switch (state.is) {
    case 'reading':
      return (
        <Busy>
          {state.files > 0 ? t('upload.readingCount', { count: whole(state.files, language) }) : t('upload.reading')}
        </Busy>
      );
    case 'preparing':
      return (
        <>
          <Busy>{t(upload.anonymous ? 'upload.preparingNames' : 'upload.preparing')}</Busy>
          <Bar label={t('upload.progress', { name })} done={state.done} total={state.total} />
        </>
      );
    case 'sending':
      return <Sending progress={state.progress} name={name} />;
    case 'modality':
      return (
        <fieldset className="modality">
          <legend>{t('upload.modality')}</legend>
          <p className="soft small">{t('upload.modalityHint')}</p>
          {(['MR', 'CT', 'PT'] as const).map((modality) => (
            <Button key={modality} onClick={() => uploads.answer(upload.id, modality)}>
              {t(`upload.${modality}`)}
            </Button>
          ))}
        </fieldset>
      );
    case 'sent':
      return <span className="chip done">✓ {t('upload.sent')}</span>;
    case 'failed':
      return (
        <div role="alert">
          <span className="chip bad">✕ {t('upload.failed')}</span>
          <p className="small">{why(state.code, state.values)}</p>
        </div>
      );
    default:
      return null;
  }
}

function Sending({ progress, name }: { progress: Progress; name: string }) {
  const { t, language } = useWords();
  const { step, held, sent, total, speed, again } = progress;
  const counted = step === 'sending' || step === 'checking';
  const key: Key = held ? `upload.${held}` : again ? 'upload.again' : `upload.${step}`;
  const left = speed !== null && speed > 0 ? (total - sent) / speed : null;
  return (
    <>
      <span className={`chip${held || again ? ' held' : ''}`}>
        <span className={`dot ${held ? 'off' : 'busy'}`} aria-hidden="true" />
        {t(key)}
      </span>
      {counted && <Bar label={t('upload.progress', { name })} done={sent} total={total} />}
      {counted && (
        <span className="soft small">
          {[
            t('upload.of', { sent: bytes(sent, language), total: bytes(total, language) }),
            speed !== null && !held ? `${bytes(speed, language)}/s` : '',
            left !== null && !held ? t('upload.left', { time: duration(left, language) }) : '',
          ]
            .filter((part) => part !== '')
            .join(' · ')}
        </span>
      )}
    </>
  );
}

function Busy({ children }: { children: ReactNode }) {
  return (
    <span className="chip">
      <span className="dot busy" aria-hidden="true" />
      {children}
    </span>
  );
}

function Bar({ label, done, total }: { label: string; done: number; total: number }) {
  const percent = total > 0 ? Math.floor((100 * Math.min(done, total)) / total) : 0;
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}

function Actions({ upload, name }: { upload: Upload; name: string }) {
  const { t } = useWords();
  const { state, id, job } = upload;
  const act = (key: Key, run: () => void, look: 'plain' | 'ghost' = 'ghost') => (
    <Button look={look} aria-label={t('upload.actionOn', { action: t(key), name })} onClick={run}>
      {t(key)}
    </Button>
  );
  const cancel = act('upload.cancel', () => void uploads.cancel(id));
  switch (state.is) {
    case 'sending':
      return (
        <>
          {state.progress.held === 'paused'
            ? act('upload.resume', () => uploads.resume(id), 'plain')
            : state.progress.step !== 'finishing' && act('upload.pause', () => uploads.pause(id))}
          {state.progress.step !== 'finishing' && cancel}
        </>
      );
    case 'sent':
      return (
        <>
          {act('home.open', () => navigate(`/jobs/${job}`), 'plain')}
          {act('upload.remove', () => void uploads.cancel(id))}
        </>
      );
    case 'failed':
      return (
        <>
          {act('upload.retry', () => uploads.retry(id), 'plain')}
          {act('upload.remove', () => void uploads.cancel(id))}
        </>
      );
    default:
      return cancel;
  }
}

/** What was taken out of the files, by kind, and what this cannot find. */
function Removed({ upload }: { upload: Upload }) {
  const { t } = useWords();
  const { removed, blanked, anonymous, state } = upload;
  if (state.is !== 'sending' && state.is !== 'sent') return null;
  if (!anonymous) return <span className="warned small">▲ {t('upload.notRemoved')}</span>;
  if (removed.length === 0 && blanked.length === 0) {
    return <span className="soft small">{t('upload.nothingRemoved')}</span>;
  }
  return (
    <details className="removed small">
      <summary>{t('upload.removed')}</summary>
      <ul>
        {removed.map(([category, count]) => (
          <li key={category}>
            {t(`upload.${category}`)}
            {count > 1 && <span className="soft"> ({count})</span>}
          </li>
        ))}
        {blanked.map((field) => (
          <li key={field}>{t(`upload.${field}` as Key)}</li>
        ))}
      </ul>
      {removed.length > 0 && (
        <p className="soft">
          {t('upload.uids')} {t('upload.pixels')}
        </p>
      )}
    </details>
  );
}
