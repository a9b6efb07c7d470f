import { useWords } from '../language';
import { IconButton } from '../widgets/Button';
import { uploads, useUploads } from './store';
import { useWhy } from './why';

/** How many files are named: a folder of a viewer has hundreds. */
const SHOWN = 8;

/** The files that were not sent, grouped by their reason. */
export function Refused() {
  const { t } = useWords();
  const why = useWhy();
  const { refused, uploads: sent } = useUploads();
  if (refused.length === 0) return null;
  const groups = new Map<string, string[]>();
  for (const { code, values, path } of refused) {
    const reason = why(code, values);
    groups.set(reason, [...(groups.get(reason) ?? []), path]);
  }
  const title =
    sent.length === 0
      ? t('upload.refusedAll')
      : refused.length === 1
        ? t('upload.refused1')
        : t('upload.refused', { count: refused.length });
  return (
    <section className={`refused${sent.length === 0 ? ' all' : ''}`} role="status">
      <header>
        <h2>{title}</h2>
        <IconButton label={t('upload.dismiss')} icon="close" onClick={() => uploads.clearRefused()} />
      </header>
      <ul>
        {[...groups].map(([reason, files]) => (
          <li key={reason}>
            <p>{reason}</p>
            <p className="soft small paths">
              {files.slice(0, SHOWN).map((path) => (
                <span key={path}>{path}</span>
              ))}
              {files.length > SHOWN && <span>{t('upload.more', { count: files.length - SHOWN })}</span>}
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}
