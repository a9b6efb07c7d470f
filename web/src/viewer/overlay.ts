import { basis, ras, type StandardView } from './camera';
import type { Pixel } from './controls';
import type { Bar } from './scale';

// What lies over the organs as lines and words: drawn by the browser's own canvas, so
// that it is sharp at every size, costs the graphics processor nothing and comes out the
// same in a picture.

export interface Drawing {
  width: number;
  height: number;
  yaw: number;
  pitch: number;
  bar: Bar | null;
  gizmo: boolean;
  measures: readonly { points: readonly Pixel[]; label: string; pending: boolean }[];
  cut: { outline: readonly Pixel[]; handle: Pixel; along: Pixel } | null;
  pointed: { at: Pixel; name: string } | null;
  /** A cross in the middle, where a key sets a point. */
  cross: boolean;
  locale: string;
}

const LINE = '#ffd166';
const INK = '#0b0e13e0';
const TEXT = '#e6edf6';
const FONT = '600 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

const NARROW = 1000;

export const GIZMO = { radius: 34, inset: 52 } as const;

const SIDES: readonly { letter: string; view: StandardView; axis: readonly [number, number, number]; hue: string }[] = [
  { letter: 'R', view: 'right', axis: [1, 0, 0], hue: '#ff9c8f' },
  { letter: 'L', view: 'left', axis: [-1, 0, 0], hue: '#ff9c8f' },
  { letter: 'A', view: 'anterior', axis: [0, 1, 0], hue: '#8fe0a9' },
  { letter: 'P', view: 'posterior', axis: [0, -1, 0], hue: '#8fe0a9' },
  { letter: 'S', view: 'superior', axis: [0, 0, 1], hue: '#9cc4ff' },
  { letter: 'I', view: 'inferior', axis: [0, 0, -1], hue: '#9cc4ff' },
];

export function draw(ctx: CanvasRenderingContext2D, d: Drawing): void {
  ctx.font = FONT;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.lineJoin = 'round';
  ctx.lineCap = 'round';
  if (d.cut) drawCut(ctx, d.cut);
  for (const m of d.measures) drawMeasure(ctx, m);
  if (d.cross) drawCross(ctx, d);
  if (d.bar) drawBar(ctx, d, d.bar);
  if (d.gizmo) drawGizmo(ctx, d);
  if (d.pointed) pill(ctx, [d.pointed.at[0], d.pointed.at[1] - 20], d.pointed.name, TEXT, d.width);
}

/** The ends of the gizmo's axes as they are seen, the farthest first. */
export function sides(width: number, yaw: number, pitch: number) {
  const { right, up, back } = basis(yaw, pitch);
  const [cx, cy] = [width - GIZMO.inset, GIZMO.inset];
  const dot = (a: readonly [number, number, number], b: readonly [number, number, number]) =>
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  return SIDES.map((side) => {
    const d = ras(side.axis);
    const at: Pixel = [cx + GIZMO.radius * dot(d, right), cy - GIZMO.radius * dot(d, up)];
    return { ...side, at, depth: dot(d, back) };
  }).sort((a, b) => a.depth - b.depth);
}

/** The standard view whose letter lies at a place. */
export function sideAt(at: Pixel, width: number, yaw: number, pitch: number): StandardView | null {
  const near = sides(width, yaw, pitch).reverse();
  return near.find((s) => Math.hypot(s.at[0] - at[0], s.at[1] - at[1]) <= 12)?.view ?? null;
}

function drawGizmo(ctx: CanvasRenderingContext2D, d: Drawing): void {
  const [cx, cy] = [d.width - GIZMO.inset, GIZMO.inset];
  for (const side of sides(d.width, d.yaw, d.pitch)) {
    const near = (side.depth + 1) / 2;
    ctx.globalAlpha = 0.35 + 0.65 * near;
    ctx.strokeStyle = side.hue;
    ctx.lineWidth = 1.5;
    line(ctx, [[cx, cy], side.at]);
    ctx.beginPath();
    ctx.arc(side.at[0], side.at[1], 9, 0, 2 * Math.PI);
    ctx.fillStyle = side.depth > -0.2 ? side.hue : INK;
    ctx.fill();
    if (side.depth <= -0.2) ctx.stroke();
    ctx.fillStyle = side.depth > -0.2 ? '#0b0e13' : side.hue;
    ctx.font = '700 11px system-ui, sans-serif';
    ctx.fillText(side.letter, side.at[0], side.at[1] + 0.5);
  }
  ctx.globalAlpha = 1;
  ctx.font = FONT;
}

