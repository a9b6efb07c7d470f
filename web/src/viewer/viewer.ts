import { between, framed, STANDARD, type StandardView } from './camera';
import { control, type Pixel } from './controls';
import { Frames } from './frames';
import { ModelError, type Part } from './glb';
import { Decoder, read, type Source } from './read';
import { Stage } from './stage';
import { type CameraState, START, type ViewState } from './state';
import { envelopes, extent, type Structure } from './structure';

export type { Measurement } from './measure';
export type { Source } from './read';

/** Which of a job's models: the first look by Hounsfield units, the light one, the whole one. */
export type Kind = 'glimpse' | 'preview' | 'view';

export interface ViewerEvents {
  /** A model's structures are known; the organs follow. */
  onStructures?(structures: readonly Structure[], kind: Kind): void;
  /** So many of a model's organs are on the screen. */
  onDrawn?(kind: Kind, done: number, total: number): void;
  onHover?(name: string | null): void;
  onPick?(name: string | null): void;
  /** Camera or cut were moved by hand: the new state. */
  onState?(state: ViewState): void;
  onContext?(context: 'lost' | 'restored' | 'missing'): void;
}

const SETTLE = 180; // milliseconds without a movement, then all details are drawn again
const SLOW = 45; // milliseconds that a frame may take while the view moves
const FLIGHT = 320;
// Triangles' edges over which the steps of an envelope vanish: voxels on skin make terraces.
const RELIEF = 2.5;

/**
 * A model on a stage. It draws when something changed, and only then. Everything that
 * it shows is in its ViewState; the model comes by show().
 */
export class Viewer {
  private readonly canvas = document.createElement('canvas');
  private readonly stage: Stage | null;
  private readonly frames: Frames | null;
  private readonly decoder = new Decoder();
  private readonly stop = new AbortController();
  private readonly sizes: ResizeObserver;
  private state: ViewState = START;
  private camera: CameraState | null = null;
  private flight: { from: CameraState; to: CameraState; began: number | null } | null = null;
  private reading: AbortController | null = null;
  private drawn: { kind: Kind; done: number; total: number } | null = null;
  private moved = 0;
  private fineCost = 0;
  private settle = 0;
  private fine = true;

  constructor(
    private readonly host: HTMLElement,
    private readonly events: ViewerEvents = {},
  ) {
    this.canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;display:block;touch-action:none';
    this.stage = Stage.on(this.canvas);
    this.frames =
      this.stage &&
      new Frames(
        this.stage.gl,
        (now) => this.draw(now),
        (ms) => this.cost(ms),
      );
    this.sizes = new ResizeObserver(() => this.resize());
    if (!this.stage) {
      queueMicrotask(() => this.events.onContext?.('missing'));
      return;
    }
    host.prepend(this.canvas);
    this.sizes.observe(host);
    this.resize();
    const release = control(host, {
      move: (change) => this.camera && this.moveTo(change(this.camera)),
      view: (name) => this.view(name),
      reset: () => this.reset(),
      hover: () => {},
      click: () => {},
      grab: (_at: Pixel) => null,
    });
    this.stop.signal.addEventListener('abort', release);
    const { signal } = this.stop;
    this.canvas.addEventListener('webglcontextlost', (event) => this.lost(event), { signal });
    this.canvas.addEventListener('webglcontextrestored', () => this.restored(), { signal });
  }

  /** Shows a model, in place of the one before, as its bytes come. Rejects with a ModelError. */
  async show(kind: Kind, source: Source): Promise<void> {
    if (!this.stage) return;
    this.reading?.abort();
    const reading = new AbortController();
    this.reading = reading;
    const { organs } = this.stage;
    const detail = kind === 'view' ? 'fine' : 'coarse';
    // A model of other structures takes the place of the one before when all of it is there.
    const held: [Part, Parameters<typeof organs.put>[1]][] = [];
    let structures: Structure[] = [];
    let whole = false;
    let done = 0;
    await read(source, this.decoder, {
      signal: AbortSignal.any([reading.signal, this.stop.signal]),
      onModel: (model) => {
        structures = model.parts.map((p) => p.structure);
        whole = organs.structures.length > 0 && kind !== 'view';
        if (!whole) this.expect(structures, kind);
        const wrapping = new Set(envelopes(structures).map((s) => s.name));
        return ({ structure: s }) => (wrapping.has(s.name) ? RELIEF * edge(s) : 0);
      },
      onPart: (part, geometry) => {
        done++;
        if (whole && held.push([part, geometry]) < structures.length) return;
        if (whole) this.expect(structures, kind);
        if (whole) for (const [p, g] of held) organs.put(p, g, detail);
        else organs.put(part, geometry, detail);
        this.drawn = { kind, done, total: structures.length };
        this.frames?.request();
      },
    });
  }

