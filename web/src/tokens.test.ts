// @vitest-environment node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

// Contrast of what is no text, which axe does not measure: borders of fields, the ring of the
// focus, signs (WCAG 1.4.11, 3 : 1), and the tokens of text (1.4.3, 4.5 : 1), in both themes.

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');

type Colour = readonly [number, number, number];
const hex = (text: string): Colour => {
  const n = Number.parseInt(text.slice(1, 7), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
};

/** A token's colour in a theme. */
function token(name: string, theme: 'light' | 'dark'): Colour {
  const said = new RegExp(`--${name}: ([^;]+);`).exec(css)?.[1] ?? '';
  const both = /light-dark\((#\w{6}), (#\w{6})\)/.exec(said);
  const one = both ? (theme === 'light' ? both[1] : both[2]) : said;
  if (!one?.startsWith('#')) throw new Error(`--${name}: ${said}`);
  return hex(one);
}

/** The ratio of WCAG 2, of which 1 is none and 21 black on white. */
function contrast(a: Colour, b: Colour): number {
  const light = (c: Colour) => {
    const [r, g, blue] = c.map((value) => {
      const x = value / 255;
      return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    }) as unknown as Colour;
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue + 0.05;
  };
  const [x, y] = [light(a), light(b)];
  return Math.max(x, y) / Math.min(x, y);
}

describe.each(['light', 'dark'] as const)('%s', (theme) => {
  const of = (name: string) => token(name, theme);
  it.each(['text', 'soft', 'accent', 'ok', 'warn', 'bad'])('--%s is read on the page and on its panels', (name) => {
    for (const ground of ['bg', 'panel']) expect(contrast(of(name), of(ground))).toBeGreaterThanOrEqual(4.5);
  });
  it('words on the accent are read', () => {
    expect(contrast(of('accent-ink'), of('accent'))).toBeGreaterThanOrEqual(4.5);
  });
  it('what is written on the stage is read', () => {
    for (const name of ['stage-text', 'stage-soft'])
      for (const ground of ['stage', 'stage-light', 'stage-panel'])
        expect(contrast(of(name), of(ground))).toBeGreaterThanOrEqual(4.5);
  });
  it('fields, switches and the ring of the focus are seen', () => {
    for (const ground of ['bg', 'panel'])
      for (const colour of [of('field'), of('soft'), of('accent')])
        expect(contrast(colour, of(ground))).toBeGreaterThanOrEqual(3);
    for (const ground of ['stage', 'stage-light'])
      expect(contrast(token('accent', 'dark'), of(ground))).toBeGreaterThan(3);
  });
});
