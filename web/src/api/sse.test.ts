import { expect, it } from 'vitest';
import { serverEvents } from './sse';

async function read(...chunks: string[]) {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const all = [];
  for await (const event of serverEvents(body)) all.push(event);
  return all;
}

it('reads events however they are cut and whatever ends their lines', async () => {
  const text = 'retry: 2000\r\n: hello\r\n\r\nid: 7\r\nevent: job\r\ndata: {"a":\r\ndata: 1}\r\n\r\n';
  const want = [
    { id: null, name: 'message', data: '', comment: true },
    { id: '7', name: 'job', data: '{"a":\n1}', comment: false },
  ];
  for (let cut = 0; cut <= text.length; cut++) {
    expect(await read(text.slice(0, cut), text.slice(cut)), `cut at ${cut}`).toEqual(want);
  }
  expect(await read(text.replaceAll('\r\n', '\n'))).toEqual(want);
});

it('takes one space after the colon and leaves the others', async () => {
  expect(await read('data:  x\n\n')).toMatchObject([{ data: ' x' }]);
});

it('leaves out an event that has no end', async () => {
  expect(await read('data: cut')).toEqual([]);
});

it('gives up on an event without an end before it fills the memory', async () => {
  await expect(read('data: '.padEnd(2 << 20, 'x'))).rejects.toThrow('without an end');
});
