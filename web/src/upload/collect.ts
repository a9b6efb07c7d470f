// The files of a drop or of a picker, with their paths. Folders are walked to their ends:
// a browser gives the entries of a folder a hundred at a time.

import { Refused } from './refused';

export interface Dropped {
  path: string;
  /** Null where the browser could not read it. */
  file: Blob | null;
}

/** The server's bound for an archive, and ours for a drop. */
export const MOST_FILES = 20_000;

/** Files of an input. Their order is the browser's. */
export function* fromInput(files: Iterable<File>): Generator<Dropped> {
  for (const file of files) yield { path: file.webkitRelativePath || file.name, file };
}

/** Files of a drop. To be called within the event: afterwards the browser has forgotten them. */
export function fromDrop(data: DataTransfer): AsyncGenerator<Dropped> {
  const entries: (FileSystemEntry | File)[] = [];
  for (const item of data.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.() ?? item.getAsFile();
    if (entry) entries.push(entry);
  }
  return walk(entries);
}

async function* walk(entries: (FileSystemEntry | File)[]): AsyncGenerator<Dropped> {
  for (const entry of entries) {
    if (entry instanceof File) yield { path: entry.name, file: entry };
    else yield* inside(entry);
  }
}

/** Deeper folders are a loop of links. */
const DEEPEST = 64;

async function* inside(entry: FileSystemEntry, depth = 0): AsyncGenerator<Dropped> {
  const path = entry.fullPath.replace(/^\//, '');
  if (entry.isFile) {
    yield { path, file: await fileOf(entry as FileSystemFileEntry) };
    return;
  }
  if (depth > DEEPEST) return;
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    let some: FileSystemEntry[];
    try {
      some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    } catch {
      yield { path: `${path}/`, file: null };
      return;
    }
    if (some.length === 0) return;
    for (const one of some) yield* inside(one, depth + 1);
  }
}

const fileOf = (entry: FileSystemFileEntry) =>
  new Promise<File | null>((resolve) => entry.file(resolve, () => resolve(null)));

/** Passes files on, and refuses more than a scan can have. */
export async function* counted(files: AsyncIterable<Dropped> | Iterable<Dropped>): AsyncGenerator<Dropped> {
  let count = 0;
  for await (const dropped of files) {
    if (++count > MOST_FILES) throw new Refused('too_many_files', { limit: MOST_FILES });
    yield dropped;
  }
}
