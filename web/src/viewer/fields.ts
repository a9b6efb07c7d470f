import { Matrix4, Quaternion, Vector3 } from 'three';

// Fields of a JSON document that a stranger wrote: each is what it must be, or the file is refused.

/** A file that is no model of ours. `code` says why. */
export class ModelError extends Error {
  constructor(
    readonly code: 'not_glb' | 'bad_glb' | 'truncated_glb' | 'too_large',
    message: string,
  ) {
    super(message);
    this.name = 'ModelError';
  }
}

export type Fields = Record<string, unknown>;

/** A node's own transform. */
export function local(node: Fields): Matrix4 {
  const given = numbers(node.matrix, 16);
  if (given) return new Matrix4().fromArray(given);
  const scale = numbers(node.scale, 3) ?? [1, 1, 1];
  const [x, y, z, w] = numbers(node.rotation, 4) ?? [0, 0, 0, 1];
  const move = numbers(node.translation, 3) ?? [0, 0, 0];
  return new Matrix4().compose(
    new Vector3().fromArray(move),
    new Quaternion(x, y, z, w),
    new Vector3().fromArray(scale),
  );
}

/** The colour of a material, `#rrggbb`: the file's is linear. */
export function colour(material: Fields): string {
  const pbr = (material?.pbrMetallicRoughness ?? {}) as Fields;
  const linear = numbers(pbr.baseColorFactor, 4) ?? [0.6, 0.6, 0.6, 1];
  const channels = linear.slice(0, 3).map((x) => {
    const c = Math.min(1, Math.max(0, x));
    const s = c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055;
    return Math.round(s * 255)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${channels.join('')}`;
}

export function object(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new ModelError('bad_glb', `${what}: not an object`);
}

export function array(value: unknown, what: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new ModelError('bad_glb', `${what}: not a list`);
}

export function whole(value: unknown, what: string): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new ModelError('bad_glb', `${what}: not a whole number`);
}

export function numbers(value: unknown, length: number): number[] | null {
  const fits = Array.isArray(value) && value.length === length && value.every((x) => Number.isFinite(x));
  return fits ? (value as number[]) : null;
}

export const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '');
export const measure = (value: unknown): number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : 0;
