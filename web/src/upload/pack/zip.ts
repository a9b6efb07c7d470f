// A stored zip as one Blob of slices, so that nothing of a folder is held in memory but what
// describes it. In: the files in their order. Out: the archive. Equal files give equal bytes:
// names are numbers, since names of files may identify patients, and all times are the
// oldest that zip knows. The CRC of each entry costs one reading of the files.

import { crc32 } from './crc';

export interface Entry {
  /** Bytes before the body; the same entry. */
  head?: Uint8Array<ArrayBuffer>;
  body: Blob;
}

const FULL = 0xffffffff;
/** 1 January 1980. */
const DATE = 0x21;

/** Packs entries; read is told of bytes as they are read. */
export async function zip(
  entries: AsyncIterable<Entry> | Iterable<Entry>,
  read: (bytes: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Blob> {
  const parts: BlobPart[] = [];
  const directory: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  let count = 0;
  for await (const { head, body } of entries) {
    const size = (head?.length ?? 0) + body.size;
    const crc = await crcOf(body, head ? crc32(head) : 0, read, signal);
    const name = Uint8Array.from(String(count++).padStart(6, '0'), (char) => char.charCodeAt(0));
    const local = header(0x04034b50, crc, size, name, null);
    directory.push(header(0x02014b50, crc, size, name, at));
    parts.push(local);
    if (head) parts.push(head);
    parts.push(body);
    at += local.length + size;
  }
  const length = directory.reduce((sum, entry) => sum + entry.length, 0);
  return new Blob([...parts, ...directory, ...ends(count, length, at)], { type: 'application/zip' });
}

/** How much of a file is read at once. */
const CHUNK = 4 << 20;

async function crcOf(body: Blob, before: number, read: (bytes: number) => void, signal?: AbortSignal): Promise<number> {
  let crc = before;
  for (let at = 0; at < body.size; at += CHUNK) {
    signal?.throwIfAborted();
    const bytes = new Uint8Array(await body.slice(at, at + CHUNK).arrayBuffer());
    crc = crc32(bytes, crc);
    read(bytes.length);
  }
  return crc;
}

/** The header of an entry before its data, or in the directory, which says where that one is. */
function header(mark: number, crc: number, size: number, name: Uint8Array, at: number | null): Uint8Array<ArrayBuffer> {
  const wide = size >= FULL || (at ?? 0) >= FULL;
  const fixed = at === null ? 30 : 46;
  const extra = wide ? (at === null ? 20 : 28) : 0;
  const bytes = new Uint8Array(fixed + name.length + extra);
  const view = new DataView(bytes.buffer);
  const version = wide ? 45 : 20;
  let to = 0;
  const put = (length: 2 | 4 | 8, value: number) => {
    if (length === 2) view.setUint16(to, value, true);
    else if (length === 4) view.setUint32(to, value, true);
    else view.setBigUint64(to, BigInt(value), true);
    to += length;
  };
  put(4, mark);
  if (at !== null) put(2, version);
  put(2, version);
  for (const value of [0, 0, 0, DATE]) put(2, value); // flags, stored, time, date
  put(4, crc);
  put(4, wide ? FULL : size);
  put(4, wide ? FULL : size);
  put(2, name.length);
  put(2, extra);
  if (at !== null) {
    for (const value of [0, 0, 0]) put(2, value); // comment, disk, internal attributes
    put(4, 0);
    put(4, wide ? FULL : at);
  }
  bytes.set(name, to);
  to += name.length;
  if (wide) {
    put(2, 1);
    put(2, extra - 4);
    put(8, size);
    put(8, size);
    if (at !== null) put(8, at);
  }
  return bytes;
}

/** The end of the directory, also in its wide form where the archive is longer than 4 GiB. */
function ends(count: number, length: number, at: number): Uint8Array<ArrayBuffer>[] {
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, Math.min(length, FULL), true);
  view.setUint32(16, Math.min(at, FULL), true);
  if (at < FULL && length < FULL) return [end];
  const wide = new Uint8Array(56 + 20);
  const wideView = new DataView(wide.buffer);
  wideView.setUint32(0, 0x06064b50, true);
  wideView.setBigUint64(4, 44n, true);
  wideView.setUint16(12, 45, true);
  wideView.setUint16(14, 45, true);
  wideView.setBigUint64(24, BigInt(count), true);
  wideView.setBigUint64(32, BigInt(count), true);
  wideView.setBigUint64(40, BigInt(length), true);
  wideView.setBigUint64(48, BigInt(at), true);
  wideView.setUint32(56, 0x07064b50, true);
  wideView.setBigUint64(64, BigInt(at + length), true);
  wideView.setUint32(72, 1, true);
  return [wide, end];
}
