import { type CSSProperties, memo } from 'react';
import { amount } from '../format';
import { useWords } from '../language';
import { Icon } from '../widgets/icons';
import type { Row } from './rows';

export interface RowActions {
  show: (name: string, visible: boolean) => void;
  choose: (name: string) => void;
  isolate: (name: string) => void;
  point: (name: string | null) => void;
}

/** A structure: a sentence that says which one, how much, whether the scan cut it, and whether it is seen. */
export const OrganRow = memo(function OrganRow({
  row,
  colour,
  hidden,
  isolated,
  selected,
  hovered,
  active,
  actions,
}: {
  row: Row;
  colour: string | null;
  hidden: boolean;
  isolated: boolean;
  selected: boolean;
  hovered: boolean;
  /** The one row whose parts the tab key reaches; arrow keys lead to the others. */
  active: boolean;
  actions: RowActions;
}) {
  const { t, language } = useWords();
  const tab = active ? 0 : -1;
  return (
    <li
      className={`organ${selected ? ' selected' : ''}${hidden ? ' hidden' : ''}${hovered ? ' hovered' : ''}`}
      data-structure={row.name}
      onPointerEnter={() => actions.point(row.name)}
      onPointerLeave={() => actions.point(null)}
    >
      <label className="eye" title={t('list.visible', { name: row.title })}>
        <input
          type="checkbox"
          checked={!hidden}
          tabIndex={tab}
          aria-label={t('list.visible', { name: row.title })}
          onChange={(event) => actions.show(row.name, event.target.checked)}
        />
        <Icon name={hidden ? 'eyeOff' : 'eye'} />
      </label>
      <button
        type="button"
        className="organ-name"
        data-row
        tabIndex={tab}
        aria-pressed={selected}
        title={row.latin ? `${row.also ? `${row.also} · ` : ''}${row.latin}` : row.also || undefined}
        onClick={() => actions.choose(row.name)}
      >
        <span className="swatch" style={{ '--colour': colour ?? 'transparent' } as CSSProperties} />
        <span className="text">{row.title}</span>
        {row.partial && (
          <span className="partial" title={t('list.partial')}>
            <span aria-hidden="true">◧</span>
            <span className="unseen">, {t('list.partial')}</span>
          </span>
        )}
        {row.volume !== null && (
          <span className="ml">
            {amount(row.volume, language)}
            <span className="unseen"> ml</span>
          </span>
        )}
      </button>
      <button
        type="button"
        className="organ-act"
        data-action="isolate"
        tabIndex={tab}
        aria-pressed={isolated}
        aria-label={t('list.isolate', { name: row.title })}
        title={isolated ? t('list.unisolate') : t('list.isolate', { name: row.title })}
        onClick={() => actions.isolate(row.name)}
      >
        <Icon name="isolate" />
      </button>
    </li>
  );
});
