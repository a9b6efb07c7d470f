import type { Notice } from '../../api/job';
import { useWords } from '../language';
import { Icon } from '../widgets/icons';
import { useCode } from './say';

/** What the job's owner is told to check. */
export default function Doubts({ warnings }: { warnings: readonly Notice[] }) {
  const { t } = useWords();
  return (
    <div className="doubts">
      <h3>
        <Icon name="warn" />
        {t('all.doubts')}
      </h3>
      <ul>
        {warnings.map((notice) => (
          <Doubt key={`${notice.code} ${notice.message}`} notice={notice} />
        ))}
      </ul>
    </div>
  );
}

function Doubt({ notice: { code, message } }: { notice: Notice }) {
  const text = useCode(code);
  return (
    <li>
      <details>
        <summary>{text?.what ?? message}</summary>
        {text && <p>{text.todo}</p>}
        <p className="soft">
          <span lang="en">{message}</span> <span className="code">{code}</span>
        </p>
      </details>
    </li>
  );
}
