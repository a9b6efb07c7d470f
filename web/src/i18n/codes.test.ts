// @vitest-environment node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CODES, codeText } from './codes';

/** Codes by the section of docs/errors.md, which internal/codes writes. */
const sections = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((part) => ({
    title: part.split('\n')[0] ?? '',
    codes: [...part.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1] ?? ''),
  }));
const OF_THE_COMMAND = 'The command `iris` itself';
const wanted = new Set(sections.filter(({ title }) => title !== OF_THE_COMMAND).flatMap(({ codes }) => codes));

it('reads the page of codes', () => {
  expect(sections.map(({ title }) => title)).toContain(OF_THE_COMMAND);
  expect(wanted.size).toBeGreaterThan(100);
});

it('has a text for every code that a page may be told, and for no other', () => {
  expect(Object.keys(CODES).sort()).toEqual([...wanted].sort());
});

describe('every text', () => {
  it.each(Object.entries(CODES))('of %s is a sentence, and another one in Spanish', (_, row) => {
    for (const text of row) expect(text).toMatch(/^\p{Lu}.*\.$/u);
    expect(row[0]).not.toBe(row[2]);
    expect(row[1]).not.toBe(row[3]);
    // The page has no options by name and no terminal.
    for (const text of row) expect(text).not.toMatch(/`|\biris\b|task=|series=|GET |POST /);
  });
});

it('knows no text of a code that is a name of Object', () => {
  expect(codeText('constructor', 'en')).toBeNull();
  expect(codeText('truncated', 'es')?.what).toContain('vóxel');
});
