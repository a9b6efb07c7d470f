import './ending.css';
import { type FormEvent, type ReactNode, useState } from 'react';
import { client, type OptionsInput } from '../../api/client';
import type { Awaiting, Ended, Job } from '../../api/job';
import { amount } from '../format';
import { useWords } from '../language';
import { navigate } from '../route';
import { Button, IconButton } from '../widgets/Button';
import { Choice, TextField } from '../widgets/Field';
import { useCode } from './say';
import { type Series, seriesIn } from './series';
import { useAction, useCopy } from './useAction';

/** How a job ended without a model, why, and what its owner can do about it. */
export default function Ending({ job, shared, onJob }: EndingProps<Ended | Awaiting>) {
  const { t } = useWords();
  if (job.status === 'awaiting_upload') {
    return (
      <section className="ending" aria-labelledby="ending">
        <h2 id="ending">{t('end.awaiting_upload')}</h2>
        <p>{t('end.awaitingMore')}</p>
        <div className="row-buttons">
          <Button look="primary" onClick={() => navigate('/')}>
            {t('end.goUpload')}
          </Button>
        </div>
      </section>
    );
  }
  return <WithError job={job} shared={shared} onJob={onJob} />;
}

interface EndingProps<J extends Job> {
  job: J;
  shared: boolean;
  onJob: (job: Job) => void;
}

function WithError({ job, shared, onJob }: EndingProps<Ended>) {
  const { t } = useWords();
  const { code, message } = job.error;
  const text = useCode(code);
  const before = job.artifacts.has('model.glb');
  return (
    <section className={`ending ${job.status}`} aria-labelledby="ending">
      <h2 id="ending">{t(`end.${job.status}`)}</h2>
      <p>
        <strong>{text?.what ?? message}</strong> {text?.todo}
      </p>
      {before && <p className="soft">{t('end.modelBefore')}</p>}
      {!shared && <Cure job={job} onJob={onJob} />}
      {message && text && (
        <details className="said">
          <summary>{t('end.said')}</summary>
          <p lang="en">{message}</p>
        </details>
      )}
      {job.status !== 'cancelled' && job.status !== 'expired' && <Quote job={job} code={code} />}
    </section>
  );
}

/** What whoever helps has to be told. */
function Quote({ job, code }: { job: Job; code: string }) {
  const { t } = useWords();
  const copy = useCopy();
  const quoted = `${code} · ${job.id} · ${t('job.attempt', { n: job.attempt })}`;
  return (
    <div className="quote">
      <p className="soft small">{t('end.quote')}</p>
      <p>
        <code>{quoted}</code>
        <IconButton label={`${t('job.copy')}: ${t('job.quote')}`} icon="copy" onClick={() => copy(quoted)} />
      </p>
    </div>
  );
}

const FEWER = new Set(['out_of_memory', 'timed_out', 'too_large_to_mesh', 'too_many_structures', 'too_large']);
const MODALITY = new Set(['unknown_modality', 'wrong_modality', 'not_hounsfield']);
const STRUCTURES = new Set(['no_structure', 'empty_segmentation', ...FEWER]);
/** Codes for which the same file gives the same refusal, whatever the options are. */
const SEND_AGAIN =
  /^(bad_|corrupt|truncated|encrypted|nested|unsafe|unsupported_(?!modality$)|missing_|mixed_|empty_(?!seg)|too_(few|small)|nan_|not_3d|localizer|lone_|archive|no_(body|image)|overlapping|non_ortho|unrecognized|multiple_(vol|label)|not_uploaded|upload_replaced|expired|cancelled)/;

