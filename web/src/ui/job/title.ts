import type { Job } from '../../api/job';
import { moment } from '../format';
import { useWords } from '../language';

/** What a job is called: the kind of its scan and when it was sent, for the service keeps no file names. */
export function useJobTitle(job: Job | null): { what: string; when: string } {
  const { t, language } = useWords();
  if (!job) return { what: t('job.loading'), when: '' };
  const { modality, task } = job.options;
  const kind = modality === 'CT' || modality === 'MR' || modality === 'PT' ? t(`end.${modality}`) : null;
  const what = task === 'labels' ? t('job.labels') : (kind ?? t('job.scan'));
  return { what, when: moment(job.created_at, language) };
}
