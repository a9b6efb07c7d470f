import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { useWords } from '../language';
import { IconButton } from './Button';

export interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** The buttons at its end. */
  actions?: ReactNode;
  /** dialog stands in the middle; sheet comes from the side, and from below on a phone. */
  kind?: 'dialog' | 'sheet';
  wide?: boolean;
}

/**
 * A dialog that is open as long as it is rendered. It is the browser's own <dialog>: what is
 * behind cannot be reached, Escape closes it, and the focus goes back to where it was. What has
 * the attribute data-first in it is where the focus begins.
 */
export function Dialog({ title, onClose, children, actions, kind = 'dialog', wide = false }: DialogProps) {
  const { t } = useWords();
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Closed before it leaves the document: a dialog that was taken out gives the focus back to nobody.
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    // The browser gives the focus to what can be reached first, whatever React's autoFocus says.
    dialog?.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does by keyboard what a click beside the dialog does.
    <dialog
      ref={ref}
      className={`${kind}${wide ? ' wide' : ''}`}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault(); // React takes it away, so that its state and the browser's agree
        onClose();
      }}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      <div className="dialog-inside">
        <div className="dialog-head">
          <h2 id={heading}>{title}</h2>
          <IconButton label={t('app.close')} icon="close" onClick={onClose} />
        </div>
        <div className="dialog-body">{children}</div>
        {actions && <div className="dialog-end">{actions}</div>}
      </div>
    </dialog>
  );
}
