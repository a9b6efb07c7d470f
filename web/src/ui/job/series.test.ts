// @vitest-environment node
import { expect, it } from 'vitest';
import { seriesIn } from './series';

const BEGIN = 'the upload holds 3 series, and it is not clear which one is meant: ';
const END = '. Choose one, for example with series=2';
const plain = { derived: false, loose: false };

it('reads the list of a rejection', () => {
  const list =
    'series=1: CT, 8 slices, 5.00 mm apart; series=2: MR, 120 slices, 0.75 mm apart, derived from other images; series=3: CT, 2 slices, no stack of slices';
  expect(seriesIn(BEGIN + list + END)).toEqual({
    series: [
      { ...plain, number: 1, modality: 'CT', slices: 8, apart: 5 },
      { ...plain, number: 2, modality: 'MR', slices: 120, apart: 0.75, derived: true },
      { ...plain, number: 3, modality: 'CT', slices: 2, apart: null, loose: true },
    ],
    more: false,
  });
});

it('knows that a list is cut', () => {
  expect(seriesIn(`${BEGIN}series=1: CT, 8 slices; and 12 more${END}`)).toMatchObject({
    series: [{ number: 1 }],
    more: true,
  });
});

it.each(['', 'the words were changed', 'series=x: CT', 'series=2', `${'series=1: '.repeat(5000)}`])(
  'reads no series in %.40s',
  (message) => {
    expect(seriesIn(message).series).toEqual([]);
  },
);
