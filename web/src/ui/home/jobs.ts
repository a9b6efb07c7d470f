import { useEffect, useRef, useState } from 'react';
import { client } from '../../api/client';
import { isRunning, type Job } from '../../api/job';
import { isTransient } from '../../api/problem';

export interface JobsShown {
  /** Null until the first answer. */
  jobs: Job[] | null;
  /** The last question had no answer; it is asked again by itself. */
  failing: boolean;
  more: (() => void) | null;
}

/** Seconds between questions where the service does not say it. */
const IDLE = 30;

/** The person's jobs, the newest first. The first page is asked for again; older ones as they were. */
export function useJobs(): JobsShown {
  const [first, setFirst] = useState<{ jobs: Job[]; next: string | null } | null>(null);
  const [older, setOlder] = useState<{ jobs: Job[]; next: string | null } | null>(null);
  const [failing, setFailing] = useState(false);
  const etag = useRef<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      clearTimeout(timer);
      let wait = IDLE;
      try {
        const told = await client.jobs(etag.current, stop.signal);
        wait = told.retryAfter || IDLE;
        if (!('unchanged' in told)) {
          etag.current = told.etag;
          setFirst(told.value);
          if (told.retryAfter === 0 && told.value.jobs.some(isRunning)) wait = 5;
        }
        setFailing(false);
      } catch (error) {
        if (stop.signal.aborted) return;
        setFailing(true);
        if (isTransient(error)) wait = 5;
      }
      // Nobody looks at a hidden page: it asks again when it is seen.
      if (!stop.signal.aborted && !document.hidden) timer = setTimeout(ask, wait * 1000);
    };
    const seen = () => void (document.hidden || ask());
    document.addEventListener('visibilitychange', seen);
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, []);
  const cursor = older ? older.next : (first?.next ?? null);
  const more = async () => {
    const page = await client.list({ cursor: cursor as string });
    setOlder({ jobs: [...(older?.jobs ?? []), ...page.jobs], next: page.next });
  };
  const known = new Set(first?.jobs.map(({ id }) => id));
  return {
    jobs: first && [...first.jobs, ...(older?.jobs ?? []).filter(({ id }) => !known.has(id))],
    failing,
    more: cursor === null ? null : () => void more().catch(() => setFailing(true)),
  };
}
