import { useSyncExternalStore } from 'react';

/** What an address of the page shows. The API's own addresses never come here. */
export type Route =
  | { page: 'home' }
  | { page: 'job'; id: string }
  | { page: 'shared'; id: string }
  | { page: 'missing' };

const ID = /^[0-9A-Za-z]{1,64}$/;

export function parse(pathname: string): Route {
  const [first = '', id = '', ...rest] = pathname.split('/').filter((part) => part !== '');
  if (first === '') return { page: 'home' };
  if ((first === 'jobs' || first === 'shared') && ID.test(id) && rest.length === 0) {
    return { page: first === 'jobs' ? 'job' : 'shared', id };
  }
  return { page: 'missing' };
}

/** Goes to an address of the page without loading it again. */
export function navigate(to: string): void {
  history.pushState(null, '', to);
  dispatchEvent(new PopStateEvent('popstate'));
}

function subscribe(changed: () => void): () => void {
  addEventListener('popstate', changed);
  return () => removeEventListener('popstate', changed);
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => location.pathname));
}
