import type { Area } from './i18n';

// Texts of the frame around every page.
export const app = {
  'app.tagline': {
    en: 'A scan goes in. Every organ comes out in 3D.',
    es: 'Entra un estudio. Salen todos los órganos en 3D.',
  },
  'app.jobs': { en: 'Jobs', es: 'Trabajos' },
  'app.theme': { en: 'Theme', es: 'Tema' },
  'app.notFound': { en: 'There is no such page.', es: 'Esta página no existe.' },
  'app.home': { en: 'Back to your jobs', es: 'Volver a sus trabajos' },
} as const satisfies Area;
