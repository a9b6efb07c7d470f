import type { Reader } from '../../api/client';
import type { Job } from '../../api/job';
import { useWords } from '../language';
import { Picture } from './Picture';

/** What is left to look at where the browser draws nothing in 3D. */
export default function Pictures({ reader, job }: { reader: Reader; job: Job }) {
  const { t } = useWords();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and nothing in it takes the focus by which a keyboard scrolls it.
    <section className="stage-place pictures" aria-labelledby="no-webgl" tabIndex={0}>
      <div className="pictures-words">
        <h2 id="no-webgl">{t('noWebgl.title')}</h2>
        <p>{t('noWebgl.more')}</p>
      </div>
      {(['preview.png', 'check.png', 'scan.png'] as const)
        .filter((name) => job.artifacts.has(name))
        .map((name) => (
          <figure key={name}>
            <Picture reader={reader} job={job} name={name} alt={t(ALT[name])} />
            <figcaption>{t(`file.${name}`)}</figcaption>
          </figure>
        ))}
    </section>
  );
}
const ALT = { 'preview.png': 'all.previewAlt', 'check.png': 'all.checkAlt', 'scan.png': 'all.scanAlt' } as const;