function drawBar(ctx: CanvasRenderingContext2D, d: Drawing, bar: Bar): void {
  // On a narrow stage the page's tools lie in the corner.
  const [x, y] = [d.width - 20, d.height - (d.width < NARROW ? 84 : 24)];
  ctx.strokeStyle = TEXT;
  ctx.lineWidth = 2;
  ctx.shadowColor = '#000';
  ctx.shadowBlur = 3;
  line(ctx, [
    [x - bar.pixels, y - 4],
    [x - bar.pixels, y],
    [x, y],
    [x, y - 4],
  ]);
  ctx.fillStyle = TEXT;
  ctx.fillText(`${bar.mm.toLocaleString(d.locale)} mm`, x - bar.pixels / 2, y - 12);
  ctx.shadowBlur = 0;
}

function drawCross(ctx: CanvasRenderingContext2D, d: Drawing): void {
  const [x, y] = [d.width / 2, d.height / 2];
  ctx.strokeStyle = '#e6edf680';
  ctx.lineWidth = 1;
  for (const [u, v] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ] as const) {
    line(ctx, [
      [x + 4 * u, y + 4 * v],
      [x + 12 * u, y + 12 * v],
    ]);
  }
}

function drawMeasure(ctx: CanvasRenderingContext2D, m: Drawing['measures'][number]): void {
  ctx.strokeStyle = INK;
  ctx.lineWidth = 4;
  line(ctx, m.points);
  ctx.strokeStyle = LINE;
  ctx.lineWidth = 2;
  ctx.setLineDash(m.pending ? [5, 5] : []);
  line(ctx, m.points);
  ctx.setLineDash([]);
  for (const [x, y] of m.points) {
    ctx.beginPath();
    ctx.arc(x, y, 4, 0, 2 * Math.PI);
    ctx.fillStyle = LINE;
    ctx.fill();
    ctx.strokeStyle = INK;
    ctx.lineWidth = 1.5;
    ctx.stroke();
  }
  const [a, b, c] = m.points;
  if (m.label && a && b)
    pill(ctx, c ? [b[0], b[1] - 18] : [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], m.label, LINE, Infinity);
}

function drawCut(ctx: CanvasRenderingContext2D, cut: NonNullable<Drawing['cut']>): void {
  ctx.strokeStyle = '#4cc4bdb0';
  ctx.lineWidth = 1.5;
  ctx.setLineDash([6, 5]);
  line(ctx, [...cut.outline, ...cut.outline.slice(0, 1)]);
  ctx.setLineDash([]);
  const [x, y] = cut.handle;
  ctx.beginPath();
  ctx.arc(x, y, HANDLE, 0, 2 * Math.PI);
  ctx.fillStyle = INK;
  ctx.fill();
  ctx.strokeStyle = '#4cc4bd';
  ctx.lineWidth = 2;
  ctx.stroke();
  const [u, v] = cut.along;
  for (const s of [1, -1]) {
    const tip: Pixel = [x + s * u * 8, y + s * v * 8];
    line(ctx, [[x, y], tip]);
    line(ctx, [
      [tip[0] - s * u * 4 + v * 4, tip[1] - s * v * 4 - u * 4],
      tip,
      [tip[0] - s * u * 4 - v * 4, tip[1] - s * v * 4 + u * 4],
    ]);
  }
}

/** The radius of the handle by which a cut is dragged. */
export const HANDLE = 13;

function pill(ctx: CanvasRenderingContext2D, [x, y]: Pixel, text: string, colour: string, width: number): void {
  const wide = ctx.measureText(text).width + 16;
  const left = Math.max(4, Math.min(x - wide / 2, width - wide - 4));
  const top = Math.max(4, y - 11);
  ctx.beginPath();
  ctx.roundRect(left, top, wide, 22, 11);
  ctx.fillStyle = INK;
  ctx.fill();
  ctx.fillStyle = colour;
  ctx.fillText(text, left + wide / 2, top + 11.5);
}

function line(ctx: CanvasRenderingContext2D, points: readonly Pixel[]): void {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
}
