import { app } from './app';
import type { endings } from './endings';
import type { home } from './home';
import type { job } from './job';
import type { upload } from './upload';
import type { viewer } from './viewer';

export type Language = 'en' | 'es';

/** Texts of one part of the page, each in every language: a key is the part, then what it says. */
export type Area = Record<string, Record<Language, string>>;
export type Key = keyof (typeof app & typeof endings & typeof home & typeof job & typeof upload & typeof viewer);

/** The texts that are loaded: those of the frame, and of each route that was opened (`include`). */
export const texts: Area = { ...app };

/** Adds the texts of a part of the page, when it is loaded. */
export function include(...areas: Area[]): void {
  Object.assign(texts, ...areas);
}

/** The text under key, each `{name}` in it replaced by the value of that name. */
export function translate(language: Language, key: Key, values: Record<string, string | number> = {}): string {
  const text = texts[key]?.[language] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** The first of the browser's languages that there are texts in, else English. */
export function preferred(languages: readonly string[]): Language {
  for (const language of languages) {
    const [main] = language.toLowerCase().split('-');
    if (main === 'en' || main === 'es') return main;
  }
  return 'en';
}
