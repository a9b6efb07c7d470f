// Gzip, read and written as streams.

import { Refused } from '../refused';
import { counting } from '../streams';
import { crc32 } from './crc';

/** The first bytes of what a gzip file holds; fewer where it ends before. */
export async function peek(file: Blob, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(length);
  let have = 0;
  const reader = file.stream().pipeThrough(new DecompressionStream('gzip')).getReader();
  try {
    while (have < length) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value.subarray(0, length - have), have);
      have += Math.min(value.length, length - have);
    }
  } catch {
    // Browsers take bytes behind the first member for an error, though the server reads them.
    if (have === 0) throw new Refused('bad_gzip');
  } finally {
    reader.cancel().catch(() => {});
  }
  return out.subarray(0, have);
}

/**
 * Expands all members of a gzip file, which browsers themselves do not, and checks each
 * one's CRC, so that a damaged scan is never packed anew as if it were whole.
 */
export async function gunzipped(
  file: Blob,
  read: (bytes: number) => void = () => {},
  signal?: AbortSignal,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const { Gunzip } = await import('fflate');
  let made: Uint8Array<ArrayBuffer>[] = [];
  let crc = 0;
  let length = 0;
  const members: { end: number; crc: number; length: number }[] = [];
  const gunzip = new Gunzip((chunk) => {
    made.push(chunk as Uint8Array<ArrayBuffer>);
    crc = crc32(chunk, crc);
    length += chunk.length;
  });
  const ended = (end: number) => {
    members.push({ end, crc, length });
    crc = 0;
    length = 0;
  };
  gunzip.onmember = ended;
  const expand = (chunk: Uint8Array, last: boolean, to: TransformStreamDefaultController<Uint8Array<ArrayBuffer>>) => {
    try {
      gunzip.push(chunk, last);
    } catch {
      throw new Refused('bad_gzip');
    }
    for (const piece of made) to.enqueue(piece);
    made = [];
  };
  const stream = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
    transform(chunk, to) {
      // In small pieces: one of a scan's air expands to a thousand times its length.
      for (let at = 0; at < chunk.length; at += STEP) expand(chunk.subarray(at, at + STEP), false, to);
    },
    async flush(to) {
      expand(new Uint8Array(0), true, to);
      ended(file.size);
      for (const member of members) {
        const trailer = new DataView(await file.slice(member.end - 8, member.end).arrayBuffer());
        const sound = trailer.byteLength === 8 && trailer.getUint32(0, true) === member.crc;
        if (!sound || trailer.getUint32(4, true) !== member.length % 2 ** 32) throw new Refused('bad_gzip');
      }
    },
  });
  return file
    .stream()
    .pipeThrough(counting(read), signal ? { signal } : {})
    .pipeThrough(stream);
}

const STEP = 4096;

const FNAME = 8;
const FCOMMENT = 16;
const FEXTRA = 4;
const FHCRC = 2;

/** The length of a gzip header, and whether it says more than that: a name, a comment, a time. */
export function gzipHeader(head: Uint8Array): { length: number; says: boolean } {
  const flags = head[3] ?? 0;
  let at = 10;
  if (flags & FEXTRA) at += 2 + ((head[10] ?? 0) | ((head[11] ?? 0) << 8));
  for (const flag of [FNAME, FCOMMENT]) {
    if (!(flags & flag)) continue;
    const end = head.indexOf(0, at);
    if (end < 0) throw new Refused('bad_gzip');
    at = end + 1;
  }
  if (flags & FHCRC) at += 2;
  return { length: at, says: (flags & 0xfe) !== 0 || head.subarray(4, 8).some((byte) => byte !== 0) };
}

/** A gzip header that says nothing. */
export const PLAIN = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
