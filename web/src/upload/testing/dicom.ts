// DICOM files for tests, written independently of dicom/write.ts.

import { deflateRawSync } from 'node:zlib';

export interface Options {
  syntax?: string;
  /** Without preamble and meta group. */
  bare?: boolean;
  /** Sequences without a length. */
  endless?: boolean;
}

export type Value = string | number[] | Uint8Array | Item[];
export type Item = [tag: number, vr: string, value: Value][];

const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

class Writer {
  readonly bytes: number[] = [];
  constructor(
    readonly little: boolean,
    readonly implicit: boolean,
    readonly endless: boolean,
  ) {}

  number(value: number, length: number): void {
    for (let n = 0; n < length; n++) {
      this.bytes.push(Math.floor(value / 256 ** (this.little ? n : length - 1 - n)) & 0xff);
    }
  }

  head(tag: number, vr: string, length: number): void {
    this.number(tag >>> 16, 2);
    this.number(tag & 0xffff, 2);
    const typed = !this.implicit && vr !== '';
    if (typed) this.bytes.push(vr.charCodeAt(0), vr.charCodeAt(1));
    if (typed && LONG.has(vr)) this.number(0, 2);
    this.number(length, typed && !LONG.has(vr) ? 2 : 4);
  }

  element(tag: number, vr: string, value: Value): void {
    if (vr === 'SQ' || (vr === 'UN' && Array.isArray(value) && Array.isArray(value[0]))) {
      this.sequence(tag, vr, value as Item[]);
      return;
    }
    const body = this.body(vr, value as string | number[] | Uint8Array);
    this.head(tag, vr, body.length);
    this.bytes.push(...body);
  }

  private body(vr: string, value: string | number[] | Uint8Array): number[] {
    if (value instanceof Uint8Array) return [...value];
    if (typeof value === 'string') {
      const text = value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' ');
      return Array.from(text, (char) => char.charCodeAt(0));
    }
    const width = vr === 'UL' || vr === 'SL' ? 4 : 2;
    const inner = new Writer(this.little, this.implicit, false);
    for (const one of value) {
      if (vr === 'AT') {
        inner.number(one >>> 16, 2);
        inner.number(one & 0xffff, 2);
      } else inner.number(one, width);
    }
    return inner.bytes;
  }

  private sequence(tag: number, vr: string, items: Item[]): void {
    // What is inside an element of unknown type is implicit and little endian (PS3.5 §6.2.2).
    const inside = vr === 'UN' ? { little: true, implicit: true } : this;
    const written = items.map((item) => {
      const inner = new Writer(inside.little, inside.implicit, this.endless);
      for (const element of item) inner.element(...element);
      return inner.bytes;
    });
    const all = new Writer(inside.little, inside.implicit, this.endless);
    for (const item of written) {
      all.head(0xfffee000, '', this.endless ? 0xffffffff : item.length);
      for (const byte of item) all.bytes.push(byte);
      if (this.endless) all.head(0xfffee00d, '', 0);
    }
    if (this.endless) all.head(0xfffee0dd, '', 0);
    this.head(tag, vr, this.endless ? 0xffffffff : all.bytes.length);
    for (const byte of all.bytes) this.bytes.push(byte);
  }
}

export const CT = '1.2.840.10008.5.1.4.1.1.2';
export const NATIVE = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2'];

/** A file of elements, which must be in the order of their tags. */
export function dicom(elements: Item, { syntax = '1.2.840.10008.1.2.1', bare, endless }: Options = {}): File {
  const set = new Writer(
    syntax !== '1.2.840.10008.1.2.2',
    ['1.2.840.10008.1.2', '1.2.840.113619.5.2'].includes(syntax),
    endless ?? false,
  );
  for (const element of elements) set.element(...element);
  let body = Uint8Array.from(set.bytes);
  if (syntax.endsWith('.99')) body = Uint8Array.from(deflateRawSync(body));
  if (bare) return new File([body], 'IM0001');
  const meta = new Writer(true, false, false);
  meta.element(0x00020002, 'UI', CT);
  meta.element(0x00020003, 'UI', '1.9.9.9');
  meta.element(0x00020010, 'UI', syntax);
  meta.element(0x00020016, 'AE', 'ZZPHI_AE');
  const whole = new Writer(true, false, false);
  whole.bytes.push(...new Array(128).fill(0x5a), ...[...'DICM'].map((char) => char.charCodeAt(0)));
  whole.element(0x00020000, 'UL', [meta.bytes.length]);
  return new File([Uint8Array.from(whole.bytes), Uint8Array.from(meta.bytes), body], 'IM0001.dcm');
}

/** The elements of an axial CT slice, n from 0, with some more in their places. */
export function axial(n: number, more: Item = [], rows = 4, columns = 6): Item {
  const pixels = Array.from({ length: rows * columns }, (_, at) => (97 * (7 * n + at)) % 2048);
  const elements: Item = [
    [0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\AXIAL'],
    [0x00080016, 'UI', CT],
    [0x00080018, 'UI', `1.2.3.4.${n + 1}`],
    [0x00080060, 'CS', 'CT'],
    [0x0020000d, 'UI', '1.2.3'],
    [0x0020000e, 'UI', '1.2.3.4'],
    [0x00200013, 'IS', String(n + 1)],
    [0x00200032, 'DS', `-10\\-20\\${30 + 2 * n}`],
    [0x00200037, 'DS', '1\\0\\0\\0\\1\\0'],
    [0x00280002, 'US', [1]],
    [0x00280004, 'CS', 'MONOCHROME2'],
    [0x00280010, 'US', [rows]],
    [0x00280011, 'US', [columns]],
    [0x00280030, 'DS', '0.5\\0.5'],
    [0x00280100, 'US', [16]],
    [0x00280101, 'US', [12]],
    [0x00280102, 'US', [11]],
    [0x00280103, 'US', [0]],
    [0x00281052, 'DS', '-1024'],
    [0x00281053, 'DS', '1'],
    [0x7fe00010, 'OW', pixels],
  ];
  const tags = new Set(more.map(([tag]) => tag));
  return [...elements.filter(([tag]) => !tags.has(tag)), ...more].sort(([a], [b]) => a - b);
}
