// A DICOM data set up to its pixels, as a tree. In: the first bytes of a file. Out: its
// elements, whose values stay where they are in those bytes. Values that nothing here
// needs are passed over by their length. Damaged is thrown for what is no data set, Short
// where the bytes end before the pixels begin.

import { bareEncoding, type Encoding, isVR } from './sniff';

export interface Element {
  tag: number;
  /** Empty in an implicit data set. */
  vr: string;
  /** The value's bytes, within the bytes that were parsed. */
  value: Uint8Array;
  /** The items of a sequence that was walked. */
  items?: Element[][];
}

export interface Pixels {
  tag: number;
  vr: string;
  /** Where the pixels begin. */
  at: number;
  /** Null for pixels in fragments, as compressed ones are. */
  length: number | null;
}

export interface DataSet {
  encoding: Encoding;
  elements: Element[];
  pixels: Pixels | null;
}

export class Damaged extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Damaged';
  }
}

/** More of the file is needed than was given. */
export class Short extends Error {}

const ENDLESS = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PIXELS = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010]);

// The server's bounds (internal/volume/dicom/header).
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 100_000 + 256 * 20_000;

const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);

/**
 * Parses the data set that begins at a place in bytes, which are the first of size bytes.
 * Sequences of a known length are walked only where walked says so.
 */
export function parse(
  bytes: Uint8Array,
  from: number,
  size: number,
  encoding: Encoding,
  walked: (tag: number) => boolean,
): DataSet {
  const parser = new Parser(bytes, from, size, encoding.little, walked);
  const elements = parser.elements(size, encoding.implicit, 0, false);
  return { encoding, elements, pixels: parser.pixels };
}

class Parser {
  pixels: Pixels | null = null;
  private count = 0;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly size: number,
    private readonly little: boolean,
    private readonly walked: (tag: number) => boolean,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Elements up to end, to the delimiter of an endless item, or to the pixels. */
  elements(end: number, implicit: boolean, depth: number, endless: boolean): Element[] {
    if (depth > MAX_DEPTH) throw new Damaged('its sequences are nested too deeply');
    const list: Element[] = [];
    // Fewer bytes than an element has are padding, which some writers add.
    while (this.at + 8 <= end) {
      const start = this.at;
      const { tag, vr, length } = this.head(implicit);
      if (tag === ITEM_END || tag === SEQUENCE_END) {
        if (!endless) continue; // some writers close sequences of known length, too
        if (tag === SEQUENCE_END) this.at = start; // it also ends an item left open inside
        return list;
      }
      if (tag === ITEM) throw new Damaged('an item lies outside a sequence');
      if (depth === 0 && PIXELS.has(tag)) {
        if (length !== ENDLESS && length > this.size - this.at) throw new Damaged('truncated');
        this.pixels = { tag, vr, at: this.at, length: length === ENDLESS ? null : length };
        return list;
      }
      if (length === ENDLESS || (this.walked(tag) && (vr === 'SQ' || vr === 'UN' || vr === ''))) {
        const to = length === ENDLESS ? end : this.at + length;
        if (to > end) throw new Damaged(end === this.size ? 'truncated' : 'an element reaches over its sequence');
        list.push({ tag, vr, value: EMPTY, items: this.items(to, vr, implicit, depth, length === ENDLESS) });
        continue;
      }
      if (length > end - this.at)
        throw new Damaged(end === this.size ? 'truncated' : 'an element reaches over its item');
      const value = this.bytes.subarray(this.at, this.at + length);
      if (value.length < length && length <= 1024) throw new Short();
      this.at += length;
      list.push({ tag, vr, value });
    }
    return list;
  }

