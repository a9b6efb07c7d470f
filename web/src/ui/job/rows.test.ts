// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { table } from '../../anatomy/table';
import { csvOf, eyeOf, presetOf, type Row, rowsOf, searched, sectionsOf, sorted } from './rows';

const structure = (name: string, volume_ml: number, label = 1) => ({
  label,
  name,
  volume_ml,
  mesh_ml: volume_ml,
  surface_cm2: volume_ml / 2,
  partial: name === 'liver',
  watertight: true,
});
const NAMES = [
  'rib_left_10',
  'rib_left_4',
  'liver',
  'kidney_left',
  'kidney_right',
  'aorta',
  'vertebrae_L1',
  'brain',
  'my_own',
];
const job = { structures: NAMES.map((name, i) => structure(name, 10 * (i + 1), i + 1)) };
const rows = rowsOf({ job, measured: [], model: [], table }, 'es');
const names = (some: readonly Row[]) => some.map((row) => row.name);

it('orders by group and, within one, as people count', () => {
  expect(names(rows)).toEqual([
    'liver',
    'kidney_right',
    'kidney_left',
    'aorta',
    'brain',
    'vertebrae_L1',
    'rib_left_4',
    'rib_left_10',
    'my_own',
  ]);
  expect(sectionsOf(rows).map(({ group, volume }) => [group, volume])).toEqual([
    ['organs', 30 + 40 + 50],
    ['vessels', 60],
    ['nervous_system', 80],
    ['spine', 70],
    ['ribs', 30],
    ['other', 90],
  ]);
});

it('takes names, group and measurements from wherever they are known', () => {
  const measured = [
    {
      ...structure('tumour', 3),
      name_en: 'Tumour',
      name_es: 'Tumor',
      group: 'organs',
      components: 2,
      hu: { mean: 40, sd: 9 },
    },
  ];
  const [row] = rowsOf({ job: { structures: [structure('tumour', 4)] }, measured, model: [], table }, 'es');
  expect(row).toMatchObject({
    title: 'Tumor',
    also: 'Tumour',
    group: 'organs',
    volume: 4,
    pieces: 2,
    hu: { mean: 40 },
  });
});

it('pairs the two sides only where both are there', () => {
  const pair = (name: string) => rows.find((row) => row.name === name)?.pair;
  expect([pair('kidney_left'), pair('kidney_right'), pair('rib_left_4'), pair('liver')]).toEqual([
    'kidney_right',
    'kidney_left',
    null,
    null,
  ]);
});

describe('searched', () => {
  it.each([
    ['higado', ['liver']],
    ['HÍGADO', ['liver']],
    ['liver', ['liver']],
    ['hepar', ['liver']],
    ['riñon izq', ['kidney_left']],
    ['ren', ['kidney_right', 'kidney_left']],
    ['kidney left', ['kidney_left']],
    ['left kidney', ['kidney_left']],
    ['costa 4', ['rib_left_4']],
    ['rib_left_1', ['rib_left_10']],
    ['L1', ['vertebrae_L1']],
    ['own', ['my_own']],
    ['iver', []],
    ['(', []],
    ['  ', names(rows)],
  ])('%s', (query, want) => expect(names(searched(rows, query))).toEqual(want));
});

it('presets and eyes', () => {
  expect(presetOf(rows, 'bones')).toEqual(['vertebrae_L1', 'rib_left_4', 'rib_left_10']);
  expect(presetOf(rows, 'vessels')).toEqual(['aorta']);
  expect(presetOf(rows, 'all')).toHaveLength(rows.length);
  expect(eyeOf(['a', 'b'], new Set())).toBe('all');
  expect(eyeOf(['a', 'b'], new Set(['b']))).toBe('some');
  expect(eyeOf(['a', 'b'], new Set(['a', 'b', 'c']))).toBe('none');
});

it('sorts by a column, and what has no value last', () => {
  const mixed = rows.map((row) => (row.name === 'brain' ? { ...row, volume: null } : row));
  expect(names(sorted(mixed, 'volume', true, 'es')).slice(0, 2)).toEqual(['my_own', 'vertebrae_L1']);
  expect(sorted(mixed, 'volume', true, 'es').at(-1)?.name).toBe('brain');
  expect(sorted(mixed, 'volume', false, 'es').at(-1)?.name).toBe('brain');
});

it('writes CSV that no spreadsheet takes for a formula', () => {
  const [row] = rowsOf(
    { job: { structures: [structure('=cmd("x"),1', 1.23456)] }, measured: [], model: [], table },
    'en',
  );
  expect(row && csvOf([row], ['name', 'a, b'])).toBe(
    `name,"a, b"\r\n"'=cmd(""x""),1","'=cmd(""x""),1",,other,1.235,0.617,,,false\r\n`,
  );
});
