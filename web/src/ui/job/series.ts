/** A series of an upload, as the rejection multiple_series lists it (internal/volume/dicom/series/listing.go). */
export interface Series {
  number: number;
  modality: string;
  slices: number;
  /** Millimetres between slices; null where it is not told. */
  apart: number | null;
  derived: boolean;
  /** Its slices are no volume. */
  loose: boolean;
}

const LINE = /\bseries=(\d{1,5}): (\w{1,16}), (\d{1,6}) slices(.*)/;
const APART = /, (\d+\.\d+) mm apart/;

/** The series in the message of a rejection, and whether it says that there are more; none where it is written otherwise. */
export function seriesIn(message: string): { series: Series[]; more: boolean } {
  const series: Series[] = [];
  for (const line of message.split('; ')) {
    const [, number, modality = '', slices, rest = ''] = LINE.exec(line) ?? [];
    if (number === undefined) continue;
    const apart = APART.exec(rest)?.[1];
    series.push({
      number: Number(number),
      modality,
      slices: Number(slices),
      apart: apart === undefined ? null : Number(apart),
      derived: rest.includes(', derived from'),
      loose: rest.includes(', no stack'),
    });
  }
  return { series, more: /; and \d+ more\b/.test(message) };
}
