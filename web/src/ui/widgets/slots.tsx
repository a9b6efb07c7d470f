import { createContext, type ReactNode, use, useState } from 'react';
import { createPortal } from 'react-dom';

// A page puts its title and its buttons into the header, so that there is one header and not two.

interface Slots {
  title: HTMLElement | null;
  actions: HTMLElement | null;
}
const Context = createContext<{ slots: Slots; set: (change: Partial<Slots>) => void } | null>(null);

export function SlotsProvider({ children }: { children: ReactNode }) {
  const [slots, setSlots] = useState<Slots>({ title: null, actions: null });
  const [set] = useState(() => (change: Partial<Slots>) => setSlots((before) => ({ ...before, ...change })));
  return <Context value={{ slots, set }}>{children}</Context>;
}

/** The place in the header. */
export function Slot({ name, className }: { name: keyof Slots; className: string }) {
  const set = use(Context)?.set;
  const [ref] = useState(() => (element: HTMLElement | null) => set?.({ [name]: element }));
  return <div className={className} ref={ref} />;
}

/** What a page puts there. */
export function InHeader({ slot, children }: { slot: keyof Slots; children: ReactNode }) {
  const place = use(Context)?.slots[slot];
  return place ? createPortal(children, place) : null;
}
