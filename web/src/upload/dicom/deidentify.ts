// De-identification of one DICOM file, before anything of it leaves the browser. In: an
// opened file. Out: a new head and the place of the pixels, which stay as they are. The
// profile is that of PS3.15 Annex E, by a list of what is kept (keep.ts); names in the
// pixels themselves are not found, so that files which say that they have some are refused
// by whoever groups them.

import type { DicomFile } from './file';
import { KEPT, WORDS } from './keep';
import { Damaged, type Element } from './parse';
import { type Removed, tally } from './removed';
import type { Secret } from './secret';
import { find, trimmed } from './value';
import { pixelHead, text, type Written, write } from './write';

export interface Deidentified {
  /** Preamble, meta group, data set and the head of the pixels. */
  head: Uint8Array<ArrayBuffer>;
  /** The pixels, of a known length or in fragments. */
  pixels: Blob;
}

const SOP_CLASS = 0x00080016;
const SOP_INSTANCE = 0x00080018;
const IMPLEMENTATION = '2.25.180862073523420459431838106213247653122';
const EXPLICIT = { little: true, implicit: false };

/** Attributes that an image must have, empty, where the profile says Z. */
const EMPTY: [tag: number, vr: string][] = [
  [0x00080020, 'DA'], // study date
  [0x00080030, 'TM'], // study time
  [0x00080050, 'SH'], // accession number
  [0x00080090, 'PN'], // referring physician
  [0x00100010, 'PN'],
  [0x00100020, 'LO'],
  [0x00100030, 'DA'],
  [0x00100040, 'CS'],
  [0x00200010, 'SH'], // study id
];

/** The server passes over longer values. */
const LONGEST = 1024;

export async function deidentify(file: DicomFile, secret: Secret, removed: Removed): Promise<Deidentified> {
  if (!file.pixels) throw new Damaged('it has no pixels');
  tally(file.elements, removed);
  const kept = keep(file.elements, file, secret);
  if (!find(file.elements, SOP_CLASS) && file.meta.sopClass !== '')
    kept.push(text(SOP_CLASS, 'UI', uid(file.meta.sopClass, secret)));
  kept.push(
    ...EMPTY.map(([tag, vr]) => text(tag, vr, '')),
    text(0x00120062, 'CS', 'YES'),
    text(0x00120063, 'LO', 'IRIS Oculus, PS3.15 E basic profile, by list of kept'),
    { tag: 0x00120064, vr: 'SQ', value: [METHOD] },
  );
  kept.sort((a, b) => a.tag - b.tag);
  const said = (tag: number) => trimmed((kept.find((element) => element.tag === tag)?.value as Uint8Array) ?? NOTHING);
  const meta = write(
    [
      { tag: 0x00020001, vr: 'OB', value: Uint8Array.of(0, 1) },
      text(0x00020002, 'UI', said(SOP_CLASS)),
      text(0x00020003, 'UI', said(SOP_INSTANCE) || uid(file.meta.sopInstance, secret)),
      text(0x00020010, 'UI', file.syntaxUID),
      text(0x00020012, 'UI', IMPLEMENTATION),
      text(0x00020013, 'SH', 'IRIS_OCULUS_WEB'),
    ],
    EXPLICIT,
  );
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, meta.length, true);
  const { tag, at, length: native } = file.pixels;
  const vr = PIXEL_VRS.has(file.pixels.vr) ? file.pixels.vr : 'OB';
  const end = native === null ? await endOfFragments(file) : at + native;
  const parts = [
    new Uint8Array(128),
    Uint8Array.from('DICM', (char) => char.charCodeAt(0)),
    write([{ tag: 0x00020000, vr: 'UL', value: length }], EXPLICIT),
    meta,
    write(kept, file.encoding),
    pixelHead(tag, vr, native, file.encoding),
  ];
  const head = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  return { head, pixels: file.body.slice(at, end) };
}

/** DCM 113100, the code of the basic profile. */
const METHOD: Written[] = [
  text(0x00080100, 'SH', '113100'),
  text(0x00080102, 'SH', 'DCM'),
  text(0x00080104, 'LO', 'Basic Application Confidentiality Profile'),
];

/** Types of pixels; '' where the data set says none. */
const PIXEL_VRS = new Set(['', 'OB', 'OW', 'OF', 'OD', 'UN']);

const NOTHING = new Uint8Array(0);

function keep(elements: Element[], file: DicomFile, secret: Secret): Written[] {
  const kept: Written[] = [];
  for (const element of elements) {
    const of = KEPT.get(element.tag);
    if (!of) continue;
    const { tag } = element;
    if (of.rule === 'items' || of.rule === 'emptied') {
      const items = (element.items ?? []).map((item) => (of.rule === 'items' ? keep(item, file, secret) : []));
      kept.push({ tag, vr: 'SQ', value: items });
      continue;
    }
    if (element.items || element.value.length > LONGEST) continue;
    const value = changed(tag, of.vr, of.rule, element.value, file.encoding.little, secret);
    if (value) kept.push(value);
  }
  return kept;
}

