import { isRunning, type Job, type Queue, type Status, type Usual } from '../../api/job';

/** A part of a job's way: what happened, what happens, or what is to come. */
export interface Step {
  name: Status | 'glimpse';
  state: 'done' | 'now' | 'next' | 'stopped';
  /** How long it took, or has taken so far; null where nobody measured it. */
  seconds: number | null;
  usual: Usual | null;
  /** Of what is counted: 0…1. */
  counted: { done: number; total: number; unit: string } | null;
  queue: Queue | null;
}

/** The way of a job, in its order, at a moment of the server's clock. */
export function storyOf(job: Job, now: number): Step[] {
  const steps: Step[] = [];
  const ended = !isRunning(job) && job.status !== 'awaiting_upload';
  const glimpse = isRunning(job) && job.artifacts.has('glimpse.glb');
  for (const stage of job.stages) {
    const last = stage === job.stages.at(-1);
    const current = last && !ended;
    const over = stage.ended_at === null ? (current ? now : Date.parse(job.updated_at)) : Date.parse(stage.ended_at);
    const seconds = Math.max(0, (over - Date.parse(stage.started_at)) / 1000);
    // The moment between the upload and the first stage is nobody's concern once it is over.
    if (stage.name === 'received' && !current) continue;
    // A job that was dropped into the bucket never awaited its upload for longer than a moment.
    if (stage.name === 'awaiting_upload' && !current && seconds < 1) continue;
    if (stage.name === 'ready' || (ended && stage.name === job.status)) continue;
    const stopped = last && ended && job.status !== 'ready';
    steps.push({
      name: stage.name,
      state: current ? 'now' : stopped ? 'stopped' : 'done',
      seconds,
      usual: usualOf(job, stage),
      counted: current && isRunning(job) ? (job.progress ?? null) : null,
      queue: current ? queueOf(job) : null,
    });
    if (stage.name === 'preparing' && glimpse) steps.push({ ...BLANK, name: 'glimpse', state: 'done' });
  }
  if (isRunning(job)) {
    for (const stage of job.coming) {
      if (stage.name !== 'ready') steps.push({ ...BLANK, name: stage.name, state: 'next', usual: usualOf(job, stage) });
    }
  }
  return steps;
}

/** What is usual was measured of jobs that waited for nobody: it is not known while others are ahead. */
function usualOf(job: Job, { name, usual }: { name: Status; usual?: Usual | undefined }): Usual | null {
  const behind = isRunning(job) && (job.queue?.ahead ?? 0) > 0;
  return behind && (name === 'warming' || name === 'segmenting') ? null : (usual ?? null);
}

/** Who is ahead. Of a job whose organs are being found nobody is: it is not the next one, it is at work. */
function queueOf(job: Job): Queue | null {
  if (!isRunning(job) || !job.queue) return null;
  return job.status === 'segmenting' && job.queue.ahead === 0 ? null : job.queue;
}

const BLANK = { seconds: null, usual: null, counted: null, queue: null };

/** Seconds of this attempt from its first stage to its end, or to now. */
export function totalOf(job: Job, now: number): number | null {
  const first = job.stages.find((stage) => stage.name !== 'awaiting_upload') ?? job.stages[0];
  if (!first) return null;
  const last = job.stages.at(-1)?.ended_at;
  const end = isRunning(job) ? now : Date.parse(last ?? job.updated_at);
  return Math.max(0, (end - Date.parse(first.started_at)) / 1000);
}

/** Whether a stage takes longer than it usually does, by more than a moment. */
export function isLate({ usual, seconds }: Step): boolean {
  return usual !== null && seconds !== null && seconds > usual.high_s * 1.25 && seconds > usual.high_s + 5;
}

/**
 * Range of seconds until the job is ready, of what is usual. null where a stage that is left has no usual time, and
 * where the present one has lasted longer than usual: nobody knows for how long it will.
 */
export function leftOf(steps: readonly Step[]): Usual | null {
  const left = steps.filter((step) => step.state === 'now' || step.state === 'next');
  if (left.length === 0 || left.some((step) => step.usual === null)) return null;
  const sum = { median_s: 0, low_s: 0, high_s: 0, jobs: Number.POSITIVE_INFINITY };
  for (const { usual, seconds } of left) {
    if (!usual) return null;
    const gone = seconds ?? 0;
    if (gone > usual.high_s) return null;
    sum.median_s += Math.max(0, usual.median_s - gone);
    sum.low_s += Math.max(0, usual.low_s - gone);
    sum.high_s += Math.max(0, usual.high_s - gone);
    sum.jobs = Math.min(sum.jobs, usual.jobs);
  }
  return sum;
}