  structures(): readonly Structure[] {
    return this.stage?.organs.structures ?? [];
  }

  apply(state: ViewState): void {
    const before = this.state;
    this.state = state;
    if (!this.stage) return;
    this.stage.organs.apply(state);
    if (state.camera !== before.camera && state.camera !== this.camera) {
      if (state.camera) this.fly(state.camera);
      else if (this.camera) this.reset();
    }
    this.frames?.request();
  }

  /** Turns to a structure, so that it fills much of the stage. */
  focus(name: string): void {
    const structure = this.structures().find((s) => s.name === name);
    if (!structure || !this.camera) return;
    const { low, high } = structure;
    this.fly(framed(low, high, this.camera.yaw, this.camera.pitch, this.aspect, 1.5));
  }

  view(name: StandardView): void {
    const { yaw, pitch } = STANDARD[name];
    if (this.camera) this.fly({ ...this.camera, yaw, pitch });
  }

  reset(): void {
    this.fly(this.fitted());
  }

  dispose(): void {
    this.stop.abort();
    this.reading?.abort();
    clearTimeout(this.settle);
    this.sizes.disconnect();
    this.frames?.stop();
    this.decoder.dispose();
    this.stage?.dispose();
    this.canvas.remove();
    delete this.host.dataset.drawn;
  }

  /** What lies in the graphics processor's memory. */
  memory(): { geometries: number; textures: number; programs: number } {
    const info = this.stage?.renderer.info;
    return {
      geometries: info?.memory.geometries ?? 0,
      textures: info?.memory.textures ?? 0,
      programs: info?.programs?.length ?? 0,
    };
  }

  private get aspect(): number {
    return this.stage ? this.stage.width / this.stage.height : 1;
  }

  private expect(structures: readonly Structure[], kind: Kind): void {
    if (!this.stage) return;
    this.stage.organs.expect(structures);
    this.stage.organs.apply(this.state);
    // The first model says what is looked at. Later ones keep the place and the camera.
    this.camera ??= this.state.camera ?? this.fitted();
    this.events.onStructures?.(structures, kind);
  }

  private fitted(): CameraState {
    const [low, high] = extent(this.structures());
    return framed(low, high, 0, 0, this.aspect);
  }

  private fly(to: CameraState): void {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (!this.camera || still) this.moveTo(to);
    else this.flight = { from: this.camera, to, began: null };
    this.frames?.request();
  }

  private moveTo(camera: CameraState): void {
    this.flight = null;
    this.camera = camera;
    this.stir();
    this.state = { ...this.state, camera };
    this.events.onState?.(this.state);
  }

  /** The view moves: details may go, and come back when it rests. */
  private stir(): void {
    this.moved = performance.now();
    clearTimeout(this.settle);
    this.settle = window.setTimeout(() => this.frames?.request(), SETTLE);
    this.frames?.request();
  }

  private draw(now: number): void {
    const { stage } = this;
    if (!stage || !this.camera || stage.gl.isContextLost()) return;
    if (this.flight) {
      this.flight.began ??= now;
      const t = Math.min(1, (now - this.flight.began) / FLIGHT);
      const { from, to } = this.flight;
      if (t === 1) this.moveTo(to);
      else {
        this.camera = between(from, to, t);
        this.stir();
      }
    }
    const moving = performance.now() - this.moved < SETTLE;
    this.fine = !(moving && this.fineCost > SLOW);
    stage.organs.detail(this.fine);
    stage.look(this.camera);
    stage.draw();
    if (this.drawn) {
      const { kind, done, total } = this.drawn;
      this.drawn = null;
      if (done === total) this.host.dataset.drawn = kind;
      this.events.onDrawn?.(kind, done, total);
    }
  }

  private cost(ms: number): void {
    if (this.fine) this.fineCost = ms;
  }

  private resize(): void {
    if (!this.stage) return;
    this.stage.resize(this.host.clientWidth, this.host.clientHeight);
    this.frames?.request();
  }

  private lost(event: Event): void {
    event.preventDefault();
    this.frames?.reset();
    this.events.onContext?.('lost');
  }

  private restored(): void {
    this.frames?.reset();
    this.events.onContext?.('restored');
    this.frames?.request();
  }
}

/** Metres of the edge of an even triangle of the structure's mean size. */
function edge({ surface_cm2, triangles }: Structure): number {
  return Math.sqrt(((4 / Math.sqrt(3)) * surface_cm2 * 1e-4) / Math.max(1, triangles));
}

export { ModelError };
