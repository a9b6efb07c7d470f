import type { Encoding } from './sniff';

/** How a file of one transfer syntax is written. */
export interface Syntax {
  encoding: Encoding;
  /** The whole data set is one stream of DEFLATE. */
  deflated?: true;
  /** Its samples alone are big endian. */
  bigPixels?: true;
  /** How its pixels are compressed, so that the page draws none of them; a proper name. */
  compressed?: string;
  /** The service does not read this compression. */
  refused?: true;
}

export const IMPLICIT = '1.2.840.10008.1.2';
export const EXPLICIT = '1.2.840.10008.1.2.1';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
export const BIG_ENDIAN = '1.2.840.10008.1.2.2';

const explicit: Encoding = { little: true, implicit: false };
const implicit: Encoding = { little: true, implicit: true };

const COMPRESSED: [begin: string, name: string, read?: true][] = [
  ['1.2.840.10008.1.2.1.98', 'encapsulated', true],
  ['1.2.840.10008.1.2.4.50', 'JPEG', true],
  ['1.2.840.10008.1.2.4.51', 'JPEG', true],
  ['1.2.840.10008.1.2.4.57', 'JPEG', true],
  ['1.2.840.10008.1.2.4.70', 'JPEG', true],
  ['1.2.840.10008.1.2.4.80', 'JPEG-LS', true],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS', true],
  ['1.2.840.10008.1.2.4.90', 'JPEG 2000', true],
  ['1.2.840.10008.1.2.4.91', 'JPEG 2000', true],
  ['1.2.840.10008.1.2.4.92', 'JPEG 2000', true],
  ['1.2.840.10008.1.2.4.93', 'JPEG 2000', true],
  ['1.2.840.10008.1.2.4.9', 'JPIP'],
  ['1.2.840.10008.1.2.4.10', 'MPEG'],
  ['1.2.840.10008.1.2.4.11', 'JPEG XL'],
  ['1.2.840.10008.1.2.4.201', 'HTJ2K', true],
  ['1.2.840.10008.1.2.4.202', 'HTJ2K', true],
  ['1.2.840.10008.1.2.4.203', 'HTJ2K', true],
  ['1.2.840.10008.1.2.4.20', 'JPIP'],
  ['1.2.840.10008.1.2.5', 'RLE', true],
  ['1.2.840.10008.1.2.8.1', 'DEFLATE', true],
];

/** The syntax of a UID, as the server's internal/volume/dicom/syntax has it; '' is that of a file without one. */
export function syntaxOf(uid: string): Syntax {
  switch (uid) {
    case '':
    case IMPLICIT:
      return { encoding: implicit };
    case EXPLICIT:
      return { encoding: explicit };
    case DEFLATED:
      return { encoding: explicit, deflated: true };
    case BIG_ENDIAN:
      return { encoding: { little: false, implicit: false } };
    case '1.2.840.113619.5.2': // private to GE
      return { encoding: implicit, bigPixels: true };
  }
  const [, name, read] = COMPRESSED.find(([begin]) => uid.startsWith(begin)) ?? ['', '?'];
  return { encoding: explicit, compressed: name, ...(read ? {} : { refused: true }) };
}
