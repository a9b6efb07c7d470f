// The parts of one upload: which have arrived, and where the others go. A signature holds a
// quarter of an hour, so that URLs are asked for shortly before they are used, and again
// when the storage refuses one.

import { md5 } from '@noble/hashes/legacy.js';
import type { UploadPlan } from '../../api/job';
import { hex } from '../dicom/secret';

/** How many URLs the service signs at once. */
const SIGN_AHEAD = 16;
/** A URL older than this is not tried. */
const HOLDS = 13 * 60_000;

export class Parts {
  readonly size: number;
  readonly count: number;
  private readonly etags = new Map<number, string>();
  private readonly urls = new Map<number, { url: string; at: number }>();
  private waiting: number[] = [];
  private readonly taken = new Set<number>();

  constructor(
    private readonly file: Blob,
    plan: UploadPlan,
  ) {
    this.size = plan.part_bytes;
    this.count = plan.parts;
  }

  /**
   * Takes a plan anew: what has arrived, if its bytes are those of this file, is not sent
   * again. The storage's tag of a part is the MD5 of its bytes; where it is another thing
   * (keys of KMS) the part is sent again, so that a changed file is never mixed with what it was.
   */
  async take(plan: UploadPlan, now: number, checked: (bytes: number) => void, signal: AbortSignal): Promise<void> {
    this.etags.clear();
    this.taken.clear();
    for (const { number, etag } of plan.uploaded ?? []) {
      if (number < 1 || number > this.count) continue;
      const part = this.part(number);
      if ((await md5Of(part, signal)) === etag.replaceAll('"', '').toLowerCase()) this.etags.set(number, etag);
      checked(part.size);
    }
    this.waiting = Array.from({ length: this.count }, (_, n) => n + 1).filter((number) => !this.etags.has(number));
    this.sign(plan, now);
  }

  sign(plan: UploadPlan, now: number): void {
    for (const { number, url } of plan.signed) this.urls.set(number, { url, at: now });
  }

  part(number: number): Blob {
    return this.file.slice((number - 1) * this.size, Math.min(number * this.size, this.file.size));
  }

  /** The next part that nobody sends yet. */
  next(): number | undefined {
    const number = this.waiting.shift();
    if (number !== undefined) this.taken.add(number);
    return number;
  }

  url(number: number, now: number): string | null {
    const signed = this.urls.get(number);
    return signed && now - signed.at < HOLDS ? signed.url : null;
  }

  /** A URL that was refused: those of the same age have run out with it. */
  refuse(number: number): void {
    const at = this.urls.get(number)?.at ?? 0;
    for (const [other, signed] of this.urls) if (signed.at <= at) this.urls.delete(other);
  }

  /** The parts whose URLs to ask for together with one's. */
  toSign(number: number, now: number): number[] {
    const wanted = [number, ...this.taken, ...this.waiting].filter((other) => this.url(other, now) === null);
    return [...new Set(wanted)].slice(0, SIGN_AHEAD).sort((a, b) => a - b);
  }

  arrived(number: number, etag: string): void {
    this.etags.set(number, etag);
    this.urls.delete(number);
    this.taken.delete(number);
  }

  /** Bytes that have arrived. */
  get sent(): number {
    let bytes = 0;
    for (const number of this.etags.keys()) bytes += Math.min(this.size, this.file.size - (number - 1) * this.size);
    return bytes;
  }

  list(): { number: number; etag: string }[] {
    return [...this.etags].map(([number, etag]) => ({ number, etag })).sort((a, b) => a.number - b.number);
  }
}

/** How much is read at once, between which the page stays alive. */
const CHUNK = 1 << 20;

async function md5Of(part: Blob, signal: AbortSignal): Promise<string> {
  const sum = md5.create();
  for (let at = 0; at < part.size; at += CHUNK) {
    signal.throwIfAborted();
    sum.update(new Uint8Array(await part.slice(at, at + CHUNK).arrayBuffer()));
  }
  return hex(sum.digest());
}
