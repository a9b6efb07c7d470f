import type { ViewState } from '../../viewer/state';

/** The states of a view, so that each change can be taken back. */
export interface History {
  past: readonly ViewState[];
  present: ViewState;
  future: readonly ViewState[];
  /** What the last change was, so that a slider that is drawn is one step and not a hundred. */
  last: string;
}

const LONGEST = 100;

export const begin = (present: ViewState): History => ({ past: [], present, future: [], last: '' });

/** What can be taken back: not where one looks from, nor what is pointed at or chosen. */
function lasting(state: ViewState): unknown[] {
  return [state.hidden, state.isolated, state.colours, state.opacity, state.palette, state.clip];
}

/** The history after a change; changes of one kind that follow one another are one step. */
export function changed(history: History, next: ViewState, kind = ''): History {
  const { past, present, last } = history;
  const [before, after] = [lasting(present), lasting(next)];
  if (before.every((part, i) => part === after[i])) return { ...history, present: next };
  const joined = kind !== '' && kind === last;
  return { past: joined ? past : [...past.slice(1 - LONGEST), present], present: next, future: [], last: kind };
}

export function undone(history: History): History {
  const { past, present, future } = history;
  const before = past.at(-1);
  if (!before) return history;
  return { past: past.slice(0, -1), present: kept(before, present), future: [present, ...future], last: '' };
}

export function redone(history: History): History {
  const { past, present, future } = history;
  const [next, ...rest] = future;
  if (!next) return history;
  return { past: [...past, present], present: kept(next, present), future: rest, last: '' };
}

/** The state that comes back, seen from where one looks now. */
function kept(state: ViewState, now: ViewState): ViewState {
  return { ...state, camera: now.camera, selected: now.selected, hovered: now.hovered };
}
