import type { Unfinished } from '../../upload/memory';
import { bytes } from '../format';
import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { uploads } from './store';
import { Thumb } from './Thumb';

/** An upload of before a reload. A browser must not open a file again by itself: the person picks it. */
export function Interrupted({ row }: { row: Unfinished }) {
  const { t, language } = useWords();
  const [sent, total] = [bytes(row.sent, language), bytes(row.bytes, language)];
  return (
    <li className="row upload" data-upload="interrupted">
      <Thumb picture={null} />
      <div className="row-what">
        <span className="row-name">{row.name}</span>
        <span className="small">{t('upload.interruptedHint', { sent, total })}</span>
      </div>
      <div className="row-state">
        <span className="chip held">
          <span className="dot off" aria-hidden="true" />
          {t('upload.interrupted')}
        </span>
      </div>
      <div className="row-do">
        <Button
          look="ghost"
          aria-label={t('upload.actionOn', { action: t('upload.remove'), name: row.name })}
          onClick={() => void uploads.giveUp(row)}
        >
          {t('upload.remove')}
        </Button>
      </div>
    </li>
  );
}
