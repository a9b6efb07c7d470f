import { ANGLE } from './camera';

/** A bar of a round length that takes no more than some pixels. */
export interface Bar {
  mm: number;
  pixels: number;
}

/** The scale bar for what lies at the camera's target: 1, 2 or 5 times a power of ten millimetres. */
export function bar(distance: number, height: number, most: number): Bar {
  const perMM = height / (2 * distance * Math.tan(ANGLE / 2));
  const power = 10 ** Math.floor(Math.log10(most / perMM));
  const step = [5, 2, 1].find((n) => n * power * perMM <= most) ?? 1;
  // Powers below one are rounded, so that 0.1 + 0.2 never shows.
  const mm = Number((step * power).toPrecision(1));
  return { mm, pixels: mm * perMM };
}
