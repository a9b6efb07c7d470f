// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { axial, dicom, type Item, NATIVE } from '../testing/dicom';
import { latin } from '../text';
import { deidentify } from './deidentify';
import { openDicom } from './file';
import { Damaged } from './parse';
import type { Removed } from './removed';
import { Secret } from './secret';
import { decimalsOf, find, textOf, wordOf } from './value';

const secret = new Secret(new Uint8Array(32).fill(7));
const MARK = 'ZZPHI';

async function cleaned(file: File, by = secret, removed: Removed = new Map()) {
  const { head, pixels } = await deidentify(await openDicom(file), by, removed);
  return new File([head, pixels], 'out.dcm');
}
const textual = async (blob: Blob) => latin(new Uint8Array(await blob.arrayBuffer()));

/** Something that identifies a patient, in every type of value and in every kind of place. */
const phi: Item = [
  [0x00080005, 'CS', 'ISO_IR 100'],
  [0x00080020, 'DA', '19600101'],
  [0x00080032, 'TM', '123456.789'],
  [0x00080050, 'SH', `${MARK}sh`],
  [0x00080080, 'LO', `${MARK}lo`],
  [0x00080090, 'PN', `${MARK}^PN`],
  [0x0008103e, 'LO', `${MARK} series`],
  [
    0x00081110,
    'SQ',
    [
      [
        [0x00081155, 'UI', '1.2.3.99'],
        [0x0040a123, 'PN', `${MARK}^nested`],
      ],
    ],
  ],
  [
    0x00081140,
    'SQ',
    [
      [
        [0x00081160, 'IS', '77777'],
        [0x00080100, 'SH', `${MARK}a`],
      ],
    ],
  ],
  [0x00091001, 'UN', Uint8Array.from(`${MARK}priv`, (c) => c.charCodeAt(0))],
  [0x00091002, 'SQ', [[[0x00100010, 'PN', `${MARK}^private`]]]],
  [0x00100010, 'PN', `${MARK}^Name`],
  [0x00100020, 'LO', `${MARK}id`],
  [0x00100030, 'DA', '19600102'],
  [0x00101010, 'AS', '064Y'],
  [0x001021b0, 'LT', `${MARK} history`],
  [0x00104000, 'ST', `${MARK} st`],
  [0x00180050, 'DS', '2.5'],
  [0x00181000, 'UC', `${MARK}uc`],
  [0x00189074, 'DT', '19600103121212'],
  [0x00200010, 'SH', `${MARK}study`],
  [0x00200052, 'UI', '1.2.3.5'],
  [0x00201040, 'UR', `http://${MARK}`],
  [0x00204000, 'UT', `${MARK} comments`],
  [0x00280120, 'US', [63536]],
  [0x00281054, 'LO', 'HU'],
  [0x00321032, 'AE', `${MARK}ae`],
  [
    0x00400275,
    'SQ',
    [
      [
        [0x00400007, 'LO', `${MARK}deep`],
        [0x00400008, 'SQ', [[[0x00100010, 'PN', `${MARK}^deeper`]]]],
      ],
    ],
  ],
  [0x60000022, 'LO', `${MARK}overlay`],
  [0x60003000, 'OW', Uint8Array.from(`${MARK}bits`.padEnd(10), (c) => c.charCodeAt(0))],
];

