// What the name of a file says: whether it is litter, and its ending. The same rules as
// the server's (internal/volume/drop), checked by the same table.

/** Files that operating systems, file servers and hospital CDs leave, by whole name in upper case. */
const LITTER = new Set([
  ...['DICOMDIR', 'AUTORUN.INF', 'DESKTOP.INI', 'THUMBS.DB', 'EHTHUMBS.DB', 'EHTHUMBS_VISTA.DB'],
  ...['FOLDER.HTT', 'ICON\r', 'LOST+FOUND', '$RECYCLE.BIN'],
]);

/** Folders that hold nothing but litter, by name in upper case. */
const LITTER_FOLDERS = new Set([
  ...['__MACOSX', '$RECYCLE.BIN', 'RECYCLER', 'SYSTEM VOLUME INFORMATION', 'LOST+FOUND', '@EADIR', '#RECYCLE'],
  ...['.APPLEDOUBLE', '.TRASHES', '.TRASH', '.SPOTLIGHT-V100', '.FSEVENTSD', '.TEMPORARYITEMS'],
  ...['.DOCUMENTREVISIONS-V100', '.THUMBNAILS', '.GIT', '.SVN', '.HG', '.DATALAD', '.IPYNB_CHECKPOINTS'],
]);

/** Beginnings of litter: AppleDouble, locks of Office, manuals, streams of Windows. */
const LITTER_BEGINS = ['._', '~$', 'README', 'THUMBS.DB:'];

/** Endings that only slices have. */
const SLICES = new Set(['dcm', 'dicom', 'dic', 'dc3', 'dcm30', 'ima', 'acr']);

/** Endings of other scans and of archives. */
const SCANS = new Set(['nii', 'gz', 'zip', 'tgz', 'tar']);

/** Says whether a path is of a file that systems and viewers leave: never an image, so nobody is told of it. */
export function isLitter(path: string): boolean {
  const parts = path.replaceAll('\\', '/').split('/');
  const name = plain(parts.pop() ?? '').toUpperCase();
  if (parts.some((folder) => LITTER_FOLDERS.has(folder.toUpperCase()))) return true;
  if (name === '' || LITTER.has(name) || LITTER_BEGINS.some((begin) => name.startsWith(begin))) return true;
  // Hidden files are settings, unless one has the ending of a scan.
  return name.startsWith('.') && !SLICES.has(endingOf(name)) && !SCANS.has(endingOf(name));
}

/** A name without the version that ISO 9660 puts at its end, and without a final dot. */
const plain = (name: string) => name.replace(/;\d*$/, '').replace(/\.$/, '');

/** A longer text after the last dot is no ending. */
const LONGEST_ENDING = 8;

/** The ending of a path's name, in lower case without its dot; '' where a slice has a number or nothing there. */
export function endingOf(path: string): string {
  const name = plain(nameOf(path));
  const at = name.lastIndexOf('.');
  const ending = name.slice(at + 1).toLowerCase();
  if (at < 0 || ending.length > LONGEST_ENDING || /^\d*$/.test(ending)) return '';
  return ending;
}

export const isSliceEnding = (ending: string) => SLICES.has(ending);

/** The last name of a path. */
export const nameOf = (path: string) => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
