// What a file is by its first bytes, with the signatures of the server's internal/volume/magic.
// In: the first bytes. Out: a Kind. Why a file cannot be used is a word of Why, for which
// the page has a sentence; Format is a proper name within it, the same in every language.

import { sniffDicom } from './dicom/sniff';
import { latin, trim } from './text';

export type Why =
  | 'empty'
  | 'zeros'
  | 'packed'
  | 'tar'
  | 'pair'
  | 'volume'
  | 'picture'
  | 'document'
  | 'program'
  | 'model'
  | 'webpage'
  | 'pointer'
  | 'text'
  | 'damaged'
  | 'unknown';

export type Kind =
  | { is: 'dicom' | 'nifti' | 'nrrd' | 'zip' | 'gzip' | 'tar' }
  | { is: 'other'; why: Why; format?: string };

/** How many bytes kindOf wants to see. Fewer are judged as they are. */
export const HEAD = 4096;

type Signature = [begins: string, at: number, why: Why, format?: string];

/** Signatures of files that are not text, the longer before the shorter. */
const SIGNATURES: Signature[] = [
  ['Rar!\x1a\x07', 0, 'packed', 'RAR'],
  ['7z\xbc\xaf\x27\x1c', 0, 'packed', '7-Zip'],
  ['BZh', 0, 'packed', 'bzip2'],
  ['\xfd7zXZ\0', 0, 'packed', 'xz'],
  ['\x28\xb5\x2f\xfd', 0, 'packed', 'Zstandard'],
  ['\x04\x22\x4d\x18', 0, 'packed', 'LZ4'],
  ['LZIP', 0, 'packed', 'lzip'],
  ['\x5d\0\0', 0, 'packed', 'LZMA'],
  ['\x1f\x9d', 0, 'packed', 'Unix compress (.Z)'],
  ['PK\x07\x08', 0, 'packed', 'zip'],
  ['xar!', 0, 'packed', 'XAR'],
  ['**ACE**', 7, 'packed', 'ACE'],
  ['-lh', 2, 'packed', 'LHA'],
  ['07070', 0, 'packed', 'cpio'],
  ['!<arch>\n', 0, 'packed', 'ar'],
  ['MSCF', 0, 'packed', 'CAB'],
  ['\x89HDF\r\n\x1a\n', 0, 'volume', 'HDF5 / MINC 2'],
  ['CDF\x01', 0, 'volume', 'NetCDF / MINC'],
  ['CDF\x02', 0, 'volume', 'NetCDF'],
  ['\0\0\0\x01\0\0', 0, 'volume', 'MGH (FreeSurfer)'],
  ['MATRIX7', 0, 'volume', 'ECAT 7'],
  ['\x93NUMPY', 0, 'volume', 'NumPy'],
  ['MATLAB 5.0', 0, 'volume', 'MATLAB'],
  ['# vtk DataFile', 0, 'volume', 'VTK'],
  ['%PDF', 0, 'document', 'PDF'],
  ['\x89PNG', 0, 'picture', 'PNG'],
  ['\xff\xd8\xff', 0, 'picture', 'JPEG'],
  ['\0\0\0\x0cjP  ', 0, 'picture', 'JPEG 2000'],
  ['\xff\x4f\xff\x51', 0, 'picture', 'JPEG 2000'],
  ['GIF8', 0, 'picture', 'GIF'],
  ['BM', 0, 'picture', 'BMP'],
  ['II*\0', 0, 'picture', 'TIFF'],
  ['MM\0*', 0, 'picture', 'TIFF'],
  ['RIFF', 0, 'picture', 'RIFF / WebP'],
  ['ftyp', 4, 'picture', 'MP4 / HEIC'],
  ['glTF', 0, 'model', 'GLB'],
  ['ply\n', 0, 'model', 'PLY'],
  ['\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 0, 'document', 'Office'],
  ['SQLite format 3\0', 0, 'document', 'SQLite'],
  ['\x7fELF', 0, 'program'],
  ['\xcf\xfa\xed\xfe', 0, 'program'],
  ['\xca\xfe\xba\xbe', 0, 'program'],
  ['MZ', 0, 'program'],
];

/** Signatures of files of text, in lower case. */
const TEXTS: Signature[] = [
  ['version https://git-lfs.github.com/', 0, 'pointer', 'Git LFS'],
  ['/annex/objects/', 0, 'pointer', 'git-annex'],
  ['.git/annex/objects/', 0, 'pointer', 'git-annex'],
  ['../.git/annex/objects/', 0, 'pointer', 'git-annex'],
  ['objecttype', 0, 'volume', 'MetaImage'],
  ['# === data description file', 0, 'volume', 'Philips PAR/REC'],
  ['# vtk datafile', 0, 'volume', 'VTK'],
  ['<vtkfile', 0, 'volume', 'VTK'],
  ['<!doctype html', 0, 'webpage'],
  ['<html', 0, 'webpage'],
  ['<?xml', 0, 'document', 'XML'],
  ['{\\rtf', 0, 'document', 'RTF'],
  ['{', 0, 'document', 'JSON'],
  ['solid ', 0, 'model', 'STL'],
];

const ZIPS = ['PK\x03\x04', 'PK\x05\x06', 'PK00PK\x03\x04', 'PK\x07\x08PK\x03\x04'];

export function kindOf(head: Uint8Array): Kind {
  // DICOM comes first: the 128 bytes before its mark may be those of any other kind.
  const dicom = sniffDicom(head);
  if (dicom === 'dicom' || dicom === 'bare') return { is: 'dicom' };
  if (head.length === 0) return { is: 'other', why: 'empty' };
  if (head.every((byte) => byte === 0)) return { is: 'other', why: 'zeros' };
  const begin = latin(head, 0, 16);
  if (ZIPS.some((zip) => begin.startsWith(zip))) return zipOf(head, begin);
  if (begin.startsWith('\x1f\x8b')) return { is: 'gzip' };
  if (isTarHeader(head)) return { is: 'tar' };
  const nifti = niftiOf(head);
  if (nifti) return nifti;
  if (begin.startsWith('NRRD0')) return { is: 'nrrd' };
  const text = isText(head);
  for (const [begins, at, why, format] of SIGNATURES) {
    if (text && begins.length < 3) continue; // two letters are a word's, too
    if (latin(head, at, at + begins.length) === begins) return { is: 'other', why, ...(format && { format }) };
  }
  const named = textOf(head);
  if (text) return named ?? { is: 'other', why: 'text' };
  // Volumes whose header is text and whose voxels follow it.
  if (named?.is === 'other' && named.why === 'volume') return named;
  return { is: 'other', why: dicom === 'damaged' ? 'damaged' : 'unknown' };
}

/** Documents in the form of zip archives are known by the name of their first entry. */
function zipOf(head: Uint8Array, begin: string): Kind {
  const at = begin.indexOf('PK\x03\x04');
  if (at < 0) return { is: 'zip' };
  const name = latin(head, at + 30, at + 30 + ((head[at + 26] ?? 0) | ((head[at + 27] ?? 0) << 8)));
  if (name === '[Content_Types].xml' || name.startsWith('_rels/'))
    return { is: 'other', why: 'document', format: 'Office' };
  if (name === 'mimetype') return { is: 'other', why: 'document', format: 'OpenDocument' };
  return { is: 'zip' };
}

/** Says whether bytes begin with the header of a tar archive's member, by its checksum. */
export function isTarHeader(bytes: Uint8Array): boolean {
  if (bytes.length < 512) return false;
  const text = trim(latin(bytes, 148, 156), ' \0');
  if (!/^[0-7]+$/.test(text)) return false;
  let unsigned = 0;
  let signed = 0; // old programs added the bytes as signed ones
  for (let at = 0; at < 512; at++) {
    const byte = at >= 148 && at < 156 ? 32 : (bytes[at] ?? 0);
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const want = Number.parseInt(text, 8);
  return want === unsigned || want === signed;
}

/** NIfTI by its magic or, in either byte order, by its own size in its first field. */
function niftiOf(head: Uint8Array): Kind | null {
  if (head.length < 8) return null;
  const pair = latin(head, 344, 348) === 'ni1\0' || latin(head, 4, 8) === 'ni2\0';
  if (pair) return { is: 'other', why: 'pair', format: 'NIfTI .hdr/.img' };
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const sizes = [view.getUint32(0, true), view.getUint32(0, false)];
  return sizes.includes(348) || sizes.includes(540) ? { is: 'nifti' } : null;
}

/** No control characters but those of lines, or two bytes a character. */
function isText(head: Uint8Array): boolean {
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return true;
  return textual(head) === head.length;
}

function textual(head: Uint8Array): number {
  const control = head.findIndex((byte) => byte === 0x7f || (byte < 32 && byte !== 27 && (byte < 9 || byte > 13)));
  return control < 0 ? head.length : control;
}

function textOf(head: Uint8Array): Kind | null {
  const lower = latin(head, 0, Math.min(textual(head), 300))
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase();
  for (const [begins, , why, format] of TEXTS) {
    if (lower.startsWith(begins)) return { is: 'other', why, ...(format && { format }) };
  }
  if (lower.includes('ndims = ') || lower.includes('elementtype = '))
    return { is: 'other', why: 'volume', format: 'MetaImage' };
  return null;
}
