// What the page shows of a scan before it is sent, and whether it has to be asked about.

import type { RefusedFile, Scan } from './examine';
import { nameOf } from './names';
import type { Thumbnail } from './thumbnail';

export interface Shape {
  dims: [number, number, number];
  spacing: [number, number, number] | null;
  /** CT, MR, PT, or labels; null where the file does not say it. */
  modality: string | null;
}

/** One scan among several of a drop, to choose from. */
export interface Offer {
  key: number;
  name: string;
  shape: Shape | null;
  thumbnail: Thumbnail | null;
  doubts: string[];
  /** What a sentence about a doubt names. */
  values: Record<string, string | number>;
  bytes: number;
  /** What the service would take itself. */
  best: boolean;
}

/** Doubts after which the service would refuse the scan, or make another one than was meant. */
const GRAVE = new Set(['compressed', 'no_places', 'mixed']);
export const hasDoubt = ({ doubts }: Offer) => doubts.some((doubt) => GRAVE.has(doubt));

export async function offer(scan: Scan, key: number): Promise<Offer> {
  const name = nameOf(scan.path);
  if (scan.is === 'series') {
    const { series } = scan;
    const { seriesThumbnail } = await import('./thumbnail');
    const { dims, spacing, modality, doubts, description, bytes, compressed, rank } = series;
    return {
      ...{ key, doubts, bytes, shape: { dims, spacing, modality }, best: rank === 0 },
      name: [name, description].filter((part) => part !== '').join(' · ') || modality,
      thumbnail: await seriesThumbnail(series).catch(() => null),
      values: compressed ? { format: compressed } : {},
    };
  }
  const bare = { key, name, values: {}, bytes: scan.file.size, best: true };
  if (scan.is === 'nrrd') return { ...bare, shape: null, thumbnail: null, doubts: ['labels'] };
  const { header, looks, thumbnail } = scan;
  const { dims, spacing } = header;
  const modality = looks === 'other' ? null : looks;
  const doubts = [
    ...header.doubts,
    ...(looks === 'labels' ? ['labels'] : []),
    ...(mayBeHead(dims, spacing) ? ['face'] : []),
  ];
  return { ...bare, shape: { dims, spacing, modality }, thumbnail, doubts };
}

/** A field of view of a head's size: NIfTI does not say which part of the body it holds. */
function mayBeHead(dims: number[], spacing: number[]): boolean {
  const sizes = dims.map((n, axis) => n * (spacing[axis] ?? 0));
  return sizes.every((mm) => mm >= 120 && mm <= 290);
}

export const leftOut = ({ name }: Offer): RefusedFile => ({ path: name, code: 'left_out', values: {} });

export const shapeText = (shape: Shape | null): string =>
  shape ? [shape.dims.join(' × '), shape.modality].filter((part) => part !== null).join(' · ') : '';
