// A small grey picture of the middle slice. In: a series or a NIfTI file. Out: pixels for a
// canvas; null where the pixels are compressed or cannot be read, which is no fault.

import { openDicom } from './dicom/file';
import type { Series } from './dicom/series';
import { decimalsOf, textOf, wordOf } from './dicom/value';
import type { Header } from './nifti/header';
import { voxels } from './nifti/values';

export interface Thumbnail {
  width: number;
  height: number;
  /** One byte a pixel. */
  gray: Uint8ClampedArray;
}

/** Pixels along the longer side. */
const LONGEST = 112;

export async function seriesThumbnail({ slices }: Series): Promise<Thumbnail | null> {
  const slice = slices.toSorted((a, b) => (a.depths[0] ?? 0) - (b.depths[0] ?? 0))[slices.length >> 1];
  if (!slice || slice.compressed) return null;
  const opened = await openDicom(slice.file);
  const { elements, encoding, pixels, body } = opened;
  const { rows, columns } = slice;
  const bits = wordOf(elements, 0x00280100, encoding.little);
  if (!pixels || pixels.length === null || (bits !== 8 && bits !== 16)) return null;
  const size = rows * columns * (bits / 8);
  const from = pixels.at + Math.floor(slice.frames / 2) * size;
  if (size === 0 || from + size > pixels.at + pixels.length) return null;
  const view = new DataView(await body.slice(from, from + size).arrayBuffer());
  const little = encoding.little && !opened.syntax.bigPixels;
  const signed = wordOf(elements, 0x00280103, encoding.little) === 1;
  const slope = decimalsOf(elements, 0x00281053, 1)?.[0] || 1;
  const intercept = decimalsOf(elements, 0x00281052, 1)?.[0] ?? 0;
  const at = (n: number) => {
    if (bits === 8) return view.getUint8(n);
    return signed ? view.getInt16(2 * n, little) : view.getUint16(2 * n, little);
  };
  const inverse = textOf(elements, 0x00280004) === 'MONOCHROME1';
  const value = (x: number, y: number) => (at(y * columns + x) * slope + intercept) * (inverse ? -1 : 1);
  const [down, across] = slice.spacing ?? [1, 1];
  return draw(columns, rows, across, down, value, slice.modality === 'CT' && !inverse);
}

/** The middle slice of a volume, of which a part is given that holds it. */
export function niftiThumbnail(header: Header, slice: Uint8Array, isCT: boolean): Thumbnail | null {
  const [columns, rows] = header.dims;
  const list = Float32Array.from(voxels(header, slice, 1));
  if (list.length < columns * rows) return null;
  // Rows run from the back to the front in most files: the patient's front is up.
  const value = (x: number, y: number) => list[(rows - 1 - y) * columns + x] ?? 0;
  return draw(columns, rows, header.spacing[0], header.spacing[1], value, isCT);
}

function draw(
  columns: number,
  rows: number,
  across: number,
  down: number,
  value: (x: number, y: number) => number,
  isCT: boolean,
): Thumbnail | null {
  const [wide, high] = [columns * (across || 1), rows * (down || 1)];
  const scale = LONGEST / Math.max(wide, high);
  const width = Math.max(1, Math.min(LONGEST, Math.round(wide * scale)));
  const height = Math.max(1, Math.min(LONGEST, Math.round(high * scale)));
  const picked = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      picked[y * width + x] = value(Math.floor((x * columns) / width), Math.floor((y * rows) / height));
    }
  }
  const sorted = picked.toSorted();
  // Soft tissue for a CT, and what is between the extremes for anything else.
  const low = isCT ? -200 : (sorted[Math.floor(sorted.length * 0.02)] ?? 0);
  const high99 = isCT ? 300 : (sorted[Math.floor(sorted.length * 0.99)] ?? 1);
  if (!(high99 > low)) return null;
  const gray = Uint8ClampedArray.from(picked, (v) => (255 * (v - low)) / (high99 - low));
  return { width, height, gray };
}
