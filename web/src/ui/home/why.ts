import { useEffect, useState } from 'react';
import type { Key } from '../../i18n/i18n';
import { texts } from '../../i18n/i18n';
import { useWords } from '../language';

type Codes = typeof import('../../i18n/codes').CODES;
let codes: Codes | null = null;

/** Says why a file or an upload was refused: in the page's own words, else in those of the server's code. */
export function useWhy(): (code: string, values?: Record<string, string | number>) => string {
  const { t, language } = useWords();
  const [loaded, setLoaded] = useState(codes);
  const [wanted, setWanted] = useState(false);
  // The codes of the server are many, and most people never meet one here.
  useEffect(() => {
    if (!wanted || loaded) return;
    void import('../../i18n/codes').then(({ CODES }) => {
      codes = CODES;
      setLoaded(CODES);
    });
  }, [wanted, loaded]);
  return (code, values = {}) => {
    const own = `why.${code}`;
    if (own in texts) return t(own as Key, values);
    if (!loaded) {
      if (!wanted) queueMicrotask(() => setWanted(true));
      return code;
    }
    const row = loaded[code];
    if (!row) return `${t('upload.failed')} (${code})`;
    return language === 'es' ? `${row[2]} ${row[3]}` : `${row[0]} ${row[1]}`;
  };
}
