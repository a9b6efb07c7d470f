// What the page shows of its uploads: a value that is replaced at each change, so that a view
// can compare it. Progress is shown now and then, everything else at once.

import type { Category } from './dicom/removed';
import type { RefusedFile } from './examine';
import type { Unfinished } from './memory';
import type { Offer, Shape } from './offer';
import type { Progress } from './send/transfer';
import type { Thumbnail } from './thumbnail';

export type State =
  | { is: 'reading'; files: number }
  | { is: 'choose'; offers: Offer[]; lost: number }
  /** The values are not those of a CT: what is it? */
  | { is: 'modality' }
  | { is: 'preparing'; done: number; total: number }
  | { is: 'sending'; progress: Progress }
  | { is: 'sent' }
  | { is: 'failed'; code: string; values: Record<string, string | number> };

export interface Upload {
  id: number;
  name: string;
  shape: Shape | null;
  thumbnail: Thumbnail | null;
  state: State;
  /** Null until the service has made it. */
  job: string | null;
  doubts: string[];
  values: Record<string, string | number>;
  anonymous: boolean;
  removed: [Category, number][];
  blanked: string[];
}

export interface Snapshot {
  uploads: readonly Upload[];
  /** Files that were not sent, each with its reason. */
  refused: readonly RefusedFile[];
  /** Uploads of before a reload, which go on when their files are picked again. */
  interrupted: readonly Unfinished[];
  /** Whether names are removed from what is dropped next. */
  anonymous: boolean;
}

/** Progress is shown at most this often, in milliseconds. */
const SHOWN = 100;

export class Shown {
  private snapshot: Snapshot = { uploads: [], refused: [], interrupted: [], anonymous: true };
  private readonly listeners = new Set<() => void>();
  private readonly pending = new Map<number, State>();
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly current = (): Snapshot => this.snapshot;

  set(change: Partial<Snapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    for (const listener of this.listeners) listener();
  }

  open(name: string, state: State): number {
    const id = ++this.last;
    const { anonymous, uploads } = this.snapshot;
    const bare = { shape: null, thumbnail: null, job: null, doubts: [], values: {}, removed: [], blanked: [] };
    this.set({ uploads: [{ id, name, state, anonymous, ...bare }, ...uploads] });
    return id;
  }

  close(id: number): void {
    this.pending.delete(id);
    this.set({ uploads: this.snapshot.uploads.filter((upload) => upload.id !== id) });
  }

  find(id: number): Upload | undefined {
    return this.snapshot.uploads.find((upload) => upload.id === id);
  }

  change(id: number, change: Partial<Upload>): void {
    // What waits to be shown is older than this state.
    if (change.state) this.pending.delete(id);
    this.set({
      uploads: this.snapshot.uploads.map((upload) => (upload.id === id ? { ...upload, ...change } : upload)),
    });
  }

  /** Changes a state that changes often, now and then; at once when it is another one. */
  soon(id: number, state: State): void {
    const now = this.find(id)?.state;
    this.pending.set(id, state);
    if (now && phaseOf(now) === phaseOf(state)) this.timer ??= setTimeout(() => this.flush(), SHOWN);
    else this.flush();
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const pending = [...this.pending];
    this.pending.clear();
    for (const [id, state] of pending) this.change(id, { state });
  }
}

const phaseOf = (state: State) =>
  state.is === 'sending' ? `${state.progress.step} ${state.progress.held} ${state.progress.again}` : state.is;
