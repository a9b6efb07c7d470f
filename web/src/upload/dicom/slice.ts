// What the page reads of one DICOM image: which series it belongs to, where its slices lie,
// what speaks against sending it. The rules are the server's (internal/volume/dicom/series).

import type { DicomFile } from './file';
import { decimal, decimalsOf, find, textOf, wordOf } from './value';

export interface Slice {
  file: Blob;
  path: string;
  series: string;
  study: string;
  /** Said in the file; it is shown and never sent. */
  description: string;
  modality: string;
  bodyPart: string;
  rows: number;
  columns: number;
  /** Between rows and columns, in millimetres. */
  spacing: [number, number] | null;
  frames: number;
  /** Along the normal of the slices, one for each frame that says where it lies. */
  depths: number[];
  /** The direction of the slices, as text: equal for parallel ones. */
  direction: string;
  derived: boolean;
  /** A proper name of how the pixels are compressed. */
  compressed: string | null;
  /** The service does not read that. */
  refused: boolean;
  /** The file says that a face could be recognised. */
  face: boolean;
}

/** Why an image is no slice of a volume. */
export type NoSlice = 'report' | 'localizer' | 'burned_in' | 'capture' | 'not_volume' | 'mosaic' | 'directory';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const VOLUMES = new Map([
  ...['2', '2.1', '2.2'].map((end) => [STORAGE + end, 'CT'] as const),
  ...['4', '4.1', '4.4'].map((end) => [STORAGE + end, 'MR'] as const),
  ...['128', '130', '128.1'].map((end) => [STORAGE + end, 'PT'] as const),
]);

const DERIVED = new Set(
  'DERIVED,SECONDARY,MPR,CPR,MIP,MINIP,MAX_IP,MIN_IP,REFORMATTED,REFORMAT,PROJECTION IMAGE,CSA MPR,CURVED,VRT,SSD,SCREEN SAVE,RENDERED'.split(
    ',',
  ),
);
const HEADS = /HEAD|BRAIN|SKULL|FACE|SINUS|ORBIT|JAW|NECK|CEREBR|CRAN|KOPF|CABEZA|MPRAGE/i;

export function sliceOf(opened: DicomFile, file: Blob, path: string): Slice | { no: NoSlice; modality: string } {
  const { elements, encoding, meta } = opened;
  const { little } = encoding;
  const sopClass = textOf(elements, 0x00080016) || meta.sopClass;
  const said = textOf(elements, 0x00080060);
  const modality = ['CT', 'MR', 'PT'].includes(said) ? said : (VOLUMES.get(sopClass) ?? '');
  const no = (why: NoSlice) => ({ no: why, modality: said });
  if (sopClass === '1.2.840.10008.1.3.10') return no('directory');
  if (!opened.pixels) return no('report');
  if (textOf(elements, 0x00280301).toUpperCase() === 'YES') return no('burned_in');
  const words = textOf(elements, 0x00080008)
    .split('\\')
    .map((word) => word.trim());
  if (words.includes('LOCALIZER') || words.includes('SCOUT')) return no('localizer');
  if (words.includes('MOSAIC')) return no('mosaic');
  const frames = framesOf(opened);
  const secondary = sopClass === `${STORAGE}7` || sopClass.startsWith(`${STORAGE}7.`);
  const placed = frames.some(({ position, orientation }) => position && orientation);
  const gray = wordOf(elements, 0x00280002, little) <= 1 && /^(MONOCHROME.*)?$/.test(textOf(elements, 0x00280004));
  if (secondary && !placed) return no('capture');
  if (modality === '' || !gray) return no(secondary || !gray ? 'capture' : 'not_volume');
  if (!VOLUMES.has(sopClass) && sopClass.startsWith('1.2.840.10008.') && !secondary) return no('not_volume');
  const shared = frames[0] as Frame;
  return {
    file,
    path,
    series: textOf(elements, 0x0020000e),
    study: textOf(elements, 0x0020000d),
    description: textOf(elements, 0x0008103e),
    modality,
    bodyPart: textOf(elements, 0x00180015),
    rows: wordOf(elements, 0x00280010, little),
    columns: wordOf(elements, 0x00280011, little),
    spacing: shared.spacing,
    frames: frames.length,
    depths: frames.flatMap(({ position, orientation }) =>
      position && orientation ? [depth(position, orientation)] : [],
    ),
    direction: (shared.orientation ?? []).map((part) => part.toFixed(3)).join(' '),
    derived: secondary || words.some((word) => DERIVED.has(word)),
    compressed: opened.syntax.compressed ?? null,
    refused: opened.syntax.refused ?? false,
    face:
      textOf(elements, 0x00280302).toUpperCase() === 'YES' ||
      [0x00180015, 0x0008103e, 0x00081030, 0x00181030].some((tag) => HEADS.test(textOf(elements, tag))),
  };
}

interface Frame {
  position: number[] | null;
  orientation: number[] | null;
  spacing: [number, number] | null;
}

/** The bound of the server. */
const MOST_FRAMES = 20_000;

function framesOf({ elements }: DicomFile): Frame[] {
  const said = decimal(textOf(elements, 0x00280008).split('\\')[0] ?? '');
  const count = said !== null && said >= 1 && said <= MOST_FRAMES ? Math.floor(said) : 1;
  const perFrame = find(elements, 0x52009230)?.items ?? [];
  const shared = find(elements, 0x52009229)?.items?.[0] ?? [];
  const root = { items: elements };
  return Array.from({ length: count }, (_, n) => {
    /** An attribute of the frame's own group, else of the shared one, else of the image. */
    const read = (group: number, tag: number, length: number): number[] | null => {
      for (const of of [perFrame[n] ?? [], shared]) {
        const found = decimalsOf(find(of, group)?.items?.[0] ?? [], tag, length);
        if (found) return found;
      }
      return decimalsOf(root.items, tag, length);
    };
    const position = read(0x00209113, 0x00200032, 3);
    return {
      position: position && perFrame.length === 0 && n > 0 ? null : position,
      orientation: read(0x00209116, 0x00200037, 6),
      spacing: read(0x00289110, 0x00280030, 2) as [number, number] | null,
    };
  });
}

function depth([x = 0, y = 0, z = 0]: number[], [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0]: number[]): number {
  return x * (b * f - c * e) + y * (c * d - a * f) + z * (a * e - b * d);
}
