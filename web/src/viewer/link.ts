import { type Axis, type CameraState, type Clip, START, type ViewState } from './state';

// A link may come from anybody. Beyond these bounds a value is left out, and the view
// begins without it: a link never fails, and never makes the page hold more than this.
const MAX_LENGTH = 1 << 16;
const MAX_NAMES = 4096;
const MAX_NAME = 200;
const MAX_MM = 1e5;

/** The state as the part of a link behind `#`; empty for the state that a page begins with. */
export function encode(state: ViewState): string {
  const out = new URLSearchParams();
  if (state.hidden) out.set('hide', names(state.hidden));
  if (state.isolated !== null) out.set('only', names([state.isolated]));
  if (state.selected !== null) out.set('chosen', names([state.selected]));
  const colours = Object.entries(state.colours);
  if (colours.length > 0) out.set('colour', colours.map(([n, c]) => `${quoted(n)}*${c.slice(1)}`).join('~'));
  const opacity = Object.entries(state.opacity);
  if (opacity.length > 0) out.set('opacity', opacity.map(([n, o]) => `${quoted(n)}*${short(o)}`).join('~'));
  if (state.palette !== START.palette) out.set('palette', state.palette);
  if (state.clip) out.set('cut', `${state.clip.axis}*${short(state.clip.at)}${state.clip.flip ? '*flip' : ''}`);
  const c = state.camera;
  if (c) out.set('from', [...c.target, c.yaw, c.pitch, c.distance].map(short).join('*'));
  return out.toString();
}

/** The state that a link's `#` part describes. Whatever it is, a state comes out. */
export function decode(fragment: string): ViewState {
  const text = fragment.replace(/^#/, '');
  if (text.length > MAX_LENGTH) return START;
  const given = new URLSearchParams(text);
  const hide = given.get('hide');
  return {
    ...START,
    hidden: hide === null ? null : list(hide),
    isolated: list(given.get('only'))[0] ?? null,
    selected: list(given.get('chosen'))[0] ?? null,
    colours: record(given.get('colour'), (value) => (/^[0-9a-f]{6}$/i.test(value) ? `#${value.toLowerCase()}` : null)),
    opacity: record(given.get('opacity'), (value) => number(value, 0, 1)),
    palette: given.get('palette') === 'safe' ? 'safe' : 'table',
    clip: cut(given.get('cut')),
    camera: camera(given.get('from')),
  };
}

// `~` parts names and `*` what belongs to a name: URLSearchParams leaves `*` readable.
const quoted = (name: string) => name.replace(/[%~*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
const names = (all: readonly string[]) => all.map(quoted).join('~');
const short = (x: number) => String(Math.round(x * 1e4) / 1e4);

function named(text: string): string | null {
  const name = text.replace(/%(25|7e|2a)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return name === '' || name.length > MAX_NAME ? null : name;
}

function list(text: string | null): string[] {
  if (!text) return [];
  const all = text.split('~', MAX_NAMES).map(named);
  return [...new Set(all.filter((name) => name !== null))];
}

function record<T>(text: string | null, value: (text: string) => T | null): Record<string, T> {
  const out: [string, T][] = [];
  for (const entry of text ? text.split('~', MAX_NAMES) : []) {
    const [key = '', raw = ''] = entry.split('*', 2);
    const [name, parsed] = [named(key), value(raw)];
    if (name !== null && parsed !== null) out.push([name, parsed]);
  }
  return Object.fromEntries(out); // unlike an assignment, it takes "__proto__" for a name like any other
}

function number(text: string | undefined, least: number, most: number): number | null {
  if (!text || !/^-?\d{1,9}(\.\d{1,9})?$/.test(text)) return null;
  const x = Number(text);
  return x >= least && x <= most ? x : null;
}

function cut(text: string | null): Clip | null {
  const [axis, at, flip] = (text ?? '').split('*', 3);
  const mm = number(at, -MAX_MM, MAX_MM);
  if (mm === null || !(axis === 'axial' || axis === 'coronal' || axis === 'sagittal')) return null;
  return { axis: axis satisfies Axis, at: mm, flip: flip === 'flip' };
}

function camera(text: string | null): CameraState | null {
  const parts = (text ?? '').split('*', 7);
  const [x, y, z] = [0, 1, 2].map((k) => number(parts[k], -MAX_MM, MAX_MM));
  const yaw = number(parts[3], -1e3, 1e3);
  const pitch = number(parts[4], -Math.PI / 2 - 1e-3, Math.PI / 2 + 1e-3);
  const distance = number(parts[5], 1, MAX_MM);
  if (x == null || y == null || z == null || yaw === null || pitch === null || distance === null) return null;
  if (parts.length !== 6) return null;
  return { target: [x, y, z], yaw, pitch, distance };
}
