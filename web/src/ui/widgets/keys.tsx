import { useEffect, useRef, useState } from 'react';
import type { Key } from '../../i18n/i18n';
import { useWords } from '../language';
import { Dialog } from './Dialog';
import { Switch } from './Field';

/** What keys do, by what is typed: `?`, `Escape`, `Ctrl+z`. */
export type Keys = Readonly<Record<string, () => void>>;

/** Listens to keys of the page that are typed into no field and open no menu. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey || event.isComposing) return;
      const { target } = event;
      if (target instanceof Element && target.closest(TYPED) && event.key !== 'Escape') return;
      if (document.querySelector('dialog[open], [role="menu"]')) return;
      const held = event.ctrlKey || event.metaKey;
      const with_ = held ? (event.shiftKey ? 'Ctrl+Shift+' : 'Ctrl+') : '';
      // A letter that is held down is one command: h would hide and show as long as it is held.
      if (!held && event.repeat) return;
      if (!held && event.key.length === 1 && !singleKeys()) return;
      const run = current.current[with_ + (event.key.length === 1 ? event.key.toLowerCase() : event.key)];
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}
const TYPED = 'input:not([type="checkbox"], [type="radio"], [type="range"]), select, textarea, [contenteditable]';

// Whoever speaks to a computer that types must be able to switch letters off (WCAG 2.1.4).
const STORED = 'iris.keys';
const singleKeys = () => localStorage.getItem(STORED) !== 'off';

const SHEET: { title: Key; rows: [string[], Key][] }[] = [
  {
    title: 'keys.list',
    rows: [
      [['/'], 'keys.search'],
      [['H'], 'keys.hide'],
      [['I'], 'keys.isolate'],
      [['A'], 'keys.all'],
      [['↑', '↓'], 'keys.rows'],
      [['Ctrl', 'Z'], 'keys.undo'],
      [['Esc'], 'keys.escape'],
    ],
  },
  {
    title: 'keys.view',
    rows: [
      [['1', '2', '3'], 'keys.views'],
      [['F'], 'keys.focus'],
      [['←', '→', '↑', '↓'], 'keys.turn'],
      [['+', '−'], 'keys.zoom'],
    ],
  },
  { title: 'keys.page', rows: [[['?'], 'keys.sheet']] },
];

/** The sheet that says what the keys do. */
export function KeySheet({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const [letters, setLetters] = useState(singleKeys);
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      {SHEET.map(({ title, rows }) => (
        <section key={title} className="key-sheet">
          <h3>{t(title)}</h3>
          <dl>
            {rows.map(([keys, what]) => (
              <div key={what}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{t(what)}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <Switch
        label={t('keys.letters')}
        checked={letters}
        onChange={(on) => {
          setLetters(on);
          localStorage.setItem(STORED, on ? 'on' : 'off');
        }}
      />
    </Dialog>
  );
}
