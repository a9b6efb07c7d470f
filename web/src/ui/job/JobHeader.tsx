import { isRunning, type Job } from '../../api/job';
import { duration, spanOf } from '../format';
import { useWords } from '../language';
import { IconButton } from '../widgets/Button';
import { Icon } from '../widgets/icons';
import { Menu, type MenuItem } from '../widgets/Menu';
import type { Open } from './open';
import { storyOf } from './story';
import { useNow } from './useNow';

/** What the header says of a job: what it is, and how it stands. */
export function JobHeader({ job, title, stale }: { job: Job; title: { what: string; when: string }; stale: boolean }) {
  const { t } = useWords();
  return (
    <div className="job-title">
      <h1>
        {title.what} <span className="when">{title.when}</span>
      </h1>
      <Status job={job} />
      {stale && (
        <span className="chip stale" role="status">
          <Icon name="warn" />
          {t('job.stale')}
        </span>
      )}
    </div>
  );
}

/** The status as a sign and a word, and while it goes on with its time. */
function Status({ job }: { job: Job }) {
  const { t, language } = useWords();
  const running = isRunning(job);
  const now = useNow(running);
  const step = running ? storyOf(job, now).find((one) => one.state === 'now') : undefined;
  const sign = { ready: 'ok', rejected: 'warn', failed: 'bad' }[job.status as string] ?? (running ? 'run' : 'soft');
  return (
    <span className={`chip status ${sign}`}>
      {job.status === 'ready' && <Icon name="check" />}
      {(job.status === 'rejected' || job.status === 'failed') && <Icon name="warn" />}
      {running && <span className="pulse" aria-hidden="true" />}
      <span>
        {t(`status.${job.status}`)}
        {step?.seconds != null && (
          <span className="status-time">
            {' · '}
            {duration(step.seconds, language)}
            {step.usual && `, ${t('strip.usually', { time: spanOf(step.usual, language) })}`}
          </span>
        )}
      </span>
    </span>
  );
}

/** What is done seldom with a job. */
function JobMenu({ job, onOpen }: { job: Job; onOpen: (open: Open) => void }) {
  const { t } = useWords();
  const running = isRunning(job) || job.status === 'awaiting_upload';
  const item = (open: Open, label: string, icon: NonNullable<MenuItem['icon']>, danger = false): MenuItem => ({
    label,
    icon,
    danger,
    onSelect: () => onOpen(open),
  });
  const ready = job.status === 'ready';
  const items = [
    ready && item('share', t('job.share'), 'share'),
    ready && item('remesh', t('job.remesh'), 'wrench'),
    ready && item('table', t('job.table'), 'list'),
    item('receipt', t('job.receipt'), 'receipt'),
    null,
    running && item('cancel', t('job.cancel'), 'close', true),
    item('delete', t('job.delete'), 'trash', true),
  ].filter((one) => one !== false);
  return <Menu trigger={<IconButton label={t('job.more')} icon="more" />} items={items} />;
}
JobHeader.Menu = JobMenu;
