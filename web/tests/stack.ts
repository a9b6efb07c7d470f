// A stack of bin/iris of its own, with a state folder that goes with it.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export const root = path.dirname(path.dirname(import.meta.dirname));
const iris = path.join(root, 'bin', 'iris');
const run = promisify(execFile);

export interface Stack {
  http: string;
  aws: string;
  state: string;
  /** A command of iris against this stack. */
  iris: (...args: string[]) => Promise<string>;
  stop: () => Promise<void>;
}

/** Starts `iris up` on free ports and waits until everything answers. */
export async function up(...args: string[]): Promise<Stack> {
  const state = await mkdtemp(path.join(tmpdir(), 'iris-web-'));
  const log = path.join(state, 'up.log');
  const file = await open(log, 'w');
  const free = ['--http', '127.0.0.1:0', '--aws', '127.0.0.1:0'];
  const child = spawn(iris, ['up', '--state', path.join(state, 's'), ...free, '--linger', '60s', '--json', ...args], {
    stdio: ['ignore', 'pipe', file.fd],
  });
  await file.close();
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(state, { recursive: true, force: true });
  };
  const line = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (part: Buffer) => {
      said += part.toString();
      if (said.includes('\n')) resolve(said);
    });
    child.once('error', reject);
    child.once('close', async () => reject(new Error(`iris up ended: ${await readFile(log, 'utf8')}`)));
  });
  const { http, aws } = JSON.parse(line) as { http: string; aws: string };
  const call = async (...command: string[]) =>
    (await run(iris, command, { env: { ...process.env, IRIS_STATE: path.join(state, 's'), IRIS_API: http } })).stdout;
  return { http, aws, state: path.join(state, 's'), iris: call, stop };
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Writes a synthetic CT of a torso of so many voxels along each axis. */
export async function sample(file: string, size: number): Promise<string> {
  await run(iris, ['sample', file, '--size', String(size)]);
  return file;
}

/** Asks the API of a stack; the answer must be a success. */
export async function ask<T>(address: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(address, init);
  if (!answer.ok) throw new Error(`${init?.method ?? 'GET'} ${address}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
