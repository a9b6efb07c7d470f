/** What the first bytes say of a file: DICOM with its preamble, without it, data of DICOM in a damaged file, or none. */
export type Sniffed = 'dicom' | 'bare' | 'damaged' | 'none';

const VR = /^(OB|OD|OF|OL|OV|OW|SQ|SV|UC|UN|UR|UT|UV|AE|AS|AT|CS|DA|DS|DT|FD|FL|IS|LO|LT|PN|SH|SL|SS|ST|TM|UI|UL|US)$/;

export const isVR = (text: string) => VR.test(text);

const two = (bytes: Uint8Array, at: number) => String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0);

export function sniffDicom(head: Uint8Array): Sniffed {
  if (two(head, 128) + two(head, 130) === 'DICM') return 'dicom';
  if (bareEncoding(head)) return 'bare';
  // Every data set names its SOP class near its start, and all of them begin so.
  if (head.includes(0) && contains(head, '1.2.840.10008.')) return 'damaged';
  return 'none';
}

/** How a data set is written. */
export interface Encoding {
  little: boolean;
  /** Its elements do not say their types. */
  implicit: boolean;
}

/** How the data set is written that bytes begin with, judged by its first element; null for no data set. */
export function bareEncoding(bytes: Uint8Array): Encoding | null {
  if (bytes.length < 8) return null;
  const little = !(bytes[0] === 0 && bytes[1] === 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const group = view.getUint16(0, little);
  if (group !== 8 && group !== 2) return null;
  if (isVR(two(bytes, 4))) return { little, implicit: false };
  // Implicit: a small element number and a first value of a plausible length.
  if (little && view.getUint16(2, true) < 0x100 && view.getUint32(4, true) < 4096) return { little, implicit: true };
  return null;
}

function contains(bytes: Uint8Array, text: string): boolean {
  const first = text.charCodeAt(0);
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let n = 1;
    while (n < text.length && bytes[at + n] === text.charCodeAt(n)) n++;
    if (n === text.length) return true;
  }
  return false;
}
