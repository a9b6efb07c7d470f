import { type Key, texts } from '../../i18n/i18n';
import { useWords } from '../language';

/** What is said of a scan without a warning. */
const QUIET = new Set(['labels', 'derived', 'packed']);

/** What is doubtful of a scan, a sentence each. */
export function Doubts({ doubts, values }: { doubts: string[]; values: Record<string, string | number> }) {
  const { t } = useWords();
  return doubts
    .map((doubt) => [doubt, `upload.doubt.${doubt}`] as const)
    .filter(([, key]) => key in texts)
    .map(([doubt, key]) => (
      <span key={doubt} className={QUIET.has(doubt) ? 'soft small' : 'warned small'}>
        {QUIET.has(doubt) ? '' : '▲ '}
        {t(key as Key, values)}
      </span>
    ));
}
