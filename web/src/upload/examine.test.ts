// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { Dropped } from './collect';
import { Secret } from './dicom/secret';
import { examine } from './examine';
import { unzip } from './pack/unpack';
import { prepare } from './prepare';
import { axial, dicom, type Item, NATIVE } from './testing/dicom';
import { nifti } from './testing/nifti';
import { bytesOf, latin } from './text';

const secret = new Secret(new Uint8Array(32));
const drop = (files: Record<string, Blob | Uint8Array | string | null>): Dropped[] =>
  Object.entries(files).map(([path, content]) => ({
    path,
    file:
      content === null || content instanceof Blob
        ? content
        : new Blob([typeof content === 'string' ? bytesOf(content) : Uint8Array.from(content)]),
  }));
const bytes = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());
const series = (uid: string, count: number, more: Item = [], options = {}) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `scan/${uid}/IM${String(n).padStart(3, '0')}`,
      dicom(axial(n, [[0x0020000e, 'UI', uid], ...more]), options),
    ]),
  );
/** Scans and refusals of a drop, in short. */
const told = async (files: Parameters<typeof drop>[0]) => {
  const { scans, refused, lost } = await examine(drop(files));
  return {
    scans: scans.map((scan) =>
      scan.is === 'series' ? `${scan.series.key} ${scan.series.count} ${scan.series.doubts.join(' ')}`.trim() : scan.is,
    ),
    refused: Object.fromEntries(refused.map(({ path, code }) => [path, code])),
    lost,
  };
};

describe('kinds of files', () => {
  const tar = () => {
    const folder = mkdtempSync(join(tmpdir(), 'tar-'));
    for (let n = 0; n < 3; n++) writeFileSync(join(folder, `IM${n}`), new Uint8Array(0));
    return Promise.all(
      [0, 1, 2].map(async (n) => writeFileSync(join(folder, `IM${n}`), await bytes(dicom(axial(n))))),
    ).then(() => {
      execFileSync('tar', ['-czf', join(folder, 'a.tgz'), '-C', folder, 'IM0', 'IM1', 'IM2']);
      return readFileSync(join(folder, 'a.tgz'));
    });
  };

  it('takes NIfTI, plain or in gzip, whatever its name', async () => {
    for (const file of [nifti(), gzipSync(nifti())]) expect((await told({ thing: file })).scans).toEqual(['nifti']);
  });

  it.each(NATIVE)('takes slices of syntax %s', async (syntax) => {
    expect((await told(series('1.2.3', 4, [], { syntax }))).scans).toEqual(['1.2.3 4']);
  });

  it('takes slices without preamble', async () => {
    expect((await told(series('1.2.3', 4, [], { bare: true }))).scans).toEqual(['1.2.3 4']);
  });

  it('opens archives', async () => {
    const files = series('1.2.3', 3);
    const entries = await Promise.all(
      Object.entries(files).map(async ([path, file]) => [path, await bytes(file)] as const),
    );
    const packed = zipSync({
      ...Object.fromEntries(entries),
      DICOMDIR: bytesOf('x'),
      'scan/notes.txt': bytesOf('hello'),
    });
    expect(await told({ 'a.zip': packed })).toEqual({
      scans: ['1.2.3 3'],
      refused: { 'a.zip/scan/notes.txt': 'text' },
      lost: 0,
    });
    expect((await told({ 'a.tgz': await tar() })).scans).toEqual(['1.2.3.4 3']);
    expect((await told({ 'a.zip': zipSync({ 'scan.nii': nifti() }) })).scans).toEqual(['nifti']);
  });

  it('takes a segmentation of 3D Slicer, and no other NRRD', async () => {
    const head = 'NRRD0005\ntype: unsigned char\ndimension: 3\nsizes: 1 1 1\n';
    expect((await told({ 'a.seg.nrrd': `${head}Segment0_Name:=liver\n\n\0` })).scans).toEqual(['nrrd']);
    expect((await told({ 'a.nrrd': `${head}\n\0` })).refused).toEqual({ 'a.nrrd': 'volume' });
  });

  it.each([
    ['notes.txt', 'hello', 'text'],
    ['a.pdf', '%PDF-1.4', 'document'],
    ['a.png', '\x89PNG\r\n\x1a\n', 'picture'],
    ['a.rar', 'Rar!\x1a\x07\x00', 'packed'],
    ['a.7z', '7z\xbc\xaf\x27\x1c', 'packed'],
    ['a.mha', 'ObjectType = Image\nNDims = 3\n', 'volume'],
    ['a.mgz', gzipSync(bytesOf('\0\0\0\x01\0\0\0\0')), 'gzip_of'],
    ['a.html', '<!DOCTYPE html><html>', 'webpage'],
    ['a.nii.gz', 'version https://git-lfs.github.com/spec/v1\n', 'pointer'],
    [
      'a.hdr',
      nifti()
        .fill(0, 344, 348)
        .map((b, n) => (n >= 344 && n < 347 ? bytesOf('ni1')[n - 344] : b) as number),
      'pair',
    ],
    ['empty.nii', '', 'empty'],
    ['zeros.dcm', new Uint8Array(2000), 'zeros'],
    ['viewer.exe', 'MZ\x90\0\x03\0\0\0\x04\0', 'program'],
    ['report.docx', zipSync({ '[Content_Types].xml': bytesOf('x') }), 'document'],
    ['in.zip', zipSync({ 'inner.zip': zipSync({ a: bytesOf('b') }) }), 'nested_archive'],
    ['cut.nii', nifti().subarray(0, 400), 'truncated'],
    ['four.nii', nifti({ dims: [4, 4, 4, 3] }), 'multiple_volumes'],
    ['place.nii', nifti({ sform: 0 }), 'missing_orientation'],
    ['gone.dcm', null, 'unreadable'],
    ['a.dcm', 'no slice at all\0', 'mistaken'],
  ])('explains %s', async (path, content, want) => {
    const { scans, refused } = await told({ [path]: content });
    expect(scans).toEqual([]);
    expect(Object.values(refused)).toEqual([want]);
  });

  it('says nothing of litter', async () => {
    expect(await told({ '.DS_Store': 'x', 'a/Thumbs.db': 'x', DICOMDIR: dicom(axial(0)), 'a/._IM1': 'x' })).toEqual({
      scans: [],
      refused: {},
      lost: 0,
    });
  });
});

