import { expect, it } from 'vitest';
import { parse } from './route';

it.each([
  ['/', { page: 'home' }],
  ['/jobs/01JD0000000000000000000001', { page: 'job', id: '01JD0000000000000000000001' }],
  ['/jobs/01JD/', { page: 'job', id: '01JD' }],
  ['/shared/abc', { page: 'shared', id: 'abc' }],
  ['/jobs', { page: 'missing' }],
  ['/jobs/..', { page: 'missing' }],
  ['/jobs/a/b', { page: 'missing' }],
  ['/other', { page: 'missing' }],
])('%s', (pathname, want) => expect(parse(pathname)).toEqual(want));