describe.each(NATIVE)('syntax %s', (syntax) => {
  it.each([false, true])('nothing of the patient is in the bytes; sequences endless: %s', async (endless) => {
    const out = await textual(await cleaned(dicom(axial(0, phi), { syntax, endless })));
    for (const word of [
      MARK,
      '19600101',
      '19600102',
      '19600103',
      '123456.789',
      '064Y',
      '77777',
      '1.2.3.99',
      '1.2.3.4',
      '1.9.9.9',
    ])
      expect(out.includes(word), word).toBe(false);
    expect(out.includes('ZZ')).toBe(false); // nor of the preamble
  });

  it('leaves what places and scales the slice, and says what it is', async () => {
    const source = await openDicom(dicom(axial(3, phi), { syntax }));
    const out = await openDicom(await cleaned(dicom(axial(3, phi), { syntax })));
    const { little } = out.encoding;
    expect(decimalsOf(out.elements, 0x00200032, 3)).toEqual([-10, -20, 36]);
    expect(decimalsOf(out.elements, 0x00281052, 1)).toEqual([-1024]);
    expect(wordOf(out.elements, 0x00280010, little)).toBe(4);
    expect(wordOf(out.elements, 0x00280120, little)).toBe(63536);
    expect(textOf(out.elements, 0x00080008)).toBe('ORIGINAL\\PRIMARY\\AXIAL');
    expect(textOf(out.elements, 0x00080016)).toBe(textOf(source.elements, 0x00080016));
    expect(textOf(out.elements, 0x00120062)).toBe('YES');
    expect(textOf(out.elements, 0x00120063)).toMatch(/PS3\.15/);
    expect(find(out.elements, 0x00100010)?.value.length).toBe(0);
    expect(out.pixels?.length).toBe(48);
    const read = async ({ body, pixels }: typeof out) =>
      new Uint8Array(await body.slice(pixels?.at, (pixels?.at ?? 0) + 48).arrayBuffer());
    expect(await read(out)).toEqual(await read(source));
  });
});

it('takes a file without preamble, and gives it one', async () => {
  for (const syntax of NATIVE.filter((uid) => !uid.endsWith('.99'))) {
    const out = await cleaned(dicom(axial(0, phi), { syntax, bare: true }));
    expect(await textual(out.slice(128, 132))).toBe('DICM');
    expect((await openDicom(out)).syntaxUID).toBe(syntax);
    expect((await textual(out)).includes(MARK)).toBe(false);
  }
});

it('gives slices of one series one new series, every time, and another with another salt', async () => {
  const uids = async (n: number, by = secret) => {
    const { elements } = await openDicom(await cleaned(dicom(axial(n, phi)), by));
    return [0x0020000d, 0x0020000e, 0x00200052, 0x00080018].map((tag) => textOf(elements, tag));
  };
  const [a, b, again] = [await uids(0), await uids(1), await uids(0)];
  const other = await uids(0, new Secret(new Uint8Array(32).fill(8)));
  expect(again).toEqual(a);
  expect(b.slice(0, 3)).toEqual(a.slice(0, 3));
  expect(b[3]).not.toBe(a[3]);
  expect(new Set([...a, ...other]).size).toBe(8);
  for (const uid of a) expect(uid).toMatch(/^2\.25\.[1-9]\d{36,38}$/);
});

// What is kept must not carry a text either, whatever its type claims.
it.each([
  ['a vendor word in the image type', 0x00080008, 'CS', `ORIGINAL\\PRIMARY\\${MARK}`],
  ['a name as rescale type', 0x00281054, 'LO', MARK],
  ['a name as position', 0x00200032, 'DS', `${MARK}\\1\\2`],
  ['a name as number', 0x00200013, 'IS', MARK],
  ['a name as echo', 0x00180086, 'IS', MARK],
  ['a name as modality', 0x00080060, 'CS', MARK],
  ['a name as UID', 0x0020000e, 'UI', MARK],
  ['a name in the rows', 0x00280010, 'US', Uint8Array.from(`ab${MARK}`, (c) => c.charCodeAt(0))],
  ['a name in the pointer', 0x00280009, 'AT', Uint8Array.from(`${MARK}xyz`, (c) => c.charCodeAt(0))],
  ['a name in a standard UID', 0x00080016, 'UI', '1.2.840.10008.19600101'],
  ['a long number', 0x00181065, 'DS', '7'.repeat(2000)],
] as const)('%s becomes a token or a question mark', async (_, tag, vr, value) => {
  const out = await textual(await cleaned(dicom(axial(0, [[tag, vr, value]]))));
  for (const word of [MARK, '19600101', '7777']) expect(out.includes(word)).toBe(false);
});

