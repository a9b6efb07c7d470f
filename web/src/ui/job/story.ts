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

/** How far this computer's clock is from the server's, in ms: a stage cannot have begun in the future. */
export type Skew = number;

/** The way of a job, in its order, at a moment. */
export function storyOf(job: Job, now: number, skew: Skew = 0): Step[] {
  const steps: Step[] = [];
  const ended = !isRunning(job) && job.status !== 'awaiting_upload';
  const glimpse = isRunning(job) && job.artifacts.has('glimpse.glb');
  for (const stage of job.stages) {
    const last = stage === job.stages.at(-1);
    const current = last && !ended;
    const over =
      stage.ended_at === null ? (current ? now + skew : Date.parse(job.updated_at)) : Date.parse(stage.ended_at);
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
      usual: stage.usual ?? null,
      counted: current && isRunning(job) ? (job.progress ?? null) : null,
      queue: current && isRunning(job) ? (job.queue ?? null) : null,
    });
    if (stage.name === 'preparing' && glimpse) steps.push({ ...BLANK, name: 'glimpse', state: 'done' });
  }
  if (isRunning(job)) {
    for (const { name, usual } of job.coming) {
      if (name !== 'ready') steps.push({ ...BLANK, name, state: 'next', usual: usual ?? null });
    }
  }
  return steps;
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

/** Range of seconds until the job is ready, of what is usual; null where a stage that is left has no usual time. */
export function leftOf(steps: readonly Step[]): Usual | null {
  const left = steps.filter((step) => step.state === 'now' || step.state === 'next');
  if (left.length === 0 || left.some((step) => step.usual === null)) return null;
  const sum = { median_s: 0, low_s: 0, high_s: 0, jobs: Number.POSITIVE_INFINITY };
  for (const { usual, seconds } of left) {
    if (!usual) return null;
    const gone = seconds ?? 0;
    sum.median_s += Math.max(0, usual.median_s - gone);
    sum.low_s += Math.max(0, usual.low_s - gone);
    sum.high_s += Math.max(0, usual.high_s - gone);
    sum.jobs = Math.min(sum.jobs, usual.jobs);
  }
  return sum.high_s > 0 ? sum : null; // later than ever: nothing is said
}
