import { lazy, type ReactNode, type Ref, Suspense, useEffect, useRef, useState } from 'react';
import { middle } from '../../viewer/clip';
import type { Measurement } from '../../viewer/measure';
import type { ViewState } from '../../viewer/state';
import { extent, type Structure } from '../../viewer/structure';
import { films, type StandardView, type Tool, type Viewer } from '../../viewer/viewer';
import { useWords } from '../language';
import { saved } from '../save';
import { Button, IconButton } from '../widgets/Button';
import { Menu } from '../widgets/Menu';
import { useNotices } from '../widgets/notices';
import { useHeadset } from './headset';
import { CutPanel, MeasurePanel } from './Panels';

// The slice view and the code are loaded when somebody asks for them.
const Slices = lazy(() => import('./Slices'));
const Code = lazy(() => import('./Code'));

/** Where the slices of a scan and the label map on their place come from. */
export interface SliceSources {
  volume: (signal: AbortSignal) => Promise<ArrayBuffer>;
  labels: (signal: AbortSignal) => Promise<ArrayBuffer>;
}

export interface ToolsProps {
  viewer: Viewer;
  state: ViewState;
  onChange: (change: Partial<ViewState>) => void;
  structures: readonly Structure[];
  measurements: readonly Measurement[];
  slices: SliceSources | null;
  usdz: string | null;
  address: string | null;
}

const SIDES: readonly StandardView[] = ['anterior', 'posterior', 'left', 'right', 'superior', 'inferior'];

/** The tools below the stage, and the panel of the one that is in use. */
export function Tools(props: ToolsProps) {
  const { viewer, state, onChange, structures, slices } = props;
  const { t } = useWords();
  const [tool, setTool] = useState<Tool>('turn');
  const [slicing, setSlicing] = useState(false);
  const [code, setCode] = useState(false);
  const headset = useHeadset(viewer);
  const toggles = { cut: useRef<HTMLButtonElement>(null), slices: useRef<HTMLButtonElement>(null) };
  const choose = (next: Tool) => {
    setTool(next);
    viewer.choose(next);
  };
  useEffect(() => () => viewer.choose('turn'), [viewer]);

  const cut = () => {
    const [low, high] = extent(structures);
    onChange({ clip: state.clip ? null : middle('coronal', low, high) });
  };
  const open = [
    headset.vr && { label: t('viewer.vr'), onSelect: () => headset.enter('vr') },
    headset.ar && { label: t('viewer.ar'), onSelect: () => headset.enter('ar') },
    props.address !== null && { label: t('viewer.qr'), onSelect: () => setCode(true) },
  ].filter((item) => item !== false);

  return (
    <>
      {slicing && slices && (
        <Suspense fallback={<p className="stage-slices soft">{t('slices.loading')}</p>}>
          <Slices
            sources={slices}
            state={state}
            structures={structures}
            onChange={onChange}
            onClose={() => {
              setSlicing(false);
              toggles.slices.current?.focus();
            }}
          />
        </Suspense>
      )}
      <div className="stage-tools">
        {state.clip && (
          <CutPanel
            clip={state.clip}
            structures={structures}
            onChange={onChange}
            onEnd={() => {
              onChange({ clip: null });
              toggles.cut.current?.focus();
            }}
          />
        )}
        {tool !== 'turn' && (
          <MeasurePanel tool={tool} onTool={choose} viewer={viewer} measurements={props.measurements} />
        )}
        <div className="stage-bar" role="toolbar" aria-label={t('viewer.tools')}>
          <Toggle on={tool === 'turn'} onClick={() => choose('turn')}>
            {t('viewer.turn')}
          </Toggle>
          {slices && (
            <Toggle on={slicing} ref={toggles.slices} onClick={() => setSlicing(!slicing)}>
              {t('viewer.slices')}
            </Toggle>
          )}
          <Toggle on={state.clip !== null} ref={toggles.cut} onClick={cut}>
            {t('viewer.cut')}
          </Toggle>
          <Toggle on={tool !== 'turn'} onClick={() => choose(tool === 'turn' ? 'distance' : 'turn')}>
            {t('viewer.measure')}
          </Toggle>
          <Menu
            trigger={<Button look="ghost">{t('viewer.views')}</Button>}
            items={[
              ...SIDES.map((side) => ({ label: t(`viewer.${side}`), onSelect: () => viewer.look(side) })),
              null,
              { label: t('viewer.reset'), onSelect: () => viewer.reset() },
            ]}
          />
          <Pictures viewer={viewer} />
          {props.usdz && canQuickLook() && (
            // Quick Look opens what the link's first child, an image, stands for.
            <a className="button ghost" rel="ar" href={props.usdz}>
              <img src="/icon.svg" alt="" width="18" height="18" />
              {t('viewer.quickLook')}
            </a>
          )}
          {open.length > 0 && <Menu trigger={<Button look="ghost">{t('viewer.headset')}</Button>} items={open} />}
        </div>
      </div>
      <div className="stage-zoom">
        <IconButton label={t('viewer.nearer')} icon="plus" onClick={() => viewer.zoom(0.8)} />
        <IconButton label={t('viewer.farther')} icon="minus" onClick={() => viewer.zoom(1.25)} />
      </div>
      {code && props.address && (
        <Suspense fallback={null}>
          <Code address={props.address} onClose={() => setCode(false)} />
        </Suspense>
      )}
    </>
  );
}

function Toggle({
  on,
  onClick,
  ref,
  children,
}: {
  on: boolean;
  onClick: () => void;
  ref?: Ref<HTMLButtonElement>;
  children: ReactNode;
}) {
  return (
    <Button look="ghost" aria-pressed={on} onClick={onClick} {...(ref && { ref })}>
      {children}
    </Button>
  );
}

/** Pictures and a film, as files. */
function Pictures({ viewer }: { viewer: Viewer }) {
  const { t } = useWords();
  const { toast } = useNotices();
  const [share, setShare] = useState<number | null>(null);
  const [stop, setStop] = useState<AbortController | null>(null);
  useEffect(() => () => stop?.abort(), [stop]);
  const turn = async () => {
    const controller = new AbortController();
    setStop(controller);
    try {
      const film = await viewer.turntable(setShare, controller.signal);
      saved(film, film.type.includes('mp4') ? 'model.mp4' : 'model.webm');
    } catch {
      if (!controller.signal.aborted) toast(t('viewer.filmFailed'), { error: true });
    } finally {
      setShare(null);
      setStop(null);
    }
  };
  if (share !== null) {
    return (
      <Button look="ghost" onClick={() => stop?.abort()}>
        {t('viewer.filming', { percent: Math.round(share * 100) })}
      </Button>
    );
  }
  return (
    <Menu
      trigger={<Button look="ghost">{t('viewer.picture')}</Button>}
      items={[
        { label: t('viewer.picturePng'), onSelect: async () => saved(await viewer.picture(), 'model.png') },
        {
          label: t('viewer.pictureClear'),
          onSelect: async () => saved(await viewer.picture({ transparent: true }), 'model.png'),
        },
        { label: t('viewer.film'), disabled: !films(), onSelect: () => void turn() },
      ]}
    />
  );
}

const canQuickLook = () => document.createElement('a').relList.supports('ar');
