// In the place of react-style-singleton, by which Radix's dialogs hold the page behind them
// still: that one writes <style> elements, which our Content-Security-Policy does not allow.
// A constructed style sheet is none.
import { useEffect } from 'react';

export function styleSingleton() {
  let users = 0;
  let sheet: CSSStyleSheet | null = null;
  // biome-ignore lint/correctness/noComponentHookFactories: the libraries call it once, when they are loaded.
  return function Sheet({ styles }: { styles: string; dynamic?: boolean }): null {
    useEffect(() => {
      if (users++ === 0) {
        sheet = new CSSStyleSheet();
        sheet.replaceSync(styles);
        document.adoptedStyleSheets.push(sheet);
      }
      return () => {
        if (--users > 0) return;
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet);
        sheet = null;
      };
    }, [styles]);
    return null;
  };
}
