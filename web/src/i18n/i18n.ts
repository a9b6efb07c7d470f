import { app } from './app';
import { endings } from './endings';
import { job } from './job';
import { viewer } from './viewer';

export type Language = 'en' | 'es';

/** Texts of one part of the page, each in every language: a key is the part, then what it says. */
export type Area = Record<string, Record<Language, string>>;

export const texts = { ...app, ...endings, ...job, ...viewer };
export type Key = keyof typeof texts;

/** The text under key, each `{name}` in it replaced by the value of that name. */
export function translate(language: Language, key: Key, values: Record<string, string | number> = {}): string {
  return texts[key][language].replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

/** The first of the browser's languages that there are texts in, else English. */
export function preferred(languages: readonly string[]): Language {
  for (const language of languages) {
    const [main] = language.toLowerCase().split('-');
    if (main === 'en' || main === 'es') return main;
  }
  return 'en';
}