  private items(end: number, vr: string, implicit: boolean, depth: number, endless: boolean): Element[][] {
    const list: Element[][] = [];
    const fragments = vr === 'OB' || vr === 'OW'; // encapsulated pixels of an icon
    while (this.at + 8 <= end) {
      const { tag, length } = this.head(true);
      if (tag === SEQUENCE_END) {
        if (endless) return list;
        continue;
      }
      if (tag === ITEM_END) continue;
      if (tag !== ITEM) throw new Damaged('a sequence holds something that is no item');
      if (length !== ENDLESS && length > end - this.at) throw new Damaged('truncated');
      if (fragments) {
        this.at += length;
        continue;
      }
      const to = length === ENDLESS ? end : this.at + length;
      // Sequences of an unknown type are implicit inside (PS3.5 §6.2.2), but some writers leave their types.
      const inside = implicit || vr === 'UN' || vr === '';
      list.push(this.elements(to, inside && !(!implicit && this.explicitAhead()), depth + 1, length === ENDLESS));
      if (length !== ENDLESS) this.at = to;
    }
    if (!endless) this.at = end;
    return list;
  }

  private explicitAhead(): boolean {
    return isVR(String.fromCharCode(this.bytes[this.at + 4] ?? 0, this.bytes[this.at + 5] ?? 0));
  }

  /** Tag, type and length of the element at this place, which it goes past. */
  private head(implicit: boolean): { tag: number; vr: string; length: number } {
    if (++this.count > MAX_ELEMENTS) throw new Damaged('its header has no end');
    this.need(8);
    const { view, little } = this;
    const tag = ((view.getUint16(this.at, little) << 16) | view.getUint16(this.at + 2, little)) >>> 0;
    const long = view.getUint32(this.at + 4, little);
    const vr = String.fromCharCode(this.bytes[this.at + 4] ?? 0, this.bytes[this.at + 5] ?? 0);
    if (implicit || tag >>> 16 === 0xfffe) {
      this.at += 8;
      return { tag, vr: '', length: long };
    }
    const short = view.getUint16(this.at + 6, little);
    if (isVR(vr) && !LONG.has(vr)) {
      this.at += 8;
      return { tag, vr, length: short };
    }
    this.need(12);
    const length = view.getUint32(this.at + 8, little);
    if (!isVR(vr) || short !== 0) return this.odd(tag, vr, { short, long, length });
    this.at += 12;
    return { tag, vr, length };
  }

  /**
   * An element whose type is unknown or in the wrong form: of old writers, or one without a
   * type as in an implicit data set. The form is taken after which another element follows,
   * else the first that fits.
   */
  private odd(tag: number, vr: string, read: { short: number; long: number; length: number }) {
    const letters = /^[A-Za-z]{2}$/.test(vr) || (vr[0] === vr[1] && /[ -~]/.test(vr[0] ?? ''));
    const forms = [
      { vr: isVR(vr) ? 'UN' : vr, head: 8, length: read.short },
      { vr, head: 12, length: read.length },
      { vr: '', head: 8, length: read.long },
    ];
    if (!letters) forms.reverse();
    const chosen =
      forms.find((form) => this.follows(tag, form)) ??
      forms.find((form) => form.length === ENDLESS || this.at + form.head + form.length <= this.size);
    if (!chosen) throw new Damaged('an element has no type');
    this.at += chosen.head;
    return { tag, vr: chosen.vr, length: chosen.length };
  }

  /** Says whether an element read in this form is known to end where another begins. */
  private follows(tag: number, { head, length }: { head: number; length: number }): boolean {
    const end = this.at + head + (length === ENDLESS ? 0 : length);
    if (end === this.size) return true;
    if (end + 8 > this.bytes.length) return false;
    const next = ((this.view.getUint16(end, this.little) << 16) | this.view.getUint16(end + 2, this.little)) >>> 0;
    if (length === ENDLESS || next === ITEM) return next === ITEM;
    if (next === ITEM_END || next === SEQUENCE_END) return true;
    return next > tag && isVR(String.fromCharCode(this.bytes[end + 4] ?? 0, this.bytes[end + 5] ?? 0));
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.size) throw new Damaged('truncated');
    if (this.at + bytes > this.bytes.length) throw new Short();
  }
}

const EMPTY = new Uint8Array(0);

/** The encoding of the data set at a place, where the transfer syntax says another one than its first element. */
export function encodingAt(bytes: Uint8Array, from: number, said: Encoding): Encoding {
  if (!said.little) return said;
  return bareEncoding(bytes.subarray(from, from + 8)) ?? said;
}
