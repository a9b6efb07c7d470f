// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { decodeJob, type Job } from '../../api/job';
import { leftOf, storyOf, totalOf } from './story';

const T0 = Date.parse('2026-01-02T03:00:00Z');
const at = (s: number) => new Date(T0 + s * 1000).toISOString();
const usual = (low: number, high: number) => ({ median_s: (low + high) / 2, low_s: low, high_s: high, jobs: 20 });
const stage = (name: string, from: number, to: number | null, more = {}) => ({
  name,
  started_at: at(from),
  ended_at: to === null ? null : at(to),
  ...more,
});
const artifact = { bytes: 1, sha256: '', media_type: 'x' };

function job(status: string, stages: object[], more: object = {}): Job {
  return decodeJob(
    {
      id: 'a',
      status,
      attempt: 1,
      options: { task: 'total', fast: false },
      created_at: at(0),
      updated_at: at(100),
      expires_at: at(9000),
      stages,
      artifacts: {},
      structures: [],
      warnings: [],
      error: null,
      cost_usd: 0,
      ...more,
    },
    'job',
  );
}
const told = (job: Job, now: number) =>
  storyOf(job, T0 + now * 1000).map((s) => `${s.state} ${s.name}${s.seconds === null ? '' : ` ${s.seconds}`}`);

describe('storyOf', () => {
  const past = [stage('awaiting_upload', 0, 12), stage('received', 12, 13), stage('preparing', 13, 16)];

  it('tells what happened, happens and is to come', () => {
    const waking = job('warming', [...past, stage('warming', 16, null)], {
      coming: [{ name: 'segmenting', usual: usual(40, 70) }, { name: 'meshing' }],
      artifacts: { 'glimpse.glb': artifact },
    });
    expect(told(waking, 88)).toEqual([
      'done awaiting_upload 12',
      'done preparing 3',
      'done glimpse',
      'now warming 72',
      'next segmenting',
      'next meshing',
    ]);
  });

  it('shows the start of a job while it is all that there is', () => {
    expect(told(job('received', [stage('received', 0, null)]), 2)).toEqual(['now received 2']);
  });

  it('leaves out the upload of a job that was dropped, and the moment before its first stage', () => {
    const dropped = job('ready', [stage('awaiting_upload', 0, 0.1), stage('received', 0.1, 1), stage('meshing', 1, 9)]);
    expect(told(dropped, 500)).toEqual(['done meshing 8']);
  });

  it('says where a job stopped, and never that it still goes on', () => {
    const rejected = job('rejected', [...past.slice(0, 2), stage('preparing', 13, null)], {
      error: { code: 'truncated', message: '' },
    });
    expect(told(rejected, 9999)).toEqual(['done awaiting_upload 12', 'stopped preparing 87']);
  });

  it('counts no time before a stage on a clock that is late', () => {
    expect(told(job('preparing', [stage('preparing', 30, null)]), 10)).toEqual(['now preparing 0']);
  });

  it('gives a count and a place in the queue to what happens now alone', () => {
    const progress = { done: 3, total: 9, unit: 'tiles' };
    const steps = storyOf(
      job('segmenting', [...past, stage('segmenting', 16, null)], { progress, queue: { ahead: 2 } }),
      T0,
    );
    expect(steps.map((s) => s.counted)).toEqual([null, null, progress]);
    expect(steps.at(-1)?.queue).toEqual({ ahead: 2 });
  });

  // Comfy-Org/ComfyUI 15962 and maziggy/bambuddy 2740: a time that was measured of jobs that waited for nobody,
  // told of one that waits for others.
  it('does not say what is usual of the GPU while others are ahead', () => {
    const behind = (ahead: number) =>
      storyOf(
        job('warming', [stage('warming', 0, null, { usual: usual(100, 200) })], {
          coming: [
            { name: 'segmenting', usual: usual(40, 70) },
            { name: 'meshing', usual: usual(8, 10) },
          ],
          queue: { ahead },
        }),
        T0 + 300_000,
      );
    expect(behind(2).map((s) => s.usual?.low_s)).toEqual([undefined, undefined, 8]);
    expect(behind(0).map((s) => s.usual?.low_s)).toEqual([100, 40, 8]);
    expect(leftOf(behind(2))).toBeNull();
  });

  it('does not call a job the next one whose organs are being found', () => {
    const queue = { ahead: 0 };
    expect(storyOf(job('segmenting', [stage('segmenting', 0, null)], { queue }), T0).at(-1)?.queue).toBeNull();
    expect(storyOf(job('warming', [stage('warming', 0, null)], { queue }), T0).at(-1)?.queue).toEqual(queue);
  });
});

describe('leftOf', () => {
  const running = (seconds: number, next: object[]) =>
    storyOf(
      job('segmenting', [stage('segmenting', 0, null, { usual: usual(40, 70) })], { coming: next }),
      T0 + seconds * 1000,
    );

  it('adds what is usual, less what is over', () => {
    expect(leftOf(running(50, [{ name: 'meshing', usual: usual(8, 10) }]))).toMatchObject({ low_s: 8, high_s: 30 });
  });
  // kitstack/async-job 6: "ready in 0 s", and still at work.
  it('says nothing where a stage is unknown, or has lasted longer than usual', () => {
    expect(leftOf(running(5, [{ name: 'meshing' }]))).toBeNull();
    expect(leftOf(running(500, []))).toBeNull();
    expect(leftOf(running(71, [{ name: 'meshing', usual: usual(8, 10) }]))).toBeNull();
    expect(leftOf(running(70, [{ name: 'meshing', usual: usual(8, 10) }]))).toMatchObject({ low_s: 8, high_s: 10 });
    expect(leftOf(storyOf(job('ready', []), T0))).toBeNull();
  });
});

it('the whole time is counted from the end of the upload', () => {
  const ready = job('ready', [stage('awaiting_upload', 0, 50), stage('preparing', 50, 60), stage('meshing', 60, 75)]);
  expect(totalOf(ready, T0 + 1e9)).toBe(25);
  expect(totalOf(job('ready', []), T0)).toBeNull();
});
