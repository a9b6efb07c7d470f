import './place.css';
import { type ComponentType, lazy, type Ref, Suspense, useMemo } from 'react';
import { openArtifact, readArtifact } from '../../api/artifact';
import type { Reader } from '../../api/client';
import { isRunning, type Job } from '../../api/job';
import type { Structure } from '../../viewer/structure';
import type { Kind, Viewer } from '../../viewer/viewer';
import { useWords } from '../language';
import type { ModelSource, StageProps } from '../viewer/Stage';
import { Picture } from './Picture';
import { useCode } from './say';
import type { View } from './useView';

/** The viewer is loaded with the first model, and tests put something else in its place. */
export const StageOfModel: ComponentType<StageProps> = lazy(() =>
  import('../viewer/Stage').then((module) => ({ default: module.Stage })),
);

const Pictures = lazy(() => import('./Pictures'));

export interface JobStageProps {
  reader: Reader;
  job: Job;
  view: View;
  structures: readonly Structure[];
  visible: number;
  onStructures: (structures: readonly Structure[], kind: Kind) => void;
  viewer: Ref<Viewer | null>;
  stage?: ComponentType<StageProps>;
}

const KINDS: readonly Kind[] = ['glimpse', 'preview', 'view'];

/** What a job has to be seen: the scan, then the first look, then the organs, all in one place. */
export function JobStage({ reader, job, view, structures, visible, onStructures, viewer, stage }: JobStageProps) {
  const { t } = useWords();
  const models = useModels(reader, job);
  const slices = useSlices(reader, job);
  const Stage = stage ?? StageOfModel;
  if (models.length > 0 && !stage && !drawsIn3D()) {
    return (
      <Suspense fallback={<div className="stage-place" />}>
        <Pictures reader={reader} job={job} />
      </Suspense>
    );
  }
  if (models.length > 0) {
    return (
      <div className="stage-place">
        <Suspense fallback={<Before reader={reader} job={job} note={t('stage.loading')} />}>
          <Stage
            ref={viewer}
            models={models}
            state={view.state}
            onChange={view.change}
            onStructures={onStructures}
            summary={t('stage.summary', { n: structures.length, shown: visible })}
            slices={slices}
            address={reader.shared ? null : location.origin + location.pathname}
          />
        </Suspense>
      </div>
    );
  }
  return (
    <div className="stage-place">
      <Before reader={reader} job={job} note={null} />
    </div>
  );
}

/** The scan's own picture, in the place where the organs will be. */
function Before({ reader, job, note }: { reader: Reader; job: Job; note: string | null }) {
  const { t } = useWords();
  const scan = job.artifacts.has('scan.png');
  return (
    <section className="before" aria-label={t('stage.scanNote')}>
      {scan && <Picture reader={reader} job={job} name="scan.png" alt={t('all.scanAlt')} className="scan" />}
      {scan && isRunning(job) && (
        <p className="stage-note">
          <strong>{t('stage.scanNote')}</strong>
          <span>{t('stage.scanMore')}</span>
          {job.no_glimpse && (
            <Suspense fallback={null}>
              <NoGlimpse code={job.no_glimpse.code} />
            </Suspense>
          )}
        </p>
      )}
      {!scan && isRunning(job) && <p className="before-words">{t('stage.waiting')}</p>}
      {note && <p className="before-loading">{note}</p>}
    </section>
  );
}

/** Why nothing stands here before the organs. */
function NoGlimpse({ code }: { code: string }) {
  const { t } = useWords();
  const text = useCode(code);
  return <span className="no-glimpse">{t('stage.noGlimpse', { why: text?.what ?? code })}</span>;
}

/** The models that the job has, in the order in which they are shown. */
function useModels(reader: Reader, job: Job): readonly ModelSource[] {
  const running = isRunning(job);
  const keys = KINDS.map((kind) => {
    const artifact = job.artifacts.get(`${kind}.glb`);
    // The first look is of no use once the organs are there.
    return artifact && (kind !== 'glimpse' || running) ? `${kind} ${artifact.sha256}` : null;
  });
  const wanted = keys.filter((key) => key !== null).join('\n');
  return useMemo(
    () =>
      (wanted === '' ? [] : wanted.split('\n')).map((key): ModelSource => {
        const kind = key.split(' ')[0] as Kind;
        return { kind, key, open: (signal) => openArtifact(reader, `${kind}.glb`, { signal }) };
      }),
    [reader, wanted],
  );
}

function useSlices(reader: Reader, job: Job): NonNullable<StageProps['slices']> | null {
  const there = job.artifacts.has('slices.nii.gz') && job.artifacts.has('labels.nii.gz');
  return useMemo(
    () =>
      there
        ? {
            volume: (signal) => readArtifact(reader, 'slices.nii.gz', { signal }),
            labels: (signal) => readArtifact(reader, 'labels.nii.gz', { signal }),
          }
        : null,
    [reader, there],
  );
}

let draws: boolean | null = null;
/** Whether this browser has WebGL 2, asked once. */
function drawsIn3D(): boolean {
  if (draws === null) {
    const context = document.createElement('canvas').getContext('webgl2');
    draws = context !== null;
    context?.getExtension('WEBGL_lose_context')?.loseContext();
  }
  return draws;
}