describe('series', () => {
  it('lists the original volume first, then derived ones, and what is no volume last', async () => {
    const files = {
      ...series('1.1', 3, [[0x00080008, 'CS', 'DERIVED\\SECONDARY\\MPR']]),
      ...series('1.2', 5, [[0x00200032, 'DS', '0\\0\\0']]),
      ...series('1.3', 4),
      ...series('1.4', 2),
    };
    const { scans, refused } = await told(files);
    expect(scans).toEqual(['1.3 4', '1.1 3 derived', '1.2 5 no_places']);
    expect(Object.values(refused)).toEqual(['too_few_slices', 'too_few_slices']);
  });

  it.each([
    ['a name in the pixels', [[0x00280301, 'CS', 'YES']], 'burned_in'],
    ['a localizer', [[0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\LOCALIZER']], 'localizer'],
    ['a mosaic', [[0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\M\\MOSAIC']], 'mosaic'],
    [
      'an ultrasound',
      [
        [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.6.1'],
        [0x00080060, 'CS', 'US'],
      ],
      'not_volume',
    ],
    [
      'a colour picture',
      [
        [0x00280002, 'US', [3]],
        [0x00280004, 'CS', 'RGB'],
      ],
      'capture',
    ],
    [
      'a screenshot',
      [
        [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.7'],
        [0x00200032, 'DS', ''],
      ],
      'capture',
    ],
  ] as [string, Item, string][])('leaves out %s', async (_, more, want) => {
    const { scans, refused } = await told({ ...series('1.1', 3), 'scan/x': dicom(axial(9, more)) });
    expect(scans).toEqual(['1.1 3']);
    expect(Object.values(refused)).toEqual([want]);
  });

  it('leaves out reports', async () => {
    const report = dicom(axial(0).slice(0, -1));
    expect((await told({ ...series('1.1', 3), r: report })).refused).toEqual({ r: 'report' });
  });

  it('says when slices of it cannot be read: the scan may lack them', async () => {
    const whole = dicom(axial(3, [[0x0020000e, 'UI', '1.1']]));
    const found = await told({
      ...series('1.1', 3),
      'scan/1.1/IM003': whole.slice(0, whole.size - 4),
      'scan/1.1/IM004': '',
    });
    expect(found).toEqual({
      scans: ['1.1 3'],
      refused: { 'scan/1.1/IM003': 'cut', 'scan/1.1/IM004': 'empty' },
      lost: 2,
    });
  });

  it('joins images that each claim a series of their own', async () => {
    const files = Object.fromEntries(
      [0, 1, 2, 3].map((n) => [`IM${n}`, dicom(axial(n, [[0x0020000e, 'UI', `1.${n}`]]))]),
    );
    expect((await told(files)).scans).toEqual(['1.0 4']);
  });

  it('warns of a head and of thick slices', async () => {
    const head = await told(series('1.1', 3, [[0x00180015, 'CS', 'HEAD']]));
    expect(head.scans).toEqual(['1.1 3 face']);
    const thick = Object.fromEntries(
      [0, 1, 2].map((n) => [`IM${n}`, dicom(axial(n, [[0x00200032, 'DS', `0\\0\\${n * 9}`]]))]),
    );
    expect((await told(thick)).scans).toEqual(['1.2.3.4 3 thick']);
  });

  it('takes a multi-frame file for a series', async () => {
    const frame = (n: number): Item => [[0x00209113, 'SQ', [[[0x00200032, 'DS', `0\\0\\${n}`]]]]];
    const file = dicom(
      axial(0, [
        [0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.2.1'],
        [0x00280008, 'IS', '3'],
        [0x52009230, 'SQ', [frame(0), frame(1), frame(2)]],
      ]),
    );
    const { scans } = await examine(drop({ 'a.dcm': file }));
    expect(scans).toMatchObject([
      { is: 'series', series: { count: 3, dims: [6, 4, 3], spacing: [0.5, 0.5, 1], doubts: [] } },
    ]);
  });
});

it('sends a folder as the same bytes whatever the order of its files, and says no name in them', async () => {
  const files = series('1.1', 5, [[0x00100010, 'PN', 'ZZPHI^Name']]);
  const made = async (names: string[]) => {
    const { scans } = await examine(
      drop(Object.fromEntries(names.map((name) => [name.replace('scan', 'ZZPHI'), files[name] as Blob]))),
    );
    const { file, as, removed } = await prepare(scans[0] as (typeof scans)[0], { secret, anonymous: true });
    expect(as).toBe('scan.zip');
    expect(removed).toContainEqual(['name', 1]);
    return bytes(file);
  };
  const names = Object.keys(files);
  const one = await made(names);
  expect(await made(names.reverse())).toEqual(one);
  expect(latin(one).includes('ZZPHI')).toBe(false);
  let count = 0;
  for await (const _ of unzip(new Blob([one]))) count++;
  expect(count).toBe(5);
});

it('sends everything as it is where that was asked for', async () => {
  const { scans } = await examine(drop(series('1.1', 3, [[0x00100010, 'PN', 'ZZPHI^Name']])));
  const { file, removed } = await prepare(scans[0] as (typeof scans)[0], { secret, anonymous: false });
  expect(latin(await bytes(file)).includes('ZZPHI')).toBe(true);
  expect(removed).toEqual([]);
});

it('leaves the comments of a segmentation out', async () => {
  const file =
    'NRRD0005\n# ZZPHI\ntype: unsigned char\ndimension: 3\ncontent: ZZPHI\nsizes: 1 1 1\nSegment0_Name:=liver\nZZPHI:=x\n\n\x07';
  const { scans } = await examine(drop({ 'a.seg.nrrd': file }));
  const sent = await prepare(scans[0] as (typeof scans)[0], { secret, anonymous: true });
  expect(latin(await bytes(sent.file))).toBe(
    'NRRD0005\ntype: unsigned char\ndimension: 3\nsizes: 1 1 1\nSegment0_Name:=liver\n\n\x07',
  );
  expect(sent).toMatchObject({ as: 'scan.nrrd', options: { task: 'labels' } });
});

it('draws the middle slice', async () => {
  const { seriesThumbnail } = await import('./thumbnail');
  const { scans } = await examine(drop(series('1.1', 5)));
  const [scan] = scans;
  if (scan?.is !== 'series') throw new Error('no series');
  const picture = await seriesThumbnail(scan.series);
  expect([picture?.width, picture?.height]).toEqual([112, 75]);
  expect(new Set(picture?.gray).size).toBeGreaterThan(3);
});

it('says of compressed images whether the service reads them, and draws none', async () => {
  const { seriesThumbnail } = await import('./thumbnail');
  const read = [
    '1.98',
    '4.50',
    '4.51',
    '4.57',
    '4.70',
    '4.80',
    '4.81',
    '4.90',
    '4.91',
    '4.92',
    '4.93',
    '4.201',
    '4.202',
    '4.203',
    '5',
    '8.1',
  ];
  const refused = ['4.100', '4.102', '4.107', '4.110', '4.111', '4.112', '4.94', '4.204'];
  for (const end of [...read, ...refused]) {
    const { scans } = await examine(drop(series('1.1', 3, [], { syntax: `1.2.840.10008.1.2.${end}` })));
    const [scan] = scans;
    if (scan?.is !== 'series') throw new Error('no series');
    expect(scan.series.doubts, end).toEqual([read.includes(end) ? 'packed' : 'compressed']);
    expect(scan.series.compressed, end).toMatch(/^(JPEG|MPEG|RLE|DEFLATE|HTJ2K|encapsulated|JPIP)/);
    expect(await seriesThumbnail(scan.series), end).toBe(null);
  }
  const files = series('1.1', 4, [], { syntax: '1.2.840.10008.1.2.5' });
  files['scan/one'] = dicom(axial(9, [[0x0020000e, 'UI', '1.1']]), { syntax: '1.2.840.10008.1.2.4.100' });
  const mixed = await examine(drop(files));
  expect(mixed.scans[0]).toMatchObject({ series: { compressed: 'MPEG', doubts: ['compressed'] } });
});

it('draws big endian samples of a little endian file', async () => {
  const { seriesThumbnail } = await import('./thumbnail');
  const drawn = async (syntax: string) => {
    const swapped = syntax === '1.2.840.113619.5.2';
    const pixels = Array.from({ length: 24 }, (_, n) => (swapped ? (n * 10) << 8 : n * 10));
    const { scans } = await examine(drop(series('1.1', 3, [[0x7fe00010, 'OW', pixels]], { syntax })));
    if (scans[0]?.is !== 'series') throw new Error('no series');
    return (await seriesThumbnail(scans[0].series))?.gray;
  };
  expect(await drawn('1.2.840.113619.5.2')).toEqual(await drawn('1.2.840.10008.1.2'));
});
