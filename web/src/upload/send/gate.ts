// What an upload waits for: that the person has not paused it, and that there is a network.

export type Held = 'paused' | 'offline';

export class Gate {
  private paused = false;
  private waiting: (() => void)[] = [];
  private readonly halted = new Set<AbortController>();

  constructor(
    private readonly online: () => boolean,
    private readonly changed: () => void,
  ) {}

  /** Why nothing is sent now; null while it is. */
  get held(): Held | null {
    return this.paused ? 'paused' : this.online() ? null : 'offline';
  }

  pause(): void {
    this.paused = true;
    this.look();
  }

  resume(): void {
    this.paused = false;
    this.look();
  }

  /** To be called whenever the network comes or goes. */
  look(): void {
    if (this.held === null) {
      for (const go of this.waiting.splice(0)) go();
    } else {
      for (const controller of this.halted) controller.abort(new DOMException(this.held, 'AbortError'));
    }
    this.changed();
  }

  /** Resolves when something may be sent. */
  async open(signal: AbortSignal): Promise<void> {
    while (this.held !== null) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    signal.throwIfAborted();
  }

  /** Runs something that ends when the gate closes, or the signal is aborted. */
  async within<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const stop = () => controller.abort(signal.reason);
    signal.addEventListener('abort', stop);
    this.halted.add(controller);
    try {
      if (signal.aborted) stop();
      return await work(controller.signal);
    } finally {
      this.halted.delete(controller);
      signal.removeEventListener('abort', stop);
    }
  }
}
