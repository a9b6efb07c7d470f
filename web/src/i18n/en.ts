// English texts. A key is where the text stands, then what it says.
export const en = {
  'app.tagline': 'A scan goes in. Every organ comes out in 3D.',
  'app.jobs': 'Jobs',
  'app.theme': 'Theme',
  'app.notFound': 'There is no such page.',
  'app.home': 'Back to your jobs',
} as const;
