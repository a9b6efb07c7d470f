// Small decoders of JSON that came from the network. Each takes a value and the path at
// which it stands, and gives a value of its type or throws Malformed, which names the path.
// Members that are not known pass: a later API may add some.

/** An answer is not what the API's contract says. */
export class Malformed extends Error {
  constructor(path: string, want: string, value: unknown) {
    super(`${path}: want ${want}, got ${kind(value)}`);
    this.name = 'Malformed';
  }
}

function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value;
}

export type Decoder<T> = (value: unknown, path: string) => T;

export const text: Decoder<string> = (value, path) => {
  if (typeof value !== 'string') throw new Malformed(path, 'a text', value);
  return value;
};

export const number: Decoder<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Malformed(path, 'a number', value);
  return value;
};

export const integer: Decoder<number> = (value, path) => {
  if (!Number.isSafeInteger(value)) throw new Malformed(path, 'a whole number', value);
  return value as number;
};

export const flag: Decoder<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new Malformed(path, 'true or false', value);
  return value;
};

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A time of RFC 3339, which stays a text: what shows it makes a Date of it. */
export const time: Decoder<string> = (value, path) => {
  if (typeof value !== 'string' || !RFC3339.test(value) || Number.isNaN(Date.parse(value))) {
    throw new Malformed(path, 'a time of RFC 3339', value);
  }
  return value;
};

export function oneOf<const T extends string>(...words: readonly T[]): Decoder<T> {
  return (value, path) => {
    if (!words.includes(value as T)) throw new Malformed(path, `one of ${words.join(', ')}`, value);
    return value as T;
  };
}

export function list<T>(item: Decoder<T>): Decoder<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw new Malformed(path, 'a list', value);
    return value.map((one, i) => item(one, `${path}[${i}]`));
  };
}

export function orNull<T>(item: Decoder<T>): Decoder<T | null> {
  return (value, path) => (value === null ? null : item(value, path));
}

/** An object as a map, its keys as they are. */
export function map<T>(item: Decoder<T>): Decoder<Map<string, T>> {
  return (value, path) =>
    new Map(Object.entries(members(value, path)).map(([key, one]) => [key, item(one, `${path}.${key}`)]));
}

function members(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Malformed(path, 'an object', value);
  return value as Record<string, unknown>;
}

type Required<R> = { [K in keyof R]: R[K] extends Decoder<infer T> ? T : never };
type Optional<O> = { [K in keyof O]?: O[K] extends Decoder<infer T> ? T : never };

/** An object with all of required and perhaps some of optional. */
export function object<
  R extends Record<string, Decoder<unknown>>,
  O extends Record<string, Decoder<unknown>> = Record<never, never>,
>(required: R, optional?: O): Decoder<Required<R> & Optional<O>> {
  return (value, path) => {
    const from = members(value, path);
    const made: Record<string, unknown> = {};
    for (const [key, decode] of Object.entries(required)) {
      if (!Object.hasOwn(from, key)) throw new Malformed(`${path}.${key}`, 'a value', undefined);
      made[key] = decode(from[key], `${path}.${key}`);
    }
    for (const [key, decode] of Object.entries(optional ?? {})) {
      if (Object.hasOwn(from, key)) made[key] = decode(from[key], `${path}.${key}`);
    }
    return made as Required<R> & Optional<O>;
  };
}
