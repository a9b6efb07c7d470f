import { en } from './en';
import { es } from './es';

/** What every language has a text for: TypeScript refuses a dictionary that lacks one. */
export type Key = keyof typeof en;
export type Texts = Record<Key, string>;
export type Language = 'en' | 'es';

const dictionaries: Record<Language, Texts> = { en, es };

/** The text under key, each `{name}` in it replaced by the value of that name. */
export function translate(language: Language, key: Key, values: Record<string, string | number> = {}): string {
  return dictionaries[language][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

/** The first of the browser's languages that there is a dictionary for, else English. */
export function preferred(languages: readonly string[]): Language {
  for (const language of languages) {
    const [main] = language.toLowerCase().split('-');
    if (main === 'en' || main === 'es') return main;
  }
  return 'en';
}
