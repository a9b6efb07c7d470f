import { useSyncExternalStore } from 'react';

const query = '(max-width: 900px)';

/** Whether there is room for one zone only: the list and the details are sheets then. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const media = matchMedia(query);
      media.addEventListener('change', changed);
      return () => media.removeEventListener('change', changed);
    },
    () => matchMedia(query).matches,
  );
}
