// The uploads of this page, made once: they go on while the person looks at a job.

import { useEffect, useState, useSyncExternalStore } from 'react';
import { client } from '../../api/client';
import { put } from '../../api/put';
import { sleep } from '../../api/sleep';
import { type Known, Memory, openStore } from '../../upload/memory';
import { openPresence, type Presence } from '../../upload/send/presence';
import type { Snapshot } from '../../upload/shown';
import { Uploads } from '../../upload/uploads';

// crypto.randomUUID is missing where a page is not served safely, as on a network at home.
const random = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('');

const alone: Presence = { claim: async () => true, release: () => {}, elsewhere: async () => new Set() };

export const memory: Promise<Memory> = openStore().then((store) => new Memory(store));

export const uploads = new Uploads({
  service: client,
  put,
  memory,
  presence: 'BroadcastChannel' in globalThis ? openPresence(new BroadcastChannel('iris-uploads'), random()) : alone,
  online: () => navigator.onLine,
  newKey: random,
  now: Date.now,
  random: Math.random,
  sleep,
});

addEventListener('online', () => uploads.networkChanged());
addEventListener('offline', () => uploads.networkChanged());
addEventListener('beforeunload', (event) => {
  if (uploads.busy) event.preventDefault();
});

export const useUploads = (): Snapshot => useSyncExternalStore(uploads.subscribe, uploads.current);

/** How the person calls each job: the service does not know it. */
export function useNames(): ReadonlyMap<string, Known> {
  const jobs = useUploads()
    .uploads.map(({ job }) => job ?? '')
    .join();
  const [names, setNames] = useState<ReadonlyMap<string, Known>>(new Map());
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new job has a new name
  useEffect(() => {
    let gone = false;
    void memory.then((kept) => kept.names()).then((all) => gone || setNames(all));
    return () => {
      gone = true;
    };
  }, [jobs]);
  return names;
}
