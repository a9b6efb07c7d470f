// How fast an upload is, over the last seconds: what was sent long ago says nothing of now.

const WINDOW = 20_000;
/** A speed of fewer seconds jumps, so that nobody could use it. */
const HIDDEN = 5_000;

export class Pace {
  private samples: { at: number; sent: number }[] = [];

  /** Notes how many bytes were sent by now. */
  note(at: number, sent: number): void {
    const last = this.samples.at(-1);
    // One sample in 250 ms is enough, and bounds their number.
    if (last && at - last.at < 250) {
      last.sent = sent;
      return;
    }
    this.samples.push({ at, sent });
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > WINDOW) this.samples.shift();
  }

  /** After a pause it begins anew. */
  reset(): void {
    this.samples = [];
  }

  /** Bytes per second; null while that is not known. */
  speed(): number | null {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at - first.at < HIDDEN) return null;
    return Math.max(0, ((last.sent - first.sent) * 1000) / (last.at - first.at));
  }
}
