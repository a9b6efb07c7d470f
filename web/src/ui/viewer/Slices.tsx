import { useEffect, useRef, useState } from 'react';
import { Slices as View } from '../../viewer/slices';
import type { ViewState } from '../../viewer/state';
import type { Structure, Vector } from '../../viewer/structure';
import { millimetres, percent } from '../format';
import { useWords } from '../language';
import { IconButton } from '../widgets/Button';
import { Slider } from '../widgets/Field';
import type { SliceSources } from './Tools';

/** The scan in three planes beside the model; what is chosen in one is chosen in the other. */
export default function Slices({
  sources,
  state,
  structures,
  onChange,
  onClose,
}: {
  sources: SliceSources;
  state: ViewState;
  structures: readonly Structure[];
  onChange: (change: Partial<ViewState>) => void;
  onClose: () => void;
}) {
  const { t, language } = useWords();
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef({ onChange, sources });
  latest.current = { onChange, sources };
  const [view, setView] = useState<View | null>(null);
  const [failed, setFailed] = useState(false);
  const [cover, setCover] = useState(0.45);
  const [at, setAt] = useState<Vector | null>(null);
  const byHand = useRef<string | null>(null);

  useEffect(() => {
    const stop = new AbortController();
    let made: View | null = null;
    (async () => {
      const { volume, labels } = latest.current.sources;
      const [v, l] = await Promise.all([volume(stop.signal), labels(stop.signal)]);
      if (stop.signal.aborted || !canvas.current) return;
      made = await View.on(
        canvas.current,
        { volume: v, labels: l },
        {
          onPlace: (place, name) => {
            setAt(place);
            byHand.current = name;
            if (name) latest.current.onChange({ selected: name });
          },
        },
      );
      if (stop.signal.aborted) made.dispose();
      else setView(made);
    })().catch(() => !stop.signal.aborted && setFailed(true));
    return () => {
      stop.abort();
      made?.dispose();
    };
  }, []);
  useEffect(() => view?.paint(state, structures), [view, state, structures]);
  useEffect(() => {
    // Chosen in a slice, the crosshair stays where it was put.
    if (!view || state.selected === null || state.selected === byHand.current) return;
    const structure = structures.find((s) => s.name === state.selected);
    byHand.current = null;
    if (!structure) return;
    view.go(structure);
    setAt(view.at);
  }, [view, state.selected, structures]);

  const place = at?.map((x) => millimetres(x, language, 0)).join(' · ');
  return (
    <section className="stage-slices" aria-label={t('slices.title')}>
      <header>
        <h2>{t('slices.title')}</h2>
        {place && <output className="small soft">{t('slices.at', { place: `${place} mm` })}</output>}
        <IconButton label={t('slices.close')} icon="close" onClick={onClose} />
      </header>
      <div className="slices-sheet">
        <canvas ref={canvas} aria-label={t('slices.alt')} role="img" />
        {!view && <p role="status">{t(failed ? 'slices.failed' : 'slices.loading')}</p>}
      </div>
      {view && (
        <Slider
          label={t('slices.overlay')}
          value={cover}
          shown={percent(cover)}
          onChange={(value) => {
            setCover(value);
            view.cover(value);
          }}
        />
      )}
    </section>
  );
}
