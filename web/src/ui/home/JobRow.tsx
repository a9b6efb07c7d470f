import { isRunning, type Job } from '../../api/job';
import type { Known } from '../../upload/memory';
import { hand } from '../ahead';
import { clock, dollars, duration, moment, spanOf } from '../format';
import { useWords } from '../language';
import { navigate } from '../route';
import { useWhy } from './why';

/** One job: what the person calls it, where it is, what it took. The whole row leads to it. */
export function JobRow({ job, known }: { job: Job; known: Known | undefined }) {
  const { t, language } = useWords();
  const when = useWhen()(job.created_at);
  const name = known?.name || t('home.unnamed', { time: when });
  const took = tookOf(job);
  const to = `/jobs/${job.id}`;
  return (
    <li className="row job" data-job={job.id} data-status={job.status}>
      <div className="row-what">
        <a
          className="row-name"
          href={to}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            hand(job);
            navigate(to);
          }}
        >
          {name}
        </a>
        <span className="soft small">
          {[
            known?.shape,
            known?.name ? when : job.options.task !== 'auto' && t('home.tasks', { task: job.options.task }),
          ]
            .filter((part) => part)
            .join(' · ')}
        </span>
      </div>
      <div className="row-state">
        <Status job={job} />
      </div>
      <div className="row-took soft small">
        {[took !== null ? duration(took, language) : '', job.cost_usd > 0 ? dollars(job.cost_usd, language) : '']
          .filter((part) => part !== '')
          .join(' · ') || '–'}
      </div>
    </li>
  );
}

function Status({ job }: { job: Job }) {
  const { t, language } = useWords();
  const why = useWhy();
  switch (job.status) {
    case 'ready': {
      const count = job.structures.length;
      return <span className="chip done">✓ {count === 1 ? t('home.structure') : t('home.structures', { count })}</span>;
    }
    case 'rejected':
    case 'failed':
      return (
        <>
          <span className={`chip ${job.status === 'failed' ? 'bad' : 'needs'}`}>
            {job.status === 'failed' ? '✕' : '▲'} {t(`home.${job.status}`)}
          </span>
          <span className="small">{why(job.error.code)}</span>
        </>
      );
    case 'cancelled':
    case 'expired':
    case 'awaiting_upload':
      return (
        <span className="chip">
          <span className="dot off" aria-hidden="true" />
          {t(`home.${job.status}`)}
        </span>
      );
    default: {
      const usual = job.stages.at(-1)?.usual;
      return (
        <>
          <span className="chip">
            <span className="dot busy" aria-hidden="true" />
            {t(`home.${job.status}`)}
          </span>
          <span className="soft small">
            {[
              usual ? t('home.usually', { time: spanOf(usual, language) }) : '',
              job.artifacts.has('glimpse.glb') ? t('home.firstLook') : '',
            ]
              .filter((part) => part !== '')
              .join(' · ')}
          </span>
        </>
      );
    }
  }
}

/** Seconds from the upload's arrival to the end; null while it goes on. */
function tookOf(job: Job): number | null {
  const first = job.stages.find(({ name }) => name !== 'awaiting_upload');
  if (!first || isRunning(job) || job.status === 'awaiting_upload') return null;
  const last = job.stages.findLast(({ name }) => name !== job.status);
  const end = Date.parse(last?.ended_at ?? job.updated_at);
  return Math.max(0, (end - Date.parse(first.started_at)) / 1000);
}

/** A time of today as that, another with its day. */
function useWhen(): (time: string) => string {
  const { t, language } = useWords();
  return (time) => {
    const at = new Date(time);
    if (at.toDateString() !== new Date().toDateString()) return moment(time, language);
    return t('home.today', { time: clock(time, language) });
  };
}
