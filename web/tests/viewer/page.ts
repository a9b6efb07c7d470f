import { START } from '../../src/viewer/state';
import { Viewer } from '../../src/viewer/viewer';

// The viewer without the page around it, for tests in a browser: they reach it by `stage`.

const host = document.getElementById('host') as HTMLElement;
host.tabIndex = 0;
const seen: unknown[] = [];
const make = () =>
  new Viewer(host, {
    onStructures: (structures, kind) => seen.push(['structures', kind, structures.length]),
    onDrawn: (kind, done, total) => seen.push(['drawn', kind, done, total, performance.now()]),
    onHover: (name) => seen.push(['hover', name]),
    onPick: (name) => seen.push(['pick', name]),
    onContext: (context) => seen.push(['context', context]),
  });

export const stage = { viewer: make(), seen, START, make };
export type TestStage = typeof stage;
Object.assign(window, { stage });
