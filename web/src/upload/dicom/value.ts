// Values of DICOM elements, read as the server reads them (internal/volume/dicom/header/value.go).

import { latin, trim } from '../text';
import type { Element } from './parse';

/** Spaces and NULs by the standard, tabs and line ends in some files. */
const PADDING = ' \0\t\r\n';

/** A value's text without its padding. */
export const trimmed = (value: Uint8Array): string => trim(latin(value), PADDING);

/** One decimal string. Writers with a Spanish or German locale put a comma in place of the point. */
export function decimal(text: string): number | null {
  const plain = trim(text, PADDING);
  const pointed = plain.includes('.') ? plain : plain.replace(',', '.');
  if (!/^[0-9+\-.eE]+$/.test(pointed)) return null;
  const value = Number(pointed);
  return Number.isFinite(value) ? value : null;
}

/** The last element of a tag, as the one that counts. */
export function find(elements: Element[], tag: number): Element | undefined {
  return elements.findLast((element) => element.tag === tag);
}

export function textOf(elements: Element[], tag: number): string {
  const element = find(elements, tag);
  return element ? trimmed(element.value.subarray(0, 1024)) : '';
}

export function wordOf(elements: Element[], tag: number, little: boolean): number {
  const value = find(elements, tag)?.value;
  if (!value || value.length < 2) return 0;
  return new DataView(value.buffer, value.byteOffset, value.length).getUint16(0, little);
}

/** Decimal strings separated by backslashes; null where there are fewer than count or one is no number. */
export function decimalsOf(elements: Element[], tag: number, count: number): number[] | null {
  const text = textOf(elements, tag);
  if (text === '') return null;
  const values = text.split('\\').slice(0, count).map(decimal);
  if (values.length < count || values.some((value) => value === null)) return null;
  return values as number[];
}
