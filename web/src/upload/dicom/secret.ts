// Pseudonyms. The salt is made once for each browser and stays in it: with it the same scan
// gets the same pseudonyms after a reload, and nobody without it can try names against them.

import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';

export class Secret {
  private readonly uids = new Map<string, string>();

  constructor(private readonly salt: Uint8Array) {}

  private digest(use: string, text: string): Uint8Array {
    return hmac(sha256, this.salt, new TextEncoder().encode(`${use}\0${text}`));
  }

  /** A UID made from a UUID (PS3.5 B.2) in place of one. */
  uid(uid: string): string {
    const known = this.uids.get(uid);
    if (known !== undefined) return known;
    const bytes = this.digest('uid', uid);
    // Version 8 and the variant of RFC 9562 make the 16 bytes a valid UUID.
    bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
    let value = 0n;
    for (const byte of bytes.subarray(0, 16)) value = (value << 8n) | BigInt(byte);
    const made = `2.25.${value}`;
    // Slices have a UID each, which no other file names: only those of series are worth keeping.
    if (this.uids.size < 1000) this.uids.set(uid, made);
    return made;
  }

  /** A token in place of a text, within a code string's 16 characters. */
  token(text: string): string {
    return `X${hex(this.digest('token', text)).slice(0, 15).toUpperCase()}`;
  }

  /** A time of day in place of another. */
  time(text: string): string {
    const bytes = this.digest('time', text);
    const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
    const fraction = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4) % 1_000_000;
    const two = (value: number) => String(value).padStart(2, '0');
    const seconds = number % 86_400;
    const clock = two(Math.floor(seconds / 3600)) + two(Math.floor(seconds / 60) % 60) + two(seconds % 60);
    return `${clock}.${String(fraction).padStart(6, '0')}`;
  }

  /** What tells an upload again, of texts and bytes that name nobody without the salt. */
  fingerprint(...parts: (string | Uint8Array)[]): string {
    const sum = hmac.create(sha256, this.salt);
    for (const part of parts) {
      const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part;
      sum.update(new TextEncoder().encode(`${bytes.length}\0`)).update(bytes);
    }
    return hex(sum.digest());
  }
}

export const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
