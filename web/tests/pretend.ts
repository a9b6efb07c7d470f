// The page as it is built, beside a service of which every answer is made up: states that a
// real one comes into seldom, or late. The jobs are those of tests/contract.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import type { Page, Route } from 'playwright-core';
import serving from '../serving.json' with { type: 'json' };
import { ball, box, glb } from '../src/testing/glb.ts';
import { headers } from '../vite/serving.ts';
import { root } from './stack.ts';

const kinds: Record<string, string> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
};

/** Serves dist/ with the headers that it has everywhere; what is not a file there is the page. */
export async function page(): Promise<{ origin: string; stop: () => Promise<void> }> {
  const server = createServer(async (request, response) => {
    for (const [name, value] of Object.entries(headers([]))) response.setHeader(name, value);
    const address = new URL(request.url ?? '/', 'http://page').pathname;
    const name = path.extname(address) === '' ? '/index.html' : address;
    response.setHeader('Content-Type', kinds[path.extname(name)] ?? 'text/html');
    response.end(await readFile(path.join(root, 'web', 'dist', name)).catch(() => ''));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

export type Body = Record<string, unknown>;

/** What a service answers to "METHOD /path"; a path may end in *. */
export type Answers = Record<string, Body | ((route: Route) => Promise<void> | void)>;

/** Answers all that the page asks the service for; what nobody thought of is a 404. */
export async function service(at: Page, answers: Answers): Promise<void> {
  const known = Object.entries(answers).sort(([a], [b]) => b.length - a.length);
  const ours = [...serving.api, '/config.json', '/s3'];
  await at.route(
    (url) => ours.some((one) => url.pathname.startsWith(one.replace(/\/?\*+$/, ''))),
    async (route) => {
      const asked = `${route.request().method()} ${new URL(route.request().url()).pathname}`;
      const found = known.find(([one]) => (one.endsWith('*') ? asked.startsWith(one.slice(0, -1)) : asked === one));
      const answer = found?.[1];
      if (typeof answer === 'function') await answer(route);
      else if (answer) await route.fulfill({ json: answer });
      else await problem(404, 'not_found')(route);
    },
  );
}

export const problem =
  (status: number, code: string) =>
  (route: Route): Promise<void> =>
    route.fulfill({
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({ type: 'about:blank', title: code, status, code, detail: `the service says ${code}` }),
    });

/** It never answers. */
export const silence = (): void => {};

interface Example {
  name: string;
  body: Body;
}

/** An example of tests/contract/fixtures by its name. */
export function example(file: string, name: string): Body {
  const all: Example[] = JSON.parse(readFileSync(path.join(root, 'tests', 'contract', 'fixtures', file), 'utf8'));
  const found = all.find((one) => one.name === name);
  if (!found) throw new Error(`${file} has no example "${name}"`);
  return found.body;
}

export const ID = '01JD0000000000000000000001';
const SHA = '0'.repeat(64);
const artifact = (media_type: string) => ({ bytes: 52_430, sha256: SHA, media_type });

const organs = [
  { name: 'liver', group: 'organs', low: [10, -60, -20], high: [90, 50, 60], colour: [0.5, 0.1, 0.05] as const },
  { name: 'spleen', group: 'organs', low: [-90, -60, -10], high: [-50, 0, 50], colour: [0.3, 0.1, 0.4] as const },
  {
    name: 'kidney_left',
    group: 'organs',
    low: [-60, -60, -60],
    high: [-30, -20, -15],
    colour: [0.4, 0.2, 0.1] as const,
  },
  {
    name: 'kidney_right',
    group: 'organs',
    low: [30, -60, -60],
    high: [60, -20, -25],
    colour: [0.4, 0.2, 0.1] as const,
  },
  { name: 'aorta', group: 'vessels', low: [-8, -50, -90], high: [8, -34, 90], colour: [0.7, 0.1, 0.1] as const },
  { name: 'vertebrae_L1', group: 'spine', low: [-20, -90, -20], high: [20, -55, 10], colour: [0.9, 0.8, 0.6] as const },
];

export const files: Record<string, { type: string; bytes: Buffer }> = {
  'view.glb': {
    type: 'model/gltf-binary',
    bytes: Buffer.from(
      glb([
        ...organs.map(({ group, ...o }, n) => ({ ...o, label: n + 1, ...box(o.low, o.high), extras: { group } })),
        { name: 'skin', label: 9, ...ball([0, 0, 0], 140, 24), extras: { group: 'surface' } },
      ]),
    ),
  },
  ...Object.fromEntries(
    ['scan.png', 'check.png', 'preview.png'].map((name) => [name, { type: 'image/png', bytes: gradient(300, 180) }]),
  ),
};

const structures = [...organs.map(({ name }) => name), 'skin'].map((name, n) => ({
  label: name === 'skin' ? 9 : n + 1,
  name,
  volume_ml: 1500.5 / (n + 1),
  mesh_ml: 1498.25 / (n + 1),
  surface_cm2: 900 / (n + 1),
  partial: name === 'aorta',
  watertight: true,
}));

/** A ready job with everything that one has. */
export function ready(more: Body = {}): Body {
  const artifacts = Object.fromEntries(
    [...Object.keys(files), 'model.glb', 'measurements.csv'].map((name) => [
      name,
      artifact(files[name]?.type ?? 'application/octet-stream'),
    ]),
  );
  return { ...example('jobs.json', 'a ready job'), artifacts, structures, ...more };
}

/** The answers of a service that has one job. */
export function having(job: Body, more: Answers = {}): Answers {
  return {
    'GET /config.json': { api: '', signIn: null },
    'GET /v1/status': example('status.json', 'a GPU that sleeps'),
    'GET /v1/jobs': { jobs: [job], next: null },
    [`GET /v1/jobs/${ID}`]: job,
    [`GET /v1/jobs/${ID}/events`]: silence,
    [`GET /v1/jobs/${ID}/artifacts/*`]: async (route) => {
      const name = new URL(route.request().url()).pathname.split('/').pop();
      const url = new URL(`/s3/${name}`, route.request().url());
      await route.fulfill({ json: { url, expires_at: '2036-01-02T03:19:05Z' } });
    },
    'GET /s3/*': async (route) => {
      const file = files[new URL(route.request().url()).pathname.split('/').pop() ?? ''];
      await route.fulfill(file ? { body: file.bytes, contentType: file.type } : { status: 404 });
    },
    ...more,
  };
}

/** A picture in greys, as PNG. */
function gradient(width: number, height: number): Buffer {
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rows[y * (width + 1) + x + 1] = (x + y) % 200;
  const crcs = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const crc = body.reduce((c, byte) => ((crcs[(c ^ byte) & 255] ?? 0) ^ (c >>> 8)) >>> 0, 0xffffffff);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
