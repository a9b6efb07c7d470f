// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, crc32 as judge } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { bytesOf, latin } from '../text';
import { crc32 } from './crc';
import { type Packed, untar, unzip } from './unpack';
import { zip } from './zip';

const bytes = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());
const all = async (files: AsyncIterable<Packed>) => {
  const list: [string, string][] = [];
  for await (const { path, file } of files) list.push([path, latin(await bytes(file))]);
  return list;
};

it('counts the CRC that zlib counts, in one go or in pieces', () => {
  for (const length of [0, 1, 7, 8, 9, 1000, 4097]) {
    const some = Uint8Array.from({ length }, (_, n) => (n * n * 31) % 251);
    const cut = Math.floor(length / 3);
    expect(crc32(some)).toBe(judge(some));
    expect(crc32(some.subarray(cut), crc32(some.subarray(0, cut)))).toBe(judge(some));
  }
});

describe('zip', () => {
  const entries = () => [
    { head: Uint8Array.of(1, 2, 3), body: new Blob(['first']) },
    { body: new Blob([]) },
    { head: Uint8Array.of(9), body: new Blob(['x'.repeat(5 << 20)]) },
  ];

  it('is the same bytes twice, and says nothing of when or whose', async () => {
    const [one, two] = [await bytes(await zip(entries())), await bytes(await zip(entries()))];
    expect(Buffer.compare(one, two)).toBe(0);
  });

  it('is read by unzip and by our own reader', async () => {
    const made = await zip(entries());
    const path = join(mkdtempSync(join(tmpdir(), 'zip-')), 'a.zip');
    writeFileSync(path, await bytes(made));
    const told = execFileSync('python3', [
      '-c',
      'import zipfile,sys; z=zipfile.ZipFile(sys.argv[1]); print(z.testzip(), [(i.filename,i.file_size,i.compress_type,i.date_time) for i in z.infolist()])',
      path,
    ]);
    const zero = '(1980, 1, 1, 0, 0, 0)';
    expect(told.toString().trim()).toBe(
      `None [('000000', 8, 0, ${zero}), ('000001', 0, 0, ${zero}), ('000002', ${(5 << 20) + 1}, 0, ${zero})]`,
    );
    expect((await all(unzip(made))).map(([name, body]) => [name, body.length])).toEqual([
      ['000000', 8],
      ['000001', 0],
      ['000002', (5 << 20) + 1],
    ]);
  });

  it('reads each file once, in pieces, and stops when it is told to', async () => {
    let read = 0;
    await zip(entries(), (n) => (read += n));
    expect(read).toBe(5 + (5 << 20));
    const stop = new AbortController();
    await expect(zip(entries(), () => stop.abort(), stop.signal)).rejects.toHaveProperty('name', 'AbortError');
  });
});

describe('unzip', () => {
  const packed = zipSync({
    'a/IM1': bytesOf('one'),
    '__MACOSX/a/._IM1': bytesOf('x'),
    'b.txt': bytesOf('two'.repeat(500)),
  });

  it('expands what is no litter', async () => {
    expect(await all(unzip(new Blob([packed as Uint8Array<ArrayBuffer>])))).toEqual([
      ['a/IM1', 'one'],
      ['b.txt', 'two'.repeat(500)],
    ]);
  });

  it.each([
    ['cut short', (z: Uint8Array) => z.slice(0, -30), 'bad_archive'],
    ['no archive', () => bytesOf('PK\x03\x04 and no more'), 'bad_archive'],
    ['encrypted', (z: Uint8Array) => changed(z, (v, at) => v.setUint16(at + 8, 1, true)), 'encrypted_archive'],
    [
      'packed by bzip2',
      (z: Uint8Array) => changed(z, (v, at) => v.setUint16(at + 10, 12, true)),
      'unsupported_archive',
    ],
    ['longer than it says', (z: Uint8Array) => changed(z, (v, at) => v.setUint32(at + 24, 2, true)), 'bad_archive'],
    ['a bomb', (z: Uint8Array) => changed(z, (v, at) => v.setUint32(at + 24, 0x7fffffff, true)), 'archive_too_large'],
    ['damaged', (z: Uint8Array) => changed(z, (v, at) => v.setUint32(at + 16, 7, true)), 'bad_archive'],
    ['beyond its end', (z: Uint8Array) => changed(z, (v, at) => v.setUint32(at + 20, 0x7fffffff, true)), 'bad_archive'],
  ])('refuses one that is %s', async (_, change, code) => {
    await expect(all(unzip(new Blob([change(packed) as Uint8Array<ArrayBuffer>])))).rejects.toHaveProperty(
      'code',
      code,
    );
  });

  it('any byte changed is a file or a refusal, never anything else', async () => {
    for (let at = 0; at < packed.length; at++) {
      const other = packed.slice() as Uint8Array<ArrayBuffer>;
      other[at] = (other[at] ?? 0) ^ 0x41;
      await all(unzip(new Blob([other]))).catch((error) => expect(error).toHaveProperty('name', 'Refused'));
    }
  });
});

/** Changes every entry of the directory. */
function changed(zip: Uint8Array, change: (view: DataView, at: number) => void): Uint8Array {
  const copy = zip.slice();
  const view = new DataView(copy.buffer);
  for (let at = 0; at + 46 < copy.length; at++) if (view.getUint32(at, true) === 0x02014b50) change(view, at);
  return copy;
}

describe('untar', () => {
  it('gives the files of an archive that tar made', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tar-'));
    execFileSync('mkdir', ['-p', join(folder, 'scan/__MACOSX')]);
    writeFileSync(join(folder, 'scan/a'), 'x'.repeat(1000));
    writeFileSync(join(folder, 'scan/b'), '');
    writeFileSync(join(folder, 'scan/__MACOSX/c'), 'x');
    execFileSync('tar', ['--sort=name', '-czf', join(folder, 'scan.tgz'), '-C', folder, 'scan']);
    const made = await all(untar(new Blob([readFileSync(join(folder, 'scan.tgz'))])));
    expect(made).toEqual([
      ['scan/a', 'x'.repeat(1000)],
      ['scan/b', ''],
    ]);
  });

  it('refuses one that ends early', async () => {
    const head = new Uint8Array(512);
    head.set(bytesOf('a'));
    head.set(bytesOf('00000007777\0'), 124);
    head[156] = 0x30;
    await expect(all(untar(new Blob([gzipSync(head)])))).rejects.toHaveProperty('code', 'truncated');
    await expect(all(untar(new Blob([gzipSync(head).subarray(0, 20)])))).rejects.toHaveProperty('code', 'bad_gzip');
  });
});
