// Elements as bytes. In: elements in the order of their tags. Out: a data set in the
// encoding asked for. Sequences are written with their lengths.

import type { Encoding } from './sniff';

export interface Written {
  tag: number;
  vr: string;
  value: Uint8Array | Written[][];
}

const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'UN', 'UT']);
const ENDLESS = 0xffffffff;

/** An element of text, padded to an even length as its type asks. */
export function text(tag: number, vr: string, value: string): Written {
  const padded = value.length % 2 === 0 ? value : value + (vr === 'UI' ? '\0' : ' ');
  return { tag, vr, value: Uint8Array.from(padded, (char) => char.charCodeAt(0)) };
}

export function write(elements: Written[], encoding: Encoding): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const element of elements) put(parts, element, encoding);
  return join(parts);
}

/** The head of the pixels' element; null is the length of pixels in fragments. */
export function pixelHead(tag: number, vr: string, length: number | null, encoding: Encoding): Uint8Array<ArrayBuffer> {
  return head(tag, vr, length ?? ENDLESS, encoding);
}

function put(parts: Uint8Array[], { tag, vr, value }: Written, encoding: Encoding): void {
  if (value instanceof Uint8Array) {
    parts.push(head(tag, vr, value.length, encoding), value);
    return;
  }
  const items = value.map((item) => write(item, encoding));
  const length = items.reduce((sum, item) => sum + 8 + item.length, 0);
  parts.push(head(tag, vr, length, encoding));
  for (const item of items) parts.push(head(0xfffee000, '', item.length, encoding), item);
}

function head(tag: number, vr: string, length: number, { little, implicit }: Encoding): Uint8Array<ArrayBuffer> {
  const plain = implicit || vr === '';
  const bytes = new Uint8Array(!plain && LONG.has(vr) ? 12 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, tag >>> 16, little);
  view.setUint16(2, tag & 0xffff, little);
  if (plain) {
    view.setUint32(4, length, little);
    return bytes;
  }
  bytes[4] = vr.charCodeAt(0);
  bytes[5] = vr.charCodeAt(1);
  if (bytes.length === 12) view.setUint32(8, length, little);
  else view.setUint16(6, length, little);
  return bytes;
}

function join(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
