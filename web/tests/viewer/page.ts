import * as models from '../../src/testing/glb';
import { START, type ViewState } from '../../src/viewer/state';
import { Viewer } from '../../src/viewer/viewer';

// The viewer without the page around it, for tests in a browser: they reach it by `stage`.

const host = document.getElementById('host') as HTMLElement;
host.tabIndex = 0;
const seen: unknown[][] = [];
const pending = new Set<number>();
const [ask, cancel] = [window.requestAnimationFrame.bind(window), window.cancelAnimationFrame.bind(window)];
window.requestAnimationFrame = (callback) => {
  const handle = ask((now) => {
    pending.delete(handle);
    callback(now);
  });
  pending.add(handle);
  return handle;
};
window.cancelAnimationFrame = (handle) => {
  pending.delete(handle);
  cancel(handle);
};

let state: ViewState = START;
const made = () =>
  new Viewer(host, {
    onStructures: (structures, kind) => seen.push(['structures', kind, structures.length]),
    onDrawn: (kind, done, total) => seen.push(['drawn', kind, done, total]),
    onHover: (name) => seen.push(['hover', name]),
    onPick: (name) => {
      seen.push(['pick', name]);
      stage.change({ selected: name });
    },
    onMeasure: (measurements) => seen.push(['measured', measurements]),
    onState: (change) => {
      seen.push(['state', change]);
      stage.change(change);
    },
    onContext: (context) => seen.push(['context', context]),
  });

export const stage = {
  viewer: made(),
  seen,
  models,
  get state() {
    return state;
  },
  change: (change: Partial<ViewState>) => {
    state = { ...state, ...change };
    stage.viewer.apply(state);
  },
  again: () => {
    state = START;
    stage.viewer = made();
  },
  /** Nothing will be drawn until something happens: no frame is asked for. */
  idle: () => pending.size === 0,
};
export type TestStage = typeof stage;
Object.assign(window, { stage });
