import { describe, expect, it } from 'vitest';
import { en } from './en';
import { es } from './es';
import { preferred, translate } from './i18n';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

describe('dictionaries', () => {
  it('have the same keys', () => expect(Object.keys(es).sort()).toEqual(Object.keys(en).sort()));
  it.each(Object.keys(en) as (keyof typeof en)[])('%s fills the same places in both languages', (key) => {
    expect(placeholders(es[key])).toEqual(placeholders(en[key]));
    expect(es[key].trim()).not.toBe('');
  });
});

describe('preferred', () => {
  it.each([
    [['es-MX', 'en'], 'es'],
    [['de', 'en-GB'], 'en'],
    [['de'], 'en'],
    [[], 'en'],
  ])('%j is %s', (languages, want) => expect(preferred(languages)).toBe(want));
});

it('leaves a place that has no value as it is', () => {
  expect(translate('en', 'app.jobs', { never: 1 })).toBe('Jobs');
});
