import type { Frames } from './frames';
import { type Arrival, Loading } from './loading';
import type { Motion } from './motion';
import { Paper } from './paper';
import type { Pointing } from './pointing';
import { Decoder } from './read';
import type { Stage } from './stage';

/** All that a viewer holds where there is WebGL. */
export class Works {
  readonly paper: Paper;
  readonly loading: Loading;

  constructor(
    readonly stage: Stage,
    readonly frames: Frames,
    readonly motion: Motion,
    readonly pointing: Pointing,
    arrival: Arrival,
  ) {
    this.paper = new Paper(stage, pointing);
    this.loading = new Loading(stage, new Decoder(), arrival);
  }

  /** Stands in the host until the signal, as large as it is, and says when that changes and the context goes and comes back. */
  stand(
    host: HTMLElement,
    canvas: HTMLCanvasElement,
    signal: AbortSignal,
    resized: () => void,
    told: (context: 'lost' | 'restored') => void,
  ): void {
    host.prepend(canvas, this.paper.canvas);
    const fill = () => {
      this.stage.resize(host.clientWidth, host.clientHeight);
      resized();
      this.frames.request();
    };
    const sizes = new ResizeObserver(fill);
    sizes.observe(host);
    fill();
    signal.addEventListener('abort', () => {
      sizes.disconnect();
      canvas.remove();
      this.paper.canvas.remove();
    });
    const lost = (event: Event) => {
      event.preventDefault(); // else the browser does not give it back
      this.frames.reset();
      told('lost');
    };
    const restored = () => {
      this.frames.reset();
      this.frames.request();
      told('restored');
    };
    canvas.addEventListener('webglcontextlost', lost, { signal });
    canvas.addEventListener('webglcontextrestored', restored, { signal });
  }

  dispose(): void {
    this.motion.stop();
    this.frames.stop();
    this.loading.dispose();
    this.pointing.dispose();
    this.stage.dispose();
  }
}
