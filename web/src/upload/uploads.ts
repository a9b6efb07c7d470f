// The uploads of this page: what was dropped, what is asked of the person, what is being
// sent. A store without a framework: subscribe and current suit useSyncExternalStore. It lives
// as long as the page does, so that uploads go on while the person looks at a job.

import type { Client } from '../api/client';
import { Problem, Unreachable } from '../api/problem';
import type { Dropped } from './collect';
import type { Secret } from './dicom/secret';
import type { Scan } from './examine';
import type { Memory, Unfinished } from './memory';
import { hasDoubt, leftOut, type Offer, offer, shapeText } from './offer';
import type { Prepared } from './prepare';
import { Refused } from './refused';
import type { Presence } from './send/presence';
import type { Service, Transfer, World } from './send/transfer';
import { Shown, type State, type Upload } from './shown';

export interface Site extends Omit<World, 'memory'> {
  service: Service & Pick<Client, 'cancel'>;
  memory: Promise<Memory>;
  presence: Presence;
}

/** What an upload is made of, beside what is shown of it. */
interface Work {
  scan: Scan | null;
  scans: Scan[];
  options: Record<string, string>;
  stop: AbortController;
  transfer: Transfer | null;
  prepared: Prepared | null;
}

/** How many of an upload's bytes tell it again: its head and its tail, where a zip has its directory. */
const TELLING = 256 << 10;

export class Uploads {
  private readonly shown = new Shown();
  private readonly works = new Map<number, Work>();
  readonly subscribe = this.shown.subscribe;
  readonly current = this.shown.current;

  constructor(private readonly site: Site) {}

  /** Something would be lost if the page were left now. */
  get busy(): boolean {
    return this.current().uploads.some(({ state }) => ['preparing', 'sending'].includes(state.is));
  }

  setAnonymous(anonymous: boolean): void {
    this.shown.set({ anonymous });
  }

  /** Looks for uploads that an earlier page left. */
  async remember(): Promise<void> {
    const rows = await (await this.site.memory).unfinished(this.site.now());
    const mine = new Set([...this.works.values()].map(({ transfer }) => transfer?.fingerprint));
    const open = rows.filter(({ fingerprint }) => !mine.has(fingerprint));
    const elsewhere = await this.site.presence.elsewhere(open.map(({ fingerprint }) => fingerprint));
    this.shown.set({ interrupted: open.filter(({ fingerprint }) => !elsewhere.has(fingerprint)) });
  }

  /** Gives an interrupted upload up. */
  async giveUp(row: Unfinished): Promise<void> {
    this.shown.set({ interrupted: this.current().interrupted.filter((other) => other !== row) });
    await (await this.site.memory).forget(row.fingerprint);
    if (row.job) await this.site.service.cancel(row.job).catch(() => {});
  }

  clearRefused(): void {
    this.shown.set({ refused: [] });
  }

  /** Takes what was dropped or picked: one scan is sent at once, of several the person chooses. */
  async add(files: AsyncIterable<Dropped> | Iterable<Dropped>, name = ''): Promise<void> {
    const id = this.open(name, { is: 'reading', files: 0 });
    const { stop } = this.work(id);
    this.clearRefused();
    try {
      const { examine } = await import('./examine');
      const found = await examine(files, (count) => this.shown.soon(id, { is: 'reading', files: count }), stop.signal);
      this.shown.set({ refused: found.refused });
      const [only, ...others] = found.scans;
      if (!only) return this.close(id);
      const offers = await Promise.all(found.scans.map((scan, key) => offer(scan, key)));
      const best = offers.filter((one) => one.best);
      const [chosen] = best;
      // Without a doubt there is nothing to ask: whatever else the drop holds is left out by its rank.
      if (chosen && best.length === 1 && found.lost === 0 && !hasDoubt(chosen)) {
        this.work(id).scan = found.scans[chosen.key] ?? only;
        if (others.length > 0)
          this.shown.set({ refused: [...found.refused, ...offers.filter((o) => o !== chosen).map(leftOut)] });
        return await this.start(id, chosen);
      }
      this.work(id).scans = found.scans;
      this.shown.change(id, {
        name: name || chosen?.name || offers[0]?.name || '',
        state: { is: 'choose', offers, lost: found.lost },
      });
    } catch (error) {
      this.fail(id, error);
    }
  }

  /** Sends the scans that were chosen, each as a job of its own. */
  choose(id: number, keys: number[]): void {
    const { state } = this.upload(id);
    if (state.is !== 'choose') return;
    const { scans } = this.work(id);
    this.close(id);
    for (const key of keys) {
      const [scan, offered] = [scans[key], state.offers[key]];
      if (!scan || !offered) continue;
      const next = this.open(offered.name, { is: 'preparing', done: 0, total: offered.bytes });
      this.work(next).scan = scan;
      void this.start(next, offered);
    }
  }

  /** Says what a scan is whose values do not tell it. */
  answer(id: number, modality: 'CT' | 'MR' | 'PT'): void {
    const { shape } = this.upload(id);
    this.work(id).options = { modality };
    this.shown.change(id, { shape: shape && { ...shape, modality } });
    void this.send(id);
  }

  pause(id: number): void {
    this.work(id).transfer?.gate.pause();
  }

  resume(id: number): void {
    this.work(id).transfer?.gate.resume();
  }

  /** The network came or went. */
  networkChanged(): void {
    for (const { transfer } of this.works.values()) transfer?.gate.look();
  }

