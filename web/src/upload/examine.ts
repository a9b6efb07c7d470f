// What a drop holds. In: its files. Out: the scans that could be sent, each by itself, and
// every other file with the reason why it is not. Files are told by their content; archives
// are opened, because the names of a patient are in them, too.

import { counted, type Dropped } from './collect';
import { openDicom } from './dicom/file';
import { Damaged } from './dicom/parse';
import { group, type Series } from './dicom/series';
import { type Slice, sliceOf } from './dicom/slice';
import { HEAD, type Kind, kindOf } from './kinds';
import { endingOf, isLitter, isSliceEnding, nameOf } from './names';
import { HEADER, type Header, lengthOf, readHeader } from './nifti/header';
import { type Looks, looksLike } from './nifti/values';
import { isSegmentation } from './nrrd';
import { peek } from './pack/gzip';
import { untar, unzip } from './pack/unpack';
import { Refused } from './refused';
import { niftiThumbnail, type Thumbnail } from './thumbnail';

export interface NiftiScan {
  is: 'nifti';
  path: string;
  file: Blob;
  gzip: boolean;
  header: Header;
  looks: Looks;
  thumbnail: Thumbnail | null;
}
export interface LabelScan {
  is: 'nrrd';
  path: string;
  file: Blob;
}
export interface SeriesScan {
  is: 'series';
  path: string;
  series: Series;
}
export type Scan = NiftiScan | LabelScan | SeriesScan;

export interface RefusedFile {
  path: string;
  code: string;
  values: Record<string, string | number>;
}

export interface Found {
  scans: Scan[];
  refused: RefusedFile[];
  /** Files that look like slices of a series and cannot be read: the scan may lack them. */
  lost: number;
}

/** How many files are read at a time. */
const TOGETHER = 8;

export async function examine(
  files: AsyncIterable<Dropped> | Iterable<Dropped>,
  read: (files: number) => void = () => {},
  signal?: AbortSignal,
): Promise<Found> {
  const look = new Look();
  let count = 0;
  const running = new Set<Promise<void>>();
  let failure: unknown = null;
  for await (const dropped of counted(files)) {
    signal?.throwIfAborted();
    if (isLitter(dropped.path) && !dropped.path.endsWith('/')) continue;
    const one: Promise<void> = look
      .file(dropped, false)
      .catch((error) => {
        failure ??= error;
      })
      .finally(() => {
        running.delete(one);
        read(++count);
      });
    running.add(one);
    if (running.size >= TOGETHER) await Promise.race(running);
    if (failure) throw failure;
  }
  await Promise.all(running);
  if (failure) throw failure;
  return look.found();
}

class Look {
  private readonly scans: Scan[] = [];
  private readonly slices: Slice[] = [];
  private readonly refused: RefusedFile[] = [];
  private readonly doubtful: RefusedFile[] = [];

  /** Looks at one file; inside says that it lies in an archive. */
  async file({ path, file }: Dropped, inside: boolean): Promise<void> {
    try {
      if (!file) throw new Refused('unreadable');
      await this.kind(path, file, inside);
    } catch (error) {
      if (error instanceof Damaged) this.doubt(path, error.message === 'truncated' ? 'cut' : 'damaged');
      else if (error instanceof Refused) this.refuse(path, error.code, error.values);
      // The browser lets a file go that was changed, moved or unplugged since.
      else if (error instanceof DOMException && error.name !== 'AbortError') this.doubt(path, 'unreadable');
      else throw error;
    }
  }

  private async kind(path: string, file: Blob, inside: boolean): Promise<void> {
    const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
    const kind = kindOf(head);
    switch (kind.is) {
      case 'dicom':
        return this.dicom(path, file);
      case 'nifti':
        return this.nifti(path, file, head, false);
      case 'nrrd':
        return this.nrrd(path, file);
      case 'zip':
        return this.archive(path, unzip(file), inside);
      case 'gzip':
        return this.gzip(path, file, inside);
      case 'tar':
        throw new Refused('tar');
      default:
        this.other(path, kind);
    }
  }

  private async dicom(path: string, file: Blob): Promise<void> {
    const slice = sliceOf(await openDicom(file), file, path);
    if (!('no' in slice)) this.slices.push(slice);
    else if (slice.no !== 'directory') this.refuse(path, slice.no, { modality: slice.modality || '?' });
  }

