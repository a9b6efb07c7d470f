import { useSyncExternalStore } from 'react';
import type { Watch, Watched } from '../../api/watch';

/** What is known of a job that is watched, as it changes. */
export function useWatched(watch: Watch): Watched {
  return useSyncExternalStore(watch.subscribe, watch.current);
}
