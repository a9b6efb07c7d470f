import { useMemo, useState } from 'react';
import { amount, spread } from '../format';
import { useWords } from '../language';
import { saved } from '../save';
import { Button } from '../widgets/Button';
import { Dialog } from '../widgets/Dialog';
import { type Column, csvOf, type Row, sorted } from './rows';
import { useCopy } from './useAction';

const COLUMNS = ['title', 'volume', 'surface', 'hu'] as const satisfies readonly Column[];
const HEADS = { title: 'table.name', volume: 'table.volume', surface: 'table.surface', hu: 'table.hu' } as const;

/** The measurements of all structures as a table that can be sorted, copied and taken away. */
export function TableDialog({ rows, onClose }: { rows: readonly Row[]; onClose: () => void }) {
  const { t, language } = useWords();
  const copy = useCopy();
  const [by, setBy] = useState<{ column: Column; down: boolean } | null>(null);
  const shown = useMemo(() => (by ? sorted(rows, by.column, by.down, language) : rows), [rows, by, language]);
  const columns = COLUMNS.filter((column) => column !== 'hu' || rows.some((row) => row.hu));
  const csv = () =>
    csvOf(shown, [
      t('table.class'),
      t('table.name'),
      t('table.snomed'),
      t('table.group'),
      t('table.volume'),
      t('table.surface'),
      t('table.hu'),
      t('table.sd'),
      t('table.partial'),
    ]);
  const press = (column: Column) =>
    setBy((before) => {
      if (before?.column !== column) return { column, down: column !== 'title' };
      const first = column !== 'title';
      return before.down === first ? { column, down: !first } : null;
    });
  return (
    <Dialog
      title={t('table.title')}
      onClose={onClose}
      wide
      actions={
        <>
          <Button icon="copy" onClick={() => copy(csv())}>
            {t('table.copy')}
          </Button>
          <Button icon="download" onClick={() => save(csv())}>
            {t('table.csv')}
          </Button>
        </>
      }
    >
      <div className="table-place tall">
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column}
                  scope="col"
                  className={column === 'title' ? undefined : 'right'}
                  aria-sort={by?.column !== column ? undefined : by.down ? 'descending' : 'ascending'}
                >
                  <button type="button" className="sort" onClick={() => press(column)}>
                    {t(HEADS[column])}
                    <span aria-hidden="true">{by?.column !== column ? '↕' : by.down ? '↓' : '↑'}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  {row.title}
                  {row.partial && (
                    <span className="soft" title={t('list.partial')}>
                      {' '}
                      <span aria-hidden="true">◧</span>
                      <span className="unseen">, {t('list.partial')}</span>
                    </span>
                  )}
                </th>
                <td className="right">{row.volume !== null && amount(row.volume, language)}</td>
                <td className="right">{row.surface !== null && amount(row.surface, language)}</td>
                {columns.includes('hu') && <td className="right">{row.hu && spread(row.hu, language)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Dialog>
  );
}

function save(csv: string): void {
  // The mark at its beginning tells Excel that it is UTF-8.
  saved(new Blob(['\uFEFF', csv], { type: 'text/csv;charset=utf-8' }), 'measurements.csv');
}
