import { Niivue, NVImage, SHOW_RENDER } from '@niivue/niivue';
import { colourIn, drawnIn, type ViewState } from './state';
import type { Structure, Vector } from './structure';

// The only code that knows NiiVue: its next version changes the interface.

export interface SliceEvents {
  /** The crosshair was moved by hand: where it is, and the structure there. */
  onPlace(at: Vector, name: string | null): void;
}

export interface SliceFiles {
  /** The scan for a browser, NIfTI, gzipped or not. */
  volume: ArrayBuffer;
  /** The label map on the scan's place, with its own, finer grid. */
  labels: ArrayBuffer;
}

const DARK = [0.043, 0.055, 0.075, 1];
const ACCENT = [0.3, 0.77, 0.74, 0.9];
// Soft tissue, as scan.png shows it; MR is windowed by its own values.
const WINDOW = { low: -160, high: 240 } as const;
const AIR = -500; // Hounsfield units: only CT has values so low
const SAMPLES = 60; // along each axis of a structure's box, to find its middle

/** Three planes through a scan with the structures over it. */
export class Slices {
  private readonly view: Niivue;
  private structures: readonly Structure[] = [];
  private painted = '';
  private quiet = false;
  private timer = 0;
  private opacity = 0.45;

  private constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly events: SliceEvents,
  ) {
    this.view = new Niivue({
      backColor: DARK,
      crosshairColor: ACCENT,
      fontColor: [0.9, 0.93, 0.96, 1],
      crosshairWidth: 1,
      multiplanarShowRender: SHOW_RENDER.NEVER,
      multiplanarPadPixels: 4,
      isRadiologicalConvention: true, // the patient's left is on the right-hand side, as on the stage
      sagittalNoseLeft: true,
      dragAndDropEnabled: false,
      clipPlaneHotKey: '',
      viewModeHotKey: '',
      logLevel: 'silent',
      loadingText: '',
    });
    this.view.setSliceType(this.view.sliceTypeMultiplanar);
    this.view.onLocationChange = (place) => this.placed(place as Place);
  }

  /** Loads a scan. Rejects where it is none, or where the browser has no WebGL 2. */
  static async on(canvas: HTMLCanvasElement, files: SliceFiles, events: SliceEvents): Promise<Slices> {
    const slices = new Slices(canvas, events);
    const { view } = slices;
    try {
      await view.attachToCanvas(canvas);
      const volume = await NVImage.loadFromUrl({ url: files.volume, name: 'slices.nii.gz', colormap: 'gray' });
      if ((volume.global_min ?? 0) < AIR) [volume.cal_min, volume.cal_max] = [WINDOW.low, WINDOW.high];
      slices.quiet = true;
      view.addVolume(volume);
      view.addVolume(await NVImage.loadFromUrl({ url: files.labels, name: 'labels.nii.gz', opacity: slices.opacity }));
      slices.quiet = false;
      return slices;
    } catch (error) {
      slices.dispose();
      throw error;
    }
  }

  /** The structures' colours over the scan, as on the stage. */
  paint(state: ViewState, structures: readonly Structure[]): void {
    this.structures = structures;
    const drawn = drawnIn(state, structures);
    const entries = structures.map((s) => ({ s, rgb: rgb(colourIn(state, s)), alpha: drawn.has(s.name) ? 255 : 0 }));
    const wanted = JSON.stringify(entries.map(({ s, rgb, alpha }) => [s.label, rgb, alpha]));
    if (wanted === this.painted) return;
    this.painted = wanted;
    clearTimeout(this.timer);
    // The whole label map goes to the graphics processor anew: once for many changes.
    this.timer = window.setTimeout(() => {
      const table = [{ s: { label: 0, name: '' }, rgb: [0, 0, 0] as const, alpha: 0 }, ...entries];
      this.view.volumes[1]?.setColormapLabel({
        R: table.map((e) => e.rgb[0]),
        G: table.map((e) => e.rgb[1]),
        B: table.map((e) => e.rgb[2]),
        A: table.map((e) => e.alpha),
        I: table.map((e) => e.s.label),
        labels: table.map((e) => e.s.name),
      });
      this.view.updateGLVolume();
    }, 120);
  }

  /** How strongly the structures cover the scan, 0…1. */
  cover(opacity: number): void {
    this.opacity = opacity;
    this.view.setOpacity(1, opacity);
  }

  /** Moves the crosshair into the middle of a structure, to a point that belongs to it. */
  go(structure: Structure): void {
    const at = this.middle(structure);
    this.quiet = true;
    this.view.scene.crosshairPos = this.view.mm2frac([...at]);
    this.view.drawScene();
    this.quiet = false;
  }

  /** Where the crosshair is, RAS millimetres. */
  get at(): Vector {
    const [x, y, z] = this.view.frac2mm(this.view.scene.crosshairPos) as unknown as [number, number, number];
    return [x, y, z];
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.view.cleanup();
    this.canvas.getContext('webgl2')?.getExtension('WEBGL_lose_context')?.loseContext();
  }

  private placed(place: Place): void {
    if (this.quiet) return;
    const label = Math.round(place.values[1]?.value ?? 0);
    const [x, y, z] = [place.mm[0] ?? 0, place.mm[1] ?? 0, place.mm[2] ?? 0];
    this.events.onPlace([x, y, z], this.structures.find((s) => s.label === label)?.name ?? null);
  }

  /** The point of a structure that is nearest to its centroid: that of a rib lies outside of it. */
  private middle({ label, low, high }: Structure): Vector {
    const map = this.view.volumes[1];
    const inside: [number, number, number][] = [];
    const sum = [0, 0, 0] as [number, number, number];
    const at = (k: 0 | 1 | 2, n: number) => low[k] + ((n + 0.5) / SAMPLES) * (high[k] - low[k]);
    for (let i = 0; i < SAMPLES; i++) {
      for (let j = 0; j < SAMPLES; j++) {
        for (let k = 0; k < SAMPLES; k++) {
          const p: [number, number, number] = [at(0, i), at(1, j), at(2, k)];
          const [x, y, z] = (map?.mm2vox([...p]) ?? [0, 0, 0]) as unknown as [number, number, number];
          if (map?.getValue(x, y, z) !== label) continue;
          inside.push(p);
          for (const axis of [0, 1, 2] as const) sum[axis] += p[axis];
        }
      }
    }
    const fallback: Vector = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2];
    const away = (p: Vector) => Math.hypot(...p.map((x, axis) => x - (sum[axis] ?? 0) / inside.length));
    return inside.reduce<Vector>((best, p) => (away(p) < away(best) ? p : best), inside[0] ?? fallback);
  }
}

/** What NiiVue says of the crosshair. */
interface Place {
  mm: ArrayLike<number>;
  values: { value: number }[];
}

function rgb(hex: string): [number, number, number] {
  const n = Number.parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}
