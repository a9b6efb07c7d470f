import type { Reader } from '../../api/client';
import { colourIn, opacityIn } from '../../viewer/state';
import type { Structure } from '../../viewer/structure';
import { amount, percent, spread, whole } from '../format';
import { useWords } from '../language';
import { Button, IconButton } from '../widgets/Button';
import { Slider } from '../widgets/Field';
import { Menu } from '../widgets/Menu';
import { FORMATS } from './formats';
import { Numbers } from './Numbers';
import type { Row } from './rows';
import { useExport } from './useExport';
import type { View } from './useView';

/** The structure that is chosen: what it is, what was measured, how it is seen. */
export default function Chosen({
  row,
  reader,
  view,
  structures,
  hidden,
  pairTitle,
  pairs,
  onFocus,
  onShow,
}: {
  row: Row;
  reader: Reader;
  view: View;
  structures: readonly Structure[];
  hidden: boolean;
  pairTitle: string | null;
  pairs: boolean;
  onFocus: (() => void) | null;
  onShow: (visible: boolean) => void;
}) {
  const { t, language } = useWords();
  const { making, download } = useExport(reader);
  const { state, change } = view;
  const structure = structures.find((s) => s.name === row.name);
  const names = pairs && row.pair ? [row.name, row.pair] : [row.name];
  const set = <T,>(record: Readonly<Record<string, T>>, value: T): Record<string, T> =>
    Object.fromEntries([...Object.entries(record), ...names.map((name) => [name, value] as const)]);
  const without = <T,>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
  const alone = state.isolated === row.name;
  const yes = (value: boolean) => t(value ? 'one.yes' : 'one.no');
  const numbers: [string, string | null][] = [
    [t('one.volume'), row.volume === null ? null : `${amount(row.volume, language)} ml`],
    [t('one.surface'), row.surface === null ? null : `${amount(row.surface, language)} cm²`],
    [t('one.hu'), row.hu && `${spread(row.hu, language)} HU`],
    [t('one.pieces'), row.pieces === null ? null : whole(row.pieces, language)],
    [t('one.triangles'), row.triangles === null ? null : whole(row.triangles, language)],
    [t('one.closed'), row.watertight === null ? null : yes(row.watertight)],
    [t('one.partial'), yes(row.partial)],
  ];
  const opacity = structure ? opacityIn(state, structures, structure) : 1;
  return (
    <section className="panel chosen" aria-labelledby="chosen">
      <header>
        <div>
          <h2 id="chosen">{row.title}</h2>
          <p className="soft small">
            {[row.also, row.latin && capital(row.latin), row.snomed && `SNOMED CT ${row.snomed}`]
              .filter(Boolean)
              .join(' · ')}
          </p>
        </div>
        <IconButton label={t('one.back')} icon="close" onClick={() => change({ selected: null })} />
      </header>
      <div className="row-buttons">
        <Button icon="isolate" aria-pressed={alone} onClick={() => change({ isolated: alone ? null : row.name })}>
          {t('one.isolate')}
        </Button>
        <Button icon={hidden ? 'eye' : 'eyeOff'} onClick={() => onShow(hidden)}>
          {t(hidden ? 'one.show' : 'one.hide')}
        </Button>
        {onFocus && (
          <Button icon="pin" onClick={onFocus}>
            {t('one.focus')}
          </Button>
        )}
      </div>
      <Numbers of={numbers} />
      {row.partial && (
        <p className="soft small">
          <span aria-hidden="true">◧ </span>
          {t('one.partialMore')}
        </p>
      )}
      {structure && structure.colour !== '#808080' && (
        <div className="looks">
          <div className="colour">
            <label>
              {t('one.colour')}
              <input
                type="color"
                value={colourIn(state, structure)}
                onChange={(e) =>
                  change((now) => ({ ...now, colours: set(now.colours, e.target.value) }), `colour ${row.name}`)
                }
              />
            </label>
            {(row.name in state.colours || row.name in state.opacity) && (
              <Button
                look="ghost"
                onClick={() =>
                  change((now) => ({ ...now, colours: without(now.colours), opacity: without(now.opacity) }))
                }
              >
                {t('one.resetColour')}
              </Button>
            )}
          </div>
          <Slider
            label={t('one.opacity')}
            value={opacity}
            shown={percent(opacity)}
            onChange={(value) => change((now) => ({ ...now, opacity: set(now.opacity, value) }), `opacity ${row.name}`)}
          />
        </div>
      )}
      {pairTitle && row.pair && (
        <Button look="ghost" icon="pair" className="start" onClick={() => change({ selected: row.pair })}>
          {t('one.pair', { name: pairTitle })}
        </Button>
      )}
      {!reader.shared && (
        <div>
          <h3>{t('one.download')}</h3>
          <div className="row-buttons">
            {(['stl', '3mf', 'glb'] as const).map((format) => (
              <Button
                key={format}
                busy={making.has(format)}
                title={t(`format.${format}`)}
                onClick={() => download(format, 'model.glb', { structures: [row.name], format })}
              >
                {format.toUpperCase()}
              </Button>
            ))}
            <Menu
              trigger={<IconButton label={t('job.more')} icon="more" />}
              items={FORMATS.filter((format) => !['stl', '3mf', 'glb', 'zip'].includes(format)).map((format) => ({
                label: `${format.toUpperCase()}: ${t(`format.${format}`)}`,
                onSelect: () => download(format, 'model.glb', { structures: [row.name], format }),
              }))}
            />
          </div>
        </div>
      )}
    </section>
  );
}

const capital = (text: string) => text[0]?.toUpperCase() + text.slice(1);
