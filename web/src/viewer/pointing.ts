import type { Pixel } from './controls';
import { type MeasureKind, type Measurement, measure, POINTS } from './measure';
import { Picker } from './pick';
import type { Stage } from './stage';
import type { Vector } from './structure';

export type Tool = 'turn' | MeasureKind;

/** What pointing leads to. */
export interface Pointed {
  hover(name: string | null): void;
  pick(name: string | null, again: boolean): void;
  measured(all: readonly Measurement[]): void;
  changed(): void;
}

/** Finds what the pointer is on, and measures between the points that it clicks. */
export class Pointing {
  tool: Tool = 'turn';
  measurements: readonly Measurement[] = [];
  pending: readonly Vector[] = [];
  /** Where the pointer is, and on which structure. */
  on: { at: Pixel; name: string } | null = null;
  readonly picker: Picker;
  private wanted: Pixel | null = null;
  private busy = false;

  constructor(
    private readonly stage: Stage,
    private readonly then: Pointed,
  ) {
    this.picker = new Picker(stage.organs, stage.shared);
  }

  choose(tool: Tool): void {
    this.tool = tool;
    this.pending = [];
    this.then.changed();
  }

  clear(): void {
    this.measurements = [];
    this.pending = [];
    this.then.measured([]);
    this.then.changed();
  }

  /** Takes away the last point, or the last measurement. */
  undo(): void {
    if (this.pending.length > 0) this.pending = this.pending.slice(0, -1);
    else this.measurements = this.measurements.slice(0, -1);
    this.then.measured(this.measurements);
    this.then.changed();
  }

  /** The pointer moved. Only its last place counts: places come faster than frames. */
  async hover(at: Pixel | null): Promise<void> {
    this.wanted = at;
    if (!at) return this.show(null);
    if (this.busy) return;
    this.busy = true;
    try {
      let asked: Pixel | null = null;
      while (this.wanted && this.wanted !== asked) {
        asked = this.wanted;
        const hit = await this.picker.hit(this.stage.ray(asked), false);
        if (this.wanted) this.show(hit ? { at: asked, name: hit.organ.structure.name } : null);
      }
    } finally {
      this.busy = false;
    }
  }

  async click(at: Pixel, again: boolean): Promise<void> {
    const exact = this.tool !== 'turn';
    const hit = await this.picker.hit(this.stage.ray(at), exact);
    if (this.tool === 'turn') return this.then.pick(hit?.organ.structure.name ?? null, again);
    if (!hit) return;
    const points = [...this.pending, hit.ras];
    const done = points.length >= POINTS[this.tool] ? measure(this.tool, points) : null;
    if (done) this.measurements = [...this.measurements, done];
    this.pending = done || points.length >= POINTS[this.tool] ? [] : points;
    this.then.measured(this.measurements);
    this.then.changed();
  }

  dispose(): void {
    this.picker.dispose();
  }

  private show(on: Pointing['on']): void {
    if (this.on?.name !== on?.name) this.then.hover(on?.name ?? null);
    if (this.on === null && on === null) return;
    this.on = on;
    this.then.changed();
  }
}