  private async nifti(path: string, file: Blob, head: Uint8Array, gzip: boolean): Promise<void> {
    const header = readHeader(head.subarray(0, HEADER));
    if (!gzip && file.size < lengthOf(header)) throw new Refused('truncated');
    const { slice, looks } = await sample(file, header, gzip);
    const thumbnail = slice && niftiThumbnail(header, slice, looks === 'CT');
    this.scans.push({ is: 'nifti', path, file, gzip, header, looks, thumbnail });
  }

  private async nrrd(path: string, file: Blob): Promise<void> {
    if (!(await isSegmentation(file))) throw new Refused('volume', { format: 'NRRD' });
    this.scans.push({ is: 'nrrd', path, file });
  }

  private async gzip(path: string, file: Blob, inside: boolean): Promise<void> {
    const head = await peek(file, HEAD);
    const kind = kindOf(head);
    if (kind.is === 'nifti') return this.nifti(path, file, head, true);
    if (kind.is === 'tar') return this.archive(path, untar(file), inside);
    throw new Refused(kind.is === 'other' && kind.why === 'pair' ? 'pair' : 'gzip_of', { format: 'gzip' });
  }

  private async archive(path: string, files: AsyncIterable<Dropped>, inside: boolean): Promise<void> {
    if (inside) throw new Refused('nested_archive');
    let count = 0;
    for await (const packed of files) {
      count++;
      await this.file({ path: `${path}/${packed.path}`, file: packed.file }, true);
    }
    if (count === 0) throw new Refused('empty_archive');
  }

  private other(path: string, kind: Kind & { is: 'other' }): void {
    const values = kind.format ? { format: kind.format } : {};
    // Files without their content, and what a transfer damaged, may have been slices.
    if (['empty', 'zeros', 'damaged'].includes(kind.why)) this.doubt(path, kind.why);
    else if (isSliceEnding(endingOf(path))) this.doubt(path, 'mistaken', { format: kind.format ?? '?' });
    else this.refuse(path, kind.why, values);
  }

  private refuse(path: string, code: string, values: Record<string, string | number> = {}): void {
    this.refused.push({ path, code, values });
  }

  private doubt(path: string, code: string, values: Record<string, string | number> = {}): void {
    this.doubtful.push({ path, code, values });
  }

  found(): Found {
    const { series, few } = group(this.slices);
    for (const { slices, count } of few) for (const { path } of slices) this.refuse(path, 'too_few_slices', { count });
    // As on the server: a file counts as a lost slice when its name ends as slices do, or as those found do.
    const endings = new Set(this.slices.map(({ path }) => endingOf(path)));
    const lost = this.doubtful.filter(
      ({ path, code }) =>
        ['damaged', 'cut', 'unreadable'].includes(code) || endings.has(endingOf(path)) || isSliceEnding(endingOf(path)),
    );
    const scans: Scan[] = [
      ...this.scans.sort((a, b) => (a.path < b.path ? -1 : 1)),
      ...series.map((one) => ({ is: 'series' as const, path: folderOf(one), series: one })),
    ];
    const refused = [...this.refused, ...this.doubtful].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { scans, refused, lost: series.length > 0 ? lost.length : 0 };
  }
}

/** What the person knows a series by: the folder or archive that holds it, else its first file. */
function folderOf({ slices }: Series): string {
  const [first = '', second] = (slices[0]?.path ?? '').split('/');
  return second === undefined && slices.length > 1 ? '' : nameOf(first);
}

/** How much of a scan is expanded to look at its values. */
const SAMPLE = 48 << 20;

/** The middle slice, where it lies near enough to the beginning, and what the values look like. */
async function sample(file: Blob, header: Header, gzip: boolean): Promise<{ slice: Uint8Array | null; looks: Looks }> {
  const plane = header.dims[0] * header.dims[1] * header.bytesPerVoxel;
  const middle = header.offset + Math.floor(header.dims[2] / 2) * plane;
  if (!gzip) {
    const slice = new Uint8Array(await file.slice(middle, middle + plane).arrayBuffer());
    const from = Math.max(header.offset, middle - Math.floor(SAMPLE / 4 / plane) * plane);
    const around = new Uint8Array(await file.slice(from, from + SAMPLE / 2).arrayBuffer());
    return { slice, looks: header.labels ? 'labels' : looksLike(header, around) };
  }
  const length = Math.min(SAMPLE, lengthOf(header));
  const bytes = await peek(file, length);
  const looks = header.labels ? 'labels' : looksLike(header, bytes.subarray(header.offset));
  const at = Math.min(middle, bytes.length - plane);
  return { slice: at >= header.offset ? bytes.subarray(at, at + plane) : null, looks };
}
