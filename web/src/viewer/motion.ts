import { between } from './camera';
import type { CameraState } from './state';

const SETTLE = 180; // milliseconds without a movement, then the view rests
const FLIGHT = 320; // milliseconds from one view to another

/** The camera as it moves, by hand or in flight. */
export class Motion {
  private now: CameraState | null = null;
  private flight: { from: CameraState; to: CameraState; began: number | null } | null = null;
  private last = Number.NEGATIVE_INFINITY;
  private timer = 0;

  /** changed: a frame is needed. rested: the view came to rest. */
  constructor(
    private readonly changed: () => void,
    private readonly rested: (camera: CameraState) => void,
  ) {}

  get camera(): CameraState | null {
    return this.now;
  }

  /** Something moved a moment ago: details may be left out until it rests. */
  get moving(): boolean {
    return performance.now() - this.last < SETTLE;
  }

  /** Where it is, or is going. */
  get goal(): CameraState | null {
    return this.flight?.to ?? this.now;
  }

  /** Places the camera without telling anybody. */
  place(camera: CameraState): void {
    this.flight = null;
    this.now = camera;
    this.changed();
  }

  move(change: (camera: CameraState) => CameraState): void {
    if (!this.now) return;
    this.flight = null;
    this.now = change(this.now);
    this.stir();
  }

  fly(to: CameraState): void {
    if (!this.now || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.flight = null;
      this.now = to;
    } else {
      this.flight = { from: this.now, to, began: null };
    }
    this.stir();
  }

  /** Moves on to the time of a frame. */
  step(now: number): void {
    if (!this.flight) return;
    this.flight.began ??= now;
    const { from, to, began } = this.flight;
    const t = Math.min(1, Math.max(0, now - began) / FLIGHT);
    this.now = t === 1 ? to : between(from, to, t);
    if (t === 1) this.flight = null;
    this.stir();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** Says that the picture moves, also where the camera does not. */
  stir(): void {
    this.last = performance.now();
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.changed();
      if (this.now && !this.flight) this.rested(this.now);
    }, SETTLE);
    this.changed();
  }
}
