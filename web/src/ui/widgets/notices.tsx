import { createContext, type ReactNode, use, useCallback, useMemo, useRef, useState } from 'react';
import { useWords } from '../language';
import { IconButton } from './Button';

interface Toast {
  id: number;
  text: string;
  /** An error stays until it is closed: whoever reads slowly must be able to. */
  error: boolean;
  action?: { label: string; run: () => void };
}

interface Notices {
  /** Says a change to those who listen; nothing is shown. */
  announce: (text: string) => void;
  /** Shows a sentence for a while, and says it. */
  toast: (text: string, more?: { error?: boolean; action?: { label: string; run: () => void } }) => void;
}

const Context = createContext<Notices | null>(null);
const SHOWN_MS = 6000;

export function NoticesProvider({ children }: { children: ReactNode }) {
  const { t } = useWords();
  const [said, setSaid] = useState('');
  const [toasts, setToasts] = useState<Toast[]>([]);
  const next = useRef(0);
  const close = useCallback((id: number) => setToasts((all) => all.filter((toast) => toast.id !== id)), []);
  const notices = useMemo<Notices>(
    () => ({
      // The same sentence again must be another text, or nothing is said.
      announce: (text) => setSaid((before) => (before === text ? `${text} ` : text)),
      toast: (text, { error = false, action } = {}) => {
        const id = next.current++;
        setToasts((all) => [...all.slice(-2), { id, text, error, ...(action && { action }) }]);
        if (!error && !action) setTimeout(() => close(id), SHOWN_MS);
      },
    }),
    [close],
  );
  return (
    <Context value={notices}>
      {children}
      <div className="unseen" role="status" aria-live="polite">
        {said}
      </div>
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={`toast${toast.error ? ' error' : ''}`}>
            <span>{toast.text}</span>
            {toast.action && (
              <button
                type="button"
                className="button ghost"
                onClick={() => {
                  close(toast.id);
                  toast.action?.run();
                }}
              >
                {toast.action.label}
              </button>
            )}
            <IconButton label={t('app.close')} icon="close" onClick={() => close(toast.id)} />
          </div>
        ))}
      </div>
    </Context>
  );
}

export function useNotices(): Notices {
  const notices = use(Context);
  if (!notices) throw new Error('useNotices outside of NoticesProvider');
  return notices;
}
