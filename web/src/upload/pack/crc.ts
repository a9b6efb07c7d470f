// CRC-32 as zip has it, eight bytes at a time (slicing by eight).

/** Eight tables of 256, one after the other. */
const TABLE = new Uint32Array(8 * 256);
for (let n = 0; n < TABLE.length; n++) {
  if (n < 256) {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    TABLE[n] = c;
  } else {
    const c = TABLE[n - 256] as number;
    TABLE[n] = (c >>> 8) ^ (TABLE[c & 0xff] as number);
  }
}

/** The CRC of bytes that follow those of a CRC before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const table = TABLE;
  const look = (k: number, byte: number) => table[(k << 8) | (byte & 0xff)] as number;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let c = ~before;
  let at = 0;
  for (const end = bytes.length - 7; at < end; at += 8) {
    c ^= view.getInt32(at, true);
    const d = view.getInt32(at + 4, true);
    c =
      look(7, c) ^
      look(6, c >>> 8) ^
      look(5, c >>> 16) ^
      look(4, c >>> 24) ^
      look(3, d) ^
      look(2, d >>> 8) ^
      look(1, d >>> 16) ^
      look(0, d >>> 24);
  }
  for (; at < bytes.length; at++) c = (c >>> 8) ^ look(0, c ^ (bytes[at] as number));
  return ~c >>> 0;
}
