import { useEffect } from 'react';

/** Where the focus is, and where that lies: the parents from the nearest on, and which child of each leads to it. */
interface Place {
  element: HTMLElement;
  above: { parent: Element; child: number }[];
}

const REACHED =
  'a[href], button:not(:disabled), input:not(:disabled, [type="hidden"]), select, textarea, summary, [tabindex]:not([tabindex="-1"])';
/** To a field for text the focus does not go by itself: on a phone its keyboard would open. */
const TYPED = 'input:not([type="checkbox"], [type="radio"], [type="range"], [type="file"]), textarea';

/**
 * Keeps the place of who uses the keyboard. Browsers give the focus to nobody when what has it
 * goes away, and the tab key then begins at the top of the page (WCAG 2.4.3). It goes to the
 * nearest thing that stays: what follows in the same part of the page, else the page's main part.
 */
export function useKeptFocus(): void {
  useEffect(() => {
    const stop = new AbortController();
    const { signal } = stop;
    let last: Place | null = null;
    let frame = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const check = () => {
      if (!last || (document.activeElement !== document.body && document.activeElement !== null)) return;
      if (isThere(last.element))
        last = null; // it was left on purpose
      else nearest(last)?.focus({ preventScroll: true });
    };
    // Browsers take the focus from what is hidden when they next draw.
    const soon = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      frame = requestAnimationFrame(() => {
        timer = setTimeout(check);
      });
    };
    const observer = new MutationObserver(() => last && !isThere(last.element) && soon());
    observer.observe(document.body, { subtree: true, childList: true });
    document.addEventListener('focusout', soon, { signal });
    document.addEventListener(
      'focusin',
      ({ target }) => {
        last = target instanceof HTMLElement ? placeOf(target) : null;
      },
      { signal },
    );
    return () => {
      stop.abort();
      observer.disconnect();
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
}

function placeOf(element: HTMLElement): Place {
  const above: Place['above'] = [];
  for (let at: Element = element; at.parentElement; at = at.parentElement) {
    above.push({ parent: at.parentElement, child: [...at.parentElement.children].indexOf(at) });
  }
  return { element, above };
}

const isThere = (element: HTMLElement) => element.isConnected && (element.checkVisibility?.() ?? true);

function nearest({ above }: Place): HTMLElement | null {
  const main = document.querySelector<HTMLElement>('main');
  for (const { parent, child } of above) {
    if (!parent.isConnected) continue;
    if (parent === document.body || parent.contains(main)) break; // the page became another one
    const next = parent.children[child];
    const all = [...parent.querySelectorAll<HTMLElement>(REACHED)].filter(
      (one) => one.tabIndex >= 0 && isThere(one) && !one.matches(TYPED),
    );
    const after = next && all.find((one) => next.contains(one) || isAfter(next, one));
    const found = after ?? all.at(-1);
    if (found) return found;
  }
  return main;
}

const isAfter = (a: Node, b: Node) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