function changed(
  tag: number,
  vr: string,
  rule: string,
  value: Uint8Array,
  little: boolean,
  secret: Secret,
): Written | null {
  const said = trimmed(value);
  const numeric = [...said].every((char) => '0123456789+-.,eE\\ \0\t\r\n'.includes(char));
  switch (rule) {
    case 'number':
      return text(tag, vr, numeric ? said : '?');
    case 'mark':
      return text(tag, vr, numeric ? said : secret.token(said.toUpperCase()));
    case 'time':
      return text(tag, vr, said === '' ? '' : secret.time(said.toUpperCase()));
    case 'uid':
      return text(tag, vr, uid(said, secret));
    case 'word':
      return text(
        tag,
        vr,
        said
          .split('\\')
          .map((word) => known(tag, word.trim(), secret))
          .join('\\'),
      );
    case 'short':
      return value.length < 2 ? null : { tag, vr, value: value.subarray(0, 2) };
    case 'padding':
      // Of 16 or of 32 bits, by its length: the type of either is written as its length is.
      if (value.length !== 2 && value.length !== 4) return null;
      return { tag, vr: value.length === 2 ? 'US' : 'UL', value };
    default:
      return { tag, vr, value: pointers(value, little) };
  }
}

function known(tag: number, word: string, secret: Secret): string {
  const exact = tag === 0x00281054 ? word.toUpperCase() : word;
  return exact === '' || WORDS.has(exact) ? exact : secret.token(exact);
}

/** Storage classes and the class of a DICOMDIR are the standard's; any other UID may name somebody's machine. */
const STANDARD = /^1\.2\.840\.10008\.(5\.1\.4\.1\.1\.\d{1,4}(\.\d{1,3}){0,3}|1\.3\.10)$/;

const uid = (said: string, secret: Secret) => (said === '' || STANDARD.test(said) ? said : secret.uid(said));

/** Tags of places stay; of any other, the server wants to know only that it is another one. */
const PLACES = [0x00200032, 0x00201041, 0x00182005, 0x00540080];

function pointers(value: Uint8Array, little: boolean): Uint8Array {
  const count = Math.min(Math.floor(value.length / 4), 8);
  const out = new Uint8Array(count * 4);
  const from = new DataView(value.buffer, value.byteOffset, value.length);
  const to = new DataView(out.buffer);
  for (let n = 0; n < count; n++) {
    const tag = ((from.getUint16(n * 4, little) << 16) | from.getUint16(n * 4 + 2, little)) >>> 0;
    const written = PLACES.includes(tag) ? tag : 0x00181063;
    to.setUint16(n * 4, written >>> 16, little);
    to.setUint16(n * 4 + 2, written & 0xffff, little);
  }
  return out;
}

/** Bounds the fragments of one file. */
const MAX_FRAGMENTS = 100_000;

/** What may follow fragments that have no delimiter: padding, signatures, zeros. */
const BEHIND = new Set([0xfffcfffc, 0xfffafffa, 0]);

/**
 * Where pixels in fragments end, behind their delimiter. What follows them is not kept. What
 * writers get wrong is borne as the server bears it (internal/volume/dicom/encapsulated).
 */
async function endOfFragments({ body, pixels, encoding }: DicomFile): Promise<number> {
  let at = pixels?.at ?? 0;
  let odd = false;
  for (let n = 0; n < MAX_FRAGMENTS; n++) {
    let bytes = new Uint8Array(await body.slice(at, at + 9).arrayBuffer());
    let next = at;
    if (odd && bytes[0] !== (encoding.little ? 0xfe : 0xff)) {
      // The fragment was padded to an even length, which its own leaves out.
      next++;
      bytes = bytes.slice(1);
    }
    if (bytes.length < 8) {
      // Some writers leave the delimiter out.
      if (n > 1) return Math.min(next, body.size);
      break;
    }
    const view = new DataView(bytes.buffer);
    const tag = ((view.getUint16(0, encoding.little) << 16) | view.getUint16(2, encoding.little)) >>> 0;
    const length = view.getUint32(4, encoding.little);
    if (tag === 0xfffee0dd) return next + 8;
    if (n > 1 && BEHIND.has(tag)) return next;
    if (tag === 0xfffee00d && length === 0) {
      at = next + 8;
      odd = false;
      continue;
    }
    if (tag !== 0xfffee000 || next + 8 + length > body.size) break;
    at = next + 8 + length;
    odd = length % 2 === 1;
  }
  throw new Damaged('truncated');
}