/** What can be done here and now: choose, say, or try again. */
function Cure({ job, onJob }: { job: Ended; onJob: (job: Job) => void }) {
  const { t } = useWords();
  const { busy, run } = useAction();
  const { code, message } = job.error;
  const retry = (options: OptionsInput) => run(async () => onJob(await client.retry(job.id, options)));
  const again = job.status === 'failed' || job.status === 'rejected';
  const another = (
    <Button look={again && !SEND_AGAIN.test(code) ? 'plain' : 'primary'} onClick={() => navigate('/')}>
      {t('job.newScan')}
    </Button>
  );
  if (again && code === 'multiple_series') return <SeriesChoice message={message} busy={busy} onChoose={retry} />;
  if (again && MODALITY.has(code)) return <Modality busy={busy} onChoose={retry} another={another} />;
  if (again && STRUCTURES.has(code)) {
    return <Fewer job={job} busy={busy} onChoose={retry} another={another} />;
  }
  if (again && code === 'bad_labels') {
    return (
      <div className="row-buttons">
        <Button look="primary" busy={busy} onClick={() => retry({ task: 'auto' })}>
          {t('end.asScan')}
        </Button>
        {another}
      </div>
    );
  }
  return (
    <div className="row-buttons">
      {again && !SEND_AGAIN.test(code) && (
        <Button look="primary" icon="retry" busy={busy} onClick={() => retry({})}>
          {t('job.retry')}
        </Button>
      )}
      {another}
    </div>
  );
}

/** The series of an upload, one of which is meant. */
function SeriesChoice({ message, busy, onChoose }: { message: string } & Omit<CureProps, 'another'>) {
  const { t, language } = useWords();
  const { series, more } = seriesIn(message);
  const words = ({ modality, slices, apart, derived, loose }: Series) =>
    [
      modality,
      t('end.slices', { n: slices }),
      apart !== null && t('end.apart', { mm: amount(apart, language) }),
      derived && t('end.derived'),
      loose && t('end.loose'),
    ]
      .filter(Boolean)
      .join(', ');
  return (
    <>
      {series.length > 0 && (
        <fieldset className="series">
          <legend>{t('end.series')}</legend>
          {series.map((one) => (
            <button
              key={one.number}
              type="button"
              className="series-one"
              aria-disabled={busy || undefined}
              onClick={() => busy || onChoose({ series: one.number })}
            >
              <strong>{t('end.seriesOne', { n: one.number })}</strong>
              <span className="soft">{words(one)}</span>
              <span className="use">{t('end.seriesUse', { n: one.number })}</span>
            </button>
          ))}
        </fieldset>
      )}
      {(more || series.length === 0) && <SeriesNumber busy={busy} onChoose={onChoose} />}
    </>
  );
}

const NUMBER = /^[1-9]\d{0,3}$/;

function SeriesNumber({ busy, onChoose }: Omit<CureProps, 'another'>) {
  const { t } = useWords();
  const [number, setNumber] = useState('');
  const [tried, setTried] = useState(false);
  const right = NUMBER.test(number.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (right) onChoose({ series: Number(number) });
  };
  return (
    <form onSubmit={submit}>
      <TextField
        label={t('end.seriesNumber')}
        inputMode="numeric"
        value={number}
        error={tried && !right ? t('end.seriesWrong') : undefined}
        onChange={(event) => setNumber(event.target.value)}
      />
      <Button look="primary" type="submit" busy={busy}>
        {t('job.retry')}
      </Button>
    </form>
  );
}

interface CureProps {
  busy: boolean;
  onChoose: (options: OptionsInput) => void;
  another: ReactNode;
}

function Modality({ busy, onChoose, another }: CureProps) {
  const { t } = useWords();
  const [modality, setModality] = useState<'CT' | 'MR' | 'PT'>('CT');
  return (
    <>
      <Choice
        label={t('end.modality')}
        value={modality}
        options={(['CT', 'MR', 'PT'] as const).map((value) => ({ value, label: t(`end.${value}`) }))}
        onChange={setModality}
      />
      <div className="row-buttons">
        <Button look="primary" icon="retry" busy={busy} onClick={() => onChoose({ modality })}>
          {t('job.retry')}
        </Button>
        {another}
      </div>
    </>
  );
}

function Fewer({ job, busy, onChoose, another }: CureProps & { job: Ended }) {
  const { t } = useWords();
  const [names, setNames] = useState((job.options.structures ?? []).join(', '));
  const list = names.split(',').map((name) => name.trim());
  return (
    <>
      <TextField
        label={t('end.fewer')}
        hint={t('end.fewerHint')}
        value={names}
        onChange={(event) => setNames(event.target.value)}
      />
      <div className="row-buttons">
        <Button look="primary" icon="retry" busy={busy} onClick={() => onChoose({ structures: list.filter(Boolean) })}>
          {t('job.retry')}
        </Button>
        {another}
      </div>
    </>
  );
}
