// What a NIfTI file says beside the scan, blanked before it leaves the browser: free texts of
// the header, extensions, the name within gzip, and bytes behind the last voxel. In: the
// file. Out: the file to send, and which of these were there. A table of label names stays,
// by itself. A gzip file is expanded and compressed again only when its content changes.

import { trimmed } from '../dicom/value';
import { gunzipped, gzipHeader, PLAIN, peek } from '../pack/gzip';
import { Refused } from '../refused';
import { collect } from '../streams';
import { bytesOf, latin } from '../text';
import { type Header, lengthOf } from './header';

export type Blanked = 'descrip' | 'aux_file' | 'db_name' | 'intent_name' | 'extensions' | 'gzip_name' | 'trailing';

const FIELDS: Record<1 | 2, [name: Blanked, from: number, to: number][]> = {
  1: [
    ['db_name', 4, 32], // with data_type, the other text that Analyze left
    ['descrip', 148, 228],
    ['aux_file', 228, 252],
    ['intent_name', 328, 344],
  ],
  2: [
    ['descrip', 240, 320],
    ['aux_file', 320, 344],
    ['intent_name', 508, 524],
    ['db_name', 525, 540], // unused_str
  ],
};

/** Blanks what stands before the voxels, in place, and says what of it was there. */
export function blankHead(head: Uint8Array, header: Header): Blanked[] {
  const found: Blanked[] = [];
  for (const [name, from, to] of FIELDS[header.version]) {
    const field = head.subarray(from, to);
    if (trimmed(field) === '') continue;
    field.fill(0);
    found.push(name);
  }
  const begin = header.version === 1 ? 348 : 540;
  const area = head.subarray(begin, header.offset);
  const kept = tableOf(area, header.little);
  if (
    area.some((byte) => byte !== 0) &&
    !(kept && kept.length === area.length && kept.every((b, n) => b === area[n]))
  ) {
    found.push('extensions');
    area.fill(0);
    if (kept) area.set(kept);
  }
  return found;
}

/** An area of extensions with the first table of label names alone; null where there is none. */
function tableOf(area: Uint8Array, little: boolean): Uint8Array | null {
  if (!area[0]) return null;
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength);
  for (let at = 4; at + 8 <= area.length; ) {
    const size = view.getUint32(at, little);
    if (size < 8 || at + size > area.length) return null;
    const text = latin(area, at + 8, at + size);
    const table = /<LabelTable>.*?<\/LabelTable>/s.exec(text)?.[0];
    const ours = text.startsWith('{"iris":"');
    if (table || ours) {
      const written = ours
        ? text
        : `<?xml version="1.0"?><CaretExtension><VolumeInformation Index="0">${table}</VolumeInformation></CaretExtension>`;
      const out = new Uint8Array(area.length);
      // One extension that fills the area: what follows it would be taken for another.
      const whole = Math.floor((area.length - 4) / 16) * 16;
      if (written.length > whole - 8) return null;
      out[0] = 1;
      const to = new DataView(out.buffer);
      to.setUint32(4, whole, little);
      to.setUint32(8, view.getUint32(at + 4, little), little);
      out.set(bytesOf(written), 12);
      return out;
    }
    at += size;
  }
  return null;
}

export interface Blank {
  file: Blob;
  found: Blanked[];
}

/** Blanks a file whose header was read. Progress is told in bytes of the file. */
export async function blankNifti(
  file: Blob,
  header: Header,
  gzip: boolean,
  read: (bytes: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Blank> {
  const length = lengthOf(header);
  if (!gzip) {
    const head = new Uint8Array(await file.slice(0, header.offset).arrayBuffer());
    const found = blankHead(head, header);
    if (file.size < length) throw new Refused('truncated');
    if (file.size > length) found.push('trailing');
    if (found.length === 0) return { file, found };
    return { file: new Blob([head, file.slice(header.offset, length)]), found };
  }
  const head = await peek(file, header.offset);
  const found = blankHead(head, header);
  const outer = gzipHeader(new Uint8Array(await file.slice(0, 4096).arrayBuffer()));
  const end = new DataView(await file.slice(-4).arrayBuffer());
  // Gzip ends with the length of what its last member holds: another one has more members, or other bytes.
  const whole = end.byteLength === 4 && end.getUint32(0, true) === length % 2 ** 32;
  if (outer.says) found.push('gzip_name');
  if (found.length === 0 && whole) return { file, found };
  if (found.every((name) => name === 'gzip_name') && whole) {
    return { file: new Blob([PLAIN, file.slice(outer.length)]), found };
  }
  const made = await recompress(file, head, length, read, signal);
  if (made.trailing) found.push('trailing');
  return { file: made.file, found };
}

async function recompress(
  file: Blob,
  head: Uint8Array<ArrayBuffer>,
  length: number,
  read: (bytes: number) => void,
  signal?: AbortSignal,
) {
  let at = 0;
  let trailing = false;
  const changed = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      const from = at;
      at += chunk.length;
      if (from < head.length) chunk.set(head.subarray(from, at));
      if (at > length) {
        trailing = true;
        if (from < length) controller.enqueue(chunk.subarray(0, length - from));
        // A bomb behind the scan is not expanded to its end.
        if (at > 2 * length + (64 << 20)) throw new Refused('bad_gzip');
      } else controller.enqueue(chunk);
    },
    flush() {
      if (at < length) throw new Refused('truncated');
    },
  });
  const expanded = await gunzipped(file, read, signal);
  const packed = expanded.pipeThrough(changed).pipeThrough(new CompressionStream('gzip'));
  try {
    return { file: await collect(packed), trailing };
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof Refused ? error : new Refused('bad_gzip');
  }
}
