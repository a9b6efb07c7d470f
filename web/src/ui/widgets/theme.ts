import { useSyncExternalStore } from 'react';

/** light and dark are chosen; auto is as the system says. */
export type Theme = 'auto' | 'light' | 'dark';
const STORED = 'iris.theme';
const dark = () => matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme {
  const stored = localStorage.getItem(STORED);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
}

const listeners = new Set<() => void>();

function show(): void {
  const theme = chosen();
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

/** Shows the theme that was chosen before, ahead of the first picture. */
export function startTheme(): void {
  show();
}

export function setTheme(theme: Theme): void {
  if (theme === 'auto') localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, theme);
  show();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  dark().addEventListener('change', listener);
  return () => {
    listeners.delete(listener);
    dark().removeEventListener('change', listener);
  };
}

/** Whether what is shown is dark. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, () => {
    const theme = chosen();
    return theme === 'auto' ? dark().matches : theme === 'dark';
  });
}
