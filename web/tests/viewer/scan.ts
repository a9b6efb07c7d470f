/** A NIfTI volume of cubes of 4 mm whose middle is the scanner's origin, with a value for each place in RAS millimetres. */
export function nifti(
  side: number,
  kind: 'int16' | 'uint8' | 'uint16',
  value: (x: number, y: number, z: number) => number,
): Buffer {
  const [bytes, code] = { int16: [2, 4], uint8: [1, 2], uint16: [2, 512] }[kind] as [number, number];
  const file = Buffer.alloc(352 + side ** 3 * bytes);
  file.writeInt32LE(348, 0);
  for (const [n, d] of [3, side, side, side, 1, 1, 1, 1].entries()) file.writeInt16LE(d, 40 + 2 * n);
  file.writeInt16LE(kind === 'int16' ? 0 : 1002, 68); // a label map says so
  file.writeInt16LE(code, 70);
  file.writeInt16LE(8 * bytes, 72);
  for (const [n, d] of [1, 4, 4, 4, 1, 1, 1, 1].entries()) file.writeFloatLE(d, 76 + 4 * n);
  file.writeFloatLE(352, 108);
  file.writeFloatLE(1, 112);
  file.writeUInt8(2, 123); // millimetres
  file.writeInt16LE(1, 254);
  const low = -2 * (side - 1);
  for (let row = 0; row < 3; row++) {
    file.writeFloatLE(4, 280 + 16 * row + 4 * row);
    file.writeFloatLE(low, 280 + 16 * row + 12);
  }
  file.write('n+1\0', 344, 'latin1');
  for (let z = 0, at = 352; z < side; z++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++, at += bytes) {
        const v = value(low + 4 * x, low + 4 * y, low + 4 * z);
        if (kind === 'int16') file.writeInt16LE(v, at);
        else if (kind === 'uint16') file.writeUInt16LE(v, at);
        else file.writeUInt8(v, at);
      }
    }
  }
  return file;
}
