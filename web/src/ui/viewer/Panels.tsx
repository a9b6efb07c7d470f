import { axisOf, middle } from '../../viewer/clip';
import type { MeasureKind, Measurement } from '../../viewer/measure';
import { words } from '../../viewer/paper';
import type { Axis, Clip, ViewState } from '../../viewer/state';
import { extent, type Structure } from '../../viewer/structure';
import type { Tool, Viewer } from '../../viewer/viewer';
import { millimetres } from '../format';
import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { Choice, Slider, Switch } from '../widgets/Field';

const AXES: readonly Axis[] = ['axial', 'coronal', 'sagittal'];

/** Where the model is cut: what the handle on the stage does, without dragging. */
export function CutPanel({
  clip,
  structures,
  onChange,
  onEnd,
}: {
  clip: Clip;
  structures: readonly Structure[];
  onChange: (change: Partial<ViewState>) => void;
  onEnd: () => void;
}) {
  const { t, language } = useWords();
  const [low, high] = extent(structures);
  const k = axisOf(clip);
  return (
    <div className="stage-panel">
      <Choice
        label={t('viewer.cutAlong')}
        hidden
        value={clip.axis}
        options={AXES.map((value) => ({ value, label: t(`viewer.${value}`) }))}
        onChange={(axis) => onChange({ clip: middle(axis, low, high) })}
      />
      <Slider
        label={t('viewer.cutAt')}
        value={clip.at}
        min={Math.floor(low[k])}
        max={Math.ceil(high[k])}
        step={0.5}
        shown={`${millimetres(clip.at, language)} mm`}
        onChange={(at) => onChange({ clip: { ...clip, at } })}
      />
      <Switch
        label={t('viewer.cutFlip')}
        checked={clip.flip}
        onChange={(flip) => onChange({ clip: { ...clip, flip } })}
      />
      <Button look="ghost" icon="close" onClick={onEnd}>
        {t('viewer.cutEnd')}
      </Button>
    </div>
  );
}

const KINDS: readonly MeasureKind[] = ['distance', 'angle'];

/** What is measured, how, and what came of it. */
export function MeasurePanel({
  tool,
  onTool,
  viewer,
  measurements,
}: {
  tool: MeasureKind;
  onTool: (tool: Tool) => void;
  viewer: Viewer;
  measurements: readonly Measurement[];
}) {
  const { t, language } = useWords();
  return (
    <div className="stage-panel">
      <Choice
        label={t('viewer.measureWhat')}
        hidden
        value={tool}
        options={KINDS.map((value) => ({ value, label: t(`viewer.${value}`) }))}
        onChange={onTool}
      />
      <p className="small soft">
        {t('viewer.measureHow')} <strong>{t('viewer.notDiagnosis')}</strong>
      </p>
      {/* Told as they come, to those who listen. */}
      <ol className="measures" aria-label={t('viewer.measured')} aria-live="polite">
        {measurements.map((m, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: measurements are taken away from the end alone.
          <li key={n}>
            {t(`viewer.${m.kind}`)} <strong>{words(m, language)}</strong>
          </li>
        ))}
      </ol>
      {measurements.length > 0 && (
        <div className="stage-actions">
          <Button look="ghost" icon="undo" onClick={() => viewer.unmeasure(false)}>
            {t('viewer.measureUndo')}
          </Button>
          <Button look="ghost" icon="trash" onClick={() => viewer.unmeasure(true)}>
            {t('viewer.measureClear')}
          </Button>
        </div>
      )}
    </div>
  );
}
