import { expect, it } from 'vitest';
import { colourIn, drawnIn, hiddenIn, opacityIn, START, VEIL, withVisible } from './state';
import type { Structure } from './structure';

const structure = (label: number, name: string, group: string, size: number, volume_ml: number): Structure => ({
  label,
  name,
  name_en: name,
  name_es: name,
  snomed: '',
  group,
  volume_ml,
  mesh_ml: volume_ml,
  surface_cm2: 1,
  partial: false,
  watertight: true,
  triangles: 10,
  colour: '#112233',
  low: [-size, -size, -size],
  high: [size, size, size],
});

const torso = [
  structure(1, 'skin', 'surface', 200, 1000),
  structure(2, 'fat', 'soft_tissue', 195, 9000),
  structure(3, 'liver', 'organs', 80, 1500),
  structure(4, 'bone', 'skeleton', 190, 1600),
];

it('hides what wraps the others at first, but for the outermost, which is a veil', () => {
  expect([...hiddenIn(START, torso)]).toEqual(['fat']);
  expect([...drawnIn(START, torso)]).toEqual(['skin', 'liver', 'bone']);
  expect(torso.map((s) => opacityIn(START, torso, s))).toEqual([VEIL, 1, 1, 1]);
});

it('hides nothing of a model of one structure, or of envelopes alone', () => {
  for (const model of [torso.slice(0, 1), torso.slice(0, 2)]) {
    expect(drawnIn(START, model).size).toBe(model.length);
    expect(model.map((s) => opacityIn(START, model, s))).toEqual(model.map(() => 1));
  }
});

it('shows the isolated structure whatever is hidden, solid even if it is the skin', () => {
  const alone = { ...START, hidden: ['skin'], isolated: 'skin' };
  expect([...drawnIn(alone, torso)]).toEqual(['skin']);
  expect(opacityIn(alone, torso, torso[0] as Structure)).toBe(1);
  expect(drawnIn({ ...START, isolated: 'heart' }, torso).size).toBe(3);
});

it('keeps what was hidden when one structure is shown, and leaves isolation', () => {
  const shown = withVisible({ ...START, isolated: 'liver' }, torso, ['fat'], true);
  expect(shown.hidden).toEqual([]);
  expect(shown.isolated).toBeNull();
  expect(withVisible(shown, torso, ['bone', 'liver'], false).hidden).toEqual(['bone', 'liver']);
});

it('takes no colour or opacity from what every object has', () => {
  const odd = structure(5, 'constructor', 'organs', 20, 10);
  expect(colourIn(START, odd)).toBe('#112233');
  expect(opacityIn(START, [...torso, odd], odd)).toBe(1);
  expect(colourIn({ ...START, palette: 'safe' }, odd)).toMatch(/^#[0-9a-f]{6}$/);
  expect(colourIn({ ...START, palette: 'safe', colours: { constructor: '#abcdef' } }, odd)).toBe('#abcdef');
});
