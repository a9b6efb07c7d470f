import { type Frame, framed, STANDARD, type StandardView, wrap } from './camera';
import { plane, shifted } from './clip';
import { control, type Pixel } from './controls';
import { Frames } from './frames';
import type { Kind } from './loading';
import type { Measurement } from './measure';
import { Motion } from './motion';
import { HANDLE, sideAt } from './overlay';
import { called, type Shown } from './paper';
import { backdrop, blob, film, type PictureOptions, photograph } from './photo';
import { Pointing, type Tool } from './pointing';
import type { Source } from './read';
import type { Reality, Room, RoomWords } from './room';
import { Stage } from './stage';
import { type CameraState, START, type ViewState } from './state';
import { extent, type Structure } from './structure';
import { Works } from './works';

export type { StandardView } from './camera';
export { ModelError } from './fields';
export type { Kind } from './loading';
export type { Measurement } from './measure';
export { films } from './photo';
export type { Tool } from './pointing';
export type { Source } from './read';
export type { Reality } from './room';

export interface ViewerEvents {
  /** A model's structures are known; the organs follow. */
  onStructures?(structures: readonly Structure[], kind: Kind): void;
  /** So many of a model's organs are on the screen. */
  onDrawn?(kind: Kind, done: number, total: number): void;
  onHover?(name: string | null): void;
  /** A structure was clicked, or what is none of them. */
  onPick?(name: string | null): void;
  onMeasure?(measurements: readonly Measurement[]): void;
  /** The camera came to rest elsewhere, the cut was dragged, or a structure was isolated in a headset. */
  onState?(change: Partial<Pick<ViewState, 'camera' | 'clip' | 'isolated'>>): void;
  onContext?(context: 'lost' | 'restored' | 'missing'): void;
}

const TOOLS = 64; // pixels of the stage's height that the page's tools cover
const FRAMES = 180;
const PER_SECOND = 30;
const SLOW = 45; // milliseconds that a frame may take while the view moves
/**
 * A model on a stage. It draws when something changed, and only then. Everything that
 * it shows is in its ViewState; the model comes by show().
 */
