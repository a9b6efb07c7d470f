// A DICOM file opened up to its pixels. In: a Blob. Out: its data set, and the Blob in which
// its pixels lie, which is the file itself but for deflated ones. Errors are Damaged.

import { collect, counting } from '../streams';
import { WALKED } from './keep';
import { Damaged, type DataSet, type Element, encodingAt, parse, Short } from './parse';
import { bareEncoding } from './sniff';
import { BIG_ENDIAN, EXPLICIT, IMPLICIT, type Syntax, syntaxOf } from './syntax';
import { trimmed } from './value';

export interface DicomFile extends DataSet {
  /** The transfer syntax that the data set is written in; of a deflated one that of its content. */
  syntaxUID: string;
  syntax: Syntax;
  /** Of the meta group, for files whose data set does not say them. */
  meta: { sopClass: string; sopInstance: string };
  /** What the pixels' place counts in. */
  body: Blob;
}

/** How much is read at first, and then, of headers that are longer. */
const READS = [64 << 10, 1 << 20, 64 << 20];

/** What a deflated file may expand to: the ratio that the server bears. */
const MAX_RATIO = 200;
const RATIO_FLOOR = 64 << 20;

const META = { little: true, implicit: false };
const UID_SOP_CLASS = 0x00020002;
const UID_SOP_INSTANCE = 0x00020003;
const UID_SYNTAX = 0x00020010;

/** Opens a file that begins as DICOM does. */
export async function openDicom(file: Blob): Promise<DicomFile> {
  let last: unknown;
  for (const length of READS) {
    const bytes = new Uint8Array(await file.slice(0, length).arrayBuffer());
    try {
      return await opened(bytes, file);
    } catch (error) {
      if (!(error instanceof Short)) throw error;
      last = error;
    }
    if (length >= file.size) break;
  }
  throw new Damaged(`its header has no end (${last})`);
}

async function opened(bytes: Uint8Array, file: Blob): Promise<DicomFile> {
  const begins = String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM' ? 132 : 0;
  const { group, end } = metaOf(bytes, begins, file.size);
  const uid = text(group, UID_SYNTAX);
  const syntax = syntaxOf(uid);
  const meta = { sopClass: text(group, UID_SOP_CLASS), sopInstance: text(group, UID_SOP_INSTANCE) };
  if (syntax.deflated) {
    const body = await inflate(file.slice(end), Math.max(RATIO_FLOOR, (file.size - end) * MAX_RATIO));
    return { ...(await inflated(body)), syntaxUID: EXPLICIT, syntax, meta, body };
  }
  if (end + 8 > bytes.length && end + 8 <= file.size) throw new Short();
  const encoding = encodingAt(bytes, end, syntax.encoding);
  const known = uid !== '' && encoding.implicit === syntax.encoding.implicit;
  // The first element is believed more than the meta group, which archives forget to change.
  const written = encoding.implicit ? IMPLICIT : encoding.little ? EXPLICIT : BIG_ENDIAN;
  const set = parse(bytes, end, file.size, encoding, WALKED);
  return { ...set, syntaxUID: known || syntax.compressed ? uid : written, syntax, meta, body: file };
}

/** The meta group: explicit, little endian, whatever the data set is. */
function metaOf(bytes: Uint8Array, from: number, size: number): { group: Element[]; end: number } {
  const group: Element[] = [];
  let at = from;
  for (let n = 0; n <= 64 && bytes[at] === 2 && bytes[at + 1] === 0; n++) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, Math.min(12, bytes.length - at));
    if (view.byteLength < 12) throw at + 12 > size ? new Damaged('truncated') : new Short();
    const vr = String.fromCharCode(bytes[at + 4] ?? 0, bytes[at + 5] ?? 0);
    const long = ['OB', 'OW', 'UN', 'UT', 'SQ'].includes(vr);
    const length = long ? view.getUint32(8, true) : view.getUint16(6, true);
    const begin = at + (long ? 12 : 8);
    if (begin + length > size) throw new Damaged('truncated');
    if (begin + length > bytes.length) throw new Short();
    group.push({ tag: 0x00020000 | view.getUint16(2, true), vr, value: bytes.subarray(begin, begin + length) });
    at = begin + length;
  }
  return { group, end: at };
}

const text = (group: Element[], tag: number) => {
  const found = group.find((element) => element.tag === tag);
  return found ? trimmed(found.value) : '';
};

async function inflated(body: Blob): Promise<DataSet> {
  for (const length of READS) {
    const bytes = new Uint8Array(await body.slice(0, length).arrayBuffer());
    try {
      return parse(bytes, 0, body.size, bareEncoding(bytes) ?? META, WALKED);
    } catch (error) {
      if (!(error instanceof Short) || length >= body.size) throw error;
    }
  }
  throw new Damaged('its header has no end');
}

/** Expands a stream of DEFLATE into a Blob, which the browser keeps on disk when it is large. */
export async function inflate(packed: Blob, most: number): Promise<Blob> {
  let left = most;
  const bounded = counting((bytes) => {
    left -= bytes;
    if (left < 0) throw new Damaged('it expands to more than a scan can be');
  });
  try {
    return await collect(packed.stream().pipeThrough(new DecompressionStream('deflate-raw')).pipeThrough(bounded));
  } catch (error) {
    throw error instanceof Damaged ? error : new Damaged('its deflated data cannot be expanded');
  }
}
