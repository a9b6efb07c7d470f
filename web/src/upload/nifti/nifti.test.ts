// @vitest-environment node
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { named, nifti, type Options } from '../testing/nifti';
import { latin } from '../text';
import { blankNifti } from './blank';
import { readHeader } from './header';
import { looksLike } from './values';

const blob = (bytes: Uint8Array) => new Blob([Uint8Array.from(bytes)]);
const bytes = async (file: Blob) => new Uint8Array(await file.arrayBuffer());
const code = (options: Options) => {
  try {
    return readHeader(nifti(options)).doubts.join(' ') || 'fine';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe.each([
  [1, true],
  [1, false],
  [2, true],
  [2, false],
] as const)('NIfTI-%s, little endian: %s', (version, little) => {
  it('reads size and spacing', () => {
    const header = readHeader(nifti({ version, little, dims: [6, 5, 4], spacing: [0.5, 0.75, 1] }));
    expect(header).toMatchObject({ dims: [6, 5, 4], spacing: [0.5, 0.75, 1], version, little, doubts: [] });
  });

  it.each([
    [{}, 'fine'],
    [{ sform: 0 }, 'missing_orientation'],
    [{ sform: 0, qform: 1 }, 'no_sform'],
    [{ dims: [6, 5, 4, 3] }, 'multiple_volumes'],
    [{ dims: [6, 5, 4, 1] }, 'fine'],
    [{ dims: [6, 5] }, 'too_few_slices'],
    [{ dims: [6, 5, 1] }, 'too_few_slices'],
    [{ spacing: [0.5, 0.5, 3] }, 'anisotropic'],
    [{ spacing: [0.5, 0.5, 8] }, 'thick'],
    [{ spacing: [4, 4, 4] }, 'coarse'],
    [{ datatype: 128 }, 'unsupported_datatype'],
  ] as [Options, string][])('%j is %s', (options, want) => expect(code({ version, little, ...options })).toBe(want));

  const said =
    version === 1
      ? { 14: 'ZZPHIdb', 148: 'ZZPHIdescrip', 228: 'ZZPHIaux', 328: 'ZZPHIname' }
      : { 240: 'ZZPHIdescrip', 320: 'ZZPHIaux', 508: 'ZZPHIname', 525: 'ZZPHIunused' };
  const dirty = nifti({
    version,
    little,
    texts: said,
    extensions: [
      [6, 'ZZPHI comment'],
      [2, 'ZZPHI dicom'],
    ],
    trailing: 'ZZPHI',
  });

  it.each(['plain', 'gzip', 'gzip with a name', 'two members'])('blanks what it says: %s', async (how) => {
    const packed = {
      plain: dirty,
      gzip: gzipSync(dirty),
      'gzip with a name': named(dirty, 'ZZPHI.nii'),
      'two members': Uint8Array.from([...gzipSync(dirty.subarray(0, 400)), ...named(dirty.subarray(400), 'ZZPHI')]),
    }[how] as Uint8Array;
    const header = readHeader(dirty);
    const { file, found } = await blankNifti(blob(packed), header, how !== 'plain');
    expect(found).toEqual(
      expect.arrayContaining(['descrip', 'aux_file', 'intent_name', 'db_name', 'extensions', 'trailing']),
    );
    const sent = await bytes(file);
    const content = how === 'plain' ? sent : Uint8Array.from(gunzipSync(sent));
    for (const text of [latin(sent), latin(content)]) expect(text.includes('ZZ')).toBe(false);
    expect(content.length).toBe(header.offset + 6 * 5 * 4 * 2);
    expect(content.subarray(header.offset)).toEqual(dirty.subarray(header.offset, content.length));
    expect(readHeader(content)).toEqual(header);
    // Equal bytes again, so that an upload goes on after a reload.
    expect(await bytes((await blankNifti(blob(packed), header, how !== 'plain')).file)).toEqual(sent);
  });
});

it('sends a file that says nothing as it is', async () => {
  const plain = nifti();
  for (const [file, gzip] of [
    [blob(plain), false],
    [blob(gzipSync(plain)), true],
  ] as const) {
    expect(await blankNifti(file, readHeader(plain), gzip)).toEqual({ file, found: [] });
  }
});

it('takes a name out of gzip without compressing again', async () => {
  const plain = nifti();
  const packed = named(plain, 'ZZPHI.nii');
  const { file, found } = await blankNifti(blob(packed), readHeader(plain), true);
  expect(found).toEqual(['gzip_name']);
  const sent = await bytes(file);
  expect(sent.subarray(10)).toEqual(packed.subarray(packed.indexOf(0, 10) + 1));
  expect(Uint8Array.from(gunzipSync(sent))).toEqual(plain);
});

it('finds a name in a second member', async () => {
  const plain = nifti();
  const packed = Uint8Array.from([...gzipSync(plain.subarray(0, 400)), ...named(plain.subarray(400), 'ZZPHI')]);
  const { file } = await blankNifti(blob(packed), readHeader(plain), true);
  const sent = await bytes(file);
  expect(latin(sent).includes('ZZPHI')).toBe(false);
  expect(Uint8Array.from(gunzipSync(sent))).toEqual(plain);
});

it('keeps the names of labels, and nothing around them', async () => {
  const table = '<LabelTable><Label Key="1"><![CDATA[liver]]></Label></LabelTable>';
  const xml = `<?xml version="1.0"?><CaretExtension><MetaData>ZZPHI and more of it, and more, and more</MetaData><VolumeInformation Index="0">${table}</VolumeInformation></CaretExtension>`;
  const source = nifti({
    intent: 1002,
    extensions: [
      [0, 'ZZPHI'],
      [0, xml],
      [4, 'ZZPHI'],
    ],
  });
  const { file } = await blankNifti(blob(source), readHeader(source), false);
  const sent = latin(await bytes(file));
  expect(sent).toContain(table);
  expect(sent).not.toContain('ZZPHI');
});

it.each([
  ['plain', false],
  ['gzip', true],
])('refuses one that ends before its last voxel: %s', async (_, gzip) => {
  const cut = nifti().subarray(0, -2);
  const file = blob(gzip ? gzipSync(cut) : cut);
  await expect(blankNifti(file, readHeader(cut), gzip)).rejects.toHaveProperty('code', 'truncated');
});

it('refuses a damaged gzip file, wherever it is damaged or cut', async () => {
  const packed = Uint8Array.from(gzipSync(nifti({ texts: { 148: 'x' } })));
  const sent = (bytes: Uint8Array) => blankNifti(blob(bytes), readHeader(nifti()), true);
  for (let at = 30; at < packed.length; at++) {
    const other = packed.slice();
    other[at] = (other[at] ?? 0) ^ 0x10;
    // A changed bit may still mean the same bytes.
    const made = await sent(other).catch((error) => {
      expect(error).toHaveProperty('name', 'Refused');
      return null;
    });
    if (made) expect(Uint8Array.from(gunzipSync(await bytes(made.file)))).toEqual(nifti());
    await expect(sent(packed.subarray(0, at)), `${at}`).rejects.toMatchObject({ name: 'Refused' });
  }
});

it('tells Hounsfield units from other values', () => {
  const looks = (value: (n: number) => number, datatype = 4) => {
    const file = nifti({ value, datatype });
    const header = readHeader(file);
    return looksLike(header, file.subarray(header.offset));
  };
  expect(looks((n) => (n % 7 === 0 ? -1000 : 40))).toBe('CT');
  expect(looks((n) => (n % 7 === 0 ? -1000 : 40), 16)).toBe('CT');
  expect(looks((n) => n % 200, 2)).toBe('other');
  expect(looks((n) => n * 7)).toBe('other');
  expect(looks(() => -1000)).toBe('other');
});
