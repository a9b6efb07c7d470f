import { Matrix4, Quaternion, Vector3 } from 'three';

// How a model follows the hands that hold it.

export const SMALLEST = 0.05;
export const LARGEST = 8;

/** A model held by one or two hands, as they were when they took hold. */
export interface Hold {
  model: Matrix4;
  hands: readonly Matrix4[];
}

/** The model's place now: stiff in one hand; between two it turns, moves and grows with them. */
export function carried(hold: Hold, hands: readonly Matrix4[]): Matrix4 {
  const [a, b] = hold.hands;
  const [x, y] = hands;
  if (!a || !x) return hold.model.clone();
  if (!b || !y) return x.clone().multiply(a.clone().invert()).multiply(hold.model);
  const before = span(a, b);
  const now = span(x, y);
  const size = new Vector3().setFromMatrixScale(hold.model).x;
  const wanted = now.length / Math.max(before.length, 1e-3);
  const factor = Math.min(LARGEST / size, Math.max(SMALLEST / size, wanted));
  const turn = new Quaternion().setFromUnitVectors(before.direction, now.direction);
  return new Matrix4()
    .makeTranslation(now.middle)
    .multiply(new Matrix4().makeRotationFromQuaternion(turn))
    .multiply(new Matrix4().makeScale(factor, factor, factor))
    .multiply(new Matrix4().makeTranslation(before.middle.clone().negate()))
    .multiply(hold.model);
}

function span(a: Matrix4, b: Matrix4) {
  const [p, q] = [new Vector3().setFromMatrixPosition(a), new Vector3().setFromMatrixPosition(b)];
  const direction = q.clone().sub(p);
  const length = direction.length();
  return {
    middle: p.add(q).multiplyScalar(0.5),
    direction: length > 0 ? direction.divideScalar(length) : direction.set(1, 0, 0),
    length,
  };
}

/** In front of somebody who stands at the origin and looks along −z: its middle at breast height. */
export function placed(centre: Vector3, scale: number, distance: number): Matrix4 {
  return new Matrix4()
    .makeTranslation(0, 1.25, -distance)
    .multiply(new Matrix4().makeScale(scale, scale, scale))
    .multiply(new Matrix4().makeTranslation(centre.clone().negate()));
}

/** The same place of its middle, at another size. */
export function resized(model: Matrix4, centre: Vector3, scale: number): Matrix4 {
  const at = centre.clone().applyMatrix4(model);
  const turn = new Quaternion().setFromRotationMatrix(new Matrix4().extractRotation(model));
  return new Matrix4()
    .compose(at, turn, new Vector3(scale, scale, scale))
    .multiply(new Matrix4().makeTranslation(centre.clone().negate()));
}
