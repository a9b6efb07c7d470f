// Files in an archive, as Blobs. In: a .zip or a .tar.gz. Out: the files in it, by the names
// that they have there; no name is ever used as a path. Errors are Refused with a code of the
// server's. A stored entry is a slice of the archive; others are expanded, and the browser
// keeps large Blobs on disk.

import { isLitter } from '../names';
import { Refused } from '../refused';
import { collect } from '../streams';
import { latin, untilNul } from '../text';
import { crc32 } from './crc';
import { gunzipped } from './gzip';

export interface Packed {
  path: string;
  file: Blob;
}

// The server's limits (internal/volume/limits.go).
export const MAX_ENTRIES = 20_000;
const MAX_EXPANDED = 8 * 2 ** 30;
const MAX_DIRECTORY = 16 << 20;
const MAX_RATIO = 200;
const RATIO_FLOOR = 64 << 20;

/** Counts what an archive expands to, and refuses a bomb. */
class Meter {
  private left: number;
  constructor(packed: number) {
    this.left = Math.max(RATIO_FLOOR, Math.min(MAX_EXPANDED, packed * MAX_RATIO));
  }
  take(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) throw new Refused('archive_too_large');
  }
}

async function read(file: Blob, from: number, length: number): Promise<DataView> {
  const buffer = await file.slice(from, from + length).arrayBuffer();
  if (buffer.byteLength < length) throw new Refused('bad_archive');
  return new DataView(buffer);
}

/** An entry of a zip's directory. */
interface Listed {
  path: string;
  flags: number;
  method: number;
  crc: number;
  packed: number;
  size: number;
  at: number;
}

export async function* unzip(file: Blob): AsyncGenerator<Packed> {
  const meter = new Meter(file.size);
  for (const entry of await directory(file)) {
    if (entry.path.endsWith('/') || isLitter(entry.path)) continue;
    if (entry.flags & 1) throw new Refused('encrypted_archive');
    if (entry.method !== 0 && entry.method !== 8) throw new Refused('unsupported_archive');
    meter.take(entry.size);
    const head = await read(file, entry.at, 30);
    if (head.getUint32(0, true) !== 0x04034b50) throw new Refused('bad_archive');
    const from = entry.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    if (from + entry.packed > file.size) throw new Refused('bad_archive');
    const data = file.slice(from, from + entry.packed);
    yield { path: entry.path, file: await sound(data, entry) };
  }
}

async function directory(file: Blob): Promise<Listed[]> {
  const tail = Math.min(file.size, 22 + 0xffff);
  const view = await read(file, file.size - tail, tail);
  let end = tail - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw new Refused('bad_archive');
  let length = view.getUint32(end + 12, true);
  let at = view.getUint32(end + 16, true);
  if (at === 0xffffffff || length === 0xffffffff) {
    const locator = end - 20;
    if (locator < 0 || view.getUint32(locator, true) !== 0x07064b50) throw new Refused('bad_archive');
    const wide = await read(file, Number(view.getBigUint64(locator + 8, true)), 56);
    length = Number(wide.getBigUint64(40, true));
    at = Number(wide.getBigUint64(48, true));
  }
  if (length > MAX_DIRECTORY) throw new Refused('archive_too_large');
  const entries = await read(file, at, length);
  const list: Listed[] = [];
  for (let from = 0; from + 46 <= length; ) {
    if (entries.getUint32(from, true) !== 0x02014b50) throw new Refused('bad_archive');
    if (list.length >= MAX_ENTRIES) throw new Refused('archive_too_large');
    const [name, extra, comment] = [28, 30, 32].map((n) => entries.getUint16(from + n, true)) as [
      number,
      number,
      number,
    ];
    if (from + 46 + name + extra > length) throw new Refused('bad_archive');
    const entry: Listed = {
      path: latin(new Uint8Array(entries.buffer, from + 46, name)),
      flags: entries.getUint16(from + 8, true),
      method: entries.getUint16(from + 10, true),
      crc: entries.getUint32(from + 16, true),
      packed: entries.getUint32(from + 20, true),
      size: entries.getUint32(from + 24, true),
      at: entries.getUint32(from + 42, true),
    };
    widen(entry, new DataView(entries.buffer, from + 46 + name, extra));
    list.push(entry);
    from += 46 + name + extra + comment;
  }
  return list;
}

