import { type Palette, paint } from './palette';
import { envelopes, type Structure, type Vector } from './structure';

/** What the stage shows: plain data that can be kept, compared, undone and sent in a link. */
export interface ViewState {
  /** Names that are not drawn. null is as the model begins: what wraps everything but its outermost is hidden. */
  hidden: readonly string[] | null;
  /** The only structure that is drawn, whatever else is hidden. */
  isolated: string | null;
  selected: string | null;
  /** What the pointer is on. It is never in a link. */
  hovered: string | null;
  /** Colours that were chosen, `#rrggbb` by name. */
  colours: Readonly<Record<string, string>>;
  /** Opacities that were chosen, 0…1 by name. */
  opacity: Readonly<Record<string, number>>;
  palette: Palette;
  clip: Clip | null;
  /** Where it is looked from. null is the whole model, from the front. */
  camera: CameraState | null;
}

export type Axis = 'sagittal' | 'coronal' | 'axial';

/** A cut. What lies beyond `at` along the axis is taken away; flip takes away the other side. */
export interface Clip {
  axis: Axis;
  /** Millimetres in RAS along the axis: to the right-left, posterior-anterior or inferior-superior. */
  at: number;
  flip: boolean;
}

export interface CameraState {
  /** The point that is looked at and turned around, RAS millimetres. */
  target: Vector;
  /** Radians around the body: 0 from the front, π/2 from the patient's left. */
  yaw: number;
  /** Radians above the horizon: π/2 from the head. */
  pitch: number;
  /** Millimetres from the target. */
  distance: number;
}

export const START: ViewState = {
  hidden: null,
  isolated: null,
  selected: null,
  hovered: null,
  colours: {},
  opacity: {},
  palette: 'table',
  clip: null,
  camera: null,
};

/** The opacity of an envelope that nobody has set. */
export const VEIL = 0.4;

/** The names that a state hides in a model. */
export function hiddenIn(state: ViewState, structures: readonly Structure[]): ReadonlySet<string> {
  if (state.hidden) return new Set(state.hidden);
  const [, ...inner] = envelopes(structures);
  return new Set(inner.map((s) => s.name));
}

/** The names that are drawn. */
export function drawnIn(state: ViewState, structures: readonly Structure[]): ReadonlySet<string> {
  if (state.isolated !== null && structures.some((s) => s.name === state.isolated)) return new Set([state.isolated]);
  const hidden = hiddenIn(state, structures);
  return new Set(structures.map((s) => s.name).filter((name) => !hidden.has(name)));
}

/** The state with some structures shown or hidden. */
export function withVisible(
  state: ViewState,
  structures: readonly Structure[],
  names: Iterable<string>,
  visible: boolean,
): ViewState {
  const hidden = new Set(hiddenIn(state, structures));
  for (const name of names) {
    if (visible) hidden.delete(name);
    else hidden.add(name);
  }
  return { ...state, hidden: [...hidden], isolated: null };
}

/** The colour of a structure: the chosen one, else the palette's. */
export function colourIn(state: ViewState, structure: Structure): string {
  return own(state.colours, structure.name) ?? paint(structure, state.palette);
}

/** The opacity of a structure: the chosen one; an envelope begins as a veil, unless it stands alone. */
export function opacityIn(state: ViewState, structures: readonly Structure[], structure: Structure): number {
  const chosen = own(state.opacity, structure.name);
  if (chosen !== undefined) return chosen;
  const veiled = state.isolated !== structure.name && envelopes(structures)[0]?.name === structure.name;
  return veiled ? VEIL : 1;
}

// A structure may be called "constructor": only what the record itself holds counts.
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
