// Segmentations in NRRD, as 3D Slicer saves them. The service takes NRRD for label maps only.
// Comments and the fields that Slicer does not need to name its segments are left out.

import { Refused } from './refused';
import { bytesOf, latin } from './text';

/** The most bytes of a header. */
const LONGEST = 1 << 20;

async function headerOf(file: Blob): Promise<{ lines: string[]; end: number }> {
  const text = latin(new Uint8Array(await file.slice(0, LONGEST).arrayBuffer()));
  const blank = /\r?\n\r?\n/.exec(text);
  if (!blank) throw new Refused('bad_header');
  return { lines: text.slice(0, blank.index).split(/\r?\n/), end: blank.index + blank[0].length };
}

export async function isSegmentation(file: Blob): Promise<boolean> {
  const { lines } = await headerOf(file);
  return lines.some((line) => /^Segment\d+_/.test(line));
}

/** Fields of the format itself, which hold no free text. */
const FIELDS =
  /^(type|dimension|space|sizes|space directions|kinds|endian|encoding|space origin|spacings|line skip|byte skip|space dimension|measurement frame): /i;
/** What the names of segments need (internal/volume/nrrd/segments.go). */
const SEGMENTS = /^Segment\d+_(ID|Name|LabelValue|Layer|Color|DefaultColor|Extent):=/;

export async function blankNrrd(file: Blob): Promise<{ file: Blob; found: string[] }> {
  const { lines, end } = await headerOf(file);
  const detached = lines.find((line) => /^data ?file:/i.test(line));
  if (detached) throw new Refused('pair', { format: 'NRRD .nhdr' });
  const kept = lines.filter((line, n) => n === 0 || FIELDS.test(line) || SEGMENTS.test(line));
  if (kept.length === lines.length) return { file, found: [] };
  return { file: new Blob([bytesOf(`${kept.join('\n')}\n\n`), file.slice(end)]), found: ['texts'] };
}
