import { describe, expect, it } from 'vitest';
import './first';
import './model';
import { preferred, texts, translate } from './i18n';

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

describe('texts', () => {
  it.each(Object.entries(texts))('%s says the same in both languages', (_, { en, es }) => {
    expect(places(es)).toEqual(places(en));
    for (const text of [en, es]) expect(text.trim()).not.toBe('');
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