it('keeps a number that is none as one, for the server to refuse the slice by', async () => {
  const { elements } = await openDicom(await cleaned(dicom(axial(0, [[0x00281053, 'DS', 'abc']]))));
  expect(textOf(elements, 0x00281053)).toBe('?');
});

it('tells equal times from different ones, and no more', async () => {
  const time = async (text: string) =>
    textOf((await openDicom(await cleaned(dicom(axial(0, [[0x00080032, 'TM', text]]))))).elements, 0x00080032);
  expect(await time('101112')).toBe(await time('101112'));
  expect(await time('101112')).not.toBe(await time('101113'));
  expect(await time('101112')).toMatch(/^([01]\d|2[0-3])[0-5]\d[0-5]\d\.\d{6}$/);
});

it('keeps the functional groups of an enhanced file and nothing else in them', async () => {
  const frame = (n: number): Item => [
    [
      0x00209111,
      'SQ',
      [
        [
          [0x00189074, 'DT', `${MARK}`],
          [0x00209156, 'US', [n]],
        ],
      ],
    ],
    [0x00209113, 'SQ', [[[0x00200032, 'DS', `1\\2\\${n}`]]]],
    [0x00291010, 'UN', Uint8Array.from(MARK, (c) => c.charCodeAt(0))],
  ];
  for (const syntax of NATIVE) {
    for (const vr of syntax.endsWith('.2.2') ? ['SQ'] : ['SQ', 'UN']) {
      for (const endless of [false, true]) {
        const file = dicom(
          axial(0, [
            [0x00280008, 'IS', '3'],
            [0x52009230, vr, [frame(0), frame(1), frame(2)]],
          ]),
          { syntax, endless },
        );
        const out = await cleaned(file);
        expect((await textual(out)).includes(MARK)).toBe(false);
        const frames = find((await openDicom(out)).elements, 0x52009230)?.items ?? [];
        const places = frames.map((item) => decimalsOf(find(item, 0x00209113)?.items?.[0] ?? [], 0x00200032, 3)?.[2]);
        expect(places, `${syntax} ${vr} ${endless}`).toEqual([0, 1, 2]);
      }
    }
  }
});

it('reads on behind an item that its sequence closes', async () => {
  // Endless sequence, endless item, a position, and the sequence's end without the item's.
  const head = [0x20, 0, 0x13, 0x91, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff];
  const item = [0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff];
  const position = [0x20, 0, 0x32, 0, 0x44, 0x53, 6, 0, ...[...'1\\2\\3 '].map((char) => char.charCodeAt(0))];
  const end = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
  const before = dicom(axial(0).filter(([tag]) => tag < 0x00280000));
  const after = dicom(
    axial(0).filter(([tag]) => tag > 0x00280000),
    { bare: true },
  );
  const file = new File([before, Uint8Array.from([...head, ...item, ...position, ...end]), after], 'a');
  const out = await openDicom(await cleaned(file));
  expect(decimalsOf(find(out.elements, 0x00209113)?.items?.[0] ?? [], 0x00200032, 3)).toEqual([1, 2, 3]);
  expect(wordOf(out.elements, 0x00280010, true)).toBe(4);
  expect(out.pixels?.length).toBe(48);
});

