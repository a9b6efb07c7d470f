// The bytes of a scan as they are sent, and what was taken out of them. In: a scan that the
// person chose. Out: one Blob, the same for the same scan in this browser.

import type { OptionsInput } from '../api/client';
import { deidentify } from './dicom/deidentify';
import { openDicom } from './dicom/file';
import type { Category, Removed } from './dicom/removed';
import type { Secret } from './dicom/secret';
import type { Scan, SeriesScan } from './examine';
import { type Blanked, blankNifti } from './nifti/blank';
import { blankNrrd } from './nrrd';
import { type Entry, zip } from './pack/zip';
import { Refused } from './refused';

export interface Prepared {
  file: Blob;
  /** A name whose ending says the kind. */
  as: string;
  options: OptionsInput;
  /** Attributes of DICOM files that were removed, by kind. */
  removed: [category: Category, attributes: number][];
  /** Fields of other files that were blanked. */
  blanked: (Blanked | 'texts')[];
}

/** The most that the service takes. */
const MOST_BYTES = 5 * 2 ** 30;

export interface Preparing {
  secret: Secret;
  /** False sends everything as it is. */
  anonymous: boolean;
  options?: OptionsInput;
  read?: (bytes: number) => void;
  signal?: AbortSignal;
}

export async function prepare(scan: Scan, how: Preparing): Promise<Prepared> {
  const made = await of(scan, how);
  if (made.file.size > MOST_BYTES) throw new Refused('too_large', { bytes: made.file.size });
  return made;
}

async function of(scan: Scan, { secret, anonymous, options = {}, read, signal }: Preparing): Promise<Prepared> {
  const plain = { removed: [], blanked: [], options };
  if (scan.is === 'series') {
    const removed: Removed = new Map();
    const file = await zip(entries(scan, anonymous ? secret : null, removed, signal), read, signal);
    const told = [...removed].map(([category, tags]) => [category, tags.size] as [Category, number]);
    return { ...plain, file, as: 'scan.zip', removed: told };
  }
  if (scan.is === 'nrrd') {
    const { file, found } = anonymous ? await blankNrrd(scan.file) : { file: scan.file, found: [] };
    return { ...plain, file, as: 'scan.nrrd', options: { ...options, task: 'labels' }, blanked: found as 'texts'[] };
  }
  const as = scan.gzip ? 'scan.nii.gz' : 'scan.nii';
  const labels = scan.looks === 'labels' ? { task: 'labels' } : {};
  if (!anonymous) return { ...plain, file: scan.file, as, options: { ...options, ...labels } };
  const { file, found } = await blankNifti(scan.file, scan.header, scan.gzip, read, signal);
  return { ...plain, file, as, options: { ...options, ...labels }, blanked: found };
}

async function* entries(
  { series }: SeriesScan,
  secret: Secret | null,
  removed: Removed,
  signal?: AbortSignal,
): AsyncGenerator<Entry> {
  for (const { file } of series.slices) {
    signal?.throwIfAborted();
    if (!secret) {
      yield { body: file };
      continue;
    }
    const { head, pixels } = await deidentify(await openDicom(file), secret, removed);
    yield { head, body: pixels };
  }
}