export class Viewer {
  private readonly canvas = document.createElement('canvas');
  private readonly works: Works | null;
  private readonly stop = new AbortController();
  private state: ViewState = START;
  private locale = 'en';
  private fineCost = 0;
  private fine = true;
  private room: Room | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly events: ViewerEvents = {},
  ) {
    this.canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;display:block;touch-action:none';
    const stage = Stage.on(this.canvas);
    this.works = stage && this.built(stage);
    if (!this.works) queueMicrotask(() => this.events.onContext?.('missing'));
  }

  /** Shows a model, in place of the one before, as its bytes come. Rejects with a ModelError. */
  async show(kind: Kind, source: Source): Promise<void> {
    await this.works?.loading.show(kind, source, this.stop.signal);
  }

  structures(): readonly Structure[] {
    return this.works?.stage.organs.structures ?? [];
  }

  apply(state: ViewState): void {
    const before = this.state;
    this.state = state;
    if (!this.works) return;
    const { stage, motion, frames } = this.works;
    stage.cut(plane(state.clip));
    stage.organs.apply(state);
    if (state.camera !== before.camera && state.camera !== motion.goal) {
      if (state.camera) motion.fly(state.camera);
      else if (motion.camera) motion.fly(this.fitted());
    }
    frames.request();
  }

  /** The language of names and numbers over the stage. */
  speak(locale: string): void {
    this.locale = locale;
    this.works?.frames.request();
  }

  /** Turns to a structure, so that it fills much of the stage. */
  focus(name: string): void {
    const structure = this.structures().find((s) => s.name === name);
    const camera = this.works?.motion.goal;
    if (!structure || !camera) return;
    this.works?.motion.fly(
      framed(structure.low, structure.high, camera.yaw, camera.pitch, { ...this.frame, margin: 1.5 }),
    );
  }

  /** Looks from one of the six sides, at the same place. */
  look(side: StandardView): void {
    const camera = this.works?.motion.goal;
    if (camera) this.works?.motion.fly({ ...camera, ...STANDARD[side] });
  }

  zoom(factor: number): void {
    this.works?.motion.move((c) => ({ ...c, distance: Math.max(5, Math.min(2e4, c.distance * factor)) }));
  }

  /** Shows all from the front again. */
  reset(): void {
    this.works?.motion.fly(this.fitted());
  }

  /** What a click does. */
  choose(tool: Tool): void {
    this.works?.pointing.choose(tool);
    this.host.style.cursor = tool === 'turn' ? '' : 'crosshair';
  }

  /** Takes away the last point or measurement, or all of them. */
  unmeasure(all: boolean): void {
    if (all) this.works?.pointing.clear();
    else this.works?.pointing.undo();
  }

  /** A picture of the stage at twice its size, with the scale bar, as PNG. */
  async picture(options: PictureOptions = {}): Promise<Blob> {
    const sheet = this.photographed(2, options.transparent === true);
    return blob(sheet);
  }

  /** A film of one turn around the model. progress goes from 0 to 1. */
  async turntable(progress: (share: number) => void, signal: AbortSignal): Promise<Blob> {
    const { motion } = this.works ?? {};
    const from = motion?.camera;
    if (!motion || !from) throw new Error('there is nothing to be filmed');
    const sheet = this.photographed(1, false);
    const ctx = sheet.getContext('2d') as CanvasRenderingContext2D;
    const draw = async (n: number) => {
      motion.place({ ...from, yaw: wrap(from.yaw - (n / FRAMES) * 2 * Math.PI) });
      await new Promise(requestAnimationFrame);
      ctx.setTransform(1, 0, 0, 1, 0, 0);
      ctx.drawImage(this.photographed(1, false), 0, 0);
      progress((n + 1) / FRAMES);
    };
    try {
      return await film(sheet, FRAMES, PER_SECOND, draw, AbortSignal.any([signal, this.stop.signal]));
    } finally {
      motion.place(from);
    }
  }

  /** Which headset sessions this browser opens. */
  async realities(): Promise<Record<Reality, boolean>> {
    if (!this.works || !navigator.xr) return { vr: false, ar: false };
    return (await import('./room')).realities();
  }

  /** Shows the model in a headset. Resolves when the session is open. */
  async enter(reality: Reality, words: RoomWords): Promise<{ ended: Promise<void> }> {
    const works = this.works;
    if (!works) throw new Error('no WebGL');
    const { Room } = await import('./room');
    let ended = () => {};
    const end = new Promise<void>((done) => {
      ended = done;
    });
    this.room = await Room.enter(works.stage, works.pointing.picker, reality, {
      words,
      named: (name) => called(this.structures(), name, this.locale),
      isolate: (isolated) => this.events.onState?.({ isolated }),
      select: (name) => this.events.onPick?.(name),
      ended: () => {
        this.room = null;
        works.stage.resize(this.host.clientWidth, this.host.clientHeight);
        works.frames.request();
        ended();
      },
    });
    return { ended: end };
  }

  dispose(): void {
    void this.room?.leave();
    this.stop.abort();
    this.works?.dispose();
    delete this.host.dataset.drawn;
  }

  /** The session in a headset, while there is one. */
  get inside(): Pick<Room, 'matrix' | 'on' | 'leave'> | null {
    return this.room;
  }

  /** Where the handle of the cut is, in pixels of the stage. */
  handle(): Pixel | null {
    const { clip } = this.state;
    return (clip && this.works?.paper.handle(clip)?.at) ?? null;
  }

  /** Nothing moves, and everything is drawn in full detail. */
  get resting(): boolean {
    return !this.works?.motion.moving;
  }

  /** What lies in the graphics processor's memory, and how much it has drawn. */
  memory(): { geometries: number; textures: number; triangles: number; frames: number } {
    const info = this.works?.stage.renderer.info;
    return {
      geometries: info?.memory.geometries ?? 0,
      textures: info?.memory.textures ?? 0,

      triangles: info?.render.triangles ?? 0,
      frames: info?.render.frame ?? 0,
    };
  }

  private built(stage: Stage): Works {
    const { host, events } = this;
    const frames = new Frames(
      stage.gl,
      (now) => this.draw(now),
      (ms) => {
        if (this.fine) this.fineCost = ms;
      },
    );
    const changed = () => frames.request();
    const motion = new Motion(changed, (camera) => events.onState?.({ camera }));
    const pointing = new Pointing(stage, {
      hover: (name) => events.onHover?.(name),
      pick: (name, again) => (again && name !== null ? this.focus(name) : events.onPick?.(name)),
      measured: (all) => events.onMeasure?.(all),
      changed,
    });
    const works = new Works(stage, frames, motion, pointing, {
      expect: (structures, kind) => this.expect(structures, kind),
      changed,
    });
    const { signal } = this.stop;
    // A view that nobody has chosen shows all, whatever the stage's shape becomes.
    const resized = () => motion.camera && !this.state.camera && !motion.moving && motion.place(this.fitted());
    works.stand(host, this.canvas, signal, resized, (context) => events.onContext?.(context));
    const release = control(host, {
      move: (change) => motion.move(change),
      view: (side) => this.look(side),
      reset: () => this.reset(),
      hover: (at) => void pointing.hover(at),
      click: (at, again) => this.click(at, again),
      enter: () => void pointing.click([stage.width / 2, stage.height / 2], false),
      grab: (at) => this.grab(at),
    });
    signal.addEventListener('abort', release);
    return works;
  }

  private get frame(): Frame {
    const { width = 1, height = 1 } = this.works?.stage ?? {};
    return { aspect: width / height, covered: Math.min(0.3, TOOLS / height) };
  }

  private expect(structures: readonly Structure[], kind: Kind): void {
    if (!this.works) return;
    const { stage, motion } = this.works;
    stage.organs.expect(structures);
    stage.organs.apply(this.state);
    // The first model says what is looked at. Later ones keep the place and the camera.
    if (!motion.camera) motion.place(this.state.camera ?? this.fitted());
    this.events.onStructures?.(structures, kind);
  }

  private fitted(): CameraState {
    const [low, high] = extent(this.structures());
    return framed(low, high, 0, 0, this.frame);
  }

  private click(at: Pixel, again: boolean): void {
    const { pointing, motion, stage } = this.works as Works;
    const side = motion.camera && sideAt(at, stage.width, motion.camera.yaw, motion.camera.pitch);
    if (side) this.look(side);
    else void pointing.click(at, again);
  }

  /** A drag that begins on the handle of the cut moves the cut. */
  private grab(at: Pixel): ((at: Pixel) => void) | null {
    const { paper, motion } = this.works as Works;
    const { clip } = this.state;
    const handle = clip && paper.handle(clip);
    if (!clip || !handle || Math.hypot(at[0] - handle.at[0], at[1] - handle.at[1]) > HANDLE + 4) return null;
    const [low, high] = extent(this.structures());
    return (to) => {
      const pixels = (to[0] - at[0]) * handle.along[0] + (to[1] - at[1]) * handle.along[1];
      const moved = shifted(clip, pixels / handle.perMM, low, high);
      this.apply({ ...this.state, clip: moved });
      motion.stir();
      this.events.onState?.({ clip: moved });
    };
  }

  private shown(camera: CameraState): Shown {
    return { camera, clip: this.state.clip, locale: this.locale, gizmo: true, bar: true };
  }

  private photographed(times: number, transparent: boolean): HTMLCanvasElement {
    const { stage, motion, paper, frames } = this.works ?? {};
    if (!stage || !motion?.camera || !paper || !frames) throw new Error('there is nothing to be seen');
    stage.organs.detail(true);
    stage.look(motion.camera);
    const { sheet, scale } = photograph(stage, times);
    const ctx = sheet.getContext('2d') as CanvasRenderingContext2D;
    if (!transparent) {
      ctx.globalCompositeOperation = 'destination-over';
      backdrop(ctx, this.host, sheet.width, sheet.height);
      ctx.globalCompositeOperation = 'source-over';
    }
    paper.copy(ctx, scale, this.shown(motion.camera));
    frames.request();
    return sheet;
  }

  private draw(now: number): void {
    const { stage, motion, paper, loading } = this.works as Works;
    motion.step(now);
    loading.take();
    if (!motion.camera || this.room || stage.gl.isContextLost()) return;
    this.fine = !(motion.moving && this.fineCost > SLOW);
    stage.organs.detail(this.fine);
    stage.look(motion.camera);
    stage.draw();
    paper.draw(this.shown(motion.camera));
    const drawn = loading.told();
    if (!drawn) return;
    if (drawn.done === drawn.total) this.host.dataset.drawn = drawn.kind;
    this.events.onDrawn?.(drawn.kind, drawn.done, drawn.total);
  }
}
