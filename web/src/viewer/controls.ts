import { panned, STANDARD, type StandardView, turned, zoomed } from './camera';
import type { CameraState } from './state';

/** What the hands do, as changes of the camera. */
export interface Moves {
  move(change: (camera: CameraState) => CameraState): void;
  view(name: StandardView): void;
  reset(): void;
  /** The pointer rests at a place, or left (null). Pixels from the stage's upper left corner. */
  hover(at: Pixel | null): void;
  /** A click, not a drag. */
  click(at: Pixel, again: boolean): void;
  /** Enter was pressed: a click in the middle. */
  enter(): void;
  /** Takes a drag that begins here for itself, and answers what to do with its movements. */
  grab(at: Pixel): ((at: Pixel) => void) | null;
}

export type Pixel = readonly [number, number];

const STEP = 1 / 24; // of the stage's height, an arrow key's turn
const NEARER = 0.86;
const STILL = 4; // pixels that a click may move
const KEYS: Readonly<Record<string, StandardView>> = {
  Digit1: 'anterior',
  Digit2: 'left',
  Digit3: 'superior',
};
const OPPOSITE: Readonly<Record<string, StandardView>> = {
  Digit1: 'posterior',
  Digit2: 'right',
  Digit3: 'inferior',
};

/** Mouse, touch and keyboard on an element. Returns how to let go of it. */
export function control(element: HTMLElement, moves: Moves): () => void {
  const pointers = new Map<number, { at: Pixel; from: Pixel }>();
  let grabbed: ((at: Pixel) => void) | null = null;
  let dragged = false;
  let lastClick = 0;
  const stop = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (event: HTMLElementEventMap[K]) => void,
    passive = true,
  ) => element.addEventListener(type, listener as EventListener, { signal: stop.signal, passive });

  const place = (event: MouseEvent): Pixel => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const height = () => Math.max(1, element.clientHeight);

  on('pointerdown', (event) => {
    if (event.button > 2) return;
    const at = place(event);
    pointers.set(event.pointerId, { at, from: at });
    element.setPointerCapture(event.pointerId);
    dragged = pointers.size > 1;
    grabbed = pointers.size === 1 && event.button === 0 ? moves.grab(at) : null;
  });
  on('pointermove', (event) => {
    const at = place(event);
    const held = pointers.get(event.pointerId);
    if (!held) {
      if (event.pointerType !== 'touch') moves.hover(at);
      return;
    }
    const before = held.at;
    if (Math.hypot(at[0] - held.from[0], at[1] - held.from[1]) > STILL) dragged = true;
    if (!dragged) return;
    const others = [...pointers.entries()].filter(([id]) => id !== event.pointerId);
    held.at = at;
    const [dx, dy] = [(at[0] - before[0]) / height(), (at[1] - before[1]) / height()];
    if (grabbed) return grabbed(at);
    const other = others[0]?.[1].at;
    if (other) return pinch(before, at, other);
    const pan = event.shiftKey || event.ctrlKey || event.metaKey || (event.buttons & 6) !== 0;
    moves.move((c) => (pan ? panned(c, dx, dy) : turned(c, dx, dy)));
  });
  const pinch = (before: Pixel, at: Pixel, other: Pixel) => {
    const spread = (p: Pixel) => Math.max(1, Math.hypot(p[0] - other[0], p[1] - other[1]));
    const [dx, dy] = [(at[0] - before[0]) / 2 / height(), (at[1] - before[1]) / 2 / height()];
    moves.move((c) => zoomed(panned(c, dx, dy), spread(before) / spread(at)));
  };
  const up = (event: PointerEvent, click: boolean) => {
    const held = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    if (!held || pointers.size > 0) return;
    if (click && !dragged && !grabbed) {
      const again = event.timeStamp - lastClick < 350;
      lastClick = event.timeStamp;
      moves.click(place(event), again);
    }
    grabbed = null;
  };
  on('pointerup', (event) => up(event, event.button === 0));
  on('pointercancel', (event) => up(event, false));
  on('pointerleave', () => moves.hover(null));
  on('contextmenu', (event) => event.preventDefault(), false);
  on(
    'wheel',
    (event) => {
      event.preventDefault();
      const [x, y] = place(event);
      const wide = Math.max(1, element.clientWidth);
      const lines = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 100 : 1;
      const factor = Math.exp(Math.max(-120, Math.min(120, event.deltaY * lines)) * (event.ctrlKey ? 0.008 : 0.0016));
      moves.move((c) => zoomed(c, factor, [(2 * x) / wide - 1, 1 - (2 * y) / height()], wide / height()));
    },
    false,
  );
  on(
    'keydown',
    (event) => {
      if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey || !key(event, moves)) return;
      event.preventDefault();
    },
    false,
  );
  return () => stop.abort();
}

/** Whether a key moved the camera. */
function key(event: KeyboardEvent, moves: Moves): boolean {
  const sides: Record<string, [number, number]> = {
    ArrowLeft: [STEP, 0],
    ArrowRight: [-STEP, 0],
    ArrowUp: [0, STEP],
    ArrowDown: [0, -STEP],
  };
  const side = sides[event.key];
  const standard = (event.shiftKey ? OPPOSITE : KEYS)[event.code];
  if (side) moves.move((c) => (event.shiftKey ? panned(c, -side[0], -side[1]) : turned(c, side[0], side[1])));
  else if (event.key === '+' || event.key === '=') moves.move((c) => zoomed(c, NEARER));
  else if (event.key === '-' || event.key === '_') moves.move((c) => zoomed(c, 1 / NEARER));
  else if (standard && STANDARD[standard]) moves.view(standard);
  else if (event.key === '0' || event.key === 'Home') moves.reset();
  else if (event.key === 'Enter') moves.enter();
  else return false;
  return true;
}
