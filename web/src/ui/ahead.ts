import { client } from '../api/client';
import type { Job } from '../api/job';
import { watchOf } from '../api/watch';

// What makes a job's page come at once when somebody opens it from the list: its code is there
// already, and what the list knew of the job does not have to be asked for before its model is.

/** Lets the page of a job begin with what is known of it. Only what is ready tells all in a list. */
export function hand(job: Job): void {
  if (job.status === 'ready') watchOf(client.reader(job.id), job);
}

let loading = false;

/** Loads the code of a job's page and its viewer, once. What does not come is loaded when it is wanted. */
export function loadJobPage(): void {
  if (loading) return;
  loading = true;
  for (const part of [import('./job/JobPage'), import('./viewer/Stage')]) part.catch(() => {});
}

/** The same while nothing else is to do, where one may want it. */
export function loadAhead(): void {
  // Who pays for each megabyte asks for it when it is needed.
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return;
  // Safari has no requestIdleCallback.
  const idle = globalThis.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200));
  idle(loadJobPage);
}
