// A proxy between the browser and everything: it counts what goes up in each part of an
// upload, and drops connections when it is told to. Addresses stay as they are, for they
// are signed.
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Proxy {
  address: string;
  /** Bytes of bodies that came in for each part number, all attempts together. */
  sent: Map<number, number>;
  /** Parts that S3 has acknowledged. */
  stored: Set<number>;
  /** Says after how many bytes of its body a part is dropped; null lets it through. */
  drop: (part: number) => number | null;
  close: () => Promise<void>;
}

export async function startProxy(): Promise<Proxy> {
  const server = createServer((from, to) => forward(from, to));
  const proxy: Proxy = {
    address: '',
    sent: new Map(),
    stored: new Set(),
    drop: () => null,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  function forward(from: IncomingMessage, to: ServerResponse): void {
    const url = new URL(from.url ?? '');
    const part = from.method === 'PUT' ? Number(url.searchParams.get('partNumber') ?? 0) : 0;
    const limit = part > 0 ? proxy.drop(part) : null;
    const { host, port, headers, method } = {
      host: url.hostname,
      port: url.port,
      headers: from.headers,
      method: from.method,
    };
    const up = request({ host, port, headers, method, path: url.pathname + url.search, agent: false }, (answer) => {
      if (part > 0 && answer.statusCode === 200) proxy.stored.add(part);
      to.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(to);
    });
    up.on('error', () => to.destroy());
    to.on('close', () => up.destroy());
    let seen = 0;
    from.on('data', (piece: Buffer) => {
      seen += piece.length;
      if (part > 0) proxy.sent.set(part, (proxy.sent.get(part) ?? 0) + piece.length);
      if (limit !== null && seen >= limit) {
        from.destroy();
        up.destroy();
      } else if (!up.write(piece)) {
        from.pause();
        up.once('drain', () => from.resume());
      }
    });
    from.on('end', () => up.end());
    from.on('error', () => up.destroy());
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}
