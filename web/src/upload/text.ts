// Texts in files: bytes that are read one a character.

/** A text of one byte a character. */
export function latin(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let out = '';
  for (let at = from; at < Math.min(to, bytes.length); at++) out += String.fromCharCode(bytes[at] ?? 0);
  return out;
}

/** A text without some characters at both ends. */
export function trim(text: string, characters: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && characters.includes(text.charAt(from))) from++;
  while (to > from && characters.includes(text.charAt(to - 1))) to--;
  return text.slice(from, to);
}

/** A text up to its first NUL. */
export const untilNul = (text: string) => text.split('\0', 1)[0] ?? '';

export const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
