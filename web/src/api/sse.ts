/** An event of a text/event-stream. A comment has none of these and comes as an event without data. */
export interface ServerEvent {
  id: string | null;
  name: string;
  data: string;
  /** True for what keeps the connection open. */
  comment: boolean;
}

// An event of ours is some kilobytes; more without an empty line is no stream of events.
const LONGEST_EVENT = 1 << 20;

/** The events of a stream (WHATWG HTML, §9.2.6), and its comments, which show that it lives. */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      // A \r at the end may be the first half of \r\n: it stays for the next chunk.
      rest = (rest + value).replace(/\r\n/g, '\n').replace(/\r(?!$)/g, '\n');
      for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
        yield parse(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
      if (rest.length > LONGEST_EVENT) throw new Error('an event without an end');
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parse(block: string): ServerEvent {
  const event: ServerEvent = { id: null, name: 'message', data: '', comment: true };
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0 || line === '') continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'event') event.name = value;
    else if (field === 'id') event.id = value;
  }
  event.comment = data.length === 0;
  event.data = data.join('\n');
  return event;
}
