import {
  cloneElement,
  type KeyboardEvent,
  type ReactElement,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { Icon, type IconName } from './icons';

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

type Trigger = ReactElement<{
  id?: string;
  'aria-haspopup'?: 'menu';
  'aria-expanded'?: boolean;
  'aria-controls'?: string | undefined;
  onClick?: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}>;

/** A button that opens a list of things to do (the menu button of WAI-ARIA's practices); null is a line between two groups. */
export function Menu({ trigger, items }: { trigger: Trigger; items: (MenuItem | null)[] }) {
  const [open, setOpen] = useState<'first' | 'last' | null>(null);
  const place = useRef<HTMLSpanElement>(null);
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  const button = () => place.current?.querySelector('button');
  const close = () => {
    setOpen(null);
    button()?.focus();
  };

  useLayoutEffect(() => {
    const shown = menu.current;
    const at = place.current?.getBoundingClientRect();
    if (!open || !shown || !at) return;
    shown.showPopover?.(); // above everything, dialogs too
    const { offsetWidth: width, offsetHeight: height } = shown;
    const below = at.bottom + GAP + height <= innerHeight || at.top < height;
    shown.style.left = `${Math.max(EDGE, Math.min(at.right - width, innerWidth - width - EDGE))}px`;
    shown.style.top = `${below ? at.bottom + GAP : at.top - GAP - height}px`;
    const all = enabled(shown);
    (open === 'last' ? all.at(-1) : all[0])?.focus();
  }, [open]);
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => {
      if (!(event.target instanceof Node) || !place.current?.contains(event.target)) setOpen(null);
    };
    const gone = () => setOpen(null);
    document.addEventListener('pointerdown', away, true);
    addEventListener('resize', gone);
    return () => {
      document.removeEventListener('pointerdown', away, true);
      removeEventListener('resize', gone);
    };
  }, [open]);

  const keys = (event: KeyboardEvent<HTMLDivElement>) => {
    const all = enabled(event.currentTarget);
    const at = all.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) all[(at + step + all.length) % all.length]?.focus();
    else if (event.key === 'Home') all[0]?.focus();
    else if (event.key === 'End') all.at(-1)?.focus();
    else if (event.key === 'Escape') close();
    else if (event.key === 'Tab') return setOpen(null);
    else if (event.key.length === 1 && event.key !== ' ') {
      const begins = (one: HTMLElement) => one.textContent?.toLowerCase().startsWith(event.key.toLowerCase());
      [...all.slice(at + 1), ...all].find(begins)?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <span className="menu-place" ref={place}>
      {cloneElement(trigger, {
        'aria-haspopup': 'menu',
        'aria-expanded': open !== null,
        'aria-controls': open ? id : undefined,
        onClick: () => setOpen(open ? null : 'first'),
        onKeyDown: (event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          event.stopPropagation();
          setOpen(event.key === 'ArrowDown' ? 'first' : 'last');
        },
      })}
      {open && (
        <div id={id} ref={menu} className="menu" role="menu" tabIndex={-1} popover="manual" onKeyDown={keys}>
          {items.map((item, i) =>
            item === null ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines have no names, and the list does not change while it is open.
              <hr key={i} className="menu-line" />
            ) : (
              <button
                key={item.label}
                type="button"
                role="menuitem"
                tabIndex={-1}
                className={`menu-item${item.danger ? ' danger' : ''}`}
                disabled={item.disabled}
                onClick={() => {
                  close(); // first: what opens next takes the focus
                  item.onSelect();
                }}
              >
                {item.icon && <Icon name={item.icon} />}
                {item.label}
              </button>
            ),
          )}
        </div>
      )}
    </span>
  );
}

const GAP = 6;
const EDGE = 8;

const enabled = (menu: HTMLElement) => [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)')];
