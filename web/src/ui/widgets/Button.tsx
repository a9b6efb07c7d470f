import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react';
import { Icon, type IconName } from './icons';

type Native = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'>;

export interface ButtonProps extends Native {
  /** primary: what most people want here, at most one on a screen. danger: it cannot be undone. */
  look?: 'plain' | 'primary' | 'ghost' | 'danger';
  icon?: IconName;
  children: ReactNode;
  /** What it does is under way: it says so and cannot be pressed again, and keeps its focus. */
  busy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = 'plain', icon, busy = false, children, className, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={`button ${look}${className ? ` ${className}` : ''}`}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? undefined : onClick}
      {...rest}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}

/** A button without room for a word: its name is its label, and its title for those who point. */
export function IconButton({
  label,
  icon,
  className,
  ...rest
}: Native & { label: string; icon: IconName; ref?: Ref<HTMLButtonElement> }) {
  return (
    <button
      type="button"
      className={`button ghost only-icon${className ? ` ${className}` : ''}`}
      aria-label={label}
      title={label}
      {...rest}
    >
      <Icon name={icon} />
    </button>
  );
}