it('keeps compressed pixels to their end, and nothing behind it', async () => {
  const jpeg = Uint8Array.from([
    ...[0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0],
    ...[0xfe, 0xff, 0x00, 0xe0, 4, 0, 0, 0, 1, 2, 3, 4],
    ...[0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0],
  ]);
  const before = dicom(axial(0).slice(0, -1), { syntax: '1.2.840.10008.1.2.4.70' });
  const head = Uint8Array.from([0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  const behind = Uint8Array.from(`\xfa\xff\xfa\xffSQ\0\0${MARK}`, (c) => c.charCodeAt(0));
  const out = await cleaned(new File([before, head, jpeg, behind], 'a'));
  expect((await textual(out)).includes(MARK)).toBe(false);
  expect((await textual(out)).endsWith(latin(jpeg))).toBe(true);
  await expect(cleaned(new File([before, head, jpeg.slice(0, -9)], 'a'))).rejects.toThrow(Damaged);
  // Some writers leave the delimiter out.
  const open = await cleaned(new File([before, head, jpeg.slice(0, -8)], 'a'));
  expect((await textual(open)).endsWith(latin(jpeg.slice(0, -8)))).toBe(true);
});

it('keeps the ratio of a lossy compression, of which the server warns', async () => {
  const out = await openDicom(await cleaned(dicom(axial(0, [[0x00282112, 'DS', '1\\12.5']]))));
  expect(textOf(out.elements, 0x00282112)).toBe('1\\12.5');
});

it('bears what writers get wrong around fragments', async () => {
  const file = new Uint8Array(await dicom(axial(0)).arrayBuffer());
  const at = latin(file).lastIndexOf('\xe0\x7f\x10\x00OW');
  const begin = [...file.slice(0, at), 0xe0, 0x7f, 0x10, 0, 0x4f, 0x42, 0, 0, 255, 255, 255, 255];
  const item = (...bytes: number[]) => [0xfe, 0xff, 0, 0xe0, bytes.length, 0, 0, 0, ...bytes];
  const end = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
  const secretly = Array.from(MARK, (char) => char.charCodeAt(0));
  const out = async (...bytes: number[]) =>
    latin(
      new Uint8Array(
        await (
          await deidentify(await openDicom(new File([new Uint8Array([...begin, ...bytes])], 'a')), secret, new Map())
        ).pixels.arrayBuffer(),
      ),
    );
  const two = [...item(), ...item(1, 2, 3, 4)];
  const text = (bytes: number[]) => latin(new Uint8Array(bytes));
  for (const [name, kept, behind] of [
    ['an odd length', [...item(), ...item(1, 2, 3), ...item(4, 5, 6), ...end], secretly],
    ['a byte that the length leaves out', [...item(), ...item(1, 2, 3), 0, ...item(4, 5, 6), 0, ...end], secretly],
    ['a delimiter of an item', [...two, 0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, ...end], secretly],
    ['zeros in place of the delimiter', two, [0, 0, 0, 0, 0, 0, 0, 0, ...secretly]],
    ['fewer zeros than an element has', two, [0, 0, 0]],
    ['padding behind no delimiter', two, [0xfc, 0xff, 0xfc, 0xff, 0x4f, 0x42, 0, 0, 5, 0, 0, 0, ...secretly]],
  ] as [string, number[], number[]][])
    expect(await out(...kept, ...behind), name).toBe(text(kept));
  for (const bytes of [[], item(), [...two, ...secretly, ...secretly], [...two, 0xfe, 0xff, 0, 0xe0, 9, 0, 0, 0, 1]])
    await expect(out(...bytes)).rejects.toThrow(Damaged);
});

it('tells what was removed by kinds, without a value', async () => {
  const removed: Removed = new Map();
  await cleaned(dicom(axial(0, phi)), secret, removed);
  const told = Object.fromEntries([...removed].map(([category, tags]) => [category, tags.size]));
  expect(told).toMatchObject({ name: 1, id: 3, birth: 1, dates: 2, private: 2, overlays: 2, place: 1, texts: 4 });
});

it('reads a cut file as damaged, wherever it is cut', async () => {
  for (const syntax of NATIVE) {
    const whole = dicom(axial(0, phi), { syntax });
    for (let length = 140; length < whole.size; length += 7) {
      const cut = new File([whole.slice(0, length)], 'a');
      await expect(cleaned(cut), `${syntax} ${length}`).rejects.toThrow(Damaged);
    }
  }
});
