// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { names } from '../../scripts/names.mjs';
import { folded, otherSide, prettified, titleOf } from './names';
import rows from './names.json' with { type: 'json' };
import { table } from './table';

it('has the names that the model servers answer with (node scripts/names.mjs)', () => {
  expect(rows).toEqual(names());
});

it('has Latin words for every class of the models', () => {
  expect(Object.keys(rows).filter((name) => table.latinOf(name) === '')).toEqual([]);
  for (const name of ['skin', 'fat', 'muscle', 'bone', 'lung_left', 'airway'])
    expect(table.latinOf(name), name).not.toBe('');
});

describe('titleOf', () => {
  it.each([
    [{ name: 'liver', name_en: 'Liver', name_es: 'Hígado' }, 'Liver', 'Hígado'],
    [{ name: 'kidney_left', name_en: '', name_es: '' }, 'Left kidney', 'Riñón izquierdo'],
    [{ name: 'Kidney Left' }, 'Left kidney', 'Riñón izquierdo'],
    [{ name: 'kidney_left', name_en: 'kidney_left', name_es: 'kidney_left' }, 'Left kidney', 'Riñón izquierdo'],
    [{ name: 'my_own_thing' }, 'My own thing', 'My own thing'],
    [{ name: 'x', name_en: 'Only English' }, 'Only English', 'Only English'],
    [{ name: 'constructor' }, 'Constructor', 'Constructor'],
    [{ name: '__proto__' }, 'Proto', 'Proto'],
    [{ name: '___' }, '___', '___'],
  ])('%j', (s, en, es) => {
    expect(titleOf(s, 'en', table)).toBe(en);
    expect(titleOf(s, 'es', table)).toBe(es);
  });
});

it.each([
  ['kidney_left', 'kidney_right'],
  ['rib_right_4', 'rib_left_4'],
  ['Left Lung', 'Right Lung'],
  ['left', 'right'],
  ['liver', null],
  ['cleft_palate', null],
  ['bright_spot', null],
])('the other side of %s is %s', (name, want) => {
  expect(otherSide(name)).toBe(want);
  if (want) expect(otherSide(want)).toBe(name);
});

it('every class with a side has the other one in the table, but for what there is one of', () => {
  const lone = Object.keys(rows).filter((name) => {
    const other = otherSide(name);
    return other !== null && !(other in rows);
  });
  expect(lone).toEqual(['atrial_appendage_left', 'lung_middle_lobe_right']);
});

it('folds accents and cases, and keeps the letters', () => {
  expect(folded('Riñón DERECHO')).toBe('rinon derecho');
  expect(prettified('lung_upper_lobe_left')).toBe('Lung upper lobe left');
  expect(table.known('nothing')).toBeNull();
});
