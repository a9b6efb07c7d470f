import { useCallback, useEffect, useMemo, useState } from 'react';
import { decode, encode } from '../../viewer/link';
import type { ViewState } from '../../viewer/state';
import { begin, changed, type History, redone, undone } from './history';

export interface View {
  state: ViewState;
  /** Changes of one kind that follow one another are undone together. */
  change: (change: Partial<ViewState> | ((now: ViewState) => ViewState), kind?: string) => void;
  undo: (() => void) | null;
  redo: (() => void) | null;
}

/** Milliseconds without a change before the address says it: browsers limit how often it may change. */
const SETTLED = 400;

/** What is seen, kept in the part of the address behind `#`, so that it outlives a reload and goes along in a link. */
export function useView(): View {
  const [history, setHistory] = useState<History>(() => begin(decode(withoutToken(location.hash))));
  const change = useCallback<View['change']>(
    (what, kind) =>
      setHistory((before) =>
        changed(before, typeof what === 'function' ? what(before.present) : { ...before.present, ...what }, kind),
      ),
    [],
  );
  const { present } = history;
  const lasting = useMemo(() => encode({ ...present, hovered: null }), [present]);
  useEffect(() => {
    const timer = setTimeout(() => {
      const token = tokenIn(location.hash);
      const parts = [...(token === null ? [] : [`token=${token}`]), ...(lasting === '' ? [] : [lasting])];
      const hash = parts.length === 0 ? '' : `#${parts.join('&')}`;
      if (hash !== location.hash) history_.replaceState(null, '', location.pathname + location.search + hash);
    }, SETTLED);
    return () => clearTimeout(timer);
  }, [lasting]);
  return {
    state: present,
    change,
    undo: history.past.length === 0 ? null : () => setHistory(undone),
    redo: history.future.length === 0 ? null : () => setHistory(redone),
  };
}
const history_ = globalThis.history;

const TOKEN = /^iris_share_[A-Za-z0-9_-]{16,200}$/;

/** The token of a share behind `#`, where browsers send it to nobody; null where there is none. */
export function tokenIn(hash: string): string | null {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('token');
  return token !== null && TOKEN.test(token) ? token : null;
}

function withoutToken(hash: string): string {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  parts.delete('token');
  return parts.toString();
}

/** The link of a share: the job's address, its token and the view, both behind `#`. */
export function shareLink(origin: string, id: string, token: string, state: ViewState): string {
  const view = encode({ ...state, hovered: null });
  return `${origin}/shared/${id}#token=${token}${view === '' ? '' : `&${view}`}`;
}
