import './viewer.css';
import { type ReactNode, type Ref, useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import type { Measurement } from '../../viewer/measure';
import type { ViewState } from '../../viewer/state';
import type { Structure } from '../../viewer/structure';
import { type Kind, type Source, Viewer } from '../../viewer/viewer';
import { useWords } from '../language';
import { Button } from '../widgets/Button';
import { type SliceSources, Tools } from './Tools';

/** A model that a job has, and how its bytes are fetched. */
export interface ModelSource {
  kind: Kind;
  /** Changes when other bytes take its place. */
  key: string;
  open: (signal: AbortSignal) => Promise<Source>;
}

export interface StageProps {
  /** In the order in which they are to be shown: each takes the place of the one before. */
  models: readonly ModelSource[];
  state: ViewState;
  /** What was changed on the stage. */
  onChange: (change: Partial<ViewState>) => void;
  onStructures: (structures: readonly Structure[], kind: Kind) => void;
  /** What the picture shows, for those who do not see it. */
  summary: string;
  slices?: SliceSources | null;
  /** Where Quick Look finds the model as USDZ: a real address, for only then is its size kept. */
  usdz?: string | null;
  /** The address that a phone or headset opens. */
  address?: string | null;
  /** For calls that are no state: focus, look, picture. */
  ref?: Ref<Viewer | null>;
  /** Said in the stage's corner, as words about what is shown. */
  children?: ReactNode;
}

/** The stage of a job: the viewer, what it says, and its tools. */
export function Stage(props: StageProps) {
  const { t, language } = useWords();
  const host = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const [viewer, setViewer] = useState<Viewer | null>(null);
  const [structures, setStructures] = useState<readonly Structure[]>([]);
  const [measurements, setMeasurements] = useState<readonly Measurement[]>([]);
  const [context, setContext] = useState<'lost' | 'restored' | 'missing'>('restored');
  const [shown, setShown] = useState<{ kind: Kind; done: number; total: number } | null>(null);
  const keys = useId();

  useEffect(() => {
    if (!host.current) return;
    const made = new Viewer(host.current, {
      onStructures: (all, kind) => {
        setStructures(all);
        latest.current.onStructures(all, kind);
      },
      onDrawn: (kind, done, total) => setShown({ kind, done, total }),
      onHover: (hovered) => latest.current.onChange({ hovered }),
      onPick: (selected) => latest.current.onChange({ selected }),
      onMeasure: setMeasurements,
      onState: (change) => latest.current.onChange(change),
      onContext: setContext,
    });
    setViewer(made);
    return () => {
      made.dispose();
      setViewer(null);
    };
  }, []);
  useImperativeHandle<Viewer | null, Viewer | null>(props.ref, () => viewer, [viewer]);
  useEffect(() => viewer?.apply(props.state), [viewer, props.state]);
  useEffect(() => viewer?.speak(language), [viewer, language]);
  const { broken, retry } = useModels(viewer, props.models);

  const missing = context === 'missing';
  return (
    <section className="stage" aria-label={t('viewer.tools')} data-provisional={shown?.kind === 'glimpse' || undefined}>
      <div
        ref={host}
        className="stage-host"
        data-viewer
        role="img"
        aria-label={props.summary}
        aria-describedby={keys}
        tabIndex={missing ? -1 : 0}
      />
      <p id={keys} className="unseen">
        {t('viewer.keys')}
      </p>
      <div className="stage-words">
        {shown?.kind === 'glimpse' && !missing && (
          <p className="stage-note">
            <strong>{t('viewer.provisional')}</strong>
            <span>{t('viewer.provisionalMore')}</span>
          </p>
        )}
        {shown && shown.done < shown.total && !missing && (
          <p className="stage-note" role="status">
            {t('viewer.organs', { done: shown.done, total: shown.total })}
          </p>
        )}
        {props.children}
      </div>
      {!shown && !missing && !broken && <p className="stage-empty">{t('viewer.empty')}</p>}
      {context === 'lost' && <StageState title={t('viewer.lost')} />}
      {missing && <StageState title={t('viewer.missing')} more={t('viewer.missingMore')} />}
      {broken && !missing && (
        <StageState title={t('viewer.broken')}>
          <Button onClick={retry}>{t('viewer.retry')}</Button>
        </StageState>
      )}
      {viewer && !missing && shown && (
        <Tools
          viewer={viewer}
          state={props.state}
          onChange={props.onChange}
          structures={structures}
          measurements={measurements}
          slices={props.slices ?? null}
          usdz={props.usdz ?? null}
          address={props.address ?? null}
        />
      )}
    </section>
  );
}

function StageState({ title, more, children }: { title: string; more?: string; children?: ReactNode }) {
  return (
    <div className="stage-state" role="status">
      <p>
        <strong>{title}</strong>
      </p>
      {more && <p>{more}</p>}
      {children}
    </div>
  );
}

/** Shows the models one after the other, and again from the first that is new when they change. */
function useModels(viewer: Viewer | null, models: readonly ModelSource[]): { broken: boolean; retry: () => void } {
  const [broken, setBroken] = useState(false);
  const [tries, setTries] = useState(0);
  const shown = useRef(new Map<Viewer, string>());
  const current = useRef(models);
  current.current = models;
  const wanted = models.map((m) => `${m.kind} ${m.key}`).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: tries begins again; models are told apart by their keys.
  useEffect(() => {
    if (!viewer) return;
    const stop = new AbortController();
    const done = shown.current;
    setBroken(false);
    (async () => {
      const all = current.current;
      const last = all.findIndex((m) => `${m.kind} ${m.key}` === done.get(viewer));
      for (const model of all.slice(last + 1)) {
        const source = await model.open(stop.signal);
        stop.signal.throwIfAborted();
        await viewer.show(model.kind, source);
        done.set(viewer, `${model.kind} ${model.key}`);
      }
    })().catch((error) => {
      if (!stop.signal.aborted && error?.name !== 'AbortError') setBroken(true);
    });
    return () => stop.abort();
  }, [viewer, wanted, tries]);
  return { broken, retry: () => setTries((n) => n + 1) };
}
