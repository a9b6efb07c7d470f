import { describe, expect, it } from 'vitest';
import { amount, bytes, clock, day, dollars, duration, millimetres, percent, spanOf, spread, whole } from './format';

describe('en and es', () => {
  it.each([
    [0.4, '0.4 s', '0,4 s'],
    [9.96, '10 s', '10 s'],
    [59.4, '59 s', '59 s'],
    [59.6, '1 min', '1 min'],
    [72, '1 min 12 s', '1 min 12 s'],
    [3599.7, '1 h', '1 h'],
    [7500, '2 h 5 min', '2 h 5 min'],
    [-3, '0 s', '0 s'],
  ])('duration %d', (seconds, en, es) => {
    expect(duration(seconds, 'en')).toBe(en);
    expect(duration(seconds, 'es')).toBe(es);
  });
  it.each([
    [1482.3, '1482', '1482'],
    [14823, '14,823', '14.823'],
    [21.44, '21.4', '21,4'],
    [0.123, '0.12', '0,12'],
  ])('amount %d', (value, en, es) => {
    expect(amount(value, 'en')).toBe(en);
    expect(amount(value, 'es')).toBe(es);
  });
});

it('counts, places and parts', () => {
  expect([whole(9999, 'es'), whole(14_823, 'en'), whole(-0.2, 'en')]).toEqual(['9999', '14,823', '0']);
  expect([millimetres(-12.46, 'es'), millimetres(0.703125, 'en', 2), millimetres(-0.2, 'es', 0)]).toEqual([
    '-12,5',
    '0.7',
    '0',
  ]);
  expect(percent(0.455)).toBe('46 %');
  expect(spread({ mean: -12.4, sd: 30.6 }, 'es')).toBe('-12 ± 31');
  expect(clock('2027-02-28T14:05:00', 'en')).toBe('14:05');
});

it.each([
  [41, 68, '41–68 s'],
  [110, 250, '2–4 min'],
  [0.2, 209, '1 s – 3 min'],
  [8, 8.3, '8 s'],
  [0.1, 0.4, 'less than 1 s'],
])('a stage of %d to %d s', (low_s, high_s, want) => {
  expect(spanOf({ median_s: low_s, low_s, high_s, jobs: 9 }, 'en')).toBe(want);
});

it('sizes, days and money', () => {
  expect(bytes(999, 'en')).toBe('999 B');
  expect(bytes(999_600, 'en')).toBe('1 MB');
  expect(bytes(2_553_587, 'es')).toBe('2,6 MB');
  expect(day('2027-02-28T12:00:00Z', 'en')).toBe('28 February 2027');
  expect(day('2027-02-28T12:00:00Z', 'es')).toBe('28 de febrero de 2027');
  expect(dollars(0.0123, 'en')).toBe('$0.0123');
  expect(dollars(1.5, 'en')).toBe('$1.50');
});