  /** Begins again where a failure ended it; what has arrived is not sent again. */
  retry(id: number): void {
    if (this.upload(id).state.is === 'failed' && this.work(id).scan) void this.send(id);
  }

  async cancel(id: number): Promise<void> {
    const { stop, transfer } = this.work(id);
    const { job, state } = this.upload(id);
    stop.abort(new DOMException('cancelled', 'AbortError'));
    transfer?.cancel();
    this.close(id);
    if (state.is === 'sent') return;
    if (transfer) await (await this.site.memory).forget(transfer.fingerprint);
    if (job) await this.site.service.cancel(job).catch(() => {});
  }

  private async start(id: number, chosen: Offer): Promise<void> {
    const { name, shape, thumbnail, doubts, values } = chosen;
    this.shown.change(id, { name: this.upload(id).name || name, shape, thumbnail, doubts, values });
    const { scan } = this.work(id);
    if (scan?.is === 'nifti' && scan.looks === 'other') this.shown.change(id, { state: { is: 'modality' } });
    else await this.send(id);
  }

  private async send(id: number): Promise<void> {
    const work = this.work(id);
    const { signal } = work.stop;
    const { site } = this;
    let fingerprint = '';
    try {
      // What only an upload needs is not loaded before there is one.
      const [{ Transfer }, { Secret }] = await Promise.all([import('./send/transfer'), import('./dicom/secret')]);
      const memory = await site.memory;
      const secret = new Secret(await memory.salt());
      work.prepared ??= await this.prepared(id, work, secret);
      const { file, as, options, removed, blanked } = work.prepared;
      this.shown.change(id, { removed, blanked });
      const ends = [file.slice(0, TELLING), file.slice(Math.max(0, file.size - TELLING))];
      const bytes = await Promise.all(ends.map(async (end) => new Uint8Array(await end.arrayBuffer())));
      fingerprint = secret.fingerprint(as, JSON.stringify(options), String(file.size), ...bytes);
      signal.throwIfAborted();
      if (!(await site.presence.claim(fingerprint))) throw new Refused('elsewhere');
      const row = (await memory.unfinished(site.now())).find((one) => one.fingerprint === fingerprint) ?? null;
      const { name } = this.upload(id);
      const cargo = { file, as, options, fingerprint, name };
      const transfer = new Transfer({ ...site, memory }, cargo, row, () => this.show(id));
      work.transfer = transfer;
      this.shown.set({ interrupted: this.current().interrupted.filter((other) => other.fingerprint !== fingerprint) });
      this.show(id);
      const job = await transfer.run();
      signal.throwIfAborted();
      this.shown.change(id, { job, state: { is: 'sent' } });
    } catch (error) {
      this.fail(id, error);
    } finally {
      if (fingerprint !== '') site.presence.release(fingerprint);
    }
  }

  private async prepared(id: number, { scan, options, stop }: Work, secret: Secret): Promise<Prepared> {
    const total = scan?.is === 'series' ? scan.series.bytes : (scan?.file.size ?? 0);
    let done = 0;
    this.shown.change(id, { state: { is: 'preparing', done, total } });
    const { prepare } = await import('./prepare');
    const { anonymous } = this.upload(id);
    const read = (bytes: number) => {
      done += bytes;
      this.shown.soon(id, { is: 'preparing', done, total });
    };
    return prepare(scan as Scan, { secret, anonymous, options, read, signal: stop.signal });
  }

  /** Shows how far a transfer is, and remembers how its job is called here. */
  private show(id: number): void {
    const work = this.works.get(id);
    if (!work?.transfer) return;
    const { job } = work.transfer;
    const upload = this.upload(id);
    if (job !== null && job !== upload.job) {
      this.shown.change(id, { job });
      const known = { job, name: upload.name, shape: shapeText(upload.shape), at: this.site.now() };
      void this.site.memory.then((memory) => memory.name(known)).catch(() => {});
    }
    this.shown.soon(id, { is: 'sending', progress: work.transfer.progress() });
  }

  private fail(id: number, error: unknown): void {
    if (!this.works.has(id) || (error instanceof DOMException && error.name === 'AbortError')) return;
    const { code, values } = failureOf(error);
    this.shown.change(id, { state: { is: 'failed', code, values } });
  }

  private open(name: string, state: State): number {
    const id = this.shown.open(name, state);
    const stop = new AbortController();
    this.works.set(id, { scan: null, scans: [], options: {}, stop, transfer: null, prepared: null });
    return id;
  }

  private close(id: number): void {
    this.works.delete(id);
    this.shown.close(id);
  }

  private work(id: number): Work {
    const work = this.works.get(id);
    // A person may close what is still being read: what comes of it then goes nowhere.
    if (!work) throw new DOMException('closed', 'AbortError');
    return work;
  }

  private upload(id: number): Upload {
    const upload = this.shown.find(id);
    if (!upload) throw new DOMException('closed', 'AbortError');
    return upload;
  }
}

function failureOf(error: unknown): { code: string; values: Record<string, string | number> } {
  if (error instanceof Refused || error instanceof Problem) {
    return { code: error.code, values: error instanceof Refused ? error.values : {} };
  }
  if (error instanceof Unreachable) return { code: 'unreachable', values: {} };
  // A file that can no longer be read is a DOMException in every browser.
  if (error instanceof DOMException) return { code: 'file_gone', values: {} };
  return { code: 'page_failed', values: {} };
}
