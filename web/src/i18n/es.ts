import type { Texts } from './i18n';

// Spanish texts, written and not translated word by word.
export const es = {
  'app.tagline': 'Entra un estudio. Salen todos los órganos en 3D.',
  'app.jobs': 'Trabajos',
  'app.theme': 'Tema',
  'app.notFound': 'Esta página no existe.',
  'app.home': 'Volver a sus trabajos',
} as const satisfies Texts;
