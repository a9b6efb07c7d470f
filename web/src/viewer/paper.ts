import { axisOf, outline } from './clip';
import type { Pixel } from './controls';
import type { Measurement } from './measure';
import { type Drawing, draw } from './overlay';
import type { Pointing } from './pointing';
import { bar } from './scale';
import type { Stage } from './stage';
import type { CameraState, Clip } from './state';
import { extent, type Structure, type Vector } from './structure';

const LONGEST_BAR = 120;

export interface Shown {
  camera: CameraState;
  clip: Clip | null;
  locale: string;
  gizmo: boolean;
  bar: boolean;
}

/** The sheet over the stage, with what lines and words say. */
export class Paper {
  readonly canvas = document.createElement('canvas');
  private readonly ctx = this.canvas.getContext('2d');

  constructor(
    private readonly stage: Stage,
    private readonly pointing: Pointing,
  ) {
    this.canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;pointer-events:none';
    this.canvas.ariaHidden = 'true';
  }

  draw(shown: Shown): void {
    const { width, height } = this.stage;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    if (!this.ctx) return;
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.ctx.clearRect(0, 0, width, height);
    draw(this.ctx, this.drawing(shown));
  }

  /** The same on another sheet, as many times as large. */
  copy(ctx: CanvasRenderingContext2D, scale: number, shown: Shown): void {
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    draw(ctx, { ...this.drawing(shown), cut: null, pointed: null });
  }

  /** Where the handle of a cut is, and which way its axis goes on the screen, in pixels per millimetre. */
  handle(clip: Clip): { at: Pixel; along: Pixel; perMM: number } | null {
    const [low, high] = extent(this.stage.organs.structures);
    const corners = outline(clip, low, high);
    const centre = [0, 1, 2].map((k) => corners.reduce((sum, c) => sum + (c[k as 0 | 1 | 2] ?? 0), 0) / 4);
    const here = centre as unknown as Vector;
    const there = [...here] as [number, number, number];
    there[axisOf(clip)] += 10;
    const [at, beyond] = [this.stage.pixel(here), this.stage.pixel(there)];
    if (!at || !beyond) return null;
    const [dx, dy] = [beyond[0] - at[0], beyond[1] - at[1]];
    const length = Math.hypot(dx, dy);
    // Seen along its axis a cut moves up and down with the hand.
    const foreshortened = length < 2;
    const along: Pixel = foreshortened ? [0, -1] : [dx / length, dy / length];
    return { at, along, perMM: foreshortened ? 1 : length / 10 };
  }

  private drawing({ camera, clip, locale, gizmo, bar: wantsBar }: Shown): Drawing {
    const { width, height, organs } = this.stage;
    const handle = clip && this.handle(clip);
    const [low, high] = extent(organs.structures);
    const corners = clip ? outline(clip, low, high).map((p) => this.stage.pixel(p)) : [];
    const pixels = (points: readonly Vector[]) => points.map((p) => this.stage.pixel(p)).filter((p) => p !== null);
    const { measurements, pending, on } = this.pointing;
    const longest = Math.min(LONGEST_BAR, width / 3);
    return {
      width,
      height,
      yaw: camera.yaw,
      pitch: camera.pitch,
      gizmo,
      bar: wantsBar ? bar(camera.distance, height, longest) : null,
      measures: [
        ...measurements.map((m) => ({ points: pixels(m.points), label: words(m, locale), pending: false })),
        ...(pending.length > 0 ? [{ points: pixels(pending), label: '', pending: true }] : []),
      ],
      cut: handle && { outline: corners.filter((p) => p !== null), handle: handle.at, along: handle.along },
      pointed: on && { at: on.at, name: called(organs.structures, on.name, locale) },
      cross: this.pointing.tool !== 'turn',
      locale,
    };
  }
}

/** A measurement in words: one decimal, as far as voxels allow. */
export function words(m: Measurement, locale: string): string {
  const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return m.kind === 'distance'
    ? `${m.mm.toLocaleString(locale, digits)} mm`
    : `${m.degrees.toLocaleString(locale, digits)}°`;
}

/** A structure's name in a language. */
export function called(structures: readonly Structure[], name: string, locale: string): string {
  const structure = structures.find((s) => s.name === name);
  return (locale === 'es' ? structure?.name_es : structure?.name_en) ?? name;
}
