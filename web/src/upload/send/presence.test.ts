// @vitest-environment node
import { afterEach, expect, it } from 'vitest';
import { openPresence } from './presence';

const open: BroadcastChannel[] = [];
let name = 0;
const tabs = (...names: string[]) => {
  name++;
  return names.map((from) => {
    const channel = new BroadcastChannel(`test${name}`);
    open.push(channel);
    return { ...openPresence(channel, from), close: () => channel.close() };
  });
};
afterEach(() => {
  for (const channel of open.splice(0)) channel.close();
});

it('one tab sends a file, and the others are told', async () => {
  const [a, b] = tabs('a', 'b');
  expect(await a?.claim('scan')).toBe(true);
  expect(await b?.claim('scan')).toBe(false);
  expect(await b?.elsewhere(['scan', 'other'])).toEqual(new Set(['scan']));
  a?.release('scan');
  expect(await b?.claim('scan')).toBe(true);
});

it('of two that begin at the same moment one has it', async () => {
  const [a, b] = tabs('a', 'b');
  expect(await Promise.all([b?.claim('scan'), a?.claim('scan')])).toEqual([false, true]);
});

it('a tab that was closed holds nothing', async () => {
  const [a, b] = tabs('a', 'b');
  await a?.claim('scan');
  a?.close();
  expect(await b?.claim('scan')).toBe(true);
});
