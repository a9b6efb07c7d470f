import { describe, expect, it } from 'vitest';
import { decode, encode } from './link';
import { START, type ViewState } from './state';

const full: ViewState = {
  hidden: ['skin', 'rib_left_4', 'Ø ~*%41 &=#+ ñ'],
  isolated: 'liver',
  selected: '__proto__',
  hovered: null,
  colours: { liver: '#ff00aa', constructor: '#000000' },
  opacity: { skin: 0.25, 'a~b*c': 1 },
  palette: 'safe',
  clip: { axis: 'coronal', at: -12.5, flip: true },
  camera: { target: [1.25, -300, 0], yaw: -3.5, pitch: 1.5708, distance: 812.5 },
};

describe('a link', () => {
  it('brings back what it was made of', () => {
    expect(decode(`#${encode(full)}`)).toEqual(full);
    expect(decode(encode({ ...START, hidden: [] }))).toEqual({ ...START, hidden: [] });
  });

  it('is empty for the state that a page begins with, and never says what the pointer is on', () => {
    expect(encode({ ...START, hovered: 'liver' })).toBe('');
    expect(decode('')).toEqual(START);
  });

  it.each([
    ['a number that is none', 'cut=axial*NaN'],
    ['an axis that is none', 'cut=oblique*3'],
    ['a camera with a part too many', 'from=0*0*0*0*0*100*1'],
    ['a camera with a part too few', 'from=0*0*0*0*0'],
    ['a camera inside of its target', 'from=0*0*0*0*0*0'],
    ['a camera out of reach', 'from=0*0*0*0*0*1e9'],
    ['a pitch beyond the poles', 'from=0*0*0*0*2*100'],
    ['a colour that is a script', 'colour=liver*javascript:alert(1)'],
    ['a colour of three digits', 'colour=liver*fff'],
    ['an opacity above one', 'opacity=liver*1.1'],
    ['an opacity below none', 'opacity=liver*-0.1'],
    ['a hexadecimal opacity', 'opacity=liver*0x1'],
    ['a name without end', `only=${'a'.repeat(201)}`],
    ['a palette that is none', 'palette=constructor'],
    ['an unknown word', 'job=1&token=2'],
    ['broken percent codes', 'palette=%E0%A4%A&cut=%'],
    ['more than any view needs', `hide=${'a~'.repeat(40_000)}`],
  ])('leaves out %s', (_, fragment) => expect(decode(fragment)).toEqual(START));

  it('takes "__proto__" for a name like any other', () => {
    const { colours } = decode('colour=__proto__*112233');
    expect(Object.entries(colours)).toEqual([['__proto__', '#112233']]);
    expect(Object.getPrototypeOf(colours)).toBe(Object.prototype);
  });

  it('holds no more names than a model can have', () => {
    const many = Array.from({ length: 9000 }, (_, n) => n.toString(36)).join('~');
    expect(decode(`hide=${many}`).hidden?.length).toBe(4096);
  });
});