/** Takes the numbers that do not fit into 32 bits from an entry's extra fields. */
function widen(entry: Listed, extra: DataView): void {
  for (let at = 0; at + 4 <= extra.byteLength; at += 4 + extra.getUint16(at + 2, true)) {
    if (extra.getUint16(at, true) !== 1) continue;
    let from = at + 4;
    for (const field of ['size', 'packed', 'at'] as const) {
      if (entry[field] !== 0xffffffff || from + 8 > extra.byteLength) continue;
      entry[field] = Number(extra.getBigUint64(from, true));
      from += 8;
    }
  }
}

/** An entry's file, if it is as long as the directory says and has its CRC. */
async function sound(data: Blob, { method, size, crc }: Listed): Promise<Blob> {
  let left = size;
  let sum = 0;
  const checked = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      left -= chunk.length;
      if (left < 0) throw new Refused('bad_archive');
      sum = crc32(chunk, sum);
      if (method !== 0) controller.enqueue(chunk);
    },
  });
  const stream = method === 0 ? data.stream() : data.stream().pipeThrough(new DecompressionStream('deflate-raw'));
  try {
    const made = await collect(stream.pipeThrough(checked));
    if (left === 0 && sum === crc) return method === 0 ? data : made;
  } catch {
    // Damaged, or longer than it says.
  }
  throw new Refused('bad_archive');
}

const BLOCK = 512;

/** Files of a tar archive in gzip. Long names are not read: names do not matter here but for litter. */
export async function* untar(file: Blob): AsyncGenerator<Packed> {
  const meter = new Meter(file.size);
  const reader = (await gunzipped(file)).getReader();
  const pending: Uint8Array<ArrayBuffer>[] = [];
  let have = 0;
  const fill = async (length: number): Promise<boolean> => {
    while (have < length) {
      const { done, value } = await reader.read().catch(() => {
        throw new Refused('bad_gzip');
      });
      if (done) return false;
      meter.take(value.length);
      pending.push(value as Uint8Array<ArrayBuffer>);
      have += value.length;
    }
    return true;
  };
  /** Takes bytes off the stream, as the parts of a Blob. */
  const take = (length: number): Uint8Array<ArrayBuffer>[] => {
    const taken: Uint8Array<ArrayBuffer>[] = [];
    for (let left = length; left > 0; ) {
      const first = pending.shift() as Uint8Array<ArrayBuffer>;
      taken.push(first.subarray(0, left));
      if (first.length > left) pending.unshift(first.subarray(left));
      left -= Math.min(first.length, left);
    }
    have -= length;
    return taken;
  };
  let entries = 0;
  while (await fill(BLOCK)) {
    const head = new Uint8Array(await new Blob(take(BLOCK)).arrayBuffer());
    if (head.every((byte) => byte === 0)) continue;
    const size = sizeOf(head);
    const kind = latin(head, 156, 157);
    const path = untilNul(latin(head, 345, 500)) + untilNul(latin(head, 0, 100));
    if (++entries > MAX_ENTRIES) throw new Refused('archive_too_large');
    const chunks: Blob[] = [];
    for (let left = size; left > 0; ) {
      // Into Blobs piece by piece, so that a large entry is never held twice.
      const step = Math.min(left, 4 << 20);
      if (!(await fill(step))) throw new Refused('truncated');
      chunks.push(new Blob(take(step)));
      left -= step;
    }
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (await fill(padding)) take(padding);
    if ((kind === '0' || kind === '\0' || kind === '7') && !isLitter(path)) yield { path, file: new Blob(chunks) };
  }
}

function sizeOf(head: Uint8Array): number {
  const text = latin(head, 124, 136);
  if (text.charCodeAt(0) & 0x80) {
    // The base-256 form of GNU tar.
    let size = 0;
    for (let at = 125; at < 136; at++) size = size * 256 + (head[at] ?? 0);
    if (size > MAX_EXPANDED) throw new Refused('archive_too_large');
    return size;
  }
  const digits = text.replaceAll(' ', '').replaceAll('\0', '');
  if (!/^[0-7]*$/.test(digits)) throw new Refused('bad_archive');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
