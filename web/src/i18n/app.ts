import type { Area } from './i18n';

// Texts of the frame around every page.
export const app = {
  'app.jobs': { en: 'Jobs', es: 'Trabajos' },
  'app.close': { en: 'Close', es: 'Cerrar' },
  'app.dark': { en: 'Dark theme', es: 'Tema oscuro' },
  'app.home': { en: 'Back to your jobs', es: 'Volver a sus trabajos' },
  'app.language': { en: 'Language', es: 'Idioma' },
  'app.light': { en: 'Light theme', es: 'Tema claro' },
  'app.notFound': { en: 'There is no such page.', es: 'Esta página no existe.' },
  'app.skip': { en: 'Skip to the content', es: 'Ir al contenido' },

  'account.title': { en: 'Please sign in', es: 'Inicie sesión, por favor' },
  'account.signIn': { en: 'Sign in', es: 'Iniciar sesión' },
  'account.signOut': { en: 'Sign out', es: 'Cerrar sesión' },
  'account.oidc': {
    en: 'Your scans are yours alone, so this service has to know who you are. You will come back here afterwards.',
    es: 'Sus estudios son solo suyos; por eso este servicio necesita saber quién es usted. Después volverá a esta página.',
  },
  'account.failed': {
    en: 'The sign-in page cannot be reached. Check your network and try again.',
    es: 'No se puede abrir la página de inicio de sesión. Revise su conexión e inténtelo de nuevo.',
  },
  'account.token': {
    en: 'This stack listens beyond its own machine, so it asks for its token.',
    es: 'Este servicio escucha fuera de su propia máquina; por eso pide su token.',
  },
  'account.tokenLabel': { en: 'Token', es: 'Token' },
  'account.tokenHint': {
    en: 'It is kept until you close this page, and is printed there by:',
    es: 'Se guarda hasta que usted cierre esta página. Allí lo muestra la orden:',
  },

  'gpu.asleep': { en: 'GPU asleep', es: 'GPU en reposo' },
  'gpu.waking': { en: 'GPU waking up', es: 'La GPU está despertando' },
  'gpu.warm': { en: 'GPU ready', es: 'GPU lista' },
  'gpu.since': { en: 'Since {time}.', es: 'Desde el {time}.' },
  'gpu.wakes': { en: 'It usually wakes within {time}.', es: 'Suele despertar en {time}.' },

  'keys.title': { en: 'Keyboard shortcuts', es: 'Atajos de teclado' },
  'keys.list': { en: 'Structures', es: 'Estructuras' },
  'keys.view': { en: 'View', es: 'Vista' },
  'keys.page': { en: 'Everywhere', es: 'En todas partes' },
  'keys.search': { en: 'Search', es: 'Buscar' },
  'keys.hide': { en: 'Hide or show the chosen one', es: 'Ocultar o mostrar la elegida' },
  'keys.isolate': { en: 'Show the chosen one alone', es: 'Mostrar solo la elegida' },
  'keys.all': { en: 'Show all', es: 'Mostrar todas' },
  'keys.rows': { en: 'Next or previous row', es: 'Fila siguiente o anterior' },
  'keys.undo': { en: 'Undo', es: 'Deshacer' },
  'keys.escape': {
    en: 'Leave the search, the isolation, the choice',
    es: 'Salir de la búsqueda, del aislamiento, de la elección',
  },
  'keys.views': { en: 'From the front, the left, the head', es: 'De frente, desde la izquierda, desde la cabeza' },
  'keys.focus': { en: 'Go to the chosen one', es: 'Ir a la elegida' },
  'keys.turn': { en: 'Turn the model', es: 'Girar el modelo' },
  'keys.zoom': { en: 'Nearer or farther', es: 'Acercar o alejar' },
  'keys.letters': { en: 'Shortcuts of a single key', es: 'Atajos de una sola tecla' },
  'keys.sheet': { en: 'This sheet', es: 'Esta hoja' },
} as const satisfies Area;
