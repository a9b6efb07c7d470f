import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react';
import { type Key, type Language, preferred, translate } from '../i18n/i18n';

interface Words {
  language: Language;
  setLanguage: (language: Language) => void;
  /** The text under a key in the language that is chosen. */
  t: (key: Key, values?: Record<string, string | number>) => string;
}

const Context = createContext<Words | null>(null);
const STORED = 'iris.language';

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => {
    const stored = localStorage.getItem(STORED);
    return stored === 'en' || stored === 'es' ? stored : preferred(navigator.languages);
  });
  useEffect(() => {
    document.documentElement.lang = language;
    localStorage.setItem(STORED, language);
  }, [language]);
  const words = useMemo<Words>(
    () => ({ language, setLanguage, t: (key, values) => translate(language, key, values) }),
    [language],
  );
  return <Context value={words}>{children}</Context>;
}

export function useWords(): Words {
  const words = use(Context);
  if (!words) throw new Error('useWords outside of LanguageProvider');
  return words;
}
