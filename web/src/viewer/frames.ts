/** What a drawn frame cost: the time until the graphics processor had done it. */
export type Cost = (ms: number) => void;

/**
 * Draws when asked, never otherwise, and never begins a frame before the one before is
 * done: on a slow machine the page would else wait in the middle of a script until the
 * graphics processor takes more commands.
 */
export class Frames {
  private asked = false;
  private handle = 0;
  private fence: WebGLSync | null = null;
  private began = 0;
  private stopped = false;

  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly draw: (now: number) => void,
    private readonly cost: Cost,
  ) {}

  request(): void {
    this.asked = true;
    this.schedule();
  }

  /** Forgets the frame under way: its fence went with the context. */
  reset(): void {
    this.fence = null;
  }

  stop(): void {
    this.stopped = true;
    cancelAnimationFrame(this.handle);
    if (this.fence) this.gl.deleteSync(this.fence);
    this.fence = null;
  }

  private schedule(): void {
    if (this.handle === 0 && !this.stopped) this.handle = requestAnimationFrame((now) => this.tick(now));
  }

  private tick(now: number): void {
    this.handle = 0;
    if (this.fence) {
      const status = this.gl.clientWaitSync(this.fence, 0, 0);
      if (status === this.gl.TIMEOUT_EXPIRED) {
        this.schedule();
        return;
      }
      this.gl.deleteSync(this.fence);
      this.fence = null;
      if (status !== this.gl.WAIT_FAILED) this.cost(performance.now() - this.began);
    }
    if (!this.asked) return;
    this.asked = false;
    this.began = performance.now();
    this.draw(now);
    this.fence = this.gl.isContextLost() ? null : this.gl.fenceSync(this.gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    this.gl.flush();
    if (this.fence) this.schedule();
  }
}
