// @vitest-environment node
import { expect, it } from 'vitest';
import { START, type ViewState } from '../../viewer/state';
import { begin, changed, redone, undone } from './history';

const hide = (...hidden: string[]): ViewState => ({ ...START, hidden });
const at = (state: ViewState) => state.hidden?.join();

it('takes changes back and forth, and forgets what was undone at a new one', () => {
  let h = changed(changed(begin(START), hide('a')), hide('a', 'b'));
  h = undone(h);
  expect(at(h.present)).toBe('a');
  expect(at(redone(h).present)).toBe('a,b');
  expect(at(undone(undone(undone(h))).present)).toBeUndefined();
  h = changed(h, hide('c'));
  expect(redone(h)).toBe(h);
  expect(at(undone(h).present)).toBe('a');
});

it('makes one step of what a slider does, and none of looking and pointing', () => {
  let h = begin(START);
  for (const value of [0.9, 0.8, 0.7]) h = changed(h, { ...h.present, opacity: { liver: value } }, 'opacity/liver');
  expect(undone(h).present.opacity).toEqual({});
  const camera = { target: [0, 0, 0] as const, yaw: 1, pitch: 0, distance: 9 };
  h = changed(h, { ...h.present, hovered: 'liver', selected: 'liver', camera });
  expect(undone(h).present).toMatchObject({ opacity: {}, selected: 'liver', camera });
});

it('keeps a hundred steps', () => {
  let h = begin(START);
  for (let i = 0; i < 500; i++) h = changed(h, hide(String(i)));
  expect(h.past).toHaveLength(100);
});
